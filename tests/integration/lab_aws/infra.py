"""infra/github-oidc.yaml in the lab, and deployments with a session of the role it makes."""

import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from boto3.session import Session
from botocore import UNSIGNED
from botocore.config import Config

from lab.aws.emulator import ACCOUNT
from lab.aws.process import RunningAws
from mwaa_deploy.context import GitHubContext
from mwaa_deploy.deployment import deploy, look_first
from mwaa_deploy.drift_watch import watch_drift
from mwaa_deploy.inputs import DeployWith, Inputs
from mwaa_deploy.job import Job
from mwaa_deploy.journal import Journal
from mwaa_deploy.plan import Plan
from mwaa_deploy.plan_ahead import look_ahead
from mwaa_deploy.rollback import run_rollback
from mwaa_deploy.source.changes import Base, Changes
from mwaa_deploy.target.bucket import S3Bucket
from mwaa_deploy.target.change_sets import ChangeSetOptions
from mwaa_deploy.target.credentials import AwsClients
from mwaa_deploy.target.environment import MwaaEnvironments
from mwaa_deploy.target.no_stack import NoStack
from mwaa_deploy.target.ports_of_target import Author, Target
from mwaa_deploy.target.stack import CloudFormationStack
from tests.fakes.log import FakeLog
from tests.fakes.world import World
from tests.fixtures.lab_target import TEMPLATE, QuickClock
from tests.integration.lab_aws.conftest import REGION, client_for
from tests.integration.lab_aws.issuer import Issuer
from tests.integration.lab_aws.stacks import StackDriver

INFRA = Path(__file__).parents[3] / "infra/github-oidc.yaml"
GITHUB = "token.actions.githubusercontent.com"
REPOSITORY = "octo/flows"
POLICY = "mwaa-deploy"


@dataclass(frozen=True)
class Infra:
    """What the template has made, for one environment.

    Attributes:
        outputs: of its stack.
        environment: name of the MWAA environment.
        stack: name of the environment's stack; '' if it has none.
    """

    aws: RunningAws
    issuer: Issuer
    outputs: dict[str, str]
    environment: str
    stack: str

    @property
    def role(self) -> str:
        """The deploying role's name."""
        return self.outputs["RoleToAssume"].rpartition("/")[2]

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return self.outputs["BucketName"]

    def root(self, service: str) -> Any:
        """A client that may do everything."""
        return client_for(self.aws.url, service)

    def credentials(self, **claims: Any) -> dict[str, str]:
        """A session of the role, for a token with these claims."""
        config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})
        sts = boto3.client("sts", endpoint_url=self.aws.url, region_name=REGION, config=config)
        answer = sts.assume_role_with_web_identity(
            RoleArn=self.outputs["RoleToAssume"], RoleSessionName="run-1", WebIdentityToken=self.issuer.token(**claims)
        )
        held = answer["Credentials"]
        return {
            "aws_access_key_id": held["AccessKeyId"],
            "aws_secret_access_key": held["SecretAccessKey"],
            "aws_session_token": held["SessionToken"],
        }

    def client(self, service: str) -> Any:
        """A client with a session of the role, that tries everything once."""
        return client_for(self.aws.url, service, **self.credentials())

    def statements(self) -> list[dict[str, Any]]:
        """What the role may do."""
        found = self.root("iam").get_role_policy(RoleName=self.role, PolicyName=POLICY)["PolicyDocument"]
        statements: list[dict[str, Any]] = found["Statement"]
        return statements

    def allow(self, statements: list[dict[str, Any]]) -> None:
        """Let the role do this and nothing else."""
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.root("iam").put_role_policy(RoleName=self.role, PolicyName=POLICY, PolicyDocument=document)


class Deployments:
    """Deployments with the program's own adapters and a session of the role."""

    def __init__(self, infra: Infra, place: Path) -> None:
        self.infra, self.world = infra, World(place)
        clients = AwsClients(Session(**infra.credentials()), REGION)
        self._s3, self._mwaa = clients.client("s3"), clients.client("mwaa")
        self._cloudformation = clients.client("cloudformation")
        if infra.stack:
            self.world.files["template.yaml"] = TEMPLATE.replace("dags/requirements.txt", "requirements.txt")
            self.world.files["parameters.yml"] = f"Name: {infra.environment}\nBucket: {infra.bucket}\n"
        else:
            del self.world.files["template.yaml"], self.world.files["parameters.yml"]

    @property
    def inputs(self) -> Inputs:
        """What a workflow would say."""
        infra = self.infra
        return Inputs(
            stack_name=infra.stack,
            environment_name="" if infra.stack else infra.environment,
            deploy_with=DeployWith.CLOUDFORMATION if infra.stack else DeployWith.ENVIRONMENT_API,
            bucket=infra.bucket,
            aws_region=REGION,
        )

    def target(self) -> Target:
        """The target, with clients of the role."""
        infra, clock, log = self.infra, QuickClock(), FakeLog()
        options = ChangeSetOptions(role_arn=infra.outputs.get("StackRoleArn", ""))
        stack = CloudFormationStack(self._cloudformation, infra.stack, clock=clock, options=options)
        return Target(
            bucket=S3Bucket(self._s3, infra.bucket, log, owner=ACCOUNT),
            stack=stack if infra.stack else NoStack(infra.environment),
            environments=MwaaEnvironments(self._mwaa),
            clock=clock,
            log=log,
        )

    def job(self) -> Job:
        """A deployment of the project as it is now."""
        return Job(
            inputs=self.inputs,
            bundle=self.world.bundle(),
            changes=Changes(base=Base(sha=None, reason="there was no successful run yet"), head="c" * 40),
            target=self.target(),
            author=Author(commit="c" * 40),
        )

    def plan(self) -> Plan:
        """As "mode: plan" does, with its preview."""
        job = self.job()
        state = job.look()
        return look_ahead(job, state, job.plan(state)).plan

    def deploy(self) -> Journal:
        job, journal = self.job(), Journal()
        deploy(job, look_first(job), job.target.log, journal)
        return journal

    def roll_back(self) -> Journal:
        """As "mode: rollback" does, to the deployment before this one."""
        journal = Journal()
        run_rollback(self.inputs, GitHubContext(), self.target(), FakeLog(), journal)
        return journal

    def watch_drift(self) -> None:
        """As "mode: drift" does."""
        watch_drift(self.inputs, self.target(), FakeLog(), Journal())


def make_infra(aws: RunningAws, issuer: Issuer, *, with_stack: bool, **parameters: str) -> Infra:
    """Deploy the template as it is, but with the lab's issuer in GitHub's place."""
    text = INFRA.read_text().replace(f"https://{GITHUB}", issuer.url).replace(GITHUB, issuer.host)
    driver = StackDriver(client_for(aws.url, "cloudformation"), f"infra-{uuid.uuid4().hex[:8]}", text)
    name = f"flows-{uuid.uuid4().hex[:8]}"
    given = {
        "Repository": REPOSITORY,
        "EnvironmentName": name,
        "StackName": f"mwaa-{name}" if with_stack else "",
        **parameters,
    }
    assert driver.change(**given) == "CREATE_COMPLETE"
    return Infra(aws=aws, issuer=issuer, outputs=driver.outputs(), environment=name, stack=given["StackName"])
