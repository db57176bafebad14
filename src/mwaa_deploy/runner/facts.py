"""What a runner turned out to be, and how that differs from MWAA."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from packaging.version import Version

from mwaa_deploy.ports import RunnerFamily
from mwaa_deploy.runner.unit_test_tools import digest_of_lock

PROBE = """
import json, os, sys
try:
    from importlib.metadata import version
except ImportError:
    try:
        from importlib_metadata import version
    except ImportError:
        def version(name):
            import pkg_resources
            return pkg_resources.get_distribution(name).version
def found(name):
    try:
        return version(name)
    except Exception:
        return None
def text(path):
    try:
        with open(path, errors="replace") as file:
            return file.read(1000000)
    except OSError:
        return ""
def first_file(*paths):
    return next((path for path in paths if path and os.path.isfile(path)), None)
def changeable(path):
    while not os.access(path, os.W_OK):
        if path == os.path.dirname(path):
            return False
        path = os.path.dirname(path)
    return True
def of_root():
    library = os.path.dirname(os.path.realpath(os.__file__))
    here = "bin/python%d.%d" % sys.version_info[:2]
    base = [sys.executable, getattr(sys, "_base_executable", ""), os.path.join(sys.base_prefix, here)]
    for path in map(os.path.realpath, filter(None, base)):
        if os.path.isfile(path) and not changeable(path) and not changeable(library):
            return path
    return None
def others():
    folders = os.environ.get("PATH", "").split(":")
    for folder in folders:
        script = text(os.path.join(folder, "airflow")).partition("\\n")[0]
        if script.startswith("#!/") and "python" in script:
            yield script[2:].split()[0]
    for folder in [os.path.join(home, ".local", "bin")] + folders:
        for name in "python3", "python":
            yield os.path.join(folder, name)
def test_tools(folder, lock):
    named = text(os.path.join(folder, "lock.sha256")).split()[:1]
    return folder if named == [lock] and not changeable(folder) else None
system = sys.platform
for line in text("/etc/os-release").splitlines():
    if line.startswith("PRETTY_NAME="):
        system = line.split("=", 1)[1].strip().strip('"')
home = os.environ.get("AIRFLOW_HOME") or os.path.expanduser("~/airflow")
if os.path.isdir("/python/mwaa"):
    family = "amazon-mwaa-docker-images"
elif "test-requirements" in text("/entrypoint.sh"):
    family = "aws-mwaa-local-runner"
elif os.path.isdir("/usr/local/share/mwaa-deploy"):
    family = "mwaa-deploy"
else:
    family = "other"
etc = os.path.join(home, ".local", "etc")
airflow, tried = found("apache-airflow"), []
if airflow is None:
    for path in others():
        if path not in tried and path != sys.executable and os.access(path, os.X_OK):
            tried.append(path)
print(json.dumps({
    "airflow": airflow, "python": "%d.%d.%d" % sys.version_info[:3], "executable": sys.executable,
    "home": home, "system": system, "psycopg2": found("psycopg2"), "uid": os.getuid(), "gid": os.getgid(),
    "database": os.path.exists(os.path.join(home, "airflow.db")), "family": family, "pip": found("pip"),
    "constraints": first_file(os.environ.get("AIRFLOW_CONSTRAINTS_FILE"), os.path.join(etc, "airflow_constraints.txt"),
        "/constraints.txt"),
    "essential_constraints": first_file(os.environ.get("MWAA_ESSENTIAL_CONSTRAINTS_FILE"),
        os.path.join(etc, "mwaa_essential_constraints.txt")),
    "supervisor_python": of_root(), "other_pythons": tried[:8],
    "test_tools": test_tools(*sys.argv[1:]) if sys.argv[1:] else None,
}))
"""
"""Run by the runner's own Python, whatever its version; prints one JSON object as its last line.

Its arguments are the folder where tools for unit tests may lie, and the SHA-256 of the lock file that they are to be
made of.
"""


def probe_command(python: str, test_tools: str) -> list[str]:
    """The command that looks into a runner.

    Args:
        python: an interpreter inside it.
        test_tools: the folder inside it where our tools for unit tests would lie.
    """
    return [python, "-c", PROBE, test_tools, digest_of_lock()]


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
        family: what the image's own files show it to be: /python/mwaa in amazon-mwaa-docker-images, an /entrypoint.sh
            that knows test-requirements in aws-mwaa-local-runner, /usr/local/share/mwaa-deploy in ours.
        pip: version of pip, if it is there.
        constraints: the constraint file that the image brings for users' requirements.
        essential_constraints: the one that MWAA applies on top of everything, which only its own images and ours have.
        supervisor_python: an interpreter that this user can change nothing of.
        other_pythons: interpreters that may have Airflow, where this one has none.
        test_tools: the folder with exactly the tools for unit tests that this version wants, if there is one that this
            user can change nothing of.
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
    family: RunnerFamily
    pip: str | None
    constraints: str | None
    essential_constraints: str | None
    supervisor_python: str | None
    other_pythons: tuple[str, ...] = ()
    test_tools: str | None = None


def parse_facts(output: str) -> Facts:
    """The facts that the probe printed, after whatever the image prints of its own.

    Raises:
        ValueError: the probe did not come to its end.
    """
    lines = output.strip().splitlines()
    try:
        found = json.loads(lines[-1])
        return Facts(
            **{**found, "family": RunnerFamily(found["family"]), "other_pythons": tuple(found["other_pythons"])}
        )
    except (IndexError, KeyError, TypeError, ValueError) as e:
        raise ValueError(output.strip() or "nothing was printed") from e


_MADE_BY = {
    RunnerFamily.OURS: "",
    RunnerFamily.MWAA_IMAGES: " (an image of amazon-mwaa-docker-images, as on MWAA)",
    RunnerFamily.LOCAL_RUNNER: " (an image of aws-mwaa-local-runner)",
    RunnerFamily.OTHER: " (an image of neither MWAA's nor ours)",
}


def describe_container(image: str, facts: Facts) -> str:
    """One line that names a container runner."""
    return f"container {image}{_MADE_BY[facts.family]}, Airflow {facts.airflow}, Python {facts.python}"


def differences(facts: Facts, *, mwaa_python: str | None, more: Sequence[str] = ()) -> tuple[str, ...]:
    """How a runner differs from MWAA, a sentence each.

    Args:
        facts: what the probe found.
        mwaa_python: exact Python of MWAA's image of that Airflow, where it is known.
        more: further sentences that the kind of runner adds.
    """
    found = list(more)
    if facts.family is RunnerFamily.OTHER:
        found.append("The image is neither one of MWAA's nor ours: which packages MWAA has, it cannot show.")
    if mwaa_python and facts.python != mwaa_python:
        found.append(f"Python is {facts.python}; MWAA's is {mwaa_python}.")
    system = _mwaa_system(facts.airflow)
    if not re.match(rf"{system}\b", facts.system):
        found.append(f"System libraries are those of {facts.system}; MWAA's containers run {system}.")
    if facts.family is RunnerFamily.OURS:
        found.append(
            "The bundled constraint file pins only the packages of MWAA's image; MWAA's is Airflow's own, which also "
            "pins what is not installed."
        )
        if facts.psycopg2 is None:
            found.append("psycopg2 comes as psycopg2-binary; MWAA has both.")
    if facts.family is RunnerFamily.LOCAL_RUNNER:
        found.append(
            "aws-mwaa-local-runner itself only warns where requirements name no constraints; MWAA adds its own."
        )
    if facts.essential_constraints is None:
        found.append("The image lacks the constraints that MWAA applies on top of everyone's requirements.")
    if facts.constraints is None:
        found.append("The image brings no constraint file; MWAA applies its own where requirements name none.")
    if facts.pip is None:
        found.append("The image has no pip; MWAA's has.")
    database = "an empty SQLite file" if facts.database else "missing"
    found.append(f"The metadata database is {database}; MWAA's is PostgreSQL.")
    return tuple(found)


def _mwaa_system(airflow: str | None) -> str:
    """The operating system of MWAA's containers, as their /etc/os-release begins its name."""
    # After 2.6.3 MWAA's next version is 2.7.2, the first on Amazon Linux 2023.
    old = airflow is not None and Version(airflow) < Version("2.7")
    return "Amazon Linux 2" if old else "Amazon Linux 2023"
