"""What a runner turned out to be, and how that differs from MWAA."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

PROBE = """
import json, os, sys
try:
    from importlib.metadata import version, PackageNotFoundError
except ImportError:
    from importlib_metadata import version, PackageNotFoundError
def found(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None
system = "an unknown system"
try:
    with open("/etc/os-release") as lines:
        for line in lines:
            if line.startswith("PRETTY_NAME="):
                system = line.split("=", 1)[1].strip().strip('"')
except OSError:
    system = sys.platform
home = os.environ.get("AIRFLOW_HOME") or os.path.expanduser("~/airflow")
print(json.dumps({
    "airflow": found("apache-airflow"), "python": "%d.%d.%d" % sys.version_info[:3], "executable": sys.executable,
    "home": home, "system": system, "psycopg2": found("psycopg2"), "uid": os.getuid(), "gid": os.getgid(),
    "database": os.path.exists(os.path.join(home, "airflow.db")),
}))
"""
"""Run by the runner's own Python, whatever its version; prints one JSON object as its last line."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the probe found inside a runner.

    Attributes:
        airflow: version of apache-airflow, or None when it is not installed.
        python: exact version of the interpreter.
        executable: its absolute path.
        home: AIRFLOW_HOME.
        system: name of the operating system, as in 'Amazon Linux 2023'.
        psycopg2: version of the source distribution MWAA's images hold, if it is there.
        database: whether home holds a SQLite database.
    """

    airflow: str | None
    python: str
    executable: str
    home: str
    system: str
    psycopg2: str | None
    uid: int
    gid: int
    database: bool


def parse_facts(output: str) -> Facts:
    """The facts that the probe printed, after whatever the image prints of its own.

    Raises:
        ValueError: the probe did not come to its end.
    """
    lines = output.strip().splitlines()
    try:
        return Facts(**json.loads(lines[-1]))
    except (IndexError, TypeError, ValueError) as e:
        raise ValueError(output.strip() or "nothing was printed") from e


def differences(
    facts: Facts, *, mwaa_python: str | None, own_packages: bool, more: Sequence[str] = ()
) -> tuple[str, ...]:
    """How a runner differs from MWAA, a sentence each.

    Args:
        facts: what the probe found.
        mwaa_python: exact Python of MWAA's image of that Airflow, where it is known.
        own_packages: whether the packages come from our lock file and not from an image of MWAA.
        more: further sentences that the kind of runner adds.
    """
    found = list(more)
    if mwaa_python and facts.python != mwaa_python:
        found.append(f"Python is {facts.python}; MWAA's is {mwaa_python}.")
    if "Amazon Linux" not in facts.system:
        found.append(f"System libraries are those of {facts.system}; MWAA's containers run Amazon Linux 2023.")
    if own_packages:
        found.append(
            "The bundled constraint file pins only the packages of MWAA's image; MWAA's is Airflow's own, which also "
            "pins what is not installed."
        )
        if facts.psycopg2 is None:
            found.append("psycopg2 comes as psycopg2-binary; MWAA has both.")
    database = "an empty SQLite file" if facts.database else "missing"
    found.append(f"The metadata database is {database}; MWAA's is PostgreSQL.")
    return tuple(found)
