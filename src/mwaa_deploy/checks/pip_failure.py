"""The verdicts about a run of pip that failed."""

from pathlib import PurePosixPath

from mwaa_deploy.checks.constraint_lines import WebConstraints
from mwaa_deploy.checks.pip_output import PipProblem, parse_pip_output
from mwaa_deploy.checks.project_files import MWAA_HOME
from mwaa_deploy.checks.redaction import hide
from mwaa_deploy.checks.requirement_files import ReadFile, RequirementsTree
from mwaa_deploy.checks.verdicts import Severity, Verdict
from mwaa_deploy.ports import Completed


def judge_failure(
    completed: Completed, tree: RequirementsTree, web: WebConstraints, *, home: PurePosixPath, limit: float
) -> tuple[Verdict, ...]:
    """Say what kept pip from installing, and which line did.

    Args:
        completed: how pip ended.
        tree: the requirements file and what it brings in.
        web: what became of constraint lines with web addresses.
        home: AIRFLOW_HOME of the runner.
        limit: seconds after which pip was stopped.
    """
    evidence = hide(completed.output)
    if completed.timed_out:
        message = (
            f"The installation was not done after {limit / 60:.0f} minutes; MWAA stops it then and starts "
            "with packages missing. Pin exact versions, and prefer packages that come as wheels."
        )
        return (_failure(tree.root, None, message, evidence),)
    found = []
    for problem in parse_pip_output(completed.output):
        file, number = _place(problem, completed, tree, web, home)
        message = problem.message
        for copy, place in web.copies.items():
            message = message.replace(copy, place.line.target or copy)
        found.append(_failure(file, number, hide(message).replace(str(home), str(MWAA_HOME)), evidence))
    return tuple(found)


def _place(
    problem: PipProblem, completed: Completed, tree: RequirementsTree, web: WebConstraints, home: PurePosixPath
) -> tuple[ReadFile, int | None]:
    files = tree.by_path(home)
    paths = {id(file): path for path, file in files.items()}
    includes = {copy: (paths[id(place.file)], place.line.number) for copy, place in web.copies.items()}
    place = problem.place_in({path: file.requirements for path, file in files.items()}, includes)
    if place:
        return files[place[0]], place[1]
    if len(web.left) == 1 and "Collecting " not in completed.output:
        # pip fetches constraints first, and names only where it was redirected to.
        return web.left[0].file, web.left[0].line.number
    return tree.root, None


def _failure(file: ReadFile, number: int | None, message: str, evidence: str) -> Verdict:
    line = next((line for line in file.requirements.lines if line.number == number), None)
    return Verdict(
        subject=hide(line.text) if line else file.name,
        severity=Severity.FAIL,
        message=message,
        location=file.at(number),
        evidence=evidence,
    )
