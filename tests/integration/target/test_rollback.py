"""Roll-back and drift on the lab's AWS, with the real adapters: an earlier record, and what somebody did by hand."""

import uuid
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from lab.aws.process import RunningAws
from lab.aws.seed import make_bucket
from mwaa_deploy.bundle.artefacts import Bundle, build_bundle
from mwaa_deploy.clock import SystemClock
from mwaa_deploy.deletion_limits import DeletionLimits
from mwaa_deploy.errors import RollbackImpossible, VerificationFailed
from mwaa_deploy.parts import Part
from mwaa_deploy.source.project import Project
from mwaa_deploy.target.bucket import S3Bucket
from mwaa_deploy.target.change_sets import ChangeSetOptions
from mwaa_deploy.target.credentials import AwsClients
from mwaa_deploy.target.environment import MwaaEnvironments
from mwaa_deploy.target.live_check import LiveCheck
from mwaa_deploy.target.stack import CloudFormationStack
from tests.fakes.deployments import Deployments
from tests.fakes.log import FakeLog

pytestmark = pytest.mark.lab

TEMPLATE = """\
Parameters:
  Bucket: {Type: String}
  PluginsVersion: {Type: String, Default: ""}
  RequirementsVersion: {Type: String, Default: ""}
Resources:
  Environment:
    Type: AWS::MWAA::Environment
    Properties:
      Name: !Sub '${AWS::StackName}-env'
      AirflowVersion: 2.10.3
      SourceBucketArn: !Sub 'arn:aws:s3:::${Bucket}'
      DagS3Path: dags
      ExecutionRoleArn: !Sub 'arn:aws:iam::${AWS::AccountId}:role/execution'
      PluginsS3Path: plugins.zip
      PluginsS3ObjectVersion: !Ref PluginsVersion
      RequirementsS3Path: requirements.txt
      RequirementsS3ObjectVersion: !Ref RequirementsVersion
      NetworkConfiguration: {SubnetIds: [subnet-1, subnet-2], SecurityGroupIds: [sg-1]}
"""


class ImpatientClock:
    """Real time, of which nobody waits for more than a moment: the lab is done at once."""

    def now(self) -> datetime:
        return SystemClock().now()

    def sleep(self, seconds: float) -> None:
        SystemClock().sleep(min(seconds, 0.1))


class LabWorld:
    """A project on disk and a target in the lab, in the shape that Deployments takes."""

    def __init__(self, clients: AwsClients, lab: RunningAws, place: Path) -> None:
        name = uuid.uuid4().hex
        self.s3, self.mwaa, self.lab = clients.client("s3"), clients.client("mwaa"), lab
        make_bucket(self.s3, f"bucket-{name}")
        self.log, self.clock = FakeLog(), ImpatientClock()
        self.bucket = S3Bucket(self.s3, f"bucket-{name}", self.log)
        self.stack = CloudFormationStack(
            clients.client("cloudformation"),
            f"stack-{name}",
            clock=self.clock,
            options=ChangeSetOptions(),
            interval=0.1,
        )
        self.environment = MwaaEnvironments(self.mwaa)
        self.timeout, self.deletions, self.verification = 60.0, DeletionLimits(), LiveCheck()
        self.live = self.logs = self.found_dags = None
        self.files = {
            "template.yaml": TEMPLATE,
            "parameters.yml": f"Bucket: {self.bucket.name}\n",
            "dags/a.py": "a = 1\n",
            "dags/deep/b ü.py": "b = 1\n",
            "plugins/operators.py": "p = 1\n",
            "requirements.txt": "x==1\n",
        }
        self._place = place
        self._serial = 0

    @property
    def name(self) -> str:
        return f"{self.stack.name}-env"

    def bundle(self) -> Bundle:
        self._serial += 1
        root, work = self._place / f"checkout-{self._serial}", self._place / f"work-{self._serial}"
        work.mkdir()
        for name, text in self.files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        return build_bundle(
            Project(
                repository=root,
                root=root,
                dags=root / "dags",
                plugins=root / "plugins",
                requirements=root / "requirements.txt",
                template=root / "template.yaml",
                parameters=root / "parameters.yml",
            ),
            work,
        )

    def live_content(self) -> tuple[dict[str, bytes], dict[str, bytes]]:
        """The bytes of each part that the environment runs, and of each DAG file."""
        environment = self.mwaa.get_environment(Name=self.name)["Environment"]
        parts = {
            part: self._read(environment[f"{part}S3Path"], environment[f"{part}S3ObjectVersion"])
            for part in ("Plugins", "Requirements")
        }
        return parts, {found.key: self._read(found.key) for found in self.bucket.list("dags/")}

    def updates(self) -> int:
        calls = self.lab.get("mwaa/history", name=self.name)["calls"]
        return sum(1 for call in calls if call["operation"] == "UpdateEnvironment")

    def write_over(self, key: str, body: bytes) -> str:
        """As somebody with the console would."""
        return str(self.s3.put_object(Bucket=self.bucket.name, Key=key, Body=body)["VersionId"])

    def _read(self, key: str, version: str | None = None) -> bytes:
        body = self.bucket.read(key, version)
        assert body is not None
        return body


@pytest.fixture
def world(clients, lab_aws, tmp_path):
    return LabWorld(clients, lab_aws, tmp_path)


@pytest.fixture
def runs(world):
    return Deployments(world)


def change_everything(world):
    world.files |= {"dags/a.py": "a = 2\n", "dags/new.py": "n = 1\n"}
    world.files |= {"plugins/operators.py": "p = 2\n", "requirements.txt": "x==2\n"}
    del world.files["dags/deep/b ü.py"]


def test_an_earlier_deployment_comes_back_together_with_a_deleted_dag_and_changed_plugins(world, runs):
    runs.push("aaaa")
    before, recorded = world.live_content(), runs.record
    change_everything(world)
    runs.push("bbbb")
    assert world.live_content() != before

    journal = runs.roll_back()

    assert world.live_content() == before
    assert {part: found.version for part, found in runs.record.parts.items()} == {
        part: found.version for part, found in recorded.parts.items()
    }
    assert len(list(world.bucket.versions_under("plugins.zip"))) == 2
    assert (runs.record.commit, runs.record.restores) == (recorded.commit, recorded.commit)
    assert journal.result == "rolled-back"
    assert world.updates() == 2
    assert runs.drift() == []
    # the commit that was left behind is deployed again like any other
    runs.push("bbbb")
    assert runs.drift() == []
    assert runs.roll_back("aaaa").result == "rolled-back"
    assert world.live_content() == before


def test_what_somebody_did_by_hand_is_drift_until_the_next_deployment(world, runs):
    runs.push("aaaa")
    before = world.live_content()
    world.write_over("dags/a.py", b"a = 9\n")  # as long as it was
    by_hand = world.write_over("plugins.zip", b"theirs")
    world.mwaa.update_environment(Name=world.name, PluginsS3ObjectVersion=by_hand)
    world.bucket.delete(["dags/deep/b ü.py"])
    while world.environment.get(world.name).status != "AVAILABLE":
        world.clock.sleep(1)

    assert runs.drift() == [
        f"plugins: the environment runs version {by_hand}, not {runs.record.parts[Part.PLUGINS].version}.",
        "dags/a.py has been overwritten with other content.",
        "dags/deep/b ü.py is gone.",
    ]

    journal = runs.push("aaaa")

    assert len(journal.plan.drift) == 3
    assert world.live_content() == before
    assert runs.drift() == []


def test_a_roll_back_mends_what_was_done_by_hand_too(world, runs):
    runs.push("aaaa")
    before = world.live_content()
    world.write_over("dags/a.py", b"a = 9\n")
    world.write_over("dags/theirs.py", b"t")
    runs.roll_back("aaaa")
    assert world.live_content() == before
    assert runs.drift() == []


def test_versions_that_a_lifecycle_rule_removed_are_named_before_anything_is_changed(world, runs):
    runs.push("aaaa")
    gone = runs.record.parts[Part.PLUGINS].version
    change_everything(world)
    runs.push("bbbb")
    world.s3.delete_object(Bucket=world.bucket.name, Key="plugins.zip", VersionId=gone)
    before, updates = world.live_content(), world.updates()
    with pytest.raises(RollbackImpossible, match=f"plugins.zip, version {gone}"):
        runs.roll_back()
    assert (world.live_content(), world.updates()) == (before, updates)


def test_a_deployment_that_fails_its_verification_goes_back_by_itself(world, runs):
    runs.inputs = replace(runs.inputs, rollback_on_failure=True)
    runs.push("aaaa")
    before = world.live_content()
    change_everything(world)
    put, keys = world.bucket.put, ["dags/new.py"]

    def put_and_meddle(key, body, **others):
        stored = put(key, body, **others)
        if key in keys:
            keys.remove(key)
            world.write_over(key, b"t")
        return stored

    world.bucket.put = put_and_meddle
    with pytest.raises(VerificationFailed, match="rolled back to commit aaaa"):
        runs.push("bbbb")
    assert world.live_content() == before
    assert runs.record.commit == "aaaa".ljust(40, "0")
    assert runs.drift() == []
