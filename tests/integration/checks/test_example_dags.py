"""Airflow's own example DAGs, in each version: we find what its own DagBag finds. And what Airflow 3 asks for."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mwaa_deploy.checks.dag_integrity import begin_probe, judge_probe
from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.settings import CheckSettings
from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.ports import Runner
from mwaa_deploy.runner.home import HomeTemplates
from mwaa_deploy.runner.packages import find_packages, images_folder
from mwaa_deploy.runner.pythons import find_python
from mwaa_deploy.runner.venv import VenvRunner
from tests.fakes.log import FakeLog
from tests.integration.checks.dag_checks import dag_layout, judge_dags_of, of, place, write

pytestmark = pytest.mark.airflow

# What anybody would write to count a folder's DAGs.
COUNT = """import json, os, sys
os.environ.update(AIRFLOW__CORE__DAGS_FOLDER=sys.argv[1], AIRFLOW__CORE__LOAD_EXAMPLES="False")
try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:
    from airflow.models.dagbag import DagBag
sys.path.append(sys.argv[1])
bag = DagBag(sys.argv[1])
try:
    from airflow.serialization.serialized_objects import DagSerialization as Serialized
except ImportError:
    from airflow.serialization.serialized_objects import SerializedDAG as Serialized
unstorable = set()
for dag in bag.dags.values():
    try:
        Serialized.to_dict(dag)
    except Exception:
        unstorable.add(dag.fileloc)
with open(sys.argv[2], "w") as file:
    counts = {dag.dag_id: len(dag.tasks) for dag in bag.dags.values()}
    json.dump([counts, sorted(bag.import_errors), sorted(unstorable)], file)
"""


@pytest.fixture(scope="module", params=["2.9.2", "2.10.3", "2.11.2", "3.0.6", "3.3.1"])
def runner(request: pytest.FixtureRequest) -> Iterator[Runner]:
    packages = find_packages(images_folder({}), request.param)
    env = dict(os.environ)
    python = find_python(packages.python, env)
    with VenvRunner(packages, python, HomeTemplates(env, FakeLog()), env=env) as opened:
        yield opened


def test_they_are_the_same_dags_tasks_and_errors(runner: Runner, tmp_path: Path):
    (tmp_path / "dags").mkdir()
    layout = dag_layout(tmp_path, runner)
    copy = 'rmdir "$1"; cp -r "$(dirname "$2")"/../lib/python3*/site-packages/airflow/example_dags "$1"'
    runner.run(["/bin/sh", "-c", copy, "sh", str(layout.dags), runner.python], timeout=60)
    count, counted = layout.own / "count.py", layout.own / "counted.json"
    runner.put(count, COUNT.encode())
    settings, limits = CheckSettings(), CheckLimits()

    with begin_probe(layout, runner, settings=settings, limits=limits) as probe:
        judged = judge_probe(probe.go(), layout, settings, limits)
    done = runner.run([runner.python, str(count), str(layout.dags), str(counted)], timeout=300)

    dags, errors, unstorable = json.loads(runner.read(counted) or done.output)
    assert len(dags) > 30
    assert {dag.id: dag.tasks for file in judged.files for dag in file.dags} == dags
    # What needs a plugin that is only loaded with the examples is imported, and cannot be stored.
    stored = {verdict.subject for verdict in judged.dags.failures if verdict.message.startswith("SerializationError")}
    failed = {verdict.subject for verdict in judged.dags.failures} - stored
    assert failed == {location.file for error in errors if (location := layout.location(error))}
    assert stored == {location.file for file in unstorable if (location := layout.location(file))}
    assert not [file for file in judged.files if len({dag.location for dag in file.dags}) < len(file.dags)]


STORE = """from airflow import settings
from airflow.models import Connection, Variable
Variable.set("there", "1")
session = settings.Session()
session.add(Connection(conn_id="beside", conn_type="http", host="example.com"))
session.commit()
"""
HEAD = "from datetime import datetime\nfrom airflow.hooks.base import BaseHook\nfrom airflow.sdk import DAG, Variable\n"
ASKING = {
    "dags/finds.py": (
        HEAD + "assert Variable.get('there') == '1'\nassert Variable.get('nowhere', default='x') == 'x'\n"
        "assert BaseHook.get_connection('beside').host == 'example.com'\n"
        "dag = DAG('finds', schedule=None, start_date=datetime(2024, 1, 1))\n"
    ),
    "dags/finds_none.py": HEAD + "Variable.get('nowhere')\n",
}


@pytest.mark.parametrize("runner", ["3.0.6", "3.3.1"], indirect=True)
def test_a_file_finds_the_variables_and_connections_of_the_metadata_database(runner: Runner, tmp_path: Path):
    stored = runner.run([runner.python, "-c", STORE], timeout=120)

    judged = judge_dags_of(write(tmp_path, ASKING), runner)

    assert stored.exit_code == 0, stored.output
    assert Severity.FAIL not in {verdict.severity for verdict in of(judged.dags, "dags/finds.py")}, judged.dags.log
    assert [dag.id for file in judged.files for dag in file.dags] == ["finds"]
    (failure,) = judged.dags.failures
    assert place(failure) == "dags/finds_none.py:4"
    assert "nowhere" in failure.message
