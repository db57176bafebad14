"""The lab for end-to-end tests: whole workflows under act against everything the lab has."""

import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from lab.aws.seed import make_bucket, make_oidc_role
from lab.project import GITHUB_REPOSITORY, REGION, ROOT, WORKFLOW, LabProject
from lab.workflow import ActResult
from lab.world import World, running_world

BUCKET = "my-mwaa-bucket"
STACK = "hello-mwaa-staging"
ADDED_DAG = """
from datetime import datetime

from airflow.decorators import dag, task


@dag(schedule=None, start_date=datetime(2024, 1, 1), catchup=False, tags=["added"])
def added_later():
    @task
    def say():
        return "hello"

    say()


added_later()
"""
"""A DAG file for a push to add."""


@dataclass
class Story:
    """A project, its world, and the runs so far by name."""

    project: LabProject
    world: World
    results: dict[str, ActResult]
    snapshots: dict[str, object]

    def run(
        self,
        name: str,
        event: str,
        *,
        base: str = "",
        workflow: str = WORKFLOW,
        inputs: Mapping[str, str] | None = None,
    ) -> ActResult:
        """Run a workflow; remember its result and what the target was like before and after."""
        self.snapshots[f"before {name}"] = self.target()
        self.results[name] = self.project.run(event, base=base, workflow=workflow, inputs=inputs)
        self.snapshots[name] = self.target()
        return self.results[name]

    def target(self) -> object:
        """Everything in the bucket with its versions, the stack and the environment: byte for byte."""
        objects = requests.get(f"{self.world.aws_url}/_lab/s3/snapshot", params={"bucket": BUCKET}, timeout=60).json()[
            "versions"
        ]
        return {"objects": objects, "stack": self._stack(), "environment": self.environment()}

    def _stack(self) -> object:
        cloudformation = self.world.aws_client("cloudformation", REGION)
        try:
            stack = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
        except ClientError:
            return None
        changes = cloudformation.list_change_sets(StackName=STACK)["Summaries"]
        return stack, cloudformation.describe_stack_events(StackName=STACK)["StackEvents"], changes

    def environment(self) -> dict[str, Any]:
        """GetEnvironment's answer for the stack's environment; empty if there is none."""
        mwaa = self.world.aws_client("mwaa", REGION)
        names = mwaa.list_environments()["Environments"]
        return mwaa.get_environment(Name=names[0])["Environment"] if names else {}

    def updates(self) -> int:
        """How many environment updates MWAA has been asked for so far."""
        history = requests.get(f"{self.world.aws_url}/_lab/mwaa/history", timeout=30).json()
        return len(history["updates"])

    def versions(self, key: str) -> int:
        """How many versions of an object the bucket has."""
        answer = self.world.aws_client("s3", REGION).list_object_versions(Bucket=BUCKET, Prefix=key)
        return sum(version["Key"] == key for version in answer.get("Versions", []))

    def live_dags(self) -> set[str]:
        """Ids of the DAGs that the live Airflow lists."""
        answer = self.world.live_dags(self.environment()["Name"], REGION)
        return {dag["dag_id"] for dag in answer["dags"]}

    def wait_for_live_dags(self, wanted: set[str], *, seconds: float = 60) -> set[str]:
        """Wait until the live Airflow lists exactly these DAGs, as MWAA's sync takes a while too."""
        deadline = time.monotonic() + seconds
        while (found := self.live_dags()) != wanted and time.monotonic() < deadline:
            time.sleep(1)
        return found


def make_story(folder: Path, world: World, env: dict[str, str]) -> Story:
    """Seed the target and make the user's repository."""
    make_bucket(world.aws_client("s3", REGION), BUCKET)
    role = make_oidc_role(world.aws_client("iam", REGION), "mwaa-deploy", world.oidc_url, GITHUB_REPOSITORY)
    project = LabProject.create(folder / "repository", world, role=role, env=env)
    return Story(project=project, world=world, results={}, snapshots={})


def left_over(run_ids: Iterable[int]) -> dict[str, list[str]]:
    """What these runs have left in the engine, by kind: empty if all is well."""
    ours = tuple(f"{run_id}-1-" for run_id in run_ids)
    found = {}
    for kind in ("container ls --all", "volume ls", "network ls"):
        argv = [
            "docker",
            *kind.split(),
            "--filter",
            "label=mwaa-deploy.run",
            "--format",
            '{{.Label "mwaa-deploy.run"}}',
        ]
        labels = subprocess.run(argv, capture_output=True, check=True, text=True).stdout.split()
        if left := [label for label in labels if label.startswith(ours)]:
            found[kind] = left
    return found


@pytest.fixture(scope="session")
def base_image() -> dict[str, str]:
    """Variables that make the action build from the base image at hand instead of one from a registry."""
    subprocess.run([ROOT / "scripts" / "base_image.sh"], check=True)
    return {"MWAA_DEPLOY_BASE_IMAGE": "mwaa-deploy/base:bookworm"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A lab with a live Airflow."""
    with running_world(tmp_path_factory.mktemp("lab") / "world") as world:
        yield world


@pytest.fixture
def plain_world(tmp_path: Path) -> Iterator[World]:
    """A lab without a live Airflow, where an environment settles by the clock."""
    with running_world(tmp_path / "world", airflow=False) as world:
        yield world


@pytest.fixture(scope="module")
def module_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A lab without a live Airflow, for the stories of one module."""
    with running_world(tmp_path_factory.mktemp("lab") / "world", airflow=False) as world:
        yield world
