"""The tests of aws-samples/amazon-mwaa-automating-dag-deployment, done again from its description.

Both containers are started; in the one with Airflow, four commands are run one after the other: the database is
initialised (after a look whether it is there, and 5 s of patience if not), the requirements are installed, the DAGs are
validated, the unit tests are run. Then both are stopped. Meanwhile the container's own start goes on: it waits for the
database, installs the requirements, initialises the database and starts scheduler and webserver.

Two things are kinder to it than the sample is to itself: images are never pulled, and every exit code but 0 counts.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from docker.client import DockerClient
from docker.errors import NotFound
from docker.models.containers import Container

from benchmarks.race import WrongResultError, timed
from benchmarks.setting import execute

HOME = "/usr/local/airflow"
_SAMPLE = Path(__file__).resolve().parent / "sample"
_COMMANDS: Mapping[str, Sequence[str]] = {
    "requirements": ("bash", "/entrypoint.sh", "test-requirements"),
    "integrity": ("python3", "-m", "unittest", f"{HOME}/validation/dag_validation.py"),
    "unit tests": ("python3", "-m", "unittest", "discover", "-s", f"{HOME}/tests", "-p", "test*.py"),
}


@dataclass(frozen=True, kw_only=True)
class SampleImages:
    """References of the two images that the sample pulls."""

    postgresql: str
    airflow: str


def build_images(client: DockerClient, *, base: str, runner: str) -> SampleImages:
    """Build what the sample would pull; not part of any figure.

    Args:
        client: of the engine.
        base: a Debian image for PostgreSQL.
        runner: our runner image, which gets an entrypoint like that of aws-mwaa-local-runner.
    """
    references = []
    for name, parent in (("postgresql", base), ("runner", runner)):
        tag = f"mwaa-deploy/benchmark-{name}:latest"
        client.images.build(path=str(_SAMPLE / name), tag=tag, buildargs={"BASE_IMAGE": parent}, rm=True)
        references.append(tag)
    return SampleImages(postgresql=references[0], airflow=references[1])


def run_sample(
    client: DockerClient, images: SampleImages, project: Path, *, env: Mapping[str, str], told: Callable[[str], None]
) -> float:
    """Run the whole flow on a project and give its seconds, from the first container's start to the last one's stop.

    Args:
        client: of the engine.
        images: what to start.
        project: with dags/, plugins/, tests/ and requirements.txt.
        env: how pip reaches the package index.
        told: how long each step took.

    Raises:
        WrongResultError: one of its commands failed.
    """
    postgresql = airflow = None
    try:
        with timed() as whole:
            postgresql = _start(client, images.postgresql, hostname="postgres")
            airflow = _start(
                client,
                images.airflow,
                links={postgresql.name: "postgres"},
                volumes=_volumes(project),
                environment={
                    "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
                    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
                    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql+psycopg2://airflow:airflow@postgres/airflow",
                    **env,
                },
            )
            _initialise(airflow, told)
            for name, command in _COMMANDS.items():
                _step(airflow, name, command, told)
            with timed() as stopping:
                airflow.stop()
                postgresql.stop()
        told(f"  the sample, both stopped: {stopping.seconds:.1f} s")
        return whole.seconds
    finally:
        for container in filter(None, (airflow, postgresql)):
            with suppress(NotFound):
                container.remove(force=True, v=True)


def _start(client: DockerClient, image: str, **options: object) -> Container:
    return client.containers.run(image, detach=True, **options)  # type: ignore[call-overload, no-any-return]


def _volumes(project: Path) -> Mapping[str, Mapping[str, str]]:
    places = {
        project / "dags": "dags",
        project / "plugins": "plugins",
        project / "tests": "tests",
        project / "requirements.txt": "requirements/requirements.txt",
        _SAMPLE / "dag_validation.py": "validation/dag_validation.py",
    }
    return {str(path): {"bind": f"{HOME}/{place}", "mode": "ro"} for path, place in places.items()}


def _initialise(airflow: Container, told: Callable[[str], None]) -> None:
    with timed() as watch:
        code, _ = execute(airflow, ["airflow", "db", "check"])
        if code:
            time.sleep(5)
        code, output = execute(airflow, ["airflow", "db", "init"])
    if code:
        # The container's own start does the same at the same time, and one of the two may lose.
        told(f"  the sample's `airflow db init` ended with {code}: {output[-200:]}")
    told(f"  the sample, database: {watch.seconds:.1f} s")


def _step(airflow: Container, name: str, command: Sequence[str], told: Callable[[str], None]) -> None:
    with timed() as watch:
        code, output = execute(airflow, command)
    if code:
        raise WrongResultError(f"{name} ended with {code}:\n{output}")
    told(f"  the sample, {name}: {watch.seconds:.1f} s")
