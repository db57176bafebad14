"""Files and outputs of a run."""

import io
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from mwaa_deploy.checks.verdicts import CheckReport, CheckResult
from mwaa_deploy.inputs import Mode
from mwaa_deploy.journal import Journal
from mwaa_deploy.report.outputs import OUTPUTS
from mwaa_deploy.report.publish import publish
from mwaa_deploy.source.changes import Base, Changes
from mwaa_deploy.source.project import Project
from tests.fakes.log import FakeLog
from tests.unit.report.samples import hostile_report, mixed_report


@pytest.fixture
def journal(tmp_path):
    root = tmp_path / "repository" / "team"
    root.mkdir(parents=True)
    return Journal(
        mode=Mode.CHECK,
        checks=mixed_report(),
        changes=Changes(base=Base(sha=None, reason="none"), head="a" * 40),
        project=Project(repository=root.parent, root=root, dags=root / "dags", requirements=root / "requirements.txt"),
    )


def published(journal, folder=None, **env):
    log = FakeLog()
    publish(journal, log, {"MWAA_DEPLOY_OUTPUT_DIR": str(folder)} | env if folder else env)
    return log


def test_every_output_is_set_and_no_other(journal, tmp_path):
    assert set(published(journal, tmp_path / "out").outputs) == set(OUTPUTS)
    assert set(published(journal).outputs) == set(OUTPUTS)


def test_the_files_are_those_that_the_outputs_name(journal, tmp_path):
    outputs = published(journal, tmp_path / "out").outputs
    names = {Path(outputs[name]).name for name in ("report-file", "sarif-file", "junit-file", "html-file")}
    assert names == {"report.json", "checks.sarif", "checks.junit.xml", "report.html"}
    assert outputs["plan-file"] == ""
    assert {path.name for path in (tmp_path / "out").iterdir()} == {*names, "summary.md"}
    assert json.loads((tmp_path / "out" / "report.json").read_bytes())["checks"]["runner"] == "a fake runner"
    ET.parse(outputs["junit-file"])  # noqa: S314 -- what we have just written


def test_without_a_folder_nothing_is_written(journal, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    outputs = published(journal).outputs
    assert sorted(tmp_path.rglob("*")) == before
    assert {outputs[name] for name in OUTPUTS if name.endswith("-file")} == {""}


def test_a_run_that_ended_before_the_checks_has_no_file_of_them(journal, tmp_path):
    journal.checks = None
    outputs = published(journal, tmp_path / "out").outputs
    assert outputs["sarif-file"] == outputs["junit-file"] == ""
    assert outputs["report-file"]


def test_where_no_check_ran_there_is_no_analysis_to_upload(journal, tmp_path):
    skipped = CheckResult(check="dag-import", skipped="None of the 3 files changed concerns it.")
    journal.checks = CheckReport(runner="none", differences=(), results=(skipped,))
    outputs = published(journal, tmp_path / "out").outputs
    assert outputs["sarif-file"] == ""
    assert outputs["junit-file"]


@pytest.fixture
def run_of(journal, tmp_path):
    def read(check, **env):
        outputs = published(journal, tmp_path / "out", **env).outputs
        runs = json.loads(Path(outputs["sarif-file"]).read_bytes())["runs"]
        return next(run for run in runs if run["automationDetails"]["id"].endswith(f"/{check}/"))

    return read


def shown_on(run):
    return run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]


def test_a_failure_of_the_requirements_without_a_line_is_shown_on_their_file(run_of):
    assert shown_on(run_of("requirements")) == "team/requirements.txt"


def test_else_it_is_shown_on_the_configuration_or_the_workflow(run_of, journal):
    journal.project = Project(repository=journal.project.repository, root=journal.project.root, dags=Path("/x"))
    ref = "acme/dags/.github/workflows/mwaa.yml@refs/heads/main"
    assert shown_on(run_of("requirements", GITHUB_WORKFLOW_REF=ref)) == ".github/workflows/mwaa.yml"
    assert shown_on(run_of("requirements")) == "team/mwaa-deploy.yml"
    (journal.project.root / "mwaa-deploy.yml").touch()
    assert shown_on(run_of("requirements", GITHUB_WORKFLOW_REF=ref)) == "team/mwaa-deploy.yml"


def test_each_target_or_project_is_a_category_of_its_own(run_of, journal):
    assert run_of("dag-rules")["automationDetails"]["id"] == "mwaa-deploy/team/dag-rules/"
    journal.target = "hello-staging"
    assert run_of("dag-rules")["automationDetails"]["id"] == "mwaa-deploy/hello-staging/dag-rules/"


def test_hostile_text_breaks_no_file(journal, tmp_path):
    journal.checks = hostile_report()
    outputs = published(journal, tmp_path / "out").outputs
    report = json.loads(Path(outputs["report-file"]).read_text(encoding="utf-8"))
    assert report["checks"]["results"][0]["verdicts"][0]["subject"].startswith("::set-output")
    json.loads(Path(outputs["sarif-file"]).read_text(encoding="utf-8"))
    ET.parse(outputs["junit-file"])  # noqa: S314 -- what we have just written
    assert (tmp_path / "out" / "summary.md").read_text(encoding="utf-8")


def test_the_report_is_printed_where_it_is_asked_for(journal):
    out = io.StringIO()
    publish(journal, FakeLog(), {"MWAA_DEPLOY_JSON": "1"}, out)
    assert json.loads(out.getvalue())["result"] == "passed"
    out = io.StringIO()
    publish(journal, FakeLog(), {}, out)
    assert out.getvalue() == ""


def test_what_needs_no_file_is_published_although_none_can_be_written(journal, tmp_path):
    log = FakeLog()
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        publish(journal, log, {"MWAA_DEPLOY_OUTPUT_DIR": str(tmp_path / "file" / "out")})

    assert set(log.outputs) == set(OUTPUTS)
    assert {log.outputs[name] for name in OUTPUTS if name.endswith("-file")} == {""}
