"""What is looked for in a container before anything of the user's runs in it."""

from collections.abc import Callable, Sequence

from mwaa_deploy.errors import RunnerBroken, RunnerImageUnusable
from mwaa_deploy.runner.facts import Facts, parse_facts, probe_command
from mwaa_deploy.runner.images import wrong_airflow
from mwaa_deploy.runner.supervision import Ended, Refused

SCRIPT = "/mwaa-deploy/supervisor.py"
"""Where the supervisor lies: in a folder of root's in a folder of root's."""

TEST_TOOLS = "/mwaa-deploy/test-tools"
"""Where our own image has pytest and what it needs; images/Dockerfile puts them there."""

_USER = "airflow"
"""The user of MWAA's images, the local runner's and ours."""

_NOBODY = 65_534
_ROOT = frozenset({"", "0", "root"})

Probe = Callable[[Sequence[str]], tuple[Ended | Refused | None, str]]
"""Runs a command under the supervisor; its report and what was printed."""


def candidates(configured: str) -> str:
    """Whom commands may run as, the first that exists: MWAA's user, the image's own, or, only to look, nobody.

    Args:
        configured: the USER of the image's configuration.
    """
    own = [] if configured.partition(":")[0] in _ROOT else [configured]
    return "|".join([_USER, *own, f"{_NOBODY}:{_NOBODY}"])


def look(image: str, airflow_version: str, probe: Probe) -> Facts:
    """Find the Python that has Airflow, and everything else that is known of a container.

    Args:
        image: its reference, for messages.
        airflow_version: the version that must be in it.
        probe: runs a command in it.

    Raises:
        RunnerImageUnusable: another Airflow is in it, or none, or no user whom user code could run as.
    """
    facts = _facts_of(image, "python3", probe)
    found = facts
    for python in facts.other_pythons:
        if found.airflow is not None:
            break
        found = _facts_of(image, python, probe, otherwise=facts)
    if found.airflow != airflow_version:
        raise wrong_airflow(image, found=found.airflow, asked=airflow_version)
    if found.uid == _NOBODY:
        raise _runs_as_root(image)
    if found.supervisor_python is None:
        what = f"The Python of image {image} can be changed by the user who runs it."
        raise RunnerImageUnusable(what, meaning="So could what watches that user's code.", mend=_ROOTS_PYTHON)
    return found


def _facts_of(image: str, python: str, probe: Probe, *, otherwise: Facts | None = None) -> Facts:
    report, printed = probe(probe_command(python, TEST_TOOLS))
    match report:
        case Ended():
            try:
                return parse_facts(printed)
            except ValueError as e:
                if otherwise is not None:
                    return otherwise
                raise RunnerBroken(f"Image {image} cannot be looked into: {printed.strip()}") from e
        case Refused():
            raise _runs_as_root(image)
        case None:
            what = f"Image {image} has no Python 3.7 or later that works, so it is no Airflow image: {printed.strip()}"
            raise RunnerImageUnusable(what, mend="name another runner-image")


def _runs_as_root(image: str) -> RunnerImageUnusable:
    what = f"Image {image} runs everything as root, and has no user {_USER}."
    return RunnerImageUnusable(what, meaning="User code is never run as root.", mend=_USER_LINE)


_USER_LINE = """\
in the image's Dockerfile:
  RUN useradd --create-home airflow
  USER airflow"""
_ROOTS_PYTHON = "install the image's Python as root, as python:*-slim has it"
