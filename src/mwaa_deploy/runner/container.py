"""A runner that is a container: files go in and out by copy, and nothing of the host is in it."""

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, Any, Self

from docker.errors import NotFound

from mwaa_deploy.errors import RunnerBroken
from mwaa_deploy.ports import Completed
from mwaa_deploy.runner.archive import make_archive
from mwaa_deploy.runner.engine import ENGINE_FAILURES, Engine
from mwaa_deploy.runner.environment import guards
from mwaa_deploy.runner.execution import execute
from mwaa_deploy.runner.facts import PROBE, Facts, differences, parse_facts
from mwaa_deploy.runner.images import VERSION_LABEL, wrong_airflow
from mwaa_deploy.runner.member import read_member
from mwaa_deploy.runner.output import CappedOutput

USER = "airflow"
"""The user of MWAA's images, the local runner's and ours."""

_WRAPPER = 'timeout --kill-after=2 "$0" "$@"; code=$?; kill -KILL -1 2>/dev/null; exit "$code"'
"""Whatever a command started ends with it: -1 is every process of this user but the shell itself."""

_KILLED = (124, 137)
_GRACE = 15.0
_SETTLING = 1.0
_PROCESSES = 4096


@dataclass(frozen=True, kw_only=True)
class ContainerSettings:
    """What a runner's container is made of.

    Attributes:
        image: reference of an image that the engine has.
        airflow_version: the version that must be in it.
        mwaa_python: exact Python of MWAA's image of that version, where it is known.
        environment: variables of every command, besides the image's own.
        network: whether it reaches the network.
        memory: bytes; None for three quarters of the engine's.
    """

    image: str
    airflow_version: str
    mwaa_python: str | None = None
    environment: Mapping[str, str]
    network: bool = True
    memory: int | None = None


class ContainerRunner:
    """Fills the Runner port. A context manager: the container lives as long as it is open.

    Its first process is root's and only sleeps; every command is run by the image's user without any capability.
    Commands run one at a time: each takes everything it started with it.
    """

    def __init__(self, engine: Engine, settings: ContainerSettings) -> None:
        self._engine = engine
        self._settings = settings
        self._container: Any = None
        self._facts: Facts | None = None
        self._own_packages = False
        self._one_at_a_time = threading.Lock()

    def __enter__(self) -> Self:
        """Start the container and look inside.

        Raises:
            RunnerImageUnusable: another Airflow is in the image, or none.
            RunnerBroken: it cannot be started.
        """
        try:
            self._start()
            self._look()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        """Kill and remove the container, with its volumes."""
        self._remove()

    @property
    def description(self) -> str:
        """As in 'container mwaa-deploy/runner:2.10.3, Airflow 2.10.3, Python 3.11.9'."""
        facts = self._known
        return f"container {self._settings.image}, Airflow {facts.airflow}, Python {facts.python}"

    @property
    def differences(self) -> tuple[str, ...]:
        """How it differs from MWAA, a sentence each."""
        return differences(self._known, mwaa_python=self._settings.mwaa_python, own_packages=self._own_packages)

    @property
    def home(self) -> PurePosixPath:
        """AIRFLOW_HOME inside the container."""
        return PurePosixPath(self._known.home)

    @property
    def python(self) -> str:
        """Absolute path of the interpreter that has Airflow."""
        return self._known.executable

    def put(self, destination: PurePosixPath, source: Path | bytes) -> None:
        """Copy bytes, a file or a folder to an absolute path, owned by the runner's user.

        Raises:
            RunnerBroken: the container or the engine died.
        """
        facts = self._known
        with make_archive(destination.name, source, uid=facts.uid, gid=facts.gid) as archive:
            try:
                if not self._put(destination.parent, archive):
                    self._make_folder(destination.parent)
                    archive.seek(0)
                    self._put(destination.parent, archive)
            except ENGINE_FAILURES as e:
                raise self._broken(f"copying to {destination}", e) from e

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        env: Mapping[str, str] | None = None,
        cwd: PurePosixPath | None = None,
    ) -> Completed:
        """Run a command to its end, or kill it and all it started after `timeout` seconds.

        Raises:
            RunnerBroken: the container or the engine died.
        """
        with self._one_at_a_time:
            try:
                return self._run(argv, timeout, env, str(cwd or self.home))
            except ENGINE_FAILURES as e:
                raise self._broken(f"running {argv[0]}", e) from e

    def read(self, path: PurePosixPath) -> bytes | None:
        """The bytes of one file, or None when there is none.

        Raises:
            RunnerBroken: the container or the engine died, or the file is larger than 64 MiB.
        """
        try:
            return read_member(self._container, path)
        except ENGINE_FAILURES as e:
            raise self._broken(f"reading {path}", e) from e

    def _put(self, folder: PurePosixPath, archive: IO[bytes]) -> bool:
        try:
            self._container.put_archive(str(folder), archive)
        except NotFound:
            return False
        return True

    def _make_folder(self, folder: PurePosixPath) -> None:
        made = self.run(["mkdir", "-p", str(folder)], timeout=30, cwd=PurePosixPath("/"))
        if made.exit_code:
            raise RunnerBroken(f"{folder} cannot be made in {self._settings.image}: {made.output}")

    @property
    def _known(self) -> Facts:
        if self._facts is None:
            raise RunnerBroken("The runner is not open.")
        return self._facts

    def _start(self) -> None:
        settings = self._settings
        try:
            memory = settings.memory or self._engine.memory() * 3 // 4
            self._container = self._engine.client.containers.create(
                settings.image,
                entrypoint=["sleep"],
                command=["infinity"],
                user="0",
                environment={**guards(), **settings.environment},
                labels=self._engine.labels,
                init=True,
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
                pids_limit=_PROCESSES,
                mem_limit=memory,
                network_mode="bridge" if settings.network else "none",
            )
            self._container.start()
            self._own_packages = VERSION_LABEL in self._container.image.labels
        except ENGINE_FAILURES as e:
            raise RunnerBroken(f"A container of {settings.image} cannot be started: {e}") from e

    def _look(self) -> None:
        asked = self._settings.airflow_version
        try:
            probed = self._run(["python3", "-c", PROBE], 60, None, "/")
        except ENGINE_FAILURES as e:
            raise self._broken("looking into it", e) from e
        try:
            facts = parse_facts(probed.output)
        except ValueError as e:
            raise wrong_airflow(self._settings.image, found=None, asked=asked) from e
        if facts.airflow != asked:
            raise wrong_airflow(self._settings.image, found=facts.airflow, asked=asked)
        self._facts = facts

    def _run(self, argv: Sequence[str], timeout: float, env: Mapping[str, str] | None, cwd: str) -> Completed:
        output = CappedOutput()
        started = time.monotonic()
        try:
            code = execute(
                self._engine.client.api,
                self._container.id,
                ["/bin/sh", "-c", _WRAPPER, f"{timeout:.3f}", *argv],
                user=USER,
                environment=env or {},
                cwd=cwd,
                timeout=timeout + _GRACE,
                take=output.write,
            )
        except TimeoutError as e:
            with suppress(*ENGINE_FAILURES):
                self._container.kill()
            raise RunnerBroken(f"{argv[0]} did not end after {timeout:.0f} s, and its container was killed.") from e
        seconds = time.monotonic() - started
        timed_out = seconds >= timeout and code in _KILLED
        # A killed command may be the first that is seen of a killed container.
        patience = _SETTLING if code in _KILLED and not timed_out else 0.0
        if code is None or not self._stays_alive(patience):
            raise self._broken(f"running {argv[0]}")
        return Completed(exit_code=code, output=output.text(), seconds=seconds, timed_out=timed_out)

    def _stays_alive(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while True:
            self._container.reload()
            if str(self._container.status) != "running":
                return False
            if time.monotonic() >= until:
                return True
            time.sleep(0.1)

    def _broken(self, doing: str, *causes: Exception) -> RunnerBroken:
        what = f"The runner's container ({self._settings.image}) broke while {doing}"
        cause = f": {causes[0]}" if causes else "."
        state: Mapping[str, Any] = {}
        with suppress(*ENGINE_FAILURES):
            self._container.reload()
            state = self._container.attrs["State"]
        if state.get("OOMKilled"):
            return RunnerBroken(what + cause, meaning="It ran out of memory.", mend="runs-on: a larger runner")
        meaning = "" if state else "The engine does not answer any more, or the container was removed."
        if state and not state.get("Running"):
            meaning = f"The container ended with exit code {state.get('ExitCode')}."
        return RunnerBroken(what + cause, meaning=meaning)

    def _remove(self) -> None:
        if self._container is None:
            return
        # Already gone, or the engine is: then the clean-up by label has it.
        with suppress(*ENGINE_FAILURES):
            self._container.remove(force=True, v=True)
        self._container = None
        self._facts = None
