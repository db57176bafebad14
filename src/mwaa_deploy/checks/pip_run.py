"""One run of pip inside the runner, and what was installed when it ended."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from mwaa_deploy.checks.installed import Installed
from mwaa_deploy.checks.layout import Layout
from mwaa_deploy.checks.pip_command import PipCommand
from mwaa_deploy.checks.result_files import ForeignResult, fields, parse_result
from mwaa_deploy.checks.snapshot import read_snapshot
from mwaa_deploy.errors import RunnerBroken
from mwaa_deploy.ports import Completed, Runner

QUIET = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_NO_COLOR": "1", "PIP_PROGRESS_BAR": "off"}


@dataclass(frozen=True, kw_only=True)
class PipRun:
    """What came of it.

    Attributes:
        completed: how it ended, with what pip printed.
        after: what was installed then; None if pip failed.
        seconds: that pip took.
        added: bytes that it installed.
        untouched: whether nothing was added that runs when an interpreter starts, lies among modules that were there
            before, or announces itself to Airflow.
    """

    completed: Completed
    after: Installed | None = None
    seconds: float = 0.0
    added: int = 0
    untouched: bool = False


def run_pip(
    command: PipCommand,
    layout: Layout,
    runner: Runner,
    *,
    files: Mapping[PurePosixPath, bytes],
    variables: Collection[str],
    timeout: float,
) -> PipRun:
    """Run it to its end.

    Args:
        command: what to run.
        layout: the project as it lies inside the runner.
        runner: where to run it.
        files: what to put into the runner first.
        variables: names of those whose values pip fills in, and which must not be shown.
        timeout: seconds.

    Raises:
        RunnerBroken: what was installed keeps the runner's Python from starting, or wrote to our files.
    """
    job, result, after = (layout.own / name for name in ("pip-job.json", "pip-result.json", "installed-after.json"))
    described = {
        "argv": command.argv,
        "instead": command.instead,
        "variables": sorted(variables),
        "after": str(after),
        "result": str(result),
    }
    runner.put_all({**files, job: json.dumps(described).encode()})
    script = str(layout.own / "install_requirements.py")
    argv = [runner.python, script, str(job)]
    completed = runner.run(argv, timeout=timeout, env=QUIET, results=[result, after])
    document = completed.results.get(result)
    if completed.timed_out or not document:
        return PipRun(completed=completed)
    try:
        found = fields(parse_result(document), exit_code=int, seconds=float, added=int, untouched=bool)
    except ForeignResult as error:
        what = f"What pip did in {runner.description} is not told by us: {error}."
        raise RunnerBroken(what, meaning="Something that the requirements installed wrote to our files.") from error
    if found.pop("exit_code") != 0:
        return PipRun(completed=completed)
    listed = completed.results.get(after)
    if completed.exit_code or not listed:
        what = f"{runner.python} in {runner.description} could not list its packages after the installation."
        meaning = "Something that the requirements installed keeps Python from starting."
        raise RunnerBroken(f"{what}\n{completed.output[-2000:]}", meaning=meaning)
    return PipRun(completed=completed, after=read_snapshot(listed, runner), **found)
