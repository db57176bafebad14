"""The whole way with fakes behind every port: what a run does, in which order, and what it leaves alone."""

import dataclasses
import json
import shutil
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from mwaa_deploy.checks.verdicts import CheckReport, CheckResult, Location, Severity, Verdict
from mwaa_deploy.context import GitHubContext
from mwaa_deploy.errors import (
    BaseMissing,
    ChecksFailed,
    CredentialsMissing,
    DeletionRefused,
    DriftFound,
    InputsInvalid,
    OidcUnavailable,
    ParametersUnknown,
    PlanOutdated,
    RoleRefused,
    StackBusy,
    StackUpdateFailed,
)
from mwaa_deploy.inputs import DeployWith, Inputs, Mode
from mwaa_deploy.journal import Journal
from mwaa_deploy.pipeline import run
from mwaa_deploy.ports import ChangedFile, Comparison, Relation, RunSearch, WorkflowRun
from mwaa_deploy.report.log import PlainLog
from mwaa_deploy.report.publish import decisions, publish
from mwaa_deploy.report.summary import render_summary
from mwaa_deploy.target.no_stack import NoStack
from mwaa_deploy.target.ports_of_target import Target
from mwaa_deploy.target.record import read_record
from tests.fakes.bucket import FakeBucket
from tests.fakes.clock import FakeClock
from tests.fakes.dag_files import dag_file
from tests.fakes.environment import FakeEnvironment
from tests.fakes.stack import FakeStack

EXAMPLE = Path(__file__).parents[2] / "examples" / "hello-mwaa"
HEAD, BASE = "a" * 40, "b" * 40


TEMPLATE = """
Parameters:
  Name: {Type: String}
  PluginsVersion: {Type: String}
  RequirementsVersion: {Type: String}
  StartupScriptVersion: {Type: String}
Resources:
  Environment:
    Type: AWS::MWAA::Environment
    Properties:
      Name: !Ref Name
      DagS3Path: dags
      PluginsS3Path: plugins.zip
      PluginsS3ObjectVersion: !Ref PluginsVersion
      RequirementsS3Path: requirements.txt
      RequirementsS3ObjectVersion: !Ref RequirementsVersion
      StartupScriptS3Path: startup.sh
      StartupScriptS3ObjectVersion: !Ref StartupScriptVersion
"""


class Commits:
    head = HEAD
    parents = ()

    def __init__(self):
        self.changed = ()

    def fetch(self, sha):
        return True

    def resolve(self, name):
        return BASE if name == "v1.0.0" else None

    def compare(self, base):
        return Comparison(relation=Relation.NEWER, merge_base=base)

    def changed_files(self, base):
        return self.changed


class Runs:
    def __init__(self):
        self.last = None

    def last_successful(self, *, branch):
        return RunSearch(branch=branch, run=self.last)

    def compare(self, *, base, head):
        return None


class FakeEdges:
    """Fakes behind the ports; `opened` tells the order in which they were asked for."""

    def __init__(self, workspace):
        self.workspace = workspace
        self.clock = FakeClock()
        self.environments = FakeEnvironment(self.clock)
        self.bucket = FakeBucket("my-mwaa-bucket")
        self.stack = FakeStack("hello-mwaa-staging", environment=self.environments, clock=self.clock)
        self.commits, self.runs = Commits(), Runs()
        self.verdicts = [Verdict(subject="dags/hello.py", severity=Severity.PASS, message="imports")]
        self.refusal = None
        self.dag_files = ()
        self.opened = []

    def repository(self, project):
        self.opened.append("repository")
        return nullcontext(self.commits)

    def workflow_runs(self):
        return self.runs

    def check(self, project, bundle, changes):
        self.opened.append("checks")
        result = CheckResult(check="dag-import", verdicts=tuple(self.verdicts), seconds=1)
        return CheckReport(runner="a fake runner", differences=(), results=(result,), dag_files=self.dag_files)

    def target(self):
        self.opened.append("credentials")
        if self.refusal:
            raise self.refusal
        return Target(
            bucket=self.bucket,
            stack=self.stack,
            environments=self.environments,
            clock=self.clock,
            log=PlainLog(),
            timeout=3600,
        )


@pytest.fixture
def edges(tmp_path):
    workspace = tmp_path / "workspace"
    shutil.copytree(EXAMPLE, workspace)
    (workspace / ".git").mkdir()
    (workspace / "infra/template.yaml").write_text(TEMPLATE, encoding="utf-8")
    (workspace / "infra/parameters/staging.json").write_text('{"Name": "hello"}', encoding="utf-8")
    return FakeEdges(workspace)


INPUTS = Inputs(
    airflow_version="2.10.3",
    template="infra/template.yaml",
    parameters="infra/parameters/staging.json",
    stack_name="hello-mwaa-staging",
    bucket="my-mwaa-bucket",
    aws_region="eu-west-1",
    role_to_assume="arn:aws:iam::123456789012:role/mwaa-deploy",
)
PULL_REQUEST = {"pull_request": {"base": {"sha": BASE}, "head": {"repo": {"full_name": "stranger/fork"}}}}


def record_of(edges):
    record = read_record(edges.bucket, "hello-mwaa-staging")
    assert record is not None
    return record


def go(edges, event="push", inputs=INPUTS):
    journal = Journal()
    payload = PULL_REQUEST if event == "pull_request" else {}
    context = GitHubContext(event_name=event, repository="acme/dags", ref_name="main", run_id=7, event=payload)
    try:
        run(inputs, context, edges, PlainLog(), journal)
    except Exception as e:
        journal.error = e
        raise
    finally:
        edges.journal = journal
    return journal


def test_a_push_deploys_and_asks_for_credentials_after_the_checks(edges):
    journal = go(edges)
    assert edges.opened == ["repository", "checks", "credentials"]
    assert journal.result == "deployed"
    assert decisions(journal)["environment-updated"] == "true"
    assert decisions(journal)["plugins-version"]
    assert any(key.endswith("record.json") for key in edges.bucket.contents)
    assert "dags/hello_mwaa.py" in edges.bucket.contents


def test_the_dags_that_the_checks_found_are_written_down_by_file(edges):
    (edges.workspace / "dags/packed.zip").write_bytes(b"")
    edges.dag_files = (
        dag_file("dags/hello_mwaa.py", "hello_mwaa", "second"),
        dag_file("dags/packed.zip", "one"),
        dag_file("dags/packed.zip", "two"),
    )
    go(edges)
    record = record_of(edges)
    assert record.dag_ids["hello_mwaa.py"] == ("hello_mwaa", "second")
    assert record.dag_ids["packed.zip"] == ("one", "two")
    assert record.dag_ids.keys() == record.dags.files.keys()


def test_where_no_dag_was_parsed_none_is_written_down(edges):
    go(edges)
    assert record_of(edges).dag_ids == {}


def test_the_same_commit_again_changes_nothing(edges):
    go(edges)
    before, updates = dict(edges.bucket.versions), list(edges.environments.updates)
    journal = go(edges, "workflow_dispatch")
    assert journal.result == "unchanged"
    assert edges.bucket.versions == before
    assert edges.environments.updates == updates
    assert "Nothing to deploy" in render_summary(journal)


def test_an_explicit_base_is_what_changes_are_computed_against(edges):
    edges.commits.changed = (ChangedFile(path="dags/hello_mwaa.py", status="M"),)
    journal = go(edges, inputs=dataclasses.replace(INPUTS, base="v1.0.0"))
    outputs = decisions(journal)
    assert (outputs["base-sha"], outputs["dags-changed"], outputs["plugins-changed"]) == (BASE, "true", "false")
    with pytest.raises(BaseMissing):
        go(edges, inputs=dataclasses.replace(INPUTS, base="v2.0.0"))


def test_a_check_on_a_laptop_needs_no_commit_unless_it_is_given_a_base(edges):
    check = Inputs(airflow_version="2.10.3", mode=Mode.CHECK)
    go(edges, event="", inputs=check)
    assert edges.opened == ["checks"]
    journal = go(edges, event="", inputs=dataclasses.replace(check, base="v1.0.0"))
    assert journal.changes.base.sha == BASE


def test_a_failing_check_stops_before_credentials(edges):
    location = Location(file="dags/broken.py", line=3)
    edges.verdicts.append(
        Verdict(subject="dags/broken.py", severity=Severity.FAIL, message="No module", location=location)
    )
    with pytest.raises(ChecksFailed):
        go(edges)
    assert "credentials" not in edges.opened
    assert edges.bucket.contents == {}
    summary = render_summary(edges.journal)
    assert "dags/broken.py" in summary.replace("&#95;", "_")
    assert "Nothing at the target has been changed" in summary
    assert decisions(edges.journal)["result"] == "failed"


def test_a_pull_request_is_planned_against_the_target_and_changes_nothing(edges):
    go(edges)
    before = dict(edges.bucket.versions)
    (edges.workspace / "dags" / "new.py").write_text("x = 1\n", encoding="utf-8")
    edges.commits.changed = (ChangedFile(path="dags/new.py", status="A"),)
    journal = go(edges, "pull_request")
    assert journal.mode is Mode.PLAN
    assert journal.result == "planned"
    assert journal.plan.dags.added == ("new.py",)
    assert edges.bucket.versions == before


def test_a_deletion_that_would_be_refused_is_said_in_the_plan_and_stops_the_deployment(edges):
    edges.bucket.put_foreign("dags/theirs.py", b"t")

    journal = go(edges, "pull_request")

    assert journal.result == "planned"
    assert journal.notes[-1] == (
        "A deployment would be refused: 1 of the 1 file(s) under dags/ would be deleted, and no deployment to this "
        "target is known to have put them there."
    )
    with pytest.raises(DeletionRefused):
        go(edges)
    assert list(edges.bucket.contents) == ["dags/theirs.py", "mwaa-deploy/hello-mwaa-staging/lock.json"]

    inputs = replace(INPUTS, protected_prefixes=("theirs.py",))
    assert go(edges, inputs=inputs).result == "deployed"
    assert edges.bucket.contents["dags/theirs.py"] == b"t"


@pytest.mark.parametrize(
    "refusal", [OidcUnavailable("no token"), RoleRefused("not from here"), CredentialsMissing("none")]
)
def test_a_pull_request_without_credentials_gets_the_local_plan(edges, refusal):
    edges.refusal = refusal
    journal = go(edges, "pull_request")
    assert journal.plan.offline
    assert "fork" in journal.notes[0]
    with pytest.raises(type(refusal)):
        go(edges, "push")


def test_check_mode_never_looks_at_the_target(edges):
    journal = go(edges, inputs=Inputs(airflow_version="2.10.3", mode=Mode.CHECK))
    assert edges.opened == ["repository", "checks"]
    assert journal.result == "passed"


def test_values_of_parameters_reach_the_stack_and_an_unknown_one_ends_the_run(edges):
    (edges.workspace / "infra/parameters/staging.json").write_text("{}", encoding="utf-8")
    go(edges, inputs=replace(INPUTS, parameter_values=(("Name", "by-input"),)))
    assert list(edges.environments.states) == ["by-input"]
    with pytest.raises(ParametersUnknown, match="parameter-values: the template has no parameter Nmae"):
        go(edges, inputs=replace(INPUTS, parameter_values=(("Nmae", "x"),)))


def test_an_unknown_parameter_ends_the_run_before_any_work(edges):
    (edges.workspace / "infra/parameters/staging.json").write_text('{"NoSuchParameter": "x"}', encoding="utf-8")
    with pytest.raises(ParametersUnknown, match="NoSuchParameter"):
        go(edges)
    assert edges.opened == []


def test_two_failed_deployments_and_a_good_one_ship_everything(edges):
    go(edges)
    record = edges.bucket.contents["mwaa-deploy/hello-mwaa-staging/record.json"]
    plugin = edges.workspace / "plugins/greetings/operators.py"
    for number in (1, 2):
        plugin.write_text(plugin.read_text(encoding="utf-8") + f"\nN = {number}\n", encoding="utf-8")
        (edges.workspace / f"dags/n{number}.py").write_text("x = 1\n", encoding="utf-8")
        edges.stack.knobs.fail("execute", StackUpdateFailed("rolled back"))
        with pytest.raises(StackUpdateFailed):
            go(edges)
        assert edges.bucket.contents["mwaa-deploy/hello-mwaa-staging/record.json"] == record
        assert "nothing is lost" in render_summary(edges.journal)
        outputs = decisions(edges.journal)
        assert (outputs["deployed"], outputs["environment-updated"]) == ("true", "true")
    edges.runs.last = WorkflowRun(id=1, head_sha=BASE, url="u")  # git knows of no change since
    journal = go(edges)
    assert journal.result == "deployed"
    assert {"dags/n1.py", "dags/n2.py"} <= edges.bucket.contents.keys()
    name = journal.outcome.environment_name
    assert edges.environments.get(name).versions["plugins"] == journal.outcome.versions["plugins"]


def test_a_deployment_waits_for_what_runs_at_the_target_and_says_so(edges):
    go(edges)
    edges.environments.maintain("hello", seconds=900)
    (edges.workspace / "dags/new.py").write_text("x = 1\n", encoding="utf-8")
    began = edges.clock.now()
    journal = go(edges)
    assert journal.result == "deployed"
    assert (edges.clock.now() - began).total_seconds() == 900
    assert "Waited 15 min before anything was changed: hello is MAINTENANCE" in render_summary(journal)


def test_a_target_that_stays_busy_ends_the_run_before_anything_is_changed(edges):
    go(edges)
    edges.stack.occupy(2 * 3600)
    (edges.workspace / "dags/new.py").write_text("x = 1\n", encoding="utf-8")
    with pytest.raises(StackBusy, match="has waited for 60 min"):
        go(edges)
    assert "dags/new.py" not in edges.bucket.contents
    assert edges.journal.outcome is None


def test_a_pull_request_waits_for_nothing_and_says_what_a_deployment_would_wait_for(edges):
    go(edges)
    edges.stack.occupy(2 * 3600)
    began = edges.clock.now()
    journal = go(edges, "pull_request")
    assert edges.clock.now() == began
    assert "Stack hello-mwaa-staging is UPDATE_IN_PROGRESS; a deployment would wait for it first." in journal.notes


def test_a_part_that_was_removed_but_stays_live_is_said_on_top(edges):
    go(edges)
    shutil.rmtree(edges.workspace / "plugins")
    (edges.workspace / "dags/new.py").write_text("x = 1\n", encoding="utf-8")
    journal = go(edges)
    assert any("the project has no plugins" in note.lower() for note in journal.notes)
    summary = render_summary(journal)
    assert "has no plugins" in summary[: summary.index("### What was done")]


def test_the_first_deployment_creates_and_later_ones_update(edges):
    assert "the environment was created" in render_summary(go(edges))
    (edges.workspace / "requirements.txt").write_text("six\n", encoding="utf-8")
    assert "the environment was updated" in render_summary(go(edges))


BACK = Inputs(mode=Mode.ROLLBACK, stack_name="hello-mwaa-staging", bucket="my-mwaa-bucket", aws_region="eu-west-1")


def test_a_roll_back_needs_neither_checks_nor_checkout(edges):
    go(edges)
    live = dict(edges.environments.get("hello").versions)
    dags = {key: body for key, body in edges.bucket.contents.items() if key.startswith("dags/")}
    (edges.workspace / "plugins/greetings/operators.py").write_text("x = 1\n", encoding="utf-8")
    (edges.workspace / "dags/hello_mwaa.py").write_text("x = 1\n", encoding="utf-8")
    edges.commits.head = "c" * 40
    go(edges)
    shutil.rmtree(edges.workspace)
    edges.opened.clear()

    journal = go(edges, "workflow_dispatch", BACK)

    assert edges.opened == ["credentials"]
    assert (journal.result, decisions(journal)["rolled-back-to"]) == ("rolled-back", HEAD)
    assert dict(edges.environments.get("hello").versions) == live
    assert {key: body for key, body in edges.bucket.contents.items() if key.startswith("dags/")} == dags
    assert (record_of(edges).commit, record_of(edges).restores) == (HEAD, HEAD)


def test_a_look_for_drift_needs_neither_checks_nor_checkout_and_changes_nothing(edges):
    go(edges)
    away = edges.workspace.rename(edges.workspace.with_name("away"))
    edges.opened.clear()
    before = {key: list(found) for key, found in edges.bucket.versions.items()}
    drift = dataclasses.replace(BACK, mode=Mode.DRIFT)
    assert decisions(go(edges, "schedule", drift))["drift"] == "0"
    assert edges.opened == ["credentials"]
    assert edges.bucket.versions == before
    edges.bucket.put_foreign("dags/hello_mwaa.py", b"x")
    with pytest.raises(DriftFound, match=r"dags/hello_mwaa.py has been overwritten"):
        go(edges, "schedule", drift)
    assert decisions(edges.journal)["drift"] == "1"
    away.rename(edges.workspace)
    journal = go(edges)
    assert "changed by somebody else since aaaaaaa was deployed" in render_summary(journal)
    assert go(edges, "schedule", drift).error is None


def test_a_pull_request_tells_what_cloudformation_would_change_and_writes_the_plan(edges):
    go(edges)
    (edges.workspace / "plugins/greetings/operators.py").write_text("N = 1\n", encoding="utf-8")
    before = edges.stack.state()
    journal = go(edges, "pull_request", inputs=replace(INPUTS, plan_file="plans/plan.json"))
    assert [change.details for change in journal.plan.change_set] == [("PluginsS3ObjectVersion",)]
    assert "CloudFormation would change 1 resource<" in render_summary(journal)
    assert (edges.stack.state(), edges.stack.change_sets) == (before, {})
    publish(journal, PlainLog(), {})
    written = json.loads((edges.workspace / "plans/plan.json").read_text(encoding="utf-8"))
    assert written == json.loads(journal.plan.to_json())
    assert (written["commit"], written["target"]["name"]) == (HEAD, "hello-mwaa-staging")


def test_a_saved_plan_is_carried_out_and_refused_once_the_target_has_moved(edges):
    inputs = replace(INPUTS, plan_file="plan.json")
    publish(go(edges, inputs=replace(inputs, mode=Mode.PLAN)), PlainLog(), {})
    assert go(edges, inputs=inputs).result == "deployed"
    contents = dict(edges.bucket.contents)
    with pytest.raises(PlanOutdated, match="the record of the last deployment"):
        go(edges, inputs=inputs)
    assert edges.bucket.contents == contents
    assert edges.journal.outcome is None
    assert "Nothing at the target has been changed" in render_summary(edges.journal)


def test_a_saved_plan_that_is_not_there_ends_the_run_before_any_work(edges):
    with pytest.raises(InputsInvalid, match="plan-file"):
        go(edges, inputs=replace(INPUTS, plan_file="plan.json"))
    assert edges.opened == []


def test_an_environment_without_a_stack_is_deployed_to(edges):
    go(edges)
    edges.stack = NoStack("hello")
    inputs = replace(
        INPUTS,
        deploy_with=DeployWith.ENVIRONMENT_API,
        environment_name="hello",
        template="",
        parameters="",
        stack_name="",
    )
    (edges.workspace / "requirements.txt").write_text("six\n", encoding="utf-8")
    journal = go(edges, "pull_request", inputs=inputs)
    assert (journal.target, journal.plan.offline, journal.plan.change_set) == ("hello", False, None)
    journal = go(edges, inputs=inputs)
    assert journal.result == "deployed"
    assert decisions(journal)["environment-updated"] == "true"
    assert "mwaa-deploy/hello/record.json" in edges.bucket.contents
    assert go(edges, inputs=inputs).result == "unchanged"
