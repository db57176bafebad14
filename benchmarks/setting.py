"""What every benchmark works with: the engine, the images, and how the package index is reached."""

import io
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from docker.client import DockerClient
from docker.errors import NotFound
from docker.models.containers import Container

from mwaa_deploy.report.log import PlainLog
from mwaa_deploy.runner.engine import connect
from mwaa_deploy.runner.environment import network_environment
from mwaa_deploy.runner.images import RunnerImages
from mwaa_deploy.runner.packages import LockedPackages, find_packages, images_folder
from mwaa_deploy.runner.registry_access import access_without_aws

AIRFLOW = "2.10.3"
HOME = PurePosixPath("/usr/local/airflow")
PYTHON = f"{HOME}/.local/bin/python"
_ROOT = Path(__file__).resolve().parents[1]
_AIRFLOW_UID = 1000


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What the benchmarks share.

    Attributes:
        client: of the Docker Engine.
        packages: of the Airflow version that is measured with.
        base: image that our runner image is built on.
        runner: our runner image, up to date.
        pip_env: how pip reaches the package index from within a container.
        told: how it is going, a line at a time.
    """

    client: DockerClient
    packages: LockedPackages
    base: str
    runner: str
    pip_env: Mapping[str, str]
    told: Callable[[str], None]


@contextmanager
def prepared(told: Callable[[str], None]) -> Iterator[Setting]:
    """Have everything warm: base image and runner image are there before anything is timed.

    Raises:
        EngineUnavailable: no engine answers.
        RunnerImageUnusable: the runner image cannot be built.
    """
    log = PlainLog()
    packages = find_packages(images_folder(os.environ), AIRFLOW)
    base = os.environ.get("MWAA_DEPLOY_BASE_IMAGE") or _local_base()
    with connect(os.environ, "benchmarks") as engine:
        runner = RunnerImages(engine, access_without_aws(os.environ, log), log).own(packages, base=base)
        yield Setting(
            client=engine.client,
            packages=packages,
            base=base,
            runner=runner,
            pip_env=network_environment(os.environ),
            told=told,
        )


def _local_base() -> str:
    subprocess.run([_ROOT / "scripts" / "base_image.sh"], check=True)
    return "mwaa-deploy/base:bookworm"


@contextmanager
def container(setting: Setting, command: Sequence[str]) -> Iterator[Container]:
    """A container of the runner image, made and not started, gone afterwards."""
    made = setting.client.containers.create(setting.runner, list(command), init=True)
    try:
        yield made
    finally:
        with suppress(NotFound):
            made.remove(force=True, v=True)


def execute(target: Container, command: Sequence[str]) -> tuple[int, str]:
    """Run a command in a started container and give its exit code and what it printed."""
    code, output = target.exec_run(list(command))
    assert isinstance(output, bytes)  # noqa: S101 -- a stream comes, and no code, only if asked for
    return code or 0, output.decode(errors="replace")


def copy_in(target: Container, sources: Mapping[Path, PurePosixPath]) -> None:
    """Copy folders and files into a container, by where they go; they belong to its user."""

    def owned(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        entry.uid = entry.gid = _AIRFLOW_UID
        return None if "__pycache__" in entry.name else entry

    with tempfile.TemporaryFile() as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            for source, place in sources.items():
                archive.add(source, str(place.relative_to(HOME)), filter=owned)
        file.seek(0)
        target.put_archive(str(HOME), file)


def copy_out(source: Container, path: str) -> bytes:
    """The bytes of one file of a container."""
    chunks, _ = source.get_archive(path)
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        member = archive.extractfile(archive.getmembers()[0])
        return member.read() if member else b""
