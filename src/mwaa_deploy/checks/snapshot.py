"""Asking the runner what is installed in it."""

import secrets
from collections.abc import Sequence
from pathlib import PurePosixPath

from mwaa_deploy.checks.installed import Installed, parse_installed
from mwaa_deploy.checks.layout import Layout
from mwaa_deploy.checks.result_files import ForeignResult
from mwaa_deploy.errors import RunnerBroken
from mwaa_deploy.ports import Runner

_TIMEOUT = 120.0
_MOST_PATHS = 200


def take_snapshot(
    layout: Layout, runner: Runner, *, texts: Sequence[PurePosixPath] = (), paths: Sequence[PurePosixPath] = ()
) -> Installed:
    """What is installed in the runner at this moment.

    Args:
        layout: the project as it lies inside the runner.
        runner: where to look.
        texts: files inside the runner to read as well.
        paths: where to look whether something is there.

    Raises:
        RunnerBroken: its interpreter does not run.
    """
    # A name of its own: others may look at the same time.
    result = layout.own / f"installed-{secrets.token_hex(4)}.json"
    script = str(layout.own / "installed_packages.py")
    argv = [runner.python, script, str(result), *map(str, texts), "--", *map(str, paths[:_MOST_PATHS])]
    completed = runner.run(argv, timeout=_TIMEOUT, env={}, results=[result])
    document = completed.results.get(result)
    if completed.exit_code or not document:
        what = f"{runner.python} in {runner.description} could not list its packages (exit code {completed.exit_code})."
        raise RunnerBroken(
            f"{what}\n{completed.output[-2000:]}",
            meaning="The runner has no working Python with Airflow, or it died.",
        )
    return read_snapshot(document, runner)


def read_snapshot(document: bytes, runner: Runner) -> Installed:
    """What probe/installed_packages.py wrote inside the runner.

    Raises:
        RunnerBroken: something else wrote it.
    """
    try:
        return parse_installed(document)
    except ForeignResult as error:
        what = f"The list of packages in {runner.description} is not one of ours: {error}."
        meaning = "Something that the requirements installed wrote to it, or runs whenever Python starts."
        raise RunnerBroken(what, meaning=meaning) from error
