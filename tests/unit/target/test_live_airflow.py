"""What the adapter of the live Airflow sends, and what it makes of answers that no lab gives."""

from datetime import UTC, datetime

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber

from mwaa_deploy.errors import CredentialsRejected, LiveAirflowUnreachable, SmokeRunFailed
from mwaa_deploy.target.live_airflow import MwaaLiveAirflow


@pytest.fixture
def client():
    return boto3.client(
        "mwaa",
        region_name="eu-west-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(inject_host_prefix=False),
    )


@pytest.fixture
def stub(client):
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()


def expect(stub, path, response, method="GET", **given):
    asked = {"Name": "staging", "Path": path, "Method": method, **given}
    stub.add_response("invoke_rest_api", {"RestApiStatusCode": 200, "RestApiResponse": response}, asked)


def dag(name):
    return {"dag_id": name, "fileloc": "/d/x.py", "is_paused": False, "last_parsed_time": "2026-01-05T12:00:00Z"}


@pytest.mark.parametrize(("version", "only"), [("2.10.3", "only_active"), ("3.0.6", "exclude_stale")])
def test_pages_are_read_to_the_end_also_where_they_are_shorter_than_asked_for(client, stub, version, only):
    query = {only: True, "order_by": "dag_id", "limit": 100}
    expect(stub, "/dags", {"dags": [dag("a"), dag("b")], "total_entries": 3}, QueryParameters={**query, "offset": 0})
    expect(stub, "/dags", {"dags": [dag("c")], "total_entries": 3}, QueryParameters={**query, "offset": 2})

    found = MwaaLiveAirflow(client, "staging", version).dags()

    assert [dag.id for dag in found] == ["a", "b", "c"]
    assert found[0].parsed_at == datetime(2026, 1, 5, 12, tzinfo=UTC)


def test_a_page_that_comes_empty_is_the_last(client, stub):
    query = {"limit": 100, "offset": 0}
    expect(stub, "/importErrors", {"import_errors": [], "total_entries": 7}, QueryParameters=query)
    assert MwaaLiveAirflow(client, "staging", "2.10.3").import_errors() == ()


@pytest.mark.parametrize(("version", "body"), [("2.10.3", {}), ("3.0.6", {"logical_date": None})])
def test_a_run_is_asked_for_in_the_words_of_the_version(client, stub, version, body):
    expect(stub, "/dags/sales/dagRuns", {"dag_run_id": "r"}, "POST", Body=body)
    assert MwaaLiveAirflow(client, "staging", version).trigger("sales") == "r"


def test_the_path_of_a_run_may_have_64_characters_and_no_more(client, stub):
    live = MwaaLiveAirflow(client, "staging", "2.10.3")
    expect(stub, f"/dags/{'x' * 50}/dagRuns", {"dag_run_id": "r"}, "POST", Body={})
    assert live.trigger("x" * 50) == "r"
    with pytest.raises(SmokeRunFailed, match="more than 64 characters"):
        live.trigger("x" * 51)


@pytest.mark.parametrize("code", ["ValidationException", "ResourceNotFoundException"])
def test_an_environment_that_knows_no_invoke_rest_api_is_unreachable(client, stub, code):
    stub.add_client_error("invoke_rest_api", code, "Update your environment to use InvokeRestApi")
    with pytest.raises(LiveAirflowUnreachable, match="Update your environment to use InvokeRestApi"):
        MwaaLiveAirflow(client, "staging", "2.10.3").running_tasks()


def test_credentials_that_are_no_good_are_no_matter_of_airflow(client, stub):
    stub.add_client_error("invoke_rest_api", "ExpiredTokenException", "The security token is expired")
    with pytest.raises(CredentialsRejected):
        MwaaLiveAirflow(client, "staging", "2.10.3").running_tasks()
