# mypy: allow-untyped-calls
# boto3 and botocore carry no types.
"""A project and its target in the lab, with the real adapters."""

import os
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

from boto3.session import Session

from lab.aws.emulator import ACCOUNT, REGION
from lab.aws.process import RunningAws
from lab.aws.seed import make_bucket
from mwaa_deploy.bundle.artefacts import Bundle
from mwaa_deploy.deployment import deploy, look_first
from mwaa_deploy.inputs import Inputs
from mwaa_deploy.job import Job
from mwaa_deploy.journal import Journal
from mwaa_deploy.parts import Part
from mwaa_deploy.ports import Relation
from mwaa_deploy.source.changes import Base, Changes
from mwaa_deploy.target.bucket import S3Bucket
from mwaa_deploy.target.credentials import AwsClients
from mwaa_deploy.target.dag_sync import UPLOADS_AT_ONCE
from mwaa_deploy.target.direct_put import DirectPut
from mwaa_deploy.target.environment import MwaaEnvironments
from mwaa_deploy.target.ports_of_target import Author, Target
from mwaa_deploy.target.stack import CloudFormationStack
from proofs.oracle import Violation
from tests.fakes.log import FakeLog
from tests.fakes.world import World
from tests.fixtures.lab_target import TEMPLATE, QuickClock

COMMIT = "c" * 40


class LabTarget:
    """One target in the lab, and the project that is deployed to it.

    Args:
        aws: the lab's AWS.
        place: a folder of ours.
    """

    def __init__(self, aws: RunningAws, place: Path) -> None:
        self.aws = aws
        self.name = f"proof-{uuid.uuid4().hex[:12]}"
        self._world = World(place)
        self._bundle: Bundle
        self._clients = self._connect()
        make_bucket(self._clients.client("s3"), self.name)

    def ship(self, files: Mapping[str, str], **parameters: str) -> None:
        """The project's files from now on, beside template and parameters."""
        given = {"Name": self.name, "Bucket": self.name, **parameters}
        text = "".join(f"{key}: {value}\n" for key, value in given.items())
        self._world.files = {**files, "template.yaml": TEMPLATE, "parameters.yml": text}
        self._bundle = self._world.bundle()

    def deploy(self, commit: str = COMMIT) -> Journal:
        """One deployment, with clients of its own, from the first look to the end.

        Args:
            commit: as what the project is deployed; newer than any before.
        """
        clients, clock, log = self._connect(), QuickClock(), FakeLog()
        s3 = clients.client("s3")
        direct = DirectPut(s3, self.name, clients.credentials, connections=UPLOADS_AT_ONCE)
        job = Job(
            inputs=Inputs(stack_name=self.name, bucket=self.name, aws_region=REGION, max_deletion_share=100),
            bundle=self._bundle,
            changes=Changes(base=Base(sha=None, reason="there was no successful run yet"), head=commit),
            target=Target(
                bucket=S3Bucket(s3, self.name, log, owner=ACCOUNT, direct=direct),
                stack=CloudFormationStack(clients.client("cloudformation"), self.name, clock=clock),
                environments=MwaaEnvironments(clients.client("mwaa")),
                clock=clock,
                log=log,
            ),
            author=Author(commit=commit),
            relation=lambda _sha, _ref: Relation.NEWER,
            # done again by hand, as people do, it need not wait for its own lease
            run="the same run",
            attempt=time.monotonic_ns(),
        )
        journal = Journal()
        job.target.bucket.check()
        deploy(job, look_first(job), log, journal)
        return journal

    def updates(self) -> int:
        """How many updates MWAA has begun."""
        calls = self.aws.get("mwaa/history", name=self.name)["calls"]
        return sum(1 for call in calls if call["operation"] == "UpdateEnvironment" and call.get("error") is None)

    def judge(self) -> None:
        """The target holds exactly what the project ships.

        Raises:
            Violation: it does not.
        """
        s3, mwaa = self._clients.client("s3"), self._clients.client("mwaa")
        listed = s3.list_objects_v2(Bucket=self.name).get("Contents", ())
        held = {
            entry["Key"]: s3.get_object(Bucket=self.name, Key=entry["Key"])["Body"].read()
            for entry in listed
            if entry["Key"].startswith("dags/") and entry["Key"] != "dags/requirements.txt"
        }
        files = self._world.files
        wanted = {key: text.encode() for key, text in files.items() if key.startswith("dags/")}
        wanted.pop("dags/requirements.txt", None)
        if held != wanted:
            message = f"DAG files: there are {held}, not {wanted}"
            raise Violation(message)
        environment = mwaa.get_environment(Name=self.name)["Environment"]
        for part, field in _FIELDS.items():
            version, key = environment[f"{field}S3ObjectVersion"], environment[f"{field}S3Path"]
            body = s3.get_object(Bucket=self.name, Key=key, VersionId=version)["Body"].read()
            shipped = self._bundle.artefacts[part].body
            if body != (shipped if isinstance(shipped, bytes) else shipped.read_bytes()):
                message = f"{part}: the environment runs version {version} of {key}, which is not what was shipped"
                raise Violation(message)
        kept = {entry["Key"] for entry in listed if entry["Key"].startswith("mwaa-deploy/")}
        if kept != {f"mwaa-deploy/{self.name}/{name}.json" for name in ("lock", "record")}:
            message = f"our own folder holds {sorted(kept)}"
            raise Violation(message)

    def _connect(self) -> AwsClients:
        return AwsClients(Session(aws_access_key_id="test", aws_secret_access_key="test"), REGION)


_FIELDS = {Part.PLUGINS: "Plugins", Part.REQUIREMENTS: "Requirements", Part.STARTUP_SCRIPT: "StartupScript"}


def lead_to_lab(aws: RunningAws) -> None:
    """Let boto3 of this process find the lab, and nothing else."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        os.environ.pop(name, None)
    os.environ.update(
        AWS_ENDPOINT_URL=aws.url,
        AWS_DISABLE_HOST_PREFIX_INJECTION="true",
        AWS_EC2_METADATA_DISABLED="true",
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
    )
