"""A runner that is a container: files go in and out by copy, and nothing of the host is in it."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

from mwaa_deploy.errors import RunnerBroken
from mwaa_deploy.ports import Completed, RunnerFamily
from mwaa_deploy.runner.archive import folders_between, make_archive
from mwaa_deploy.runner.confined import ConfinedContainer, ContainerSettings, OfUser
from mwaa_deploy.runner.container_look import look
from mwaa_deploy.runner.engine import ENGINE_FAILURES, Engine
from mwaa_deploy.runner.facts import Facts, describe_container, differences
from mwaa_deploy.runner.known_facts import KnownFacts
from mwaa_deploy.runner.member import read_member
from mwaa_deploy.runner.output import CappedOutput

__all__ = ["ContainerRunner", "ContainerSettings"]

_TMP = PurePosixPath("/tmp")  # noqa: S108 -- inside the container

_WAYS_OUT = """
import os
ways = [line.split()[0] for line in open("/proc/net/route").read().splitlines()[1:]]
if os.path.exists("/proc/net/if_inet6"):
    ways += [line.split()[-1] for line in open("/proc/net/if_inet6")]
print(sorted(set(ways) - {"lo"}))
"""


class ContainerRunner:
    """Fills the Runner port. A context manager: the container lives as long as it is open.

    Args:
        engine: where it runs.
        settings: what it is made of.
        known: what images hold that were looked into before; None to look anew.

    Attributes:
        has_scripts: whether the settings' scripts are in it.
    """

    def __init__(self, engine: Engine, settings: ContainerSettings, known: KnownFacts | None = None) -> None:
        self._engine = engine
        self._settings = settings
        self._known = known
        self._confined: ConfinedContainer | None = None
        self._facts: Facts | None = None
        self.has_scripts = False

    def __enter__(self) -> Self:
        """Start the container and look inside.

        Raises:
            RunnerImageUnusable: another Airflow is in the image, or none, or no user whom user code could run as.
            RunnerBroken: it cannot be started.
        """
        self._confined = ConfinedContainer(self._engine, self._settings, self._scripts_of)
        try:
            if self._facts is None:
                self._facts = self._look(self._confined)
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        """Kill and remove the container, with its volumes."""
        self._close()

    @property
    def description(self) -> str:
        """As in 'container mwaa-deploy/runner:2.10.3, Airflow 2.10.3, Python 3.11.9'; names a family not ours."""
        return describe_container(self._settings.image, self.facts)

    @property
    def family(self) -> RunnerFamily:
        """Whose image it is."""
        return self.facts.family

    @property
    def differences(self) -> tuple[str, ...]:
        """How it differs from MWAA, a sentence each."""
        return differences(self.facts, mwaa_python=self._settings.mwaa_python, more=self._settings.differences)

    @property
    def home(self) -> PurePosixPath:
        """AIRFLOW_HOME inside the container."""
        return PurePosixPath(self.facts.home)

    @property
    def python(self) -> str:
        """Absolute path of the interpreter that has Airflow."""
        return self.facts.executable

    @property
    def test_tools(self) -> PurePosixPath | None:
        """Those of our own image, under whatever name, if they are the ones that are wanted."""
        return PurePosixPath(self.facts.test_tools) if self.facts.test_tools else None

    @property
    def facts(self) -> Facts:
        """What was found inside."""
        if self._facts is None:
            raise RunnerBroken("The runner is not open.")
        return self._facts

    def put(self, destination: PurePosixPath, source: Path | bytes) -> None:
        """Copy bytes, a file or a folder to an absolute path, owned by the runner's user.

        Raises:
            RunnerBroken: the container or the engine died.
        """
        self.put_all({destination: source})

    def put_all(self, files: Mapping[PurePosixPath, Path | bytes]) -> None:
        """Copy many of them, in one call of the engine.

        Raises:
            RunnerBroken: the container or the engine died.
        """
        if not files:
            return
        # The engine would make folders root's, and those outside of home are not ours to give to anybody.
        below_home = folders_between(self.home, files)
        self._make_folders({path.parent for path in files} - {*below_home, self.home, _TMP})
        names = {_member(path): source for path, source in files.items()}
        folders = map(_member, below_home)
        with make_archive(names, uid=self.facts.uid, gid=self.facts.gid, folders=folders) as archive:
            try:
                self._open.put(archive)
            except ENGINE_FAILURES as e:
                raise self._open.broken(f"copying to {next(iter(files))}", e) from e

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        env: Mapping[str, str] | None = None,
        cwd: PurePosixPath | None = None,
        network: bool = True,  # noqa: ARG002 -- one network for all; close_network() cuts off what runs, too
        results: Sequence[PurePosixPath] = (),
    ) -> Completed:
        """Run a command to its end, or kill it and all it started after `timeout` seconds.

        Raises:
            RunnerBroken: the container or the engine died, or a result is larger than 64 MiB.
        """
        output = CappedOutput()
        python, folder = str(self.facts.supervisor_python), str(cwd or self.home)
        started = time.monotonic()
        ended = self._open.run(argv, output, python=python, timeout=timeout, folder=folder, env=env, results=results)
        return Completed(
            exit_code=ended.code,
            output=output.text(),
            seconds=time.monotonic() - started,
            timed_out=ended.timed_out,
            out_of_memory=ended.out_of_memory,
            results=ended.results,
        )

    def read(self, path: PurePosixPath) -> bytes | None:
        """The bytes of one file, or None when there is none.

        Raises:
            RunnerBroken: the container or the engine died, or the file is larger than 64 MiB.
        """
        try:
            return read_member(self._open.container, path)
        except ENGINE_FAILURES as e:
            raise self._open.broken(f"reading {path}", e) from e

    def close_network(self) -> None:
        """Take the container off every network, for running commands too, and look whether that holds.

        Raises:
            RunnerBroken: a way out is left, or the engine died.
        """
        try:
            self._open.leave_networks()
        except ENGINE_FAILURES as e:
            raise self._open.broken("its network was closed", e) from e
        left = self.run([str(self.facts.supervisor_python), "-I", "-S", "-c", _WAYS_OUT], timeout=60).output.strip()
        if left != "[]":
            raise RunnerBroken(f"The network of the runner's container cannot be closed; it still has {left}.")

    def _scripts_of(self, image_id: str) -> OfUser | None:
        """The scripts that are to be there from the start, if it is known where and whose they are to be."""
        facts = self._known.find(image_id) if self._known else None
        if facts is None or facts.airflow != self._settings.airflow_version:
            return None
        self._facts = facts
        self.has_scripts = bool(self._settings.scripts)
        files = {_member(PurePosixPath(facts.home, name)): source for name, source in self._settings.scripts.items()}
        return OfUser(uid=facts.uid, gid=facts.gid, files=files)

    def _look(self, confined: ConfinedContainer) -> Facts:
        facts = look(self._settings.image, self._settings.airflow_version, confined.probe)
        if self._known:
            self._known.keep(confined.image_id, facts)
        return facts

    @property
    def _open(self) -> ConfinedContainer:
        if self._confined is None:
            raise RunnerBroken("The runner is not open.")
        return self._confined

    def _make_folders(self, folders: set[PurePosixPath]) -> None:
        if folders:
            made = self.run(["mkdir", "-p", "--", *sorted(map(str, folders))], timeout=30, cwd=PurePosixPath("/"))
            if made.exit_code:
                raise RunnerBroken(f"Folders cannot be made in {self._settings.image}: {made.output}")

    def _close(self) -> None:
        if self._confined is not None:
            self._confined.remove()
        self._confined = None
        self._facts = None


def _member(path: PurePosixPath) -> str:
    return str(path).lstrip("/")
