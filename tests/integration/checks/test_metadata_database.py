"""Metadata databases of real kinds, with fixtures, as DAGs and tests find them."""

import json
import os
from dataclasses import replace

import pytest

from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.metadata_database import open_database
from mwaa_deploy.checks.postgresql import fetch_postgresql
from mwaa_deploy.checks.settings import CheckSettings, DatabaseKind, Fixtures
from mwaa_deploy.checks.verdicts import Severity
from tests.fakes.log import FakeLog
from tests.integration.checks.conftest import ROOT, laid_out

pytestmark = pytest.mark.airflow

VARIABLES = {"region": "eu-west-1", "api_token": "tok-5ecret", "nested": {"a": [1, 2]}}
CONNECTIONS = """\
warehouse: postgresql://loader:p%40ss-5ecret@db.example/dw?sslkey=key-5ecret
web:
  conn_type: http
  host: web.example
  password: web-5ecret
  extra: {"nested": {"client": "extra-5ecret"}}
"""
POOLS = {"small": {"slots": 3, "description": "few at a time"}}

LOOK = """
import json
from sqlalchemy import text
from airflow import settings
settings.initialize()
session = settings.Session()
from airflow.models import Connection, Pool, Variable
found = {
    "kind": session.get_bind().dialect.name,
    "token": session.query(Variable).filter_by(key="api_token").one().get_val(),
    "password": session.query(Connection).filter_by(conn_id="warehouse").one().password,
    "slots": session.query(Pool).filter_by(pool="small").one().slots,
}
print(json.dumps(found))
"""
FOUND = {"token": "tok-5ecret", "password": "p@ss-5ecret", "slots": 3}


@pytest.fixture
def fixtures(tmp_path) -> Fixtures:
    texts = {"variables.json": json.dumps(VARIABLES), "connections.yaml": CONNECTIONS, "pools.json": json.dumps(POOLS)}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    return Fixtures(**{name.partition(".")[0]: tmp_path / name for name in texts})


def test_fixtures_are_there_and_no_value_of_theirs_is_shown(runner, make_project, fixtures):
    layout = laid_out(make_project({}), runner)

    with open_database(layout, runner, settings=CheckSettings(fixtures=fixtures), limits=CheckLimits()) as outcome:
        seen = outcome.runner.run([runner.python, "-c", LOOK], timeout=120)

    assert json.loads(seen.output.splitlines()[-1]) == {"kind": "sqlite", **FOUND}
    assert outcome.result
    assert [(verdict.severity, verdict.message) for verdict in outcome.result.verdicts] == [
        (Severity.PASS, "Airflow took 3 of 3 variables from this file."),
        (Severity.PASS, "Airflow took 2 of 2 connections from this file."),
        (Severity.PASS, "Airflow took 1 of 1 pools from this file."),
    ]
    assert "5ecret" not in repr(outcome.result)
    assert "5ecret" not in outcome.redactor.text(seen.output)
    assert runner.read(layout.own / "fixture-variables.json") is None


def test_a_database_that_the_image_lacks_is_made_only_where_something_needs_it(fresh_runner, make_project):
    assert fresh_runner.run(["rm", str(fresh_runner.home / "airflow.db")], timeout=30).exit_code == 0
    project = make_project({"dags/d.py": "from airflow import DAG\n", "tests/test_a.py": "", "startup.sh": ""})
    # Ours bring one along, so that only a startup script can have taken it away.
    project = replace(project, startup_script=project.root / "startup.sh")
    layout = laid_out(project, fresh_runner)
    unneeded = replace(layout, project=replace(project, tests=None))

    with open_database(unneeded, fresh_runner, settings=CheckSettings(), limits=CheckLimits()) as outcome:
        assert outcome.result is None
    assert fresh_runner.read(fresh_runner.home / "airflow.db") is None
    with open_database(layout, fresh_runner, settings=CheckSettings(), limits=CheckLimits()) as outcome:
        assert outcome.result
        assert outcome.result.verdicts[0].message.endswith("because there are unit tests.")
    assert fresh_runner.read(fresh_runner.home / "airflow.db")


def test_postgresql_serves_tests_without_a_network_until_the_checks_are_done(runner, make_project, fixtures):
    layout = laid_out(make_project({}), runner)
    programs = fetch_postgresql(ROOT / "requirements" / "postgresql.txt", dict(os.environ), FakeLog())
    settings = CheckSettings(database=DatabaseKind.POSTGRESQL, fixtures=fixtures)

    with open_database(layout, runner, settings=settings, limits=CheckLimits(), postgresql=programs) as outcome:
        runner.close_network()
        seen = outcome.runner.run([runner.python, "-c", LOOK], timeout=120)

    assert json.loads(seen.output.splitlines()[-1]) == {"kind": "postgresql", **FOUND}, outcome.result
    assert outcome.result
    assert {verdict.severity for verdict in outcome.result.verdicts} == {Severity.PASS}
    assert "An empty PostgreSQL database was made" in outcome.result.verdicts[0].message


def test_fixtures_that_airflow_does_not_take_are_failures_without_values(runner, make_project, tmp_path):
    files = {
        "variables.json": '{\n  "token": "tok-5ecret",\n}',
        "connections.yaml": "web: {conn_type: http, pass-5ecret: 1}\n",
        "pools.json": '{"small": {"slots": 1}, "pool-5ecret": 3}',
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    layout = laid_out(make_project({}), runner)

    def judged(**fixtures):
        settings = CheckSettings(fixtures=Fixtures(**fixtures))
        with open_database(layout, runner, settings=settings, limits=CheckLimits()) as outcome:
            assert outcome.result
            assert "5ecret" not in repr(outcome.result)
            located = [(verdict.severity, verdict.location) for verdict in outcome.result.verdicts]
            return [(severity, place and (place.file, place.line)) for severity, place in located]

    assert judged(variables=tmp_path / "variables.json") == [(Severity.FAIL, ("variables.json", 3))]
    assert judged(connections=tmp_path / "connections.yaml", pools=tmp_path / "pools.json") == [
        (Severity.FAIL, ("connections.yaml", None)),
        (Severity.FAIL, ("pools.json", None)),
    ]
