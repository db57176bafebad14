"""A home like that of MWAA's containers, on this host: made once for each lock file, then copied.

Beside it lie the tools for unit tests, which are not copied: the user's code reads them where they are.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath

from uv import find_uv_bin

from mwaa_deploy.errors import RunnerBroken
from mwaa_deploy.ports import Log
from mwaa_deploy.runner.environment import SYSTEM_PATH, airflow_environment, cache_folder, installer_environment
from mwaa_deploy.runner.packages import LockedPackages
from mwaa_deploy.runner.pythons import HostPython
from mwaa_deploy.runner.unit_test_tools import install_compiled

_FORM = "3"
"""Raised when what is kept changes its form."""

_INSTALL_TIMEOUT = 900.0
_MIGRATE_TIMEOUT = 300.0
_QUICK = 60.0
_LAST_LINES = 20
_FOLDERS = ("dags", "plugins", "requirements", "startup")
_HOME, _TEST_TOOLS = "airflow", "test-tools"

_INSTALL_MEND = """\
name the package index that this host can reach:
  env:
    PIP_INDEX_URL: https://my-index.example/simple"""


class HomeTemplates:
    """Keeps one finished home for each lock file and Python, under the user's cache folder.

    Args:
        env: our own environment: where the cache is, and how to reach the package index.
        log: told what is made.
    """

    def __init__(self, env: Mapping[str, str], log: Log) -> None:
        self._env = env
        self._log = log

    def copy(self, packages: LockedPackages, python: HostPython, destination: Path, *, owner: int | None) -> Path:
        """Make a home at a path that does not exist yet.

        Args:
            packages: what is installed in it.
            python: the interpreter.
            destination: where.
            owner: uid whose home it is to be, where we are root; None if it stays our own.

        Returns:
            The folder with the tools for unit tests, which all such homes share.

        Raises:
            RunnerBroken: the packages cannot be installed, or Airflow cannot make its database.
        """
        kept = self._template(packages, python)
        template = kept / _HOME
        if owner is None or not self._link(template, destination, owner):
            _call(["cp", "-a", str(template), str(destination)], {}, _INSTALL_TIMEOUT, "The virtual environment")
            if owner is not None:
                _call(["chown", "-hR", f"{owner}:{owner}", str(destination)], {}, _INSTALL_TIMEOUT, "The home")
        return kept / _TEST_TOOLS

    @staticmethod
    def _link(template: Path, destination: Path, owner: int) -> bool:
        """Hard links instead of copies: the owner of the folders can replace files, but not write into what is kept."""
        subject = "The virtual environment"
        try:
            _call(["cp", "-a", "--link", str(template), str(destination)], {}, _INSTALL_TIMEOUT, subject)
        except RunnerBroken:
            # Another file system, or one without hard links.
            shutil.rmtree(destination, ignore_errors=True)
            return False
        folders = ["find", str(destination), "-type", "d", "-exec", "chown", f"{owner}:{owner}", "{}", "+"]
        _call(folders, {}, _INSTALL_TIMEOUT, subject)
        for written in destination.glob("airflow.*"):
            written.unlink()
            shutil.copyfile(template / written.name, written)
            os.chown(written, owner, owner)
        return True

    def _template(self, packages: LockedPackages, python: HostPython) -> Path:
        digest = packages.digest(_FORM, python.version, str(python.prefix))
        kept = cache_folder(self._env) / f"airflow-{packages.airflow_version}-{digest[:16]}"
        if kept.is_dir():
            return kept
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent, prefix="making-") as folder:
            made = Path(folder, "template")
            made.mkdir()
            self._make(packages, python, made / _HOME)
            install_compiled(made / _TEST_TOOLS, str(made / _HOME / ".local" / "bin" / "python"), self._env)
            # What several users may link to or read, only its owner may write; the installer leaves open lock files.
            _call(["chmod", "-R", "go-w", str(made)], {}, _QUICK, "The virtual environment")
            # Somebody else may have made the same in the meantime; either will do.
            with suppress(OSError):
                made.rename(kept)
        return kept

    def _make(self, packages: LockedPackages, python: HostPython, home: Path) -> None:
        self._log.info(f"Making a virtual environment of Airflow {packages.airflow_version} (kept for the next time).")
        local = home / ".local"
        interpreter = str(local / "bin" / "python")
        uv, env = find_uv_bin(), installer_environment(self._env)
        steps = (
            ["venv", "--relocatable", "--python", str(python.executable), str(local)],
            [
                *("pip", "install", "--python", interpreter, "--compile-bytecode", "--require-hashes"),
                *("--build-constraints", str(packages.build_lock), "--requirements", str(packages.lock)),
            ],
        )
        for step in steps:
            options = ("--quiet", "--no-config")
            _call([uv, *step, *options], env, _INSTALL_TIMEOUT, "The packages of Airflow", mend=_INSTALL_MEND)
        (local / "etc").mkdir(exist_ok=True)
        for text, name in (
            (packages.constraints(), "airflow_constraints.txt"),
            (packages.essential_constraints(), "mwaa_essential_constraints.txt"),
        ):
            (local / "etc" / name).write_text(text, encoding="utf-8")
        for name in _FOLDERS:
            (home / name).mkdir()
        migrate = [interpreter, *packages.migrate_command]
        own = airflow_environment(PurePosixPath(home), packages.airflow_version)
        _call(migrate, own, _MIGRATE_TIMEOUT, "Airflow's database")
        # Both would name the folder that the template was made in.
        (home / "airflow.cfg").unlink(missing_ok=True)
        shutil.rmtree(home / "logs", ignore_errors=True)


def _call(argv: Sequence[str], env: Mapping[str, str], timeout: float, subject: str, *, mend: str = "") -> None:
    what = f"{subject} could not be made with {Path(argv[0]).name}"
    try:
        done = subprocess.run(
            argv,
            env={"PATH": SYSTEM_PATH, **env},
            timeout=timeout,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
    except (OSError, subprocess.TimeoutExpired) as e:
        raise RunnerBroken(f"{what}: {e}", mend=mend) from e
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-_LAST_LINES:])
        raise RunnerBroken(f"{what}: exit code {done.returncode}", meaning=last, mend=mend)
