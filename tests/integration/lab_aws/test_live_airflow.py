"""Environments that are as ready as the Airflow behind them."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lab.aws.process import RunningAws, start_aws
from lab.aws.seed import make_bucket
from tests.integration.lab_aws.conftest import SECONDS_PER_STATUS, client_for, put_requirements, wait_until
from tests.integration.lab_aws.issuer import Issuer
from tests.integration.lab_aws.live import LiveService

Create = Callable[..., str]


@pytest.fixture(scope="module")
def live() -> Iterator[LiveService]:
    with LiveService() as live:
        yield live


@pytest.fixture(scope="module")
def live_aws(issuer: Issuer, live: LiveService) -> Iterator[RunningAws]:
    options: dict[str, Any] = {"live_airflow": live.url, "seconds_per_status": SECONDS_PER_STATUS}
    with start_aws(oidc_issuer=issuer.url, **options) as running:
        yield running


@pytest.fixture
def s3(live_aws: RunningAws) -> Any:
    return client_for(live_aws.url, "s3")


@pytest.fixture
def mwaa(live_aws: RunningAws) -> Any:
    return client_for(live_aws.url, "mwaa")


@pytest.fixture
def get(mwaa: Any, name: str) -> Callable[[], dict[str, Any]]:
    return lambda: mwaa.get_environment(Name=name)["Environment"]


def settle(get: Callable[[], dict[str, Any]], status: str = "AVAILABLE") -> dict[str, Any]:
    wait_until(lambda: get()["Status"], status)
    return get()


@pytest.fixture(autouse=True)
def _everything_starts(live: LiveService) -> Iterator[None]:
    yield
    live.starting.clear()
    live.lagging.clear()
    live.failing.clear()


def test_an_airflow_of_exactly_these_fields_is_asked_for(
    *, create: Create, get: Any, live: LiveService, live_aws: RunningAws, s3: Any, bucket: str, name: str
) -> None:
    requirements = put_requirements(s3, bucket, "pendulum\n")
    plugins = s3.put_object(Bucket=bucket, Key="plugins.zip", Body=b"")["VersionId"]

    create(
        AirflowVersion="2.10.3",
        AirflowConfigurationOptions={"core.parallelism": "8"},
        PluginsS3Path="plugins.zip",
        PluginsS3ObjectVersion=plugins,
        RequirementsS3Path="requirements.txt",
    )
    settle(get)

    assert live.of(name) == [
        {
            "airflow_version": "2.10.3",
            "bucket": bucket,
            "dags_prefix": "dags",
            "plugins": {"key": "plugins.zip", "version": plugins},
            "requirements": {"key": "requirements.txt", "version": requirements},
            "startup_script": None,
            "configuration": {"core.parallelism": "8"},
            "aws_endpoint": live_aws.url,
        }
    ]


def test_an_environment_is_being_updated_until_its_airflow_is_ready(
    create: Create, get: Any, mwaa: Any, live: LiveService, name: str
) -> None:
    create()
    settle(get)
    live.starting.set()
    mwaa.update_environment(Name=name, MaxWorkers=3)
    wait_until(lambda: len(live.of(name)), 2)

    assert get()["Status"] == "UPDATING"
    live.starting.clear()
    assert settle(get)["MaxWorkers"] == 3


def test_the_airflow_of_the_update_before_does_not_count(
    create: Create, get: Any, mwaa: Any, live: LiveService, name: str
) -> None:
    create()
    settle(get)
    live.lagging.set()
    mwaa.update_environment(Name=name, MaxWorkers=3)
    wait_until(lambda: len(live.of(name)), 2)
    time.sleep(10 * SECONDS_PER_STATUS)

    assert get()["Status"] == "UPDATING"
    live.lagging.clear()
    settle(get)


def test_an_airflow_that_fails_fails_the_update_and_the_old_one_comes_back(
    create: Create, get: Any, mwaa: Any, live: LiveService, name: str
) -> None:
    create(AirflowConfigurationOptions={"core.parallelism": "8"})
    settle(get)
    live.failing[name] = "No matching distribution found for no-such-package"
    live.starting.set()
    mwaa.update_environment(Name=name, AirflowConfigurationOptions={"core.parallelism": "9"})
    wait_until(lambda: len(live.of(name)), 2)
    live.starting.clear()
    wait_until(lambda: get()["Status"], "ROLLING_BACK")
    live.failing.clear()

    environment = settle(get, "UPDATE_FAILED")

    assert environment["LastUpdate"]["Error"]["ErrorMessage"] == "No matching distribution found for no-such-package"
    assert [asked["configuration"] for asked in live.of(name)] == [
        {"core.parallelism": "8"},
        {"core.parallelism": "9"},
        {"core.parallelism": "8"},
    ]


def test_an_environment_whose_old_airflow_does_not_come_back_is_unavailable(
    create: Create, get: Any, mwaa: Any, live: LiveService, name: str
) -> None:
    create()
    settle(get)
    live.failing[name] = "out of memory"

    mwaa.update_environment(Name=name, MaxWorkers=3)

    assert settle(get, "UNAVAILABLE")["LastUpdate"]["Error"]["ErrorMessage"] == "out of memory"


def test_a_failure_that_never_reached_airflow_leaves_it_alone(
    *, create: Create, get: Any, mwaa: Any, live: LiveService, live_aws: RunningAws, name: str
) -> None:
    create()
    settle(get)
    live_aws.post("mwaa/fail", name=name, times=1)

    mwaa.update_environment(Name=name, MaxWorkers=3)
    settle(get, "UPDATE_FAILED")

    assert len(live.of(name)) == 1
    assert live_aws.get("mwaa/webserver", name=name).items() >= {"url": live.url, "username": "admin"}.items()


def test_deleting_the_environment_stops_its_airflow(
    create: Create, get: Any, mwaa: Any, live: LiveService, name: str
) -> None:
    create()
    settle(get)

    mwaa.delete_environment(Name=name)

    wait_until(lambda: name in live.deleted, wanted=True)


@pytest.mark.parametrize(("version", "base"), [("2.10.3", "/api/v1"), ("3.0.6", "/api/v2")])
def test_the_rest_api_is_called_as_the_administrator(
    *, create: Create, get: Any, mwaa: Any, live: LiveService, name: str, version: str, base: str
) -> None:
    create(AirflowVersion=version)
    settle(get)
    live.calls.clear()

    listed = mwaa.invoke_rest_api(Name=name, Path="/dags", Method="GET", QueryParameters={"limit": 5})
    mwaa.invoke_rest_api(Name=name, Path="/dags/a", Method="PATCH", Body={"is_paused": False})

    assert (listed["RestApiStatusCode"], listed["RestApiResponse"]) == (200, {"path": f"{base}/dags"})
    assert live.calls == [
        ("GET", f"{base}/dags", {"limit": ["5"]}, None),
        ("PATCH", f"{base}/dags/a", {}, {"is_paused": False}),
    ]


def test_errors_of_the_rest_api_come_as_the_apis_own(create: Create, get: Any, mwaa: Any, name: str) -> None:
    create(AirflowVersion="2.10.3")
    settle(get)

    with pytest.raises(mwaa.exceptions.RestApiClientException) as missing:
        mwaa.invoke_rest_api(Name=name, Path="/missing", Method="GET")
    with pytest.raises(mwaa.exceptions.RestApiServerException) as broken:
        mwaa.invoke_rest_api(Name=name, Path="/broken", Method="GET")

    told = [caught.value.response for caught in (missing, broken)]
    assert [(r["RestApiStatusCode"], r["RestApiResponse"]) for r in told] == [
        (404, {"title": "Not found"}),
        (500, {"title": "Oh"}),
    ]


def test_a_service_that_cannot_be_reached_fails_the_creation(issuer: Issuer, name: str) -> None:
    with start_aws(oidc_issuer=issuer.url, live_airflow="http://127.0.0.1:9", seconds_per_status=0) as running:
        make_bucket(client_for(running.url, "s3"), "source")
        mwaa = client_for(running.url, "mwaa")
        mwaa.create_environment(
            Name=name,
            SourceBucketArn="arn:aws:s3:::source",
            DagS3Path="dags",
            ExecutionRoleArn="arn:aws:iam::123456789012:role/execution",
            NetworkConfiguration={"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]},
        )

        environment = settle(lambda: mwaa.get_environment(Name=name)["Environment"], "CREATE_FAILED")

    assert "http://127.0.0.1:9 failed" in environment["LastUpdate"]["Error"]["ErrorMessage"]


def test_what_containers_say_while_they_install_is_published_to_the_log_groups_that_are_on(
    *, create: Create, get: Any, live: LiveService, live_aws: RunningAws, name: str
) -> None:
    said = {"kind": "requirements_install", "component": "hybrid", "lines": ["Collecting x", "ERROR: no x"]}
    live.installation[name] = [said, {"kind": "startup_script_execution", "component": "webserver", "lines": ["hi"]}]
    create(
        LoggingConfiguration={
            "WorkerLogs": {"Enabled": True, "LogLevel": "ERROR"},
            "SchedulerLogs": {"Enabled": False, "LogLevel": "INFO"},
            "WebserverLogs": {"Enabled": True, "LogLevel": "ERROR"},
        }
    )
    settle(get)

    logs = client_for(live_aws.url, "logs")
    groups = {
        group["logGroupName"] for group in logs.describe_log_groups()["logGroups"] if name in group["logGroupName"]
    }
    assert groups == {f"airflow-{name}-Worker", f"airflow-{name}-Webserver"}
    events = logs.filter_log_events(logGroupName=f"airflow-{name}-Worker")["events"]
    assert [event["message"] for event in events] == ["[INFO] - Collecting x", "[INFO] - ERROR: no x"]
    assert events[0]["logStreamName"].startswith("requirements_install_ip-")
    (event,) = logs.filter_log_events(logGroupName=f"airflow-{name}-Webserver")["events"]
    assert event["logStreamName"].startswith("startup_script_execution_ip-")


def test_the_rest_api_fails_as_the_lab_is_told_and_for_that_environment_only(
    create: Create, get: Any, mwaa: Any, live_aws: RunningAws, name: str
) -> None:
    create()
    settle(get)
    live_aws.post("mwaa/rest", name=name, status=403)
    live_aws.post("mwaa/rest", name="another", status=500)

    with pytest.raises(mwaa.exceptions.RestApiClientException) as refused:
        mwaa.invoke_rest_api(Name=name, Path="/dags", Method="GET")
    live_aws.post("mwaa/rest", name=name)

    assert refused.value.response["RestApiStatusCode"] == 403
    assert mwaa.invoke_rest_api(Name=name, Path="/dags", Method="GET")["RestApiStatusCode"] == 200
