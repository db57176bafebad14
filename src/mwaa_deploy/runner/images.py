"""The image that a runner's container starts from: one that was named, or our own, built when it is not there."""

import io
import tarfile
from collections.abc import Iterator, Mapping
from typing import IO, Any

from docker.credentials.errors import StoreError
from docker.errors import ImageNotFound
from docker.models.images import Image

from mwaa_deploy.errors import RunnerImageUnusable
from mwaa_deploy.ports import Log
from mwaa_deploy.runner.engine import ENGINE_FAILURES, Engine
from mwaa_deploy.runner.image_reference import ImageReference, parse_reference
from mwaa_deploy.runner.image_transfer import ImageTransfer
from mwaa_deploy.runner.packages import LockedPackages
from mwaa_deploy.runner.registry_access import AccessRefused, RegistryAccess
from mwaa_deploy.runner.registry_refusal import PULL_ACTIONS, login_mend, refusal_meaning

VERSION_LABEL = "mwaa-deploy.airflow-version"
CONTEXT_LABEL = "mwaa-deploy.context"

_LAST_LINES = 20

_LEAVE_OUT = "or leave runner-image out, and the action builds its own."

_BASE_MEND = """\
name a base image with Python {python} that this engine can reach:
  env:
    MWAA_DEPLOY_BASE_IMAGE: my-registry.example/python:{python}-slim
or do without an image:
  with:
    runner: venv"""


def default_base(packages: LockedPackages) -> str:
    """The public image with the very Python of MWAA's."""
    return packages.public_base


class RunnerImages:
    """Finds, pulls or builds runner images.

    Args:
        engine: where they are kept.
        access: finds the login for a registry.
        log: told what builds print, and how far pulls are.
    """

    def __init__(self, engine: Engine, access: RegistryAccess, log: Log) -> None:
        self._client = engine.client
        self._access = access
        self._log = log
        self.transfer = ImageTransfer(engine, access, log)

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
            RunnerImageUnusable: the base cannot be had, or the build failed.
        """
        base = base or default_base(packages)
        tag = own_tag(packages)
        if self.has_own(packages, base=base):
            self._log.info(f"Image {tag} is here and up to date.")
            return tag
        digest = packages.digest(base)
        arguments = {
            "BASE_IMAGE": base,
            "AIRFLOW_VERSION": packages.airflow_version,
            "PYTHON_VERSION": packages.python_minor,
            "CONTEXT_DIGEST": digest,
        }
        self._have_base(base, packages)
        with self._log.group(f"Build image {tag} on {base}"):
            self._build(tag, packages, arguments)
        return tag

    def has_own(self, packages: LockedPackages, *, base: str = "") -> bool:
        """Whether own() would neither build nor pull anything."""
        return self._context_of(own_tag(packages)) == packages.digest(base or default_base(packages))

    def has(self, reference: str) -> bool:
        """Whether the engine has an image of that name."""
        try:
            self._client.images.get(reference)
        except ENGINE_FAILURES:
            return False
        return True

    def newest(self, base: str) -> str:
        """The name of a base image with the digest that its registry has now; as it is if no registry says."""
        try:
            reference = parse_reference(base)
            local = self._client.images.get(base)
        except ImageNotFound:
            local = None
        except (ValueError, *ENGINE_FAILURES):
            return base
        # One that was made here, and never pulled, has no registry.
        if reference.digest or (local is not None and not local.attrs.get("RepoDigests")):
            return base
        try:
            return f"{base}@{self.transfer.digest(reference)}"
        except AccessRefused as e:
            self._log.info(f"{base} is taken as it is: its registry does not say which is the newest. ({e})")
            return base

    def push(self, tag: str, reference: ImageReference) -> str:
        """Push an image of the engine under another name, and return the digest of its manifest.

        Raises:
            AccessRefused: the registry does not take it, or does not answer.
            RunnerImageUnusable: the engine does not let it carry that name.
        """
        try:
            self._client.api.tag(tag, reference.text.removesuffix(f":{reference.tag}"), reference.tag)
        except ENGINE_FAILURES as e:
            raise RunnerImageUnusable(f"The engine cannot name image {tag} {reference.text}: {e}") from e
        return self.transfer.push(reference)

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
        except (_Refused, StoreError, *ENGINE_FAILURES) as e:
            what = f"Image {tag} cannot be built on {arguments['BASE_IMAGE']}: {e}"
            meaning = "The last lines of the build:\n" + "\n".join(lines[-_LAST_LINES:]) if lines else ""
            mend = _BASE_MEND.format(python=packages.python_minor)
            raise RunnerImageUnusable(what, meaning=meaning, mend=mend) from e

    def _have_base(self, base: str, packages: LockedPackages) -> None:
        """Pull the base if it is not there: with a login, which the build itself would not have, and with progress."""
        try:
            self._client.images.get(base)
        except ImageNotFound:
            try:
                self.transfer.pull(parse_reference(base))
            except (AccessRefused, ValueError) as e:
                what = f"Base image {base} is not on this engine and cannot be pulled: {e}"
                mend = _BASE_MEND.format(python=packages.python_minor)
                raise RunnerImageUnusable(what, mend=mend) from e
        except ENGINE_FAILURES as e:
            raise RunnerImageUnusable(f"The engine cannot look at image {base}: {e}") from e

    def _pull(self, text: str) -> Image:
        what = f"Image {text} is not on this engine and cannot be pulled"
        try:
            reference = parse_reference(text)
        except ValueError as e:
            raise RunnerImageUnusable(f"{what}: {e}.", mend=f"name another runner-image\n{_LEAVE_OUT}") from e
        try:
            self.transfer.pull(reference)
            return self._client.images.get(text)
        except AccessRefused as e:
            aws = self._access.aws
            mend = login_mend(reference, actions=PULL_ACTIONS, endpoint=aws.endpoint)
            raise RunnerImageUnusable(
                f"{what}.", meaning=refusal_meaning(e.tried, e.last, aws.from_fork), mend=f"{mend}\n{_LEAVE_OUT}"
            ) from e
        except ENGINE_FAILURES as e:
            raise RunnerImageUnusable(f"The engine cannot look at image {text}: {e}") from e


def own_tag(packages: LockedPackages) -> str:
    """The name that our own image has on an engine."""
    return f"mwaa-deploy/runner:{packages.airflow_version}"


def wrong_airflow(reference: str, *, found: str | None, asked: str) -> RunnerImageUnusable:
    """The error for an image with another Airflow in it, or none."""
    holds = f"holds Airflow {found}" if found else "holds no Airflow"
    mend = f"with:\n  airflow-version: {found}\nor name another runner-image." if found else "name another runner-image"
    return RunnerImageUnusable(f"Image {reference} {holds}, not {asked}.", mend=mend)


class _Refused(Exception):
    """The engine's word that a build failed."""


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
