"""Which projects can start from an interpreter that knew nothing of them, and what is made of its answer."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mwaa_deploy.checks.checkout import Checkout, find_checkout
from mwaa_deploy.checks.launched_tests import Launch
from mwaa_deploy.checks.layout import plan_layout
from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.scripts import PROBES
from mwaa_deploy.checks.settings import CheckSettings, UnitTestSettings
from mwaa_deploy.checks.warm_choice import needs_fresh_interpreter, suits
from mwaa_deploy.checks.warm_start import WarmStart, Watched
from mwaa_deploy.source.project import Project
from tests.fakes.runner import FakeRunner

GOOD = {
    "dags/d.py": "import os\nos.environ.get('STAGE')\n",
    "plugins/p.py": "import os\nprint(os.environ['STAGE'])\n",
    "tests/test_d.py": "from airflow.models import DagBag\n",
}


def project_of(root: Path, files: dict[str, str]) -> Project:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    there: dict[str, Any] = {part: root / part for part in ("dags", "plugins", "tests") if (root / part).exists()}
    return Project(repository=root, root=root, **there)


@pytest.mark.parametrize(
    ("files", "more", "suitable"),
    [
        ({}, {}, True),
        ({"startup.sh": "export A=1\n"}, {"startup_script": "startup.sh"}, False),
        ({"dags/airflow_local_settings.py": ""}, {}, False),
        ({"plugins/airflow_local_settings.py": ""}, {}, False),
        ({"plugins.zip": ""}, {"plugins": "plugins.zip"}, False),
    ],
)
def test_a_project_whose_code_airflow_would_import_does_not_suit(files, more, suitable, tmp_path):
    project = replace(project_of(tmp_path, GOOD | files), **{part: tmp_path / name for part, name in more.items()})
    assert suits(project) is suitable


@pytest.mark.parametrize(
    ("files", "fresh"),
    [
        ({}, False),
        ({"tests/conftest.py": "import os\nos.environ['AIRFLOW__CORE__PARALLELISM'] = '1'\n"}, True),
        ({"conftest.py": "import os\nos.putenv('A', '1')\n"}, True),
        ({"tests/test_d.py": "def test_a(monkeypatch):\n    monkeypatch.setenv('A', '1')\n"}, True),
        ({"tests/helpers/env.py": "from dotenv import load_dotenv\n"}, True),
        ({"pytest.ini": "[pytest]\nfilterwarnings = error\n"}, True),
        ({"tests/pytest.ini": "[pytest]\nenv =\n  AIRFLOW__CORE__UNIT_TEST_MODE=True\n"}, True),
        ({"dags/d.py": "import os\nos.environ['AIRFLOW__CORE__PARALLELISM'] = '1'\n"}, True),
        ({"tests/data/a.json": "environ"}, False),
        ({"src/lib.py": "import os\nos.environ.get('STAGE')\n"}, False),
        ({"src/lib.py": "import os\nos.environ['AIRFLOW__CORE__PARALLELISM'] = '1'\n"}, True),
    ],
)
def test_tests_that_may_have_a_say_in_airflows_import_need_a_fresh_interpreter(files, fresh, tmp_path):
    layout = plan_layout(project_of(tmp_path, GOOD | files), FakeRunner().home)
    checkout = find_checkout(layout.project)
    assert needs_fresh_interpreter(layout, checkout, CheckSettings(), CheckLimits(), "2.10.3") is fresh


@pytest.mark.parametrize(
    ("settings", "limits", "version"),
    [
        (CheckSettings(tests=UnitTestSettings(arguments=("-W", "error"))), CheckLimits(), "2.10.3"),
        (CheckSettings(tests=UnitTestSettings(arguments=("-pxdist",))), CheckLimits(), "2.10.3"),
        (CheckSettings(tests=UnitTestSettings(coverage=True)), CheckLimits(), "2.10.3"),
        (CheckSettings(), CheckLimits(dag_file=5), "2.10.3"),
        (CheckSettings(), CheckLimits(), "3.0.6"),
    ],
)
def test_so_do_those_whose_settings_differ_from_the_probes(settings, limits, version, tmp_path):
    layout = plan_layout(project_of(tmp_path, GOOD), FakeRunner().home)
    assert needs_fresh_interpreter(layout, Checkout(), settings, limits, version)


def answer(runner: FakeRunner, tmp_path: Path, result: object, log: bytes = b"", exit_code: int = 0):
    own = runner.home / ".mwaa-deploy"
    writes = {own / "warm_start.json": json.dumps(result).encode(), own / "tests.log": log}
    runner.answer(runner.python, str(own / "warm_start.py"), exit_code=exit_code, output="printed", writes=writes)
    warm = WarmStart(runner, limits=CheckLimits())
    layout = plan_layout(project_of(tmp_path, GOOD), runner.home)
    launch = Launch(layout=layout, checkout=Checkout(), tools=None, limits=CheckLimits(), settings=CheckSettings())
    watch = Watched(folders=(runner.home / "dags",), database=None)
    return warm.go(probe=["--dags", "x"], launch=launch, fresh=True, watch=watch)


ENDED = {"probe": 0, "probe_seconds": 1.5, "tests": 1, "tests_seconds": 2.5}


def test_each_has_its_own_end(tmp_path):
    runner = FakeRunner()
    found = answer(runner, tmp_path, {**ENDED, "untouched": True}, b"said by tests")
    assert (found.probe.exit_code, found.probe.output, found.probe.seconds) == (0, "printed", 1.5)
    assert (found.tests.exit_code, found.tests.output, found.tests.seconds) == (1, "said by tests", 2.5)
    assert found.untouched


@pytest.mark.parametrize("result", [None, ENDED, {**ENDED, "untouched": False}, {**ENDED, "untouched": None}])
def test_what_nobody_has_seen_to_be_untouched_counts_as_touched(result, tmp_path):
    assert not answer(FakeRunner(), tmp_path, result).untouched


@pytest.mark.parametrize("result", [None, [], {"probe": "0", "probe_seconds": 0.1, "tests": 0, "tests_seconds": 0.1}])
def test_an_answer_that_is_none_of_ours_counts_as_killed(result, tmp_path):
    found = answer(FakeRunner(), tmp_path, result)
    assert (found.probe.exit_code, found.tests.exit_code) == (137, 137)


def test_the_order_says_what_to_run_and_is_there_before_the_word(tmp_path):
    runner = FakeRunner()
    answer(runner, tmp_path, {"probe": 0, "probe_seconds": 0.1, "tests": 0, "tests_seconds": 0.1})
    own = runner.home / ".mwaa-deploy"
    order = json.loads(runner.files[own / "warm-start.order"])
    assert order["probe"] == ["--dags", "x"]
    assert order["tests"]["fresh"] is True
    assert order["watch"] == {"folders": [str(runner.home / "dags")], "database": None}
    assert order["tests"]["env"]["AIRFLOW__CORE__DAGS_FOLDER"] == str(runner.home / "dags")
    names = [path.name for path in runner.files if path.parent == own]
    assert names.index("warm-start.order") < next(n for n, name in enumerate(names) if name.endswith(".go"))
    assert set(names) >= {path.name for path in PROBES.glob("*.py")}
