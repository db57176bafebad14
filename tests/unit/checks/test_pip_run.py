"""One run of pip, and what is made of what it leaves behind."""

import json
from pathlib import Path, PurePosixPath

import pytest

from mwaa_deploy.checks.layout import Layout, plan_layout
from mwaa_deploy.checks.pip_command import PipCommand
from mwaa_deploy.checks.pip_run import PipRun, run_pip
from mwaa_deploy.errors import RunnerBroken
from mwaa_deploy.source.project import Project
from tests.fakes.runner import FakeRunner

RESULT = {"exit_code": 0, "seconds": 1.5, "added": 7, "untouched": True}
AFTER = {"python": "3.11.9", "environment": {}, "packages": [], "texts": {}, "there": [], "pip": []}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return plan_layout(Project(repository=tmp_path, root=tmp_path, dags=tmp_path), PurePosixPath("/usr/local/airflow"))


def ran(layout: Layout, runner: FakeRunner, *, result: object, after: object, code: int = 0, **ending: bool) -> PipRun:
    written = {layout.own / "pip-result.json": result, layout.own / "installed-after.json": after}
    runner.answer(
        runner.python,
        exit_code=code,
        output="what pip said",
        writes={path: json.dumps(body).encode() for path, body in written.items() if body is not None},
        **ending,
    )
    files = {PurePosixPath("/constraints.txt"): b"six==1\n"}
    command = PipCommand(argv=("pip",), instead=("safe-pip-install",))
    return run_pip(command, layout, runner, files=files, variables=["TOKEN"], timeout=9)


def test_pip_gets_its_files_and_what_it_did_is_read(layout):
    runner = FakeRunner()

    run = ran(layout, runner, result=RESULT, after=AFTER)

    assert (run.seconds, run.added, run.untouched, run.completed.output) == (1.5, 7, True, "what pip said")
    assert run.after
    assert runner.files[PurePosixPath("/constraints.txt")] == b"six==1\n"
    job = json.loads(runner.files[layout.own / "pip-job.json"])
    assert (job["argv"], job["instead"], job["variables"]) == (["pip"], ["safe-pip-install"], ["TOKEN"])


@pytest.mark.parametrize(
    ("result", "code"), [({**RESULT, "exit_code": 1}, 1), (None, 137), ({**RESULT, "exit_code": 2}, 0)]
)
def test_a_run_that_failed_has_nothing_installed(layout, result, code):
    assert ran(layout, FakeRunner(), result=result, after=None, code=code).after is None


def test_a_run_that_took_too_long_has_nothing_installed_whatever_it_wrote(layout):
    assert ran(layout, FakeRunner(), result=RESULT, after=AFTER, timed_out=True).after is None


def test_results_of_an_earlier_run_count_for_nothing(layout):
    runner = FakeRunner()
    ran(layout, runner, result=RESULT, after=AFTER)

    assert ran(layout, runner, result=None, after=None, code=1).after is None


@pytest.mark.parametrize(
    ("result", "after", "code"),
    [
        (RESULT, None, 1),
        (RESULT, None, 0),
        ({"exit_code": 0}, AFTER, 0),
        (["words"], AFTER, 0),
        (RESULT, {"python": 3}, 0),
    ],
)
def test_a_runner_whose_python_died_or_that_lies_is_broken(layout, result, after, code):
    with pytest.raises(RunnerBroken):
        ran(layout, FakeRunner(), result=result, after=after, code=code)
