"""The hash-locked packages of one Airflow version: what a runner holds when MWAA's own image is not used."""

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mwaa_deploy.errors import AirflowVersionUnknown
from mwaa_deploy.package_data import images_data, lock_of_test_tools

_PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==[^\s;\\]+", re.MULTILINE)
"""A package of a lock file without its marker and hashes; the Dockerfile does the same with sed."""

_DB_MIGRATE_SINCE = (2, 7)

_DESCRIBED = ("python", "debian", "resolved_as_of")
"""Keys of versions.toml that are attributes too."""

_UNCONSTRAINED = frozenset({"pip", "setuptools", "wheel"})


@dataclass(frozen=True, kw_only=True)
class LockedPackages:
    """Files of the images folder that belong to one Airflow version.

    Attributes:
        airflow_version: as in '2.10.3'.
        python: the exact Python of MWAA's image, as in '3.11.9'.
        folder: the images folder; holds the Dockerfile too.
        debian: release of the public base image that has this very Python.
        resolved_as_of: the day, as in '2024-01-15', whose newest packages were taken, where it is not known which
            packages MWAA's image has; None where a bill of materials decided.
        test_tools_lock: pytest and what it needs, the same for every Airflow version, so not in the images folder.
    """

    airflow_version: str
    python: str
    folder: Path
    debian: str = "bookworm"
    resolved_as_of: str | None = None
    test_tools_lock: Path = field(default_factory=lock_of_test_tools)

    @property
    def python_minor(self) -> str:
        """The release line of Python, as in '3.11'."""
        return self.python.rpartition(".")[0]

    @property
    def public_base(self) -> str:
        """The public image with the very Python of MWAA's, as in 'python:3.11.9-slim-bookworm'."""
        return f"python:{self.python}-slim-{self.debian}"

    @property
    def migrate_command(self) -> Sequence[str]:
        """What makes Airflow's tables, after the interpreter: `db migrate` came with 2.7 (Airflow's release notes)."""
        before = tuple(int(part) for part in self.airflow_version.split(".")[:2]) < _DB_MIGRATE_SINCE
        return ("-m", "airflow", "db", "upgrade" if before else "migrate")

    @property
    def differences(self) -> tuple[str, ...]:
        """How these packages differ from those of MWAA's image, a sentence each."""
        if self.resolved_as_of is None:
            return ()
        sentence = (
            f"Which packages MWAA's image of Airflow {self.airflow_version} holds is not published: the providers here "
            f"are those that the MWAA user guide names, all else is what was newest on {self.resolved_as_of}."
        )
        return (sentence,)

    @property
    def lock(self) -> Path:
        """Every package with its version and hashes."""
        return self.folder / "locks" / f"airflow-{self.airflow_version}.txt"

    @property
    def build_lock(self) -> Path:
        """What the few packages without wheels are built with."""
        return self.folder / "locks" / "build.txt"

    @property
    def uv_lock(self) -> Path:
        """The installer."""
        return self.folder / "locks" / "uv.txt"

    @property
    def essential(self) -> Path:
        """Names of the packages whose versions MWAA holds whatever a requirements file says."""
        return self.folder / "essential.txt"

    def constraints(self) -> str:
        """The lock file's versions, as constraints for users' requirements: name==version lines."""
        found = _PIN.finditer(self.lock.read_text(encoding="utf-8"))
        return "".join(f"{pin[0]}\n" for pin in found if pin[1] not in _UNCONSTRAINED)

    def essential_constraints(self) -> str:
        """Those lines among them that MWAA applies whatever a requirements file says."""
        names = set(self.essential.read_text(encoding="utf-8").splitlines())
        lines = self.constraints().splitlines(keepends=True)
        return "".join(line for line in lines if line.partition("==")[0] in names)

    def files(self) -> Mapping[str, bytes]:
        """Everything an image is built from, by its path in the build's context."""
        paths = [self.folder / "Dockerfile", self.lock, self.build_lock, self.uv_lock, self.essential]
        files = {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in paths}
        return {**files, "test-tools.txt": self.test_tools_lock.read_bytes()}

    def digest(self, *more: str) -> str:
        """SHA-256 of those files and whatever else decides the result."""
        parts = [*more, *(f"{name}:{hashlib.sha256(body).hexdigest()}" for name, body in sorted(self.files().items()))]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def images_folder(env: Mapping[str, str]) -> Path:
    """The images folder: MWAA_DEPLOY_IMAGES, else the one that the program came with."""
    given = env.get("MWAA_DEPLOY_IMAGES")
    return Path(given) if given else images_data()


def pythons_of_mwaa(folder: Path) -> Mapping[str, str]:
    """The exact Python of MWAA's image, by Airflow version."""
    return {version: entry["python"] for version, entry in _versions(folder).items()}


def _versions(folder: Path) -> Mapping[str, Mapping[str, Any]]:
    table = tomllib.loads((folder / "versions.toml").read_text(encoding="utf-8"))
    found: Mapping[str, Mapping[str, Any]] = table["airflow"]
    return found


def find_packages(folder: Path, airflow_version: str) -> LockedPackages:
    """The locked packages of an Airflow version.

    Raises:
        AirflowVersionUnknown: there is no lock file for it.
    """
    versions = _versions(folder)
    if airflow_version in versions:
        described = {name: versions[airflow_version][name] for name in _DESCRIBED if name in versions[airflow_version]}
        packages = LockedPackages(airflow_version=airflow_version, folder=folder, **described)
        if packages.lock.is_file():
            return packages
    known = ", ".join(versions)
    what = f"There are no locked packages for Airflow {airflow_version}; there are for {known}."
    meaning = "Either the version is mistyped, or it is newer than this release of the action."
    mend = f"with:\n  airflow-version: {known.rpartition(', ')[2]}\nor, with an image of your own:\n  runner-image: ..."
    raise AirflowVersionUnknown(what, meaning=meaning, mend=mend)
