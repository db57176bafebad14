"""Airflow as MWAA's image has it, installed once for each version and copied for each environment."""

import fcntl
import json
import os
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from uv import find_uv_bin

from lab.airflow.errors import LiveAirflowError
from lab.processes import ROOT
from mwaa_deploy.errors import AirflowVersionUnknown, PythonMissing
from mwaa_deploy.runner.environment import installer_environment
from mwaa_deploy.runner.packages import LockedPackages, find_packages
from mwaa_deploy.runner.pythons import find_python

USERNAME = "admin"

_FORM = "1"
"""Raised when what is kept changes its form."""

_COMMANDS = Path(__file__).parent / "inside" / "airflow_commands.py"
_PASSED_ON = re.compile(r"(PIP_|SSL_CERT|REQUESTS_CA_BUNDLE$|LANG$|LC_|TZ$|(https?|no|all)_proxy$)", re.IGNORECASE)
_LAST_AIRFLOW_WITH_ROLES = 2


@dataclass(frozen=True, kw_only=True)
class Installation:
    """Airflow of one version, ready to be copied.

    Attributes:
        packages: what is installed, and the constraints that belong to it.
        folder: of the virtual environment and the migrated, empty metadata database.
        password: of the administrator in that database.
    """

    packages: LockedPackages
    folder: Path
    password: str

    @property
    def airflow_version(self) -> str:
        """As in 2.10.3."""
        return self.packages.airflow_version

    @property
    def major(self) -> int:
        """Airflow's major version."""
        return int(self.airflow_version.split(".", 1)[0])

    @property
    def database(self) -> Path:
        """SQLite file of the migrated database."""
        return self.folder / "airflow.db"

    def copy(self, destination: Path) -> None:
        """Make a virtual environment with the same packages."""
        shutil.copytree(self.folder / "venv", destination, symlinks=True, copy_function=_link)


def passed_on() -> dict[str, str]:
    """What of our own environment a child needs: certificates, proxies, package indexes, language."""
    return {name: value for name, value in os.environ.items() if _PASSED_ON.match(name)}


def install(airflow_version: str, cache: Path) -> Installation:
    """Install a version and migrate a database for it, unless the cache has both.

    Raises:
        LiveAirflowError: there is no lock file, or no Python for it, or packages cannot be had.
    """
    try:
        packages = find_packages(ROOT / "images", airflow_version)
    except AirflowVersionUnknown as error:
        raise LiveAirflowError(error.what) from error
    python = _python(packages)
    folder = cache / f"{airflow_version}-{packages.digest(_FORM, python)[:16]}"
    with _alone(cache / f"{airflow_version}.lock"):
        if not folder.is_dir():
            unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=cache))
            try:
                _make(unfinished, packages, python)
                unfinished.rename(folder)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
    password = (folder / "password").read_text(encoding="utf-8")
    return Installation(packages=packages, folder=folder, password=password)


def _python(packages: LockedPackages) -> str:
    try:
        return str(find_python(packages.python, os.environ).executable)
    except PythonMissing:
        # uv may find, or fetch, one by its version.
        return packages.python_minor


def _make(folder: Path, packages: LockedPackages, python: str) -> None:
    venv = folder / "venv"
    interpreter = str(venv / "bin" / "python")
    locked = ("--require-hashes", "--build-constraints", str(packages.build_lock), "-r", str(packages.lock))
    # Relocatable, because it is copied.
    _uv("venv", "--relocatable", "--python", python, str(venv))
    _uv("pip", "install", "--python", interpreter, *locked)
    password = secrets.token_urlsafe(16)
    (folder / "password").write_text(password, encoding="utf-8")
    commands = [["db", "migrate"]]
    if int(packages.airflow_version.split(".", 1)[0]) <= _LAST_AIRFLOW_WITH_ROLES:
        person = ["--firstname", "Lab", "--lastname", "Administrator", "--email", "admin@example.org"]
        login = ["--username", USERNAME, "--role", "Admin", "--password", password]
        commands += [["users", "create", *login, *person], ["sync-perm"]]
    with tempfile.TemporaryDirectory() as home:
        env = {
            **passed_on(),
            "PATH": f"{venv / 'bin'}:/usr/local/bin:/usr/bin:/bin",
            "HOME": home,
            "AIRFLOW_HOME": home,
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder / 'airflow.db'}",
            "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
        }
        _run([interpreter, str(_COMMANDS)], env=env, given=json.dumps(commands))


def _uv(*argv: str) -> None:
    _run([find_uv_bin(), *argv, "--quiet", "--no-config"], env=installer_environment(os.environ))


def _run(argv: Sequence[str], *, env: Mapping[str, str], given: str = "") -> None:
    done = subprocess.run(
        argv, env=env, input=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        end = "\n".join(done.stdout.splitlines()[-20:])
        msg = f"{' '.join(argv[:3])} ended with exit code {done.returncode}:\n{end}"
        raise LiveAirflowError(msg)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold a lock against other processes and threads."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _link(source: str, destination: str) -> None:
    # Nothing writes into a package's file; pip and uv put new files in their place.
    try:
        os.link(source, destination)
    except OSError:
        shutil.copy2(source, destination)
