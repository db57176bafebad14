"""`python -m confirm` against the lab: what the lab can show is confirmed, and what does not hold is said to."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import requests
from boto3.session import Session

from confirm.__main__ import main
from confirm.catalogue import CONFIRMATIONS
from confirm.scratch import PREFIX
from lab.aws.process import start_aws
from lab.github.api import GitHub
from lab.github.records import Records
from lab.oidc import Issuer
from lab.web import serving
from mwaa_deploy.target.credentials import AwsClients
from tests.fixtures.lab_target import NETWORK, QuickClock
from tests.integration.lab_aws.conftest import REGION, SECONDS_PER_STATUS, wait_until
from tests.integration.lab_aws.infra import REPOSITORY, Infra, make_infra
from tests.integration.lab_aws.issuer import Issuer as TrustedIssuer
from tests.integration.lab_aws.live import LiveService
from tests.integration.lab_aws.stacks import StackDriver

Run = Callable[..., int]

POLICY = Path(__file__).parents[3] / "infra/confirm.yaml"
HEAD, BEFORE = "a" * 40, "b" * 40
NOT_IN_THE_LAB = {
    "cfn-revert-drift": "DOES NOT HOLD",  # it leaves DeploymentMode unheeded
    "cfn-validation-events": "not tried",  # it makes change sets of templates that cannot work
}


class Airflow(LiveService):
    """Answers as an Airflow 2.10.3 without DAGs."""

    def answer(self, method: str, target: str, authorization: str, body: Any) -> tuple[int, Any]:
        path = unquote(target.partition("?")[0]).removeprefix("/api/v1")
        answers: dict[str, Any] = {
            "/version": {"version": "2.10.3", "git_version": None},
            "/dags": {"dags": [], "total_entries": 0},
            "/importErrors": {"import_errors": [], "total_entries": 0},
            "/dags/~/dagRuns/~/taskInstances": {"task_instances": [], "total_entries": 0},
        }
        if path in answers:
            return 200, answers[path]
        if path.startswith("/dags/"):
            name = path.removeprefix("/dags/")
            return 404, {"title": "DAG not found", "detail": f"The DAG with dag_id: {name} was not found"}
        return super().answer(method, target, authorization, body)


class Altered:
    """Clients of the lab, one of whose calls does something else."""

    region = REGION

    def __init__(self, real: AwsClients, service: str, **calls: Callable[..., Any]) -> None:
        self._real, self._service, self._calls = real, service, calls

    def client(self, service: str) -> Any:
        real = self._real.client(service)
        if service != self._service:
            return real
        calls = {name: partial(call, real) for name, call in self._calls.items()}
        return type("Client", (), {"__getattr__": lambda _, name: calls.get(name) or getattr(real, name)})()


@pytest.fixture(scope="module")
def infra(issuer: TrustedIssuer) -> Iterator[Infra]:
    """What users are told to set up, and an environment with an Airflow behind it."""
    options: dict[str, Any] = {"oidc_issuer": issuer.url, "seconds_per_status": SECONDS_PER_STATUS}
    with (
        Airflow() as airflow,
        pytest.MonkeyPatch.context() as patch,
        start_aws(live_airflow=airflow.url, **options) as aws,
    ):
        patch.setenv("AWS_ENDPOINT_URL", aws.url)
        patch.setenv("AWS_DISABLE_HOST_PREFIX_INJECTION", "true")
        infra = make_infra(aws, issuer, with_stack=True)
        # It refuses everything that the lab is asked over HTTP.
        infra.root("s3").delete_bucket_policy(Bucket=infra.bucket)
        policy = StackDriver(infra.root("cloudformation"), "policy-of-confirm", POLICY.read_text())
        given = {"DeployRoleName": infra.role, "BucketName": infra.bucket, "EnvironmentName": infra.environment}
        assert policy.change(**given) == "CREATE_COMPLETE"
        airflow.installation[infra.environment] = [
            {"kind": "requirements_install", "component": "hybrid", "lines": ["Successfully installed xmltodict"]}
        ]
        _make_environment(infra)
        yield infra


def _make_environment(infra: Infra) -> None:
    infra.root("s3").put_object(Bucket=infra.bucket, Key="requirements.txt", Body=b"xmltodict\n")
    mwaa = infra.root("mwaa")
    mwaa.create_environment(
        Name=infra.environment,
        AirflowVersion="2.10.3",
        SourceBucketArn=f"arn:aws:s3:::{infra.bucket}",
        DagS3Path="dags",
        RequirementsS3Path="requirements.txt",
        ExecutionRoleArn="arn:aws:iam::123456789012:role/execution",
        LoggingConfiguration={"SchedulerLogs": {"Enabled": True, "LogLevel": "WARNING"}},
        NetworkConfiguration=NETWORK,
    )
    wait_until(lambda: mwaa.get_environment(Name=infra.environment)["Environment"]["Status"], "AVAILABLE")


@pytest.fixture(scope="module")
def clients(infra: Infra) -> AwsClients:
    """With a session of the deploying role, and the policy for confirmations added to it."""
    return AwsClients(Session(**infra.credentials()), REGION)


@pytest.fixture(scope="module")
def run(infra: Infra, clients: AwsClients) -> Run:
    """Run it, with waits that are short; the exit status."""

    def run(*arguments: str, clients: Any = clients, env: Mapping[str, str] | None = None) -> int:
        argv = ["--bucket", infra.bucket, "--region", REGION, "--interval", "0.02", *arguments]
        return main(argv, env or {}, clients=clients, clock=QuickClock())

    return run


@pytest.fixture
def job() -> Iterator[dict[str, str]]:
    """The variables of a job, with GitHub's API and issuer behind them."""
    with serving(GitHub(Records())) as api, serving(Issuer()) as issuer:
        permissions = {"token": "ghs_good", "permissions": {"contents": "read"}}
        requests.put(f"{api}/_lab/tokens", json=permissions, timeout=10).raise_for_status()
        for commit, parents in ((BEFORE, []), (HEAD, [BEFORE])):
            address = f"{api}/_lab/repos/{REPOSITORY}/commits/{commit}"
            requests.put(address, json={"parents": parents}, timeout=10).raise_for_status()
        claims = {"repository": REPOSITORY, "ref": "refs/heads/main"}
        token = requests.post(f"{issuer}/_lab/jobs", json=claims, timeout=10).json()
        yield {
            **token,
            "GITHUB_TOKEN": "ghs_good",
            "GITHUB_API_URL": api,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_SHA": HEAD,
        }


def assert_nothing_left(infra: Infra) -> None:
    stacks = infra.root("cloudformation").describe_stacks()["Stacks"]
    assert [stack["StackName"] for stack in stacks if stack["StackName"].startswith(PREFIX)] == []
    listed = infra.root("s3").list_object_versions(Bucket=infra.bucket, Prefix=PREFIX)
    assert (listed.get("Versions", []), listed.get("DeleteMarkers", [])) == ([], [])
    assert infra.root("ssm").describe_parameters()["Parameters"] == []


def test_all_that_the_lab_can_show_is_confirmed_and_nothing_is_left(
    infra: Infra, run: Run, job: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = tmp_path / "summary.md"

    status = run("--environment", infra.environment, "--json", env={**job, "GITHUB_STEP_SUMMARY": str(summary)})

    told = json.loads(capsys.readouterr().out)
    found = {entry["id"]: (entry["verdict"], entry["told"]) for entry in told["confirmations"]}
    expected = {confirmation.id: NOT_IN_THE_LAB.get(confirmation.id, "confirmed") for confirmation in CONFIRMATIONS}
    assert {name: verdict for name, (verdict, _) in found.items()} == expected, found["mwaa-log-streams"]
    assert status == 1
    rows = re.findall(
        r"^\| . (confirmed|DOES NOT HOLD|not tried) \| <code>([\w-]+)</code> \|", summary.read_text(), re.MULTILINE
    )
    assert {name: verdict for verdict, name in rows} == expected
    assert told["left_behind"] == []
    assert_nothing_left(infra)


def test_two_writes_that_win_do_not_hold(clients: AwsClients, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    def put_whatever_is_there(real: Any, **given: Any) -> Any:
        return real.put_object(**{name: value for name, value in given.items() if name != "IfNoneMatch"})

    status = run("--only", "s3-conditional-writes", clients=Altered(clients, "s3", put_object=put_whatever_is_there))

    said = capsys.readouterr().out
    assert status == 1
    assert "DOES NOT HOLD  s3-conditional-writes" in said
    assert "8 of 8 writes at once with If-None-Match won" in said


def test_what_the_credentials_may_not_do_is_not_tried(
    clients: AwsClients, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    def deny(real: Any, **_: Any) -> Any:
        answer = {"Error": {"Code": "AccessDenied", "Message": "not authorized to perform: cloudformation:UpdateStack"}}
        raise real.exceptions.ClientError(answer, "UpdateStack")

    status = run("--only", "cfn-no-changes", clients=Altered(clients, "cloudformation", update_stack=deny))

    assert status == 0
    assert re.search(r"not tried +cfn-no-changes .*cloudformation:UpdateStack", capsys.readouterr().out)


def test_a_run_that_is_stopped_leaves_nothing(infra: Infra, clients: AwsClients, run: Run) -> None:
    def stop(_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(
            "--only",
            "s3-etags",
            "--only",
            "cfn-no-changes",
            clients=Altered(clients, "cloudformation", update_stack=stop),
        )

    assert_nothing_left(infra)


def test_what_would_not_go_is_told(
    infra: Infra, clients: AwsClients, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    def keep(real: Any, **given: Any) -> Any:
        return {**real.delete_objects(**given), "Errors": [{"Key": "kept", "Message": "Access Denied"}]}

    status = run("--only", "s3-etags", clients=Altered(clients, "s3", delete_objects=keep))

    assert status == 1
    assert f"left behind: s3://{infra.bucket}/kept: Access Denied" in capsys.readouterr().out


def test_the_environment_is_found_by_its_stack(
    infra: Infra, clients: AwsClients, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    resource = {"ResourceType": "AWS::MWAA::Environment", "PhysicalResourceId": infra.environment}

    class Resources:
        def paginate(self, **_: str) -> list[dict[str, Any]]:
            return [{"StackResourceSummaries": [resource]}]

    altered = Altered(
        clients,
        "cloudformation",
        describe_stacks=lambda *_, **__: {"Stacks": [{"StackId": "arn", "StackStatus": "CREATE_COMPLETE"}]},
        get_paginator=lambda *_: Resources(),
    )

    status = run("--stack-name", "mwaa", "--only", "mwaa-get-environment", clients=altered)

    assert status == 0
    assert re.search(r"confirmed +mwaa-get-environment .*AVAILABLE, Airflow 2.10.3", capsys.readouterr().out)


def test_an_id_that_is_not_known_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--bucket", "b", "--region", REGION, "--only", "s3-etag"], {})

    assert "there is no s3-etag" in capsys.readouterr().err
