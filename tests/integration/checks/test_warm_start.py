"""What starts from an interpreter that has imported Airflow already says what it says in an interpreter of its own."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mwaa_deploy.checks.code_runs import CodeToRun, SeparateRun, Started, WarmRun
from mwaa_deploy.checks.dag_integrity import DagJudgement, judge_probe
from mwaa_deploy.checks.layout import lay_out, plan_layout
from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.settings import CheckSettings
from mwaa_deploy.checks.startup_environment import COMPONENT_VARIABLES, RunnerWithEnvironment
from mwaa_deploy.checks.verdicts import CheckResult
from mwaa_deploy.checks.warm_start import WarmStart
from mwaa_deploy.inputs import Inputs, RunnerKind
from mwaa_deploy.ports import Runner
from mwaa_deploy.runner.choose import open_runner
from mwaa_deploy.source.project import Project
from tests.fakes.log import FakeLog
from tests.fixtures.runner import base_image, our_environment
from tests.integration.checks import test_broken_dags, test_broken_tests
from tests.integration.checks.conftest import laid_out_launch, open_venv, places
from tests.integration.checks.dag_checks import write

pytestmark = pytest.mark.airflow

LIMITS = CheckLimits(unit_tests=60)
DAG = test_broken_tests.DAG


@pytest.fixture(
    params=[
        pytest.param("container-2.10.3", marks=pytest.mark.engine),
        "venv-3.0.6",
    ]
)
def open_one(request: pytest.FixtureRequest) -> Iterator[tuple[Runner, str]]:
    kind, _, version = request.param.partition("-")
    if kind == "venv":
        with open_venv(version) as runner:
            yield runner, version
        return
    inputs = Inputs(airflow_version=version, runner=RunnerKind.CONTAINER)
    with open_runner(inputs, our_environment(MWAA_DEPLOY_BASE_IMAGE=base_image()), FakeLog()) as runner:
        yield runner, version


def project_of(root: Path, files: Mapping[str, str]) -> Project:
    write(root, {"dags/d.py": DAG, **files})
    project = Project(repository=root, root=root, dags=root / "dags")
    there: dict[str, Any] = {part: root / part for part in ("plugins", "tests") if (root / part).is_dir()}
    return replace(project, **there)


def code_to_run(
    project: Project,
    runner: Runner,
    test_tools: Callable[[], Path] | None,
    *,
    version: str = "2.10.3",
    limits: CheckLimits = LIMITS,
) -> CodeToRun:
    settings, layout = CheckSettings(), plan_layout(project, runner.home)
    emptied = [
        "/bin/sh",
        "-c",
        'rm -rf "$1"/.mwaa-deploy/unit-tests "$1"/plugins/* "$1"/dags/*',
        "sh",
        str(runner.home),
    ]
    assert runner.run(emptied, timeout=60).exit_code == 0
    lay_out(layout, runner)
    launch = laid_out_launch(layout, runner, test_tools, limits, settings)
    return CodeToRun(
        layout=layout,
        runner=RunnerWithEnvironment(runner, variables=COMPONENT_VARIABLES),
        settings=settings,
        limits=limits,
        airflow_version=version,
        probe=True,
        launch=launch if project.tests else None,
    )


def judged(code: CodeToRun, started: Started) -> tuple[DagJudgement, CheckResult]:
    assert started.probe is not None
    assert started.tests is not None
    return judge_probe(started.probe(), code.layout, code.settings, code.limits), started.tests()


def run_warm(project: Project, runner: Runner, tools: Callable[[], Path]) -> tuple[DagJudgement, CheckResult]:
    warm = WarmStart(runner, limits=LIMITS)
    code = code_to_run(project, runner, tools)
    with WarmRun(code, warm) as run:
        return judged(code, run.go(untouched=True))


def test_it_finds_what_separate_interpreters_find(open_one, test_tools, tmp_path):
    runner, version = open_one
    bodies = {name: body for name, (body, *_) in test_broken_dags.BROKEN.items()} | test_broken_dags.GOOD_FILES
    # Where it is caught depends on what else runs.
    del bodies["fork_bomb.py"]
    files = {f"dags/{name}": test_broken_dags.HEAD + body for name, body in bodies.items()}
    project = project_of(tmp_path, {**files, **test_broken_dags.BESIDE, **test_broken_tests.FAILING})
    limits = replace(LIMITS, dag_file=4)

    warm = WarmStart(runner, limits=limits)
    code = code_to_run(project, runner, test_tools, version=version, limits=limits)
    with WarmRun(code, warm) as run:
        dags, tests = judged(code, run.go(untouched=True))
    code = code_to_run(project, runner, test_tools, version=version, limits=limits)
    with SeparateRun(code) as run:
        expected_dags, expected_tests = judged(code, run.go(untouched=True))

    assert len(places(dags.dags)) > 15
    assert places(dags.dags) == places(expected_dags.dags)
    assert places(dags.plugins) == places(expected_dags.plugins)
    assert {file.path: len(file.dags) for file in dags.files} == {
        file.path: len(file.dags) for file in expected_dags.files
    }
    assert places(tests) == places(expected_tests)
    assert sorted(v.subject for v in tests.verdicts) == sorted(v.subject for v in expected_tests.verdicts)


GOOD = {
    "tests/test_it.py": "import airflow\ndef test_it():\n    assert airflow.__version__\n",
}


def test_a_good_project_is_green_and_airflow_is_imported_once(runner, test_tools, tmp_path):
    files = {
        "tests/test_it.py": "import sys\nBEFORE = 'airflow.models' in sys.modules\ndef test_it():\n    assert BEFORE\n"
    }
    # 'sys.modules' alone would have these tests begin anew.
    files = {name: text.replace("sys.modules", "vars(sys)['modules']") for name, text in files.items()}
    dags, tests = run_warm(project_of(tmp_path, files), runner, test_tools)
    assert [len(file.dags) for file in dags.files] == [1]
    assert not dags.dags.failures
    assert not tests.failures
    assert "warning" not in tests.log


def test_the_environment_is_that_of_an_interpreter_of_their_own(runner, test_tools, tmp_path):
    text = (
        "from os import __dict__ as system\ndef test_it():\n    print(sorted(system['envi' 'ron']))\n    assert False\n"
    )
    project = project_of(tmp_path, {"tests/test_it.py": text})
    _, warm = run_warm(project, runner, test_tools)
    code = code_to_run(project, runner, test_tools)
    with SeparateRun(code) as run:
        _, separate = judged(code, run.go(untouched=True))
    assert "AIRFLOW__CORE__DAGS_FOLDER" in warm.log
    names = [next(line for line in result.log.splitlines() if line.startswith("['")) for result in (warm, separate)]
    assert names[0] == names[1]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tests/conftest.py", "import os\nos.environ['AIRFLOW__CORE__PARALLELISM'] = '7'\n"),
        ("tests/pytest.ini", "[pytest]\n# environ\n"),
    ],
)
def test_tests_that_may_change_airflows_settings_begin_before_airflow(name, text, runner, test_tools, tmp_path):
    files = {
        name: text,
        "tests/test_it.py": "import sys\ndef test_it():\n    assert 'airflow' not in vars(sys)['modules']\n",
    }
    dags, tests = run_warm(project_of(tmp_path, files), runner, test_tools)
    assert not dags.dags.failures
    assert not tests.failures, tests.log


def test_one_that_is_gone_is_replaced(runner, test_tools, tmp_path):
    warm = WarmStart(runner, limits=LIMITS)
    warm.stop()
    code = code_to_run(project_of(tmp_path, GOOD), runner, test_tools)
    with WarmRun(code, warm) as run:
        dags, tests = judged(code, run.go(untouched=True))
    assert not dags.dags.failures
    assert not tests.failures


def test_changed_packages_are_seen_by_new_interpreters(runner, test_tools, tmp_path):
    warm = WarmStart(runner, limits=LIMITS)
    text = "import sys\ndef test_it():\n    assert 'airflow' not in vars(sys)['modules']\n"
    code = code_to_run(project_of(tmp_path, {"tests/test_it.py": text}), runner, test_tools)
    with WarmRun(code, warm) as run:
        dags, tests = judged(code, run.go(untouched=False))
    assert warm.ended
    assert not dags.dags.failures
    assert not tests.failures, tests.log


def test_each_has_its_own_output(runner, test_tools, tmp_path):
    files = {
        "dags/d.py": "print('said by a DAG file')\n" + DAG,
        "tests/test_it.py": "def test_it():\n    print('said by a test')\n    assert 0\n",
    }
    dags, tests = run_warm(project_of(tmp_path, files), runner, test_tools)
    assert "said by a test" in tests.log
    assert "said by a DAG file" not in tests.log
    assert "said by a test" not in dags.dags.log


FLOOD = """
import os
def test_it():
    for n in range(3000):
        os.write(1, b"%04d" % n + b"x" * 4000)
    assert 0
"""


def test_a_flood_of_output_is_cut_in_the_middle(runner, test_tools, tmp_path):
    text = FLOOD.lstrip()
    project = project_of(tmp_path, {"tests/test_it.py": text})
    _, tests = run_warm(project, runner, test_tools)
    assert places(tests) == [("tests/test_it.py", 5)]
    assert len(tests.log) < 1_200_000


def test_tests_that_hang_end_at_their_limit_and_the_dags_are_judged(runner, test_tools, tmp_path):
    text = "import time\ndef test_it():\n    time.sleep(3000)\n"
    limits = replace(LIMITS, unit_tests=4)
    warm = WarmStart(runner, limits=limits)
    code = code_to_run(project_of(tmp_path, {"tests/test_it.py": text}), runner, test_tools, limits=limits)
    with WarmRun(code, warm) as run:
        dags, tests = judged(code, run.go(untouched=True))
    assert not dags.dags.failures
    assert [len(file.dags) for file in dags.files] == [1]
    (failure,) = tests.failures
    assert "4 s" in failure.message
    assert places(tests) == [("tests/test_it.py", 2)]


def test_tests_that_kill_everything_are_red(runner, test_tools, tmp_path):
    text = "import os\ndef test_it():\n    os.kill(-1, 9)\n"
    _, tests = run_warm(project_of(tmp_path, {"tests/test_it.py": text}), runner, test_tools)
    assert tests.failures


def test_nothing_is_left_when_it_is_not_used(runner):
    warm = WarmStart(runner, limits=LIMITS)
    warm.stop()
    assert warm.ended
    left = runner.run(
        ["/bin/sh", "-c", "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -c warm_start.p[y]"], timeout=60
    )
    assert left.output.strip() == "0"


SPAWN = """
import multiprocessing
def more(x):
    return x + 1
def test_it():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(more, [1]) == [2]
"""


@pytest.mark.parametrize("separate", [False, True])
def test_tests_may_spawn_processes(separate, runner, test_tools, tmp_path):
    project = project_of(tmp_path, {"tests/test_it.py": SPAWN.lstrip()})
    if not separate:
        _, tests = run_warm(project, runner, test_tools)
    else:
        code = code_to_run(project, runner, test_tools)
        with SeparateRun(code) as run:
            _, tests = judged(code, run.go(untouched=True))
    assert not tests.failures, tests.log
