"""Deployments to the lab with a real Airflow behind it, verified by asking it and its containers' logs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from lab.aws.seed import make_bucket
from lab.world import World, running_world
from mwaa_deploy.bundle.artefacts import build_bundle
from mwaa_deploy.clock import SystemClock
from mwaa_deploy.errors import DagsBrokenLive, DagsMissingLive, InstallationFailedLive, MwaaDeployError
from mwaa_deploy.inputs import VerifyKind
from mwaa_deploy.live_report import LiveReport
from mwaa_deploy.outcome import Outcome, Progress
from mwaa_deploy.planner import make_plan
from mwaa_deploy.source.project import Project
from mwaa_deploy.target.apply import apply
from mwaa_deploy.target.bucket import S3Bucket
from mwaa_deploy.target.change_sets import ChangeSetOptions
from mwaa_deploy.target.environment import MwaaEnvironments
from mwaa_deploy.target.install_logs import CloudWatchLogs
from mwaa_deploy.target.live_airflow import MwaaLiveAirflow
from mwaa_deploy.target.live_check import LiveCheck
from mwaa_deploy.target.ports_of_target import Author, Target
from mwaa_deploy.target.record import Record, read_record
from mwaa_deploy.target.settle import settle
from mwaa_deploy.target.stack import CloudFormationStack
from mwaa_deploy.target.state import TargetState, read_state
from tests.fakes.log import FakeLog

pytestmark = [pytest.mark.lab, pytest.mark.airflow]

BUCKET, STACK, ENVIRONMENT = "verified-bucket", "mwaa-verified", "verified"

TEMPLATE = f"""\
Parameters:
  RequirementsVersion: {{Type: String, Default: ""}}
Resources:
  Environment:
    Type: AWS::MWAA::Environment
    Properties:
      Name: {ENVIRONMENT}
      AirflowVersion: 2.10.3
      SourceBucketArn: arn:aws:s3:::{BUCKET}
      DagS3Path: dags
      ExecutionRoleArn: !Sub 'arn:aws:iam::${{AWS::AccountId}}:role/execution'
      RequirementsS3Path: requirements.txt
      RequirementsS3ObjectVersion: !Ref RequirementsVersion
      AirflowConfigurationOptions: {{core.dags_are_paused_at_creation: 'False'}}
      NetworkConfiguration: {{SubnetIds: [subnet-1, subnet-2], SecurityGroupIds: [sg-1]}}
      LoggingConfiguration:
        SchedulerLogs: {{Enabled: true, LogLevel: WARNING}}
        WorkerLogs: {{Enabled: true, LogLevel: WARNING}}
"""
DAG = """\
import datetime
from airflow import DAG
from airflow.operators.empty import EmptyOperator
{first}
with DAG("{name}", schedule=None, start_date=datetime.datetime(2024, 1, 1)):
    EmptyOperator(task_id="only")
"""
VARIABLE = """\
from airflow.models import Variable
REGION = Variable.get("region_of_sales")
"""


@dataclass
class Story:
    """A project in the lab and what became of its deployments, by name."""

    world: World
    folder: Path
    files: dict[str, str] = field(default_factory=dict)
    found_dags: dict[str, tuple[str, ...]] = field(default_factory=dict)
    reports: dict[str, LiveReport | None] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    errors: dict[str, MwaaDeployError] = field(default_factory=dict)
    records: dict[str, Record | None] = field(default_factory=dict)

    def ship(self, file: str, dag: str, first: str = "") -> None:
        """Have a DAG file in the project, with the one DAG that the checks find in it."""
        self.files[f"dags/{file}"] = DAG.format(name=dag, first=first)
        self.found_dags[file] = (dag,)

    def deploy(self, name: str, *, smoke: tuple[str, ...] = (), timeout: float = 90) -> None:
        root, work = self.folder / name, self.folder / f"{name}-work"
        work.mkdir()
        for file, text in self.files.items():
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).write_text(text, encoding="utf-8")
        project = Project(
            repository=root,
            root=root,
            dags=root / "dags",
            requirements=root / "requirements.txt",
            template=root / "template.yaml",
        )
        bundle, target, progress = build_bundle(project, work), self.target(smoke, timeout), Progress(SystemClock())

        def look() -> TargetState:
            return read_state(bucket=target.bucket, stack=target.stack, environments=target.environments, bundle=bundle)

        state = settle(look(), target=target, read=look).state
        plan = make_plan(bundle, state, base=None, base_reason="there was none", files={})
        author = Author(commit=name)
        try:
            apply(
                plan,
                bundle=bundle,
                state=state,
                target=target,
                author=author,
                progress=progress,
                found_dags=dict(self.found_dags),
            )
        except MwaaDeployError as e:
            self.errors[name] = e
        self.outcomes[name], self.reports[name] = progress.outcome(), progress.live
        self.records[name] = read_record(target.bucket, STACK)

    def target(self, smoke: tuple[str, ...], timeout: float) -> Target:
        aws, clock = self.world.aws_client, SystemClock()
        check = LiveCheck(kind=VerifyKind.LIVE, smoke=smoke, timeout=timeout, interval=0.5, sync=5, settle=10)
        return Target(
            bucket=S3Bucket(aws("s3"), BUCKET, FakeLog()),
            stack=CloudFormationStack(aws("cloudformation"), STACK, clock=clock, options=ChangeSetOptions()),
            environments=MwaaEnvironments(aws("mwaa")),
            clock=clock,
            log=FakeLog(),
            timeout=300,
            live=lambda found: MwaaLiveAirflow(aws("mwaa"), found.name, found.airflow_version or ""),
            logs=lambda: CloudWatchLogs(aws("logs")),
            verification=check,
        )

    def rest(self, **fault: Any) -> None:
        """Make InvokeRestApi go wrong."""
        url = f"{self.world.aws_url}/_lab/mwaa/rest"
        requests.post(url, json={"name": ENVIRONMENT, **fault}, timeout=10).raise_for_status()


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The whole story, once; each test looks at a part of it."""
    folder = tmp_path_factory.mktemp("verified")
    with running_world(folder / "world", seconds_per_status=0.05) as world:
        story = Story(world, folder)
        tell(story)
        yield story


def tell(story: Story) -> None:
    make_bucket(story.world.aws_client("s3"), BUCKET)
    story.files |= {"template.yaml": TEMPLATE, "requirements.txt": "# none yet\n"}
    story.ship("good.py", "good")
    story.deploy("created", smoke=("good",))

    story.ship("sales.py", "sales", VARIABLE)
    story.deploy("needs a Variable")

    story.world.aws_client("mwaa").invoke_rest_api(
        Name=ENVIRONMENT, Path="/variables", Method="POST", Body={"key": "region_of_sales", "value": "eu"}
    )
    story.deploy("has the Variable")

    story.ship("good.py", "good", "import no_such_module")
    story.deploy("changed for the worse")
    story.ship("good.py", "good")
    story.rest(hide=["good"])
    story.deploy("hidden", timeout=20)
    story.rest()

    story.files["requirements.txt"] = "pyjokes==0.8.3\nno-such-package-anywhere==9.9.9\n"
    story.deploy("cannot be installed")
    story.files["requirements.txt"] = "# none again\n"
    story.deploy("mended")


@pytest.mark.parametrize("name", ["created", "has the Variable", "mended"])
def test_what_arrives_is_verified_and_recorded_so(story, name):
    assert name not in story.errors
    assert story.records[name].commit == name
    assert story.records[name].verified
    report = story.reports[name]
    assert (report.verified, report.listed, report.missing, report.broken) == (True, report.expected, {}, {})


def test_a_smoke_run_ends_well(story):
    assert [(run.dag, run.state) for run in story.reports["created"].smoke] == [("good", "success")]


def test_the_record_tells_which_dags_each_file_has(story):
    assert story.records["mended"].dag_ids == {"good.py": ("good",), "sales.py": ("sales",)}


def test_a_dag_that_needs_a_variable_that_is_missing_live_is_red_with_file_and_message(story):
    error = story.errors["needs a Variable"]
    assert isinstance(error, DagsBrokenLive)
    assert "- sales.py: KeyError: 'Variable region_of_sales does not exist'" in error.what
    assert story.records["needs a Variable"].commit == "created"


def test_a_changed_file_that_breaks_live_is_red_although_its_dag_was_listed_before(story):
    error = story.errors["changed for the worse"]
    assert isinstance(error, DagsBrokenLive)
    assert "- good.py: ModuleNotFoundError: No module named 'no_such_module'" in error.what
    assert story.records["changed for the worse"].commit == "has the Variable"


def test_a_dag_that_is_not_listed_is_red(story):
    error = story.errors["hidden"]
    assert isinstance(error, DagsMissingLive)
    assert "- good of good.py" in error.what


def test_a_requirement_that_cannot_be_installed_live_is_red_although_mwaa_is_content(story):
    error = story.errors["cannot be installed"]
    assert isinstance(error, InstallationFailedLive)
    assert "No matching distribution found for no-such-package-anywhere==9.9.9" in error.what
    assert story.outcomes["cannot be installed"].environment_updated
    assert story.reports["cannot be installed"].containers
    look: Callable[..., Any] = story.world.aws_client("mwaa").get_environment
    assert look(Name=ENVIRONMENT)["Environment"]["Status"] == "AVAILABLE"
    assert story.records["cannot be installed"].commit == "has the Variable"
