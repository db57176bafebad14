"""The image that a runner's container starts from: one that was named, or our own, built when it is not there."""

import io
import tarfile
from collections.abc import Iterator, Mapping
from typing import IO, Any

from docker.errors import APIError, ImageNotFound, NotFound
from docker.models.images import Image

from mwaa_deploy.errors import RunnerImageUnusable
from mwaa_deploy.ports import Log
from mwaa_deploy.runner.engine import ENGINE_FAILURES, Engine
from mwaa_deploy.runner.packages import LockedPackages

VERSION_LABEL = "mwaa-deploy.airflow-version"
CONTEXT_LABEL = "mwaa-deploy.context"

_LAST_LINES = 20

_PULL_MEND = """\
log in to its registry before this action, for example
  - uses: aws-actions/amazon-ecr-login@v2
or on the command line
  aws ecr get-login-password | docker login --username AWS --password-stdin {host}
or leave runner-image out, and the action builds its own."""

_BASE_MEND = """\
name a base image with Python {python} that this engine can reach:
  env:
    MWAA_DEPLOY_BASE_IMAGE: my-registry.example/python:{python}-slim
or do without an image:
  with:
    runner: venv"""


def default_base(packages: LockedPackages) -> str:
    """The public image with the very Python of MWAA's."""
    return f"python:{packages.python}-slim-bookworm"


class RunnerImages:
    """Finds, pulls or builds runner images.

    Args:
        engine: where they are kept.
        log: told what pulls and builds print.
    """

    def __init__(self, engine: Engine, log: Log) -> None:
        self._client = engine.client
        self._log = log

    def named(self, reference: str, airflow_version: str) -> str:
        """Have an image that somebody else made, pulling it when it is not there.

        Raises:
            RunnerImageUnusable: it cannot be pulled, or its label names another Airflow.
        """
        try:
            image = self._client.images.get(reference)
        except ImageNotFound:
            image = self._pull(reference)
        except ENGINE_FAILURES as e:
            raise RunnerImageUnusable(f"The engine cannot look at image {reference}: {e}") from e
        labelled = image.labels.get(VERSION_LABEL, airflow_version)
        if labelled != airflow_version:
            raise wrong_airflow(reference, found=labelled, asked=airflow_version)
        return reference

    def own(self, packages: LockedPackages, *, base: str = "") -> str:
        """Have our own image of an Airflow version, building it unless the very same was built before.

        Args:
            packages: what goes into it.
            base: image to build on, with a python3 of the right minor version; default: a public python:*-slim.

        Raises:
            RunnerImageUnusable: the build failed.
        """
        base = base or default_base(packages)
        tag = f"mwaa-deploy/runner:{packages.airflow_version}"
        digest = packages.digest(base)
        if self._context_of(tag) == digest:
            self._log.info(f"Image {tag} is here and up to date.")
            return tag
        arguments = {
            "BASE_IMAGE": base,
            "AIRFLOW_VERSION": packages.airflow_version,
            "PYTHON_VERSION": packages.python_minor,
            "CONTEXT_DIGEST": digest,
        }
        with self._log.group(f"Build image {tag} on {base}"):
            self._build(tag, packages, arguments)
        return tag

    def _context_of(self, tag: str) -> str | None:
        try:
            labels: Mapping[str, str] = self._client.images.get(tag).labels
        except ENGINE_FAILURES:
            return None
        return labels.get(CONTEXT_LABEL)

    def _build(self, tag: str, packages: LockedPackages, arguments: Mapping[str, str]) -> None:
        lines: list[str] = []
        try:
            with _context(packages.files()) as context:
                stream = self._client.api.build(
                    fileobj=context,
                    custom_context=True,
                    tag=tag,
                    buildargs=dict(arguments),
                    use_config_proxy=True,
                    rm=True,
                    forcerm=True,
                    decode=True,
                )
                for line in _lines(stream):
                    self._log.verbatim(line)
                    lines.append(line)
        except (_Refused, *ENGINE_FAILURES) as e:
            what = f"Image {tag} cannot be built on {arguments['BASE_IMAGE']}: {e}"
            meaning = "The last lines of the build:\n" + "\n".join(lines[-_LAST_LINES:]) if lines else ""
            mend = _BASE_MEND.format(python=packages.python_minor)
            raise RunnerImageUnusable(what, meaning=meaning, mend=mend) from e

    def _pull(self, reference: str) -> Image:
        with self._log.group(f"Pull image {reference}"):
            try:
                # Not the SDK's own pull(): it does not look at what the engine says on the way.
                tag = None if _has_tag(reference) else "latest"
                for line in _lines(self._client.api.pull(reference, tag=tag, stream=True, decode=True)):
                    self._log.verbatim(line)
                return self._client.images.get(reference)
            except (_Refused, *ENGINE_FAILURES) as e:
                what = f"Image {reference} is not on this engine and cannot be pulled: {e}"
                raise RunnerImageUnusable(
                    what, meaning=_pull_meaning(e), mend=_PULL_MEND.format(host=reference.partition("/")[0])
                ) from e


def wrong_airflow(reference: str, *, found: str | None, asked: str) -> RunnerImageUnusable:
    """The error for an image with another Airflow in it, or none."""
    holds = f"holds Airflow {found}" if found else "holds no Airflow"
    mend = f"with:\n  airflow-version: {found}\nor name another runner-image." if found else "name another runner-image"
    return RunnerImageUnusable(f"Image {reference} {holds}, not {asked}.", mend=mend)


class _Refused(Exception):
    """The engine's word that a build or a pull failed."""


def _lines(stream: Iterator[dict[str, Any]]) -> Iterator[str]:
    # Read to its end whatever it says, or the SDK leaves the connection open.
    pending, errors = "", []
    for event in stream:
        if "error" in event:
            errors.append(event["error"])
        pending += event.get("stream", "")
        *whole, pending = pending.split("\n")
        yield from (line for line in whole if line.strip())
    if errors:
        raise _Refused(errors[0])


def _context(files: Mapping[str, bytes]) -> IO[bytes]:
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        for name, body in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(body), 0o644
            archive.addfile(entry, io.BytesIO(body))
    context.seek(0)
    return context


def _has_tag(reference: str) -> bool:
    return "@" in reference or ":" in reference.rpartition("/")[2]


def _pull_meaning(error: Exception) -> str:
    text = str(error).lower()
    if isinstance(error, NotFound) or "not found" in text or "manifest unknown" in text:
        return "The registry knows no such image, or does not show it without a login."
    if "denied" in text or "unauthorized" in text or "no basic auth" in text:
        return "The registry wants a login, or this login may not pull it."
    if isinstance(error, APIError):
        return "The engine does not reach the registry."
    return ""
