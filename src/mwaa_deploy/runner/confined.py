"""A container in the engine that user code can be run in: how it is confined, and what becomes of it."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

from docker.errors import APIError
from docker.models.containers import Container

from mwaa_deploy.errors import RunnerBroken
from mwaa_deploy.runner.archive import make_archive
from mwaa_deploy.runner.container_look import SCRIPT, candidates
from mwaa_deploy.runner.engine import ENGINE_FAILURES, Engine
from mwaa_deploy.runner.environment import guards
from mwaa_deploy.runner.execution import execute
from mwaa_deploy.runner.output import CappedOutput
from mwaa_deploy.runner.supervision import (
    GRACE,
    Ended,
    Refused,
    longest_report,
    own_scripts,
    parse_report,
    supervised,
)

_SUPERVISORS_RIGHTS = ["KILL", "SETGID", "SETUID"]
"""To become the runner's user and to kill; the user's own processes have no capability and get none."""

_SETTLING = 1.0

_REMOVAL_PAUSES = (0.0, 0.5, 2.0, 5.0)
"""Seconds before each attempt."""

_LATE = (500, 503)
"""Statuses of an engine that has not seen a container end: it answers 404 of one that is gone, 409 of one that goes."""


@dataclass(frozen=True, kw_only=True)
class ContainerSettings:
    """What a runner's container is made of.

    Attributes:
        image: reference of an image that the engine has.
        airflow_version: the version that must be in it.
        mwaa_python: exact Python of MWAA's image of that version, where it is known.
        environment: variables of every command, besides the image's own.
        network: whether it reaches the network at first.
        memory: bytes, swap included; None for three quarters of the engine's.
        processes: how many processes and threads there may be at a time.
        differences: what is known of how its packages differ from MWAA's, a sentence each.
        scripts: what is to lie in home from the start if that is possible, by its path below home.
        starting: called when the container is made and only the engine still has to do something.
    """

    image: str
    airflow_version: str
    mwaa_python: str | None = None
    environment: Mapping[str, str]
    network: bool = True
    memory: int | None = None
    processes: int = 1024
    differences: tuple[str, ...] = ()
    scripts: Mapping[str, Path] = field(default_factory=dict)
    starting: Callable[[], object] = lambda: None


@dataclass(frozen=True, kw_only=True)
class OfUser:
    """Files of the runner's user: folders and files of this host, by their path without the first slash."""

    uid: int
    gid: int
    files: Mapping[str, Path]


UsersFirst = Callable[[str], OfUser | None]
"""Given the image's id, what of its user's is to lie in the container before it starts."""


def remove_surely(container: Container) -> None:
    """Kill and remove a container, with its volumes.

    A busy engine answers that it has not seen the container end in time, though it will end: then it is asked again.
    """
    for pause in _REMOVAL_PAUSES:
        time.sleep(pause)
        try:
            container.remove(force=True, v=True)
        except APIError as e:
            if e.response is None or e.response.status_code not in _LATE:
                return  # already gone, or going
        except ENGINE_FAILURES:
            return  # the engine itself is gone: then the clean-up by label has it
        else:
            return


class ConfinedContainer:
    """A started container whose first process is root's and only sleeps.

    Every command is started by a supervisor, which is root's too, so that the user's code can neither end it nor speak
    for it, and which takes everything that the command started with it. The image's entrypoint is never used.
    """

    def __init__(self, engine: Engine, settings: ContainerSettings, users_first: UsersFirst = lambda _: None) -> None:
        """Make and start it.

        Args:
            engine: where.
            settings: what it is made of.
            users_first: given the image's id, what of its user's is to be there before any command runs.

        Raises:
            RunnerBroken: it cannot be started.
        """
        self._engine = engine
        self._image = settings.image
        self._container: Container | None = None
        try:
            self._start(settings, users_first)
        except ENGINE_FAILURES as e:
            self.remove()
            raise RunnerBroken(f"A container of {self._image} cannot be started: {e}") from e
        except BaseException:
            self.remove()
            raise

    def _start(self, settings: ContainerSettings, users_first: UsersFirst) -> None:
        image = self._engine.client.images.get(settings.image)
        self.image_id = str(image.id)
        self._users = candidates(image.attrs["Config"].get("User") or "")
        memory = settings.memory or self._engine.memory() * 3 // 4
        self._container = self._engine.client.containers.create(
            settings.image,
            entrypoint=["sleep"],
            command=["infinity"],
            user="0",
            environment={**guards(), **settings.environment},
            labels=self._engine.labels,
            init=True,
            healthcheck={"test": ["NONE"]},
            cap_drop=["ALL"],
            cap_add=_SUPERVISORS_RIGHTS,
            security_opt=["no-new-privileges"],
            pids_limit=settings.processes,
            mem_limit=memory,
            memswap_limit=memory,
            network_mode="bridge" if settings.network else "none",
        )
        with ThreadPoolExecutor(1) as others:  # the engine takes its time to start it, and so do our files
            first = users_first(self.image_id) or OfUser(uid=0, gid=0, files={})
            packing = others.submit(
                make_archive, first.files, uid=first.uid, gid=first.gid, of_root=own_scripts(SCRIPT)
            )
            settings.starting()
            self._container.start()
            with packing.result() as archive:  # before any command runs, and ours to where only root can write
                self._container.put_archive("/", archive)

    @property
    def container(self) -> Container:
        """The SDK's container.

        Raises:
            RunnerBroken: it was removed.
        """
        if self._container is None:
            raise RunnerBroken("The runner is not open.")
        return self._container

    def probe(self, argv: Sequence[str]) -> tuple[Ended | Refused | None, str]:
        """Run a command before any of the user's; what the supervisor reported, and what was printed."""
        output = CappedOutput()
        # Nothing has run yet that could have changed it, so that the first interpreter on the path will do.
        said = self._execute(argv, 60.0, output, python="python3", folder="/")
        return parse_report(said), output.text() or said.decode(errors="replace")

    def run(
        self,
        argv: Sequence[str],
        output: CappedOutput,
        *,
        python: str,
        timeout: float,
        folder: str,
        env: Mapping[str, str] | None = None,
        results: Sequence[PurePosixPath] = (),
    ) -> Ended:
        """Run a command to its end or its time limit.

        Args:
            argv: the command.
            output: takes what it prints.
            python: an interpreter that the user's code cannot change, for the supervisor.
            timeout: seconds.
            folder: working folder.
            env: variables besides the container's.
            results: absolute paths of the files to hand back.

        Raises:
            RunnerBroken: the container or the engine died, or something that the command started cannot be ended, or a
                result is too large.
        """
        said = self._execute(argv, timeout, output, python=python, folder=folder, env=env, results=results)
        ended = parse_report(said, results)
        if isinstance(ended, Ended) and not ended.left:
            return ended
        # Nobody watches any more what the command started. Or its end is the first that is seen of the container's.
        self._settle()
        broken = self.broken(f"running {argv[0]}")
        self._kill()
        raise broken

    def put(self, archive: IO[bytes]) -> None:
        """Unpack a tar file at the root; raises what the SDK raises."""
        self.container.put_archive("/", archive)

    def leave_networks(self) -> None:
        """Take it off every network, for running processes too; raises what the SDK raises."""
        self.container.reload()
        for name, network in self.container.attrs["NetworkSettings"]["Networks"].items():
            if name != "none":
                self._engine.client.networks.get(network["NetworkID"]).disconnect(self.container, force=True)

    def broken(self, doing: str, *causes: Exception) -> RunnerBroken:
        """The error for a container or an engine that failed, with what the engine says of it."""
        what = f"The runner's container ({self._image}) broke while {doing}"
        cause = f": {causes[0]}" if causes else "."
        state: Mapping[str, Any] = {}
        with suppress(*ENGINE_FAILURES):
            self.container.reload()
            state = self.container.attrs["State"]
        if state.get("OOMKilled"):
            return RunnerBroken(what + cause, meaning="It ran out of memory.", mend="runs-on: a larger runner")
        meaning = "" if state else "The engine does not answer any more, or the container was removed."
        if state and not state.get("Running"):
            meaning = f"The container ended with exit code {state.get('ExitCode')}."
        return RunnerBroken(what + cause, meaning=meaning)

    def remove(self) -> None:
        """Kill and remove it, with its volumes, without waiting for anything in it."""
        if self._container is None:
            return
        remove_surely(self._container)
        self._container = None

    def _settle(self) -> None:
        until = time.monotonic() + _SETTLING
        with suppress(*ENGINE_FAILURES):
            self.container.reload()
            while self.container.status == "running" and time.monotonic() < until:
                time.sleep(0.1)
                self.container.reload()

    def _kill(self) -> None:
        with suppress(*ENGINE_FAILURES):
            self.container.kill()

    def _execute(
        self,
        argv: Sequence[str],
        timeout: float,
        output: CappedOutput,
        *,
        python: str,
        folder: str,
        env: Mapping[str, str] | None = None,
        results: Sequence[PurePosixPath] = (),
    ) -> bytes:
        command = supervised(
            argv,
            python=python,
            script=SCRIPT,
            seconds=timeout,
            users=self._users,
            folder=folder,
            env=env,
            results=results,
        )
        try:
            return execute(
                self._engine.client.api,
                str(self.container.id),
                command,
                timeout=timeout + GRACE,
                take=output.write,
                most_errors=longest_report(results),
            )
        except TimeoutError as e:
            self._kill()
            raise RunnerBroken(f"{argv[0]} did not end after {timeout:.0f} s, and its container was killed.") from e
        except ENGINE_FAILURES as e:
            raise self.broken(f"running {argv[0]}", e) from e
