"""Deployments without a stack, saved plans and previews, with the real adapters against the lab."""

import uuid
from pathlib import Path

import pytest

from lab.aws.emulator import ACCOUNT
from lab.aws.process import RunningAws
from lab.aws.seed import make_bucket
from mwaa_deploy.deployment import deploy, look_first
from mwaa_deploy.errors import EnvironmentUpdateFailed, PlanOutdated, TasksRunning
from mwaa_deploy.inputs import DeployWith, Inputs
from mwaa_deploy.job import Job
from mwaa_deploy.journal import Journal
from mwaa_deploy.plan import Disruption, OperationKind, Plan
from mwaa_deploy.plan_ahead import look_ahead
from mwaa_deploy.report.publish import plan_bytes
from mwaa_deploy.saved_plan import SavedPlan, read_saved
from mwaa_deploy.source.changes import Base, Changes
from mwaa_deploy.target.bucket import S3Bucket
from mwaa_deploy.target.credentials import AwsClients
from mwaa_deploy.target.environment import MwaaEnvironments
from mwaa_deploy.target.fingerprint import fingerprint
from mwaa_deploy.target.no_stack import NoStack
from mwaa_deploy.target.ports_of_target import Author, Target
from mwaa_deploy.target.stack import CloudFormationStack
from tests.fakes.log import FakeLog
from tests.fakes.world import World
from tests.fixtures.lab_target import NETWORK, TEMPLATE, QuickClock

pytestmark = pytest.mark.lab


class Project:
    """A project, and its target in the lab.

    Attributes:
        world: the project's files; its fakes are not used.
        strategy, running: what is said about workers and tasks.
    """

    def __init__(self, place: Path, clients: AwsClients, lab: RunningAws) -> None:
        self.world = World(place)
        self.place = place
        self.lab = lab
        self.name = f"environment-{uuid.uuid4().hex}"
        self.stack_name = ""
        self.strategy, self.running = "", 0
        self.mwaa, self.s3 = clients.client("mwaa"), clients.client("s3")
        self.cloudformation = clients.client("cloudformation")
        self.bucket = f"bucket-{uuid.uuid4().hex}"
        make_bucket(self.s3, self.bucket)
        self._commits = 0

    def make_environment(self) -> None:
        """As Terraform would: with a DAG path, and nothing else."""
        del self.world.files["template.yaml"], self.world.files["parameters.yml"]
        self.mwaa.create_environment(
            Name=self.name,
            ExecutionRoleArn="arn:aws:iam::123456789012:role/airflow",
            SourceBucketArn=f"arn:aws:s3:::{self.bucket}",
            DagS3Path="dags",
            NetworkConfiguration=NETWORK,
        )

    def use_stack(self) -> None:
        """From now on CloudFormation owns the environment."""
        self.stack_name = f"stack-{uuid.uuid4().hex}"
        self.world.files["template.yaml"] = TEMPLATE
        self.give_parameters()

    def give_parameters(self, **more: str) -> None:
        given = {"Name": self.name, "Bucket": self.bucket, **more}
        self.world.files["parameters.yml"] = "".join(f"{key}: {value}\n" for key, value in given.items())

    def job(self, saved: SavedPlan | None = None) -> Job:
        clock, log = QuickClock(), FakeLog()
        stack = CloudFormationStack(self.cloudformation, self.stack_name, clock=clock) if self.stack_name else None
        inputs = Inputs(
            stack_name=self.stack_name,
            environment_name="" if self.stack_name else self.name,
            deploy_with=DeployWith.CLOUDFORMATION if self.stack_name else DeployWith.ENVIRONMENT_API,
            bucket=self.bucket,
            aws_region="eu-west-1",
        )
        return Job(
            inputs=inputs,
            bundle=self.world.bundle(),
            changes=Changes(base=Base(sha=None, reason="there was no successful run yet"), head="c" * 40),
            target=Target(
                bucket=S3Bucket(self.s3, self.bucket, log, owner=ACCOUNT),
                stack=stack or NoStack(self.name),
                environments=MwaaEnvironments(self.mwaa),
                clock=clock,
                log=log,
                worker_replacement=self.strategy,
                running_tasks=lambda: self.running,
            ),
            author=Author(commit="c" * 40),
            saved=saved,
        )

    def plan(self) -> Plan:
        job = self.job()
        state = job.look()
        return look_ahead(job, state, job.plan(state)).plan

    def save(self) -> SavedPlan:
        """Make a plan, and read it back from its file."""
        (self.place / "plan.json").write_bytes(plan_bytes(self.plan()))
        return read_saved(self.place, "plan.json")

    def deploy(self, saved: SavedPlan | None = None) -> Journal:
        job, journal = self.job(saved), Journal()
        deploy(job, look_first(job), job.target.log, journal)
        return journal

    def updates(self) -> list[dict[str, str]]:
        """The updates that MWAA has taken."""
        calls = self.lab.get("mwaa/history", name=self.name)["calls"]
        return [call["request"] for call in calls if call["operation"] == "UpdateEnvironment"]

    def change_sets(self) -> set[str]:
        """Those of the stack, executed ones too."""
        listed = self.cloudformation.list_change_sets(StackName=self.stack_name)["Summaries"]
        return {entry["ChangeSetId"] for entry in listed}

    def body(self, key: str, version: str = "") -> bytes:
        given = {"VersionId": version} if version else {}
        body: bytes = self.s3.get_object(Bucket=self.bucket, Key=key, **given)["Body"].read()
        return body

    def keys(self) -> dict[str, int]:
        """How many versions each object has, the lock aside: a run that is refused has held it, too."""
        found: dict[str, int] = {}
        for entry in self.s3.list_object_versions(Bucket=self.bucket).get("Versions", ()):
            if not entry["Key"].endswith("/lock.json"):
                found[entry["Key"]] = found.get(entry["Key"], 0) + 1
        return found

    def assert_live(self) -> None:
        """What MWAA runs is what the files say."""
        live = self.mwaa.get_environment(Name=self.name)["Environment"]
        assert live["Status"] == "AVAILABLE"
        requirements = self.body(live["RequirementsS3Path"], live["RequirementsS3ObjectVersion"])
        assert requirements.decode() == self.world.files["dags/requirements.txt"]
        startup = self.body(live["StartupScriptS3Path"], live["StartupScriptS3ObjectVersion"])
        assert startup.decode() == self.world.files["startup.sh"]
        assert self.body("dags/a.py").decode() == self.world.files["dags/a.py"]


@pytest.fixture
def project(tmp_path, clients, lab_aws):
    return Project(tmp_path, clients, lab_aws)


@pytest.fixture
def owned(project):
    """A project whose environment somebody else has made."""
    project.make_environment()
    return project


def test_an_environment_is_deployed_to_updated_and_left_alone(owned):
    first = owned.deploy()  # while it is being created, which is waited for
    owned.assert_live()
    assert first.outcome.environment_updated
    assert len(owned.updates()) == 1
    assert "WorkerReplacementStrategy" not in owned.updates()[0]

    assert owned.plan().empty
    assert owned.deploy().outcome.changed_nothing
    assert len(owned.updates()) == 1

    owned.world.files["startup.sh"] = "export A=2\n"
    owned.strategy = "GRACEFUL"
    plan = owned.plan()
    assert [op.kind for op in plan.operations if op.kind is not OperationKind.KEEP] == [
        OperationKind.UPLOAD,
        OperationKind.ENVIRONMENT_UPDATE,
        OperationKind.RECORD,
    ]
    owned.deploy()
    owned.assert_live()
    assert owned.updates()[1]["WorkerReplacementStrategy"] == "GRACEFUL"
    live = owned.mwaa.get_environment(Name=owned.name)["Environment"]
    assert live["LastUpdate"]["WorkerReplacementStrategy"] == "GRACEFUL"

    owned.world.files["dags/a.py"] = "a = 2\n"
    owned.deploy()
    owned.assert_live()
    assert len(owned.updates()) == 2


def test_what_is_under_way_is_waited_for(owned):
    owned.deploy()
    owned.mwaa.update_environment(Name=owned.name, MaxWorkers=7)
    owned.world.files["startup.sh"] = "export A=2\n"
    journal = owned.deploy()
    owned.assert_live()
    assert any("is UPDATING" in note for note in journal.notes)
    assert [update.get("MaxWorkers") for update in owned.updates()] == [None, 7, None]


def test_a_failed_update_is_red_and_the_next_commit_mends_it(owned):
    owned.deploy()
    owned.lab.post("mwaa/fail", name=owned.name, message="Unable to install the requirements", times=1)
    owned.world.files["dags/requirements.txt"] = "broken==1\n"
    with pytest.raises(EnvironmentUpdateFailed, match="UPDATE_FAILED: Unable to install the requirements"):
        owned.deploy()
    live = owned.mwaa.get_environment(Name=owned.name)["Environment"]
    assert owned.body("requirements.txt", live["RequirementsS3ObjectVersion"]) == b"x==1\n"

    owned.world.files["dags/requirements.txt"] = "mended==1\n"
    owned.deploy()
    owned.assert_live()


def test_running_tasks_are_not_stopped(owned):
    owned.deploy()
    owned.world.files["startup.sh"] = "export A=2\n"
    owned.strategy, owned.running = "FORCED", 2
    keys = owned.keys()
    with pytest.raises(TasksRunning):
        owned.deploy()
    assert owned.keys() == keys
    owned.running = 0
    owned.deploy()
    owned.assert_live()
    assert owned.updates()[-1]["WorkerReplacementStrategy"] == "FORCED"


@pytest.mark.parametrize("with_stack", [False, True])
def test_a_saved_plan_is_carried_out_and_then_refused(project, with_stack):
    project.use_stack() if with_stack else project.make_environment()
    project.deploy()
    project.world.files["startup.sh"] = "export A=2\n"
    saved = project.save()
    if with_stack:
        (change,) = saved.document["change_set"]
        assert change["resource_type"] == "AWS::MWAA::Environment"
    project.deploy(saved)
    project.assert_live()
    keys, updates = project.keys(), project.updates()
    with pytest.raises(PlanOutdated, match="the record of the last deployment"):
        project.deploy(saved)
    assert (project.keys(), project.updates()) == (keys, updates)


def test_a_saved_plan_is_refused_once_somebody_has_updated_the_stack(project):
    project.use_stack()
    project.deploy()
    project.world.files["startup.sh"] = "export A=2\n"
    saved = project.save()
    keys = project.keys()
    given = project.cloudformation.describe_stacks(StackName=project.stack_name)["Stacks"][0]["Parameters"]
    project.cloudformation.update_stack(
        StackName=project.stack_name,
        TemplateBody=TEMPLATE + "Outputs:\n  Said: {Value: something}\n",
        Parameters=[{"ParameterKey": entry["ParameterKey"], "UsePreviousValue": True} for entry in given],
    )
    project.cloudformation.get_waiter("stack_update_complete").wait(
        StackName=project.stack_name, WaiterConfig={"Delay": 1}
    )
    with pytest.raises(PlanOutdated, match="the stack: its status, its parameters or the time of its last update"):
        project.deploy(saved)
    assert project.keys() == keys


def test_a_preview_of_a_new_stack_leaves_no_stack(project):
    project.use_stack()
    plan = project.plan()
    assert [change.action for change in plan.change_set] == ["Add"]
    assert plan.disruption is Disruption.ENVIRONMENT_CREATED
    stacks = project.cloudformation.describe_stacks()["Stacks"]
    assert not [stack for stack in stacks if stack["StackName"] == project.stack_name]
    assert project.keys() == {}


def test_a_preview_of_an_update_leaves_nothing_and_moves_nothing(project):
    project.use_stack()
    project.deploy()
    keys, change_sets, before = project.keys(), project.change_sets(), fingerprint(project.job().look())
    project.give_parameters(Class="mw1.large")

    plan = project.plan()

    (change,) = plan.change_set
    assert (change.logical_id, change.details) == ("Mwaa", ("EnvironmentClass",))
    assert project.change_sets() == change_sets
    assert project.keys() == keys
    assert fingerprint(project.job().look()) == before
