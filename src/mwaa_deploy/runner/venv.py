"""A runner that is a virtual environment on this host, for where no Docker Engine is."""

import os
import pwd
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, Self

from mwaa_deploy.errors import RunnerBroken
from mwaa_deploy.ports import Completed, RunnerFamily
from mwaa_deploy.runner.archive import make_archive
from mwaa_deploy.runner.covers import mounts, private_paths
from mwaa_deploy.runner.environment import SYSTEM_PATH, venv_environment
from mwaa_deploy.runner.facts import Facts, differences, parse_facts, probe_command
from mwaa_deploy.runner.home import HomeTemplates
from mwaa_deploy.runner.member import too_large
from mwaa_deploy.runner.output import CappedOutput
from mwaa_deploy.runner.packages import LockedPackages
from mwaa_deploy.runner.process import run_process
from mwaa_deploy.runner.pythons import HostPython
from mwaa_deploy.runner.result_reader import LARGEST
from mwaa_deploy.runner.sandbox import Confinement, Limits, Sandbox, choose_sandbox, free_uid, refuse_unconfined
from mwaa_deploy.runner.supervision import Ended

_PUT = ("tar", "--extract", "--no-same-owner", "--file", "-", "--directory", "/")
_READ = '[ -f "$1" ] || exit 44; exec head --bytes "$2" "$1"'

_QUICK = 120.0


class VenvRunner:
    """Fills the Runner port. A context manager: its folder lives as long as it is open.

    Files go in and out through the same sandbox as commands, so that links the user's code makes lead nowhere.

    Args:
        packages: what is installed.
        python: the interpreter, of the packages' minor version.
        templates: where homes come from.
        env: our own environment: what to hide, and how to reach the package index.
        variables: variables of every command, besides what MWAA's containers set.
        limits: what commands may take.
    """

    def __init__(
        self,
        packages: LockedPackages,
        python: HostPython,
        templates: HomeTemplates,
        *,
        env: Mapping[str, str],
        variables: Mapping[str, str] | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._packages = packages
        self._python = python
        self._templates = templates
        self._env = env
        self._variables = dict(variables or {})
        self._root: Path | None = None
        self._test_tools = Path()
        self._environment: dict[str, str] = {}
        self._limits = limits or Limits()
        self._sandbox = Sandbox(confinement=Confinement.NONE)
        self._offline: Sandbox | None = None
        self._closed = False
        self._facts: Facts | None = None

    def __enter__(self) -> Self:
        """Make the home and choose the sandbox.

        Raises:
            RunnerBroken: either cannot be made.
            RunnerUnconfined: this is a job, and no sandbox that works here is strong enough for one.
        """
        version = self._packages.airflow_version
        self._root = Path(tempfile.mkdtemp(prefix="mwaa-deploy-")).resolve()
        try:
            uid = free_uid()
            self._test_tools = self._templates.copy(
                self._packages, self._python, self._root / "airflow", owner=uid
            ).resolve()
            (self._root / "tmp").mkdir()
            self._environment = {**venv_environment(self._env, self.home, version), **self._variables}
            if uid is not None:
                for folder in (self._root, self._root / "tmp"):
                    os.chown(folder, uid, uid)
            self._sandbox = choose_sandbox(
                *(self._mounts(), uid, self._works),
                python=str(self._python.executable),
                path=self._env.get("PATH") or SYSTEM_PATH,
                limits=self._limits,
            )
            refuse_unconfined(self._sandbox, self._env)
            self._facts = self._look()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        """Remove the folder."""
        self._remove()

    @property
    def description(self) -> str:
        """As in 'virtual environment, Airflow 2.10.3, Python 3.11.7'."""
        return f"virtual environment, Airflow {self.facts.airflow}, Python {self.facts.python}"

    @property
    def family(self) -> RunnerFamily:
        """Ours: the packages come from our lock file."""
        return RunnerFamily.OURS

    @property
    def differences(self) -> tuple[str, ...]:
        """How it differs from MWAA, a sentence each."""
        more = [self._sandbox.difference] if self._sandbox.difference else []
        if self._closed and self._offline is None:
            more.append("The network could not be closed on this host: the project's code could reach it throughout.")
        more.append(f"Airflow's home is {self.home}; MWAA's is /usr/local/airflow.")
        more.extend(self._packages.differences)
        return differences(self.facts, mwaa_python=self._packages.python, more=more)

    @property
    def home(self) -> PurePosixPath:
        """AIRFLOW_HOME on this host."""
        return PurePosixPath(self._open_root / "airflow")

    @property
    def python(self) -> str:
        """Absolute path of the interpreter that has Airflow."""
        return str(self.home / ".local" / "bin" / "python")

    @property
    def test_tools(self) -> PurePosixPath | None:
        """Those beside the template, where the sandbox shows them and keeps them from being written."""
        return PurePosixPath(self.facts.test_tools) if self.facts.test_tools else None

    @property
    def facts(self) -> Facts:
        """What was found in it."""
        if self._facts is None:
            raise RunnerBroken("The runner is not open.")
        return self._facts

    def put(self, destination: PurePosixPath, source: Path | bytes) -> None:
        """Copy bytes, a file or a folder to an absolute path, owned by the runner's user.

        Raises:
            RunnerBroken: it cannot be written there.
        """
        self.put_all({destination: source})

    def put_all(self, files: Mapping[PurePosixPath, Path | bytes]) -> None:
        """Copy many of them in one go.

        Raises:
            RunnerBroken: something cannot be written to its place.
        """
        if not files:
            return
        output = CappedOutput()
        names = {str(path).lstrip("/"): source for path, source in files.items()}
        with make_archive(names, uid=os.geteuid(), gid=os.getegid()) as archive:
            ended = self._process(_PUT, timeout=_QUICK, stdin=archive, take=output.write)
        if ended.code:
            first = next(iter(files))
            raise RunnerBroken(f"{first} cannot be written in the runner: {output.text().strip()}")

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        env: Mapping[str, str] | None = None,
        cwd: PurePosixPath | None = None,
        network: bool = True,
        results: Sequence[PurePosixPath] = (),
    ) -> Completed:
        """Run a command to its end, or kill it and all it started after `timeout` seconds.

        Raises:
            RunnerBroken: a result is larger than 64 MiB.
        """
        output = CappedOutput()
        sandbox = self._sandbox if network and not self._closed else self._offline
        started = time.monotonic()
        ended = self._process(
            argv, timeout=timeout, take=output.write, env=env, cwd=cwd, sandbox=sandbox, results=results
        )
        return Completed(
            exit_code=ended.code,
            output=output.text(),
            seconds=time.monotonic() - started,
            timed_out=ended.timed_out,
            out_of_memory=ended.out_of_memory,
            results=ended.results,
        )

    def close_network(self) -> None:
        """Give every command from now on a network namespace of its own, with nothing but loopback in it."""
        self._closed = True

    def read(self, path: PurePosixPath) -> bytes | None:
        """The bytes of one file, or None when there is none.

        Raises:
            RunnerBroken: the file is larger than 64 MiB.
        """
        body = bytearray()
        argv = ["/bin/sh", "-c", _READ, "sh", str(path), str(LARGEST + 1)]
        ended = self._process(argv, timeout=_QUICK, take=body.extend, errors=subprocess.DEVNULL)
        if len(body) > LARGEST:
            raise too_large(path)
        return None if ended.code else bytes(body)

    def _process(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        take: Callable[[bytes], object],
        env: Mapping[str, str] | None = None,
        cwd: PurePosixPath | None = None,
        stdin: IO[bytes] | None = None,
        errors: int = subprocess.STDOUT,
        sandbox: Sandbox | None = None,
        results: Sequence[PurePosixPath] = (),
    ) -> Ended:
        return run_process(
            argv,
            sandbox=sandbox or self._sandbox,
            cwd=str(cwd or self.home),
            env={**self._environment, **(env or {})},
            timeout=timeout,
            take=take,
            stdin=stdin,
            errors=errors,
            results=results,
        )

    @property
    def _open_root(self) -> Path:
        if self._root is None:
            raise RunnerBroken("The runner is not open.")
        return self._root

    def _mounts(self) -> tuple[tuple[str, str, str], ...]:
        resolver = Path("/etc/resolv.conf")
        return mounts(
            root=self._open_root,
            private=private_paths(self._env, _home_of_user()),
            kept=[self._python.prefix, self._test_tools],
            resolver=resolver.read_text(encoding="utf-8") if resolver.is_file() else "",
        )

    def _works(self, sandbox: Sandbox) -> bool:
        ended = self._process([self.python, "-c", "pass"], timeout=_QUICK, take=len, sandbox=sandbox)
        return ended.code == 0

    def _look(self) -> Facts:
        # In passing it shows whether the network can be closed here.
        offline = replace(self._sandbox, network=False) if self._sandbox.namespaced else None
        for sandbox in (offline, self._sandbox) if offline else (self._sandbox,):
            output = CappedOutput()
            command = probe_command(self.python, str(self._test_tools))
            self._process(command, timeout=_QUICK, take=output.write, sandbox=sandbox)
            with suppress(ValueError):
                found = parse_facts(output.text())
                self._offline = sandbox if sandbox is offline else None
                return replace(found, family=RunnerFamily.OURS)
        raise RunnerBroken(f"The virtual environment's Python does not run: {output.text().strip()}")

    def _remove(self) -> None:
        if self._root is None:
            return
        subprocess.run(["rm", "-rf", "--", str(self._root)], check=False, capture_output=True)
        if self._root.exists():
            # The user's code may have taken the permission away.
            subprocess.run(["chmod", "-R", "u+rwx", str(self._root)], check=False, capture_output=True)
            subprocess.run(["rm", "-rf", "--", str(self._root)], check=False, capture_output=True)
        self._root = None
        self._facts = None


def _home_of_user() -> Path:
    try:
        return Path(pwd.getpwuid(os.geteuid()).pw_dir)
    except KeyError:
        return Path("/nonexistent")
