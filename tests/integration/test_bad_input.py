"""Bad input on the real program and the lab: one clear error with the mend, its own exit code, and nothing changed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from lab.aws.seed import make_bucket, make_oidc_role
from lab.project import GIT, GITHUB_REPOSITORY, REGION, ROOT
from lab.world import running_world

pytestmark = [pytest.mark.lab, pytest.mark.airflow]

BUCKET = "my-mwaa-bucket"
DAG = """
from datetime import datetime

from airflow.decorators import dag


@dag(schedule=None, start_date=datetime(2024, 1, 1), catchup=False)
def small(): ...


small()
"""
TEMPLATE = """
Parameters:
  Bucket: {Type: String}
Resources:
  Environment:
    Type: AWS::MWAA::Environment
    Properties:
      Name: small
      DagS3Path: dags
      SourceBucketArn: !Sub "arn:aws:s3:::${Bucket}"
"""
PARAMETERS = '{"Bucket": "my-mwaa-bucket"}'


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with running_world(tmp_path_factory.mktemp("lab") / "world", airflow=False) as world:
        make_bucket(world.aws_client("s3", REGION), BUCKET)
        yield world


@pytest.fixture(scope="module")
def role(world):
    return make_oidc_role(world.aws_client("iam", REGION), "mwaa-deploy", world.oidc_url, GITHUB_REPOSITORY)


class Program:
    """The program as a step of a job runs it, on this host and in a virtual environment."""

    def __init__(self, folder, world, role):
        self.workspace = folder / "workspace"
        self.summary = folder / "summary.md"
        self.summary.touch()
        self.output = folder / "output"
        self.output.touch()
        self.world = world
        self.files = {"dags/small.py": DAG, "infra/template.yaml": TEMPLATE, "infra/parameters.json": PARAMETERS}
        self.env = {
            **{
                name: os.environ[name]
                for name in ("PATH", "HOME", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
                if name in os.environ
            },
            **world.register_job(repository=GITHUB_REPOSITORY, event_name="push", ref="refs/heads/main"),
            "PYTHONPATH": str(ROOT / "src"),
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": "push",
            "GITHUB_REF_NAME": "main",
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_OUTPUT": str(self.output),
            "AWS_ENDPOINT_URL": world.aws_url,
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            "INPUT_AIRFLOW_VERSION": "2.10.3",
            "INPUT_RUNNER": "venv",
            "INPUT_TEMPLATE": "infra/template.yaml",
            "INPUT_PARAMETERS": "infra/parameters.json",
            "INPUT_STACK_NAME": "small",
            "INPUT_BUCKET": BUCKET,
            "INPUT_AWS_REGION": REGION,
            "INPUT_ROLE_TO_ASSUME": role,
        }

    def run(self):
        self.workspace.mkdir()
        for name, text in self.files.items():
            if text is not None:
                (self.workspace / name).parent.mkdir(parents=True, exist_ok=True)
                (self.workspace / name).write_text(text, encoding="utf-8")
        for argv in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--allow-empty", "--message", "one"]):
            subprocess.run([*GIT, *argv], cwd=self.workspace, check=True)
        argv = [sys.executable, "-m", "mwaa_deploy", "run"]
        env = {name: value for name, value in self.env.items() if value is not None}
        return subprocess.run(argv, env=env, cwd=self.workspace, capture_output=True, text=True, check=False)


@pytest.fixture
def program(tmp_path, world, role):
    return Program(tmp_path, world, role)


def target(world):
    snapshot = requests.get(f"{world.aws_url}/_lab/s3/snapshot", params={"bucket": BUCKET}, timeout=30).json()
    stacks = world.aws_client("cloudformation", REGION).list_stacks()["StackSummaries"]
    return snapshot, stacks


BEFORE_ANY_WORK = {
    "no inputs": (10, {}, {"INPUT_STACK_NAME": "", "INPUT_BUCKET": "", "INPUT_AIRFLOW_VERSION": ""}, "airflow-version"),
    "contradiction": (10, {}, {"INPUT_DOCKER_ENGINE": "dind"}, "docker-engine"),
    "no DAG folder": (11, {"dags/small.py": None}, {}, "dags-dir:"),
    "empty DAG folder": (12, {"dags/small.py": None, "dags/readme.md": "x"}, {}, "dags-dir:"),
    "template does not parse": (13, {"infra/template.yaml": "Resources: [}"}, {}, "template.yaml, line 1"),
    "parameters do not parse": (14, {"infra/parameters.json": "{"}, {}, "parameters.json"),
    "unknown parameter": (15, {"infra/parameters.json": '{"Bucket": "b", "Bukcet": "b"}'}, {}, "Bukcet"),
    "requirements without a version": (16, {"requirements.txt": "six\n"}, {}, "RequirementsS3ObjectVersion"),
    "missing template": (17, {"infra/template.yaml": None}, {}, "template: infra/template.yaml"),
    "base that does not exist": (31, {}, {"INPUT_BASE": "no-such-branch"}, "'no-such-branch', which is neither"),
    "base like an option": (10, {}, {"INPUT_BASE": "--upload-pack=true"}, "base: '--upload-pack=true' is not"),
    "unknown Airflow version": (24, {}, {"INPUT_AIRFLOW_VERSION": "9.9.9"}, "9.9.9"),
}
BEFORE_ANY_CHANGE = {
    "no id-token permission": (40, {"ACTIONS_ID_TOKEN_REQUEST_URL": None}, "id-token: write"),
    "role that may not be assumed": (41, {"INPUT_ROLE_TO_ASSUME": "arn:aws:iam::123456789012:role/other"}, "sub"),
    "no credentials": (42, {"INPUT_ROLE_TO_ASSUME": ""}, "role-to-assume"),
    "no such bucket": (50, {"INPUT_BUCKET": "no-such-bucket-anywhere"}, "no-such-bucket-anywhere"),
    "unversioned bucket": (51, {"INPUT_BUCKET": "unversioned-bucket"}, "put-bucket-versioning"),
}


def assert_one_clear_error(done, code, said):
    errors = [line for line in done.stdout.splitlines() if line.startswith("::error")]
    assert done.returncode == code, done.stdout
    assert len(errors) == 1, done.stdout
    assert said in errors[0]
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("name", BEFORE_ANY_WORK)
def test_bad_input_ends_before_any_work(program, world, name):
    code, files, env, said = BEFORE_ANY_WORK[name]
    program.files.update(files)
    program.env.update(env)
    before = target(world)
    done = program.run()
    assert_one_clear_error(done, code, said)
    assert "Check: " not in done.stdout
    assert target(world) == before
    assert program.summary.read_text(encoding="utf-8").startswith("## ❌")
    assert "result<<" in program.output.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", BEFORE_ANY_CHANGE)
def test_a_target_that_cannot_be_used_is_refused_before_any_change(program, world, name):
    code, env, said = BEFORE_ANY_CHANGE[name]
    program.env.update(env)
    if name == "unversioned bucket":
        location = {"LocationConstraint": REGION}
        world.aws_client("s3", REGION).create_bucket(Bucket="unversioned-bucket", CreateBucketConfiguration=location)
    before = target(world)
    done = program.run()
    assert_one_clear_error(done, code, said)
    assert target(world) == before


def test_no_token_or_key_is_shown_unmasked(program, world):
    program.env["INPUT_MODE"] = "plan"
    bearer = program.env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
    done = program.run()
    assert done.returncode == 0, done.stdout
    masks = [line for line in done.stdout.splitlines() if line.startswith("::add-mask::")]
    assert masks
    shown = [line for line in done.stdout.splitlines() if not line.startswith("::add-mask::")]
    for secret in [bearer, *(mask.removeprefix("::add-mask::") for mask in masks)]:
        assert all(secret not in line for line in shown)
        assert secret not in Path(program.summary).read_text(encoding="utf-8")
