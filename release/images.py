"""The action's images: built, pushed, and found in what an engine has run."""

import json
import os
import re
import subprocess
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from release.errors import NotReleasable
from release.image_lock import TARGETS

_DIGEST = re.compile(r"digest: (sha256:[0-9a-f]{64}) size: \d+")
_RUN_LABEL = "mwaa-deploy.run"


def image_tag(version: str, target: str) -> str:
    """What people see in the registry; nothing of ours goes by it."""
    return version if target == TARGETS[0] else f"{version}-{target.removeprefix(f'{TARGETS[0]}-')}"


def pushed_digest(output: str) -> str:
    """The digest that `docker push` printed last: of the manifest, or of the list, that the registry has taken.

    Raises:
        NotReleasable: it printed none.
    """
    found = _DIGEST.findall(output)
    if not found:
        message = f"docker push told no digest:\n{output}"
        raise NotReleasable(message)
    return str(found[-1])


class Engine:
    """The Docker Engine here, by its command line."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = {**env, "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}  # there are signed ones
        if self._call("buildx", "version", check=False).returncode:
            self._env["DOCKER_BUILDKIT"] = "0"

    def build(self, target: str, context: Path, reference: str) -> None:
        """Build a stage of the Dockerfile. What it prints is shown."""
        base = self._env.get("MWAA_DEPLOY_BASE_IMAGE")
        arguments = ["--build-arg", f"BASE_IMAGE={base}"] if base else []
        self._call("build", *arguments, "--target", target, "--tag", reference, str(context), capture=False)

    def push(self, reference: str) -> str:
        """Push an image to the registry of its name; its digest."""
        return pushed_digest(self._call("push", reference).stdout)

    def forget(self, *references: str) -> None:
        """Take names from images here, so that they have to be pulled."""
        for reference in references:
            self._call("image", "rm", reference, check=False)

    def name(self, reference: str, also: str) -> None:
        """Give an image another name."""
        self._call("tag", reference, also)

    def has(self, reference: str) -> bool:
        """Whether the engine knows an image by this name."""
        return self._call("image", "inspect", reference, check=False).returncode == 0

    def says(self, reference: str, *arguments: str) -> str:
        """What the program in an image prints."""
        return self._call("run", "--rm", "--network", "none", reference, *arguments).stdout.strip()

    def has_run(self, run_id: str) -> list[str]:
        """Images of the containers of a workflow run that ended within the last hour, as they were named."""
        filters = ["--filter", "type=container", "--filter", "event=die", "--filter", f"label={_RUN_LABEL}"]
        shown = self._call("events", "--since", "1h", "--until", "0s", *filters, "--format", "{{json .}}").stdout
        attributes = [json.loads(line)["Actor"]["Attributes"] for line in shown.splitlines()]
        return [found["image"] for found in attributes if found[_RUN_LABEL].startswith(f"{run_id}-")]

    def _call(self, *argv: str, check: bool = True, capture: bool = True) -> "subprocess.CompletedProcess[str]":
        pipe = subprocess.PIPE if capture else None
        done = subprocess.run(["docker", *argv], env=self._env, check=False, text=True, stdout=pipe, stderr=pipe)
        if check and done.returncode:
            message = f"docker {' '.join(argv)} ended with {done.returncode}:\n{done.stderr or ''}"
            raise NotReleasable(message)
        return done


def publish(engine: Engine, context: Path, repository: str, version: str) -> dict[str, str]:
    """Build and push the image of every target; the references by digest, by target.

    Args:
        context: a checkout.
        repository: registry and name, such as ghcr.io/owner/mwaa-deploy.
    """
    references = {}
    for target in TARGETS:
        reference = f"{repository}:{image_tag(version, target)}"
        engine.build(target, context, reference)
        references[target] = f"{repository}@{engine.push(reference)}"
    return references


def not_as_locked(
    references: Mapping[str, str], target: str, used: Sequence[str], said: Mapping[str, str], version: str
) -> list[str]:
    """What is wrong with a run of the action out of a locked checkout; nothing if all is well. Pure.

    Args:
        references: of the lock, by target.
        target: the one that was to run.
        used: the images of the run's containers.
        said: what each image says of its version, by target.
    """
    wrong = []
    if references[target] not in used:
        wrong.append(f"no container of {references[target]} has run; those that have: {', '.join(used) or 'none'}")
    wrong += [f"a container of {image} has run" for image in used if re.match(r"mwaa-deploy/action", image)]
    other = set(references.values()) - {references[target]}
    wrong += [f"a container of {image} has run, which is another target's" for image in used if image in other]
    wrong += [
        f"{references[name]} says {text!r}, not 'mwaa-deploy {version}'"
        for name, text in said.items()
        if text != f"mwaa-deploy {version}"
    ]
    return wrong


def airflow_versions(table: str, only: str) -> list[str]:
    """Airflow versions that there are runner images of. Pure.

    Args:
        table: text of images/versions.toml.
        only: one of them; all of them if empty.

    Raises:
        NotReleasable: there is none of that one.
    """
    found = list(tomllib.loads(table)["airflow"])
    if only and only not in found:
        message = f"there is no runner image of Airflow {only!r}; there are those of {', '.join(found)}"
        raise NotReleasable(message)
    return [only] if only else found


def engine_here() -> Engine:
    """The engine that this process's environment leads to."""
    return Engine(os.environ)
