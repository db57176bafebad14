"""What the adapter of the live Airflow sends, and what it makes of answers that no lab gives."""

import json
from datetime import UTC, datetime

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber

from mwaa_deploy.errors import AwsUnavailable, CredentialsRejected, LiveAirflowUnreachable, SmokeRunFailed
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


def refuse(stub, status, code="RestApiClientException", **said):
    said = {"RestApiStatusCode": status, "RestApiResponse": said}
    stub.add_client_error("invoke_rest_api", code, "", http_status_code=400, modeled_fields=said)


@pytest.mark.parametrize("status", [401, 403])
def test_an_airflow_role_that_may_not_is_told_with_the_statement_that_mends_it(client, stub, status):
    refuse(stub, status, title="Forbidden", detail="You may not.")
    with pytest.raises(LiveAirflowUnreachable) as caught:
        MwaaLiveAirflow(client, "staging", "2.10.3").dags()
    assert "does not answer /dags: Forbidden: You may not." in caught.value.what
    assert json.loads(caught.value.mend.partition("\n")[2]) == {
        "Effect": "Allow",
        "Action": "airflow:InvokeRestApi",
        "Resource": "arn:aws:airflow:eu-west-1:*:role/staging/Viewer",
    }


def test_a_right_that_iam_denies_is_told_with_the_statement_that_mends_it(client, stub):
    message = (
        "User: arn:aws:sts::123456789012:assumed-role/x/y is not authorized to perform: airflow:InvokeRestApi on "
        "resource: arn:aws:airflow:eu-west-1:123456789012:role/staging/Admin"
    )
    stub.add_client_error("invoke_rest_api", "AccessDeniedException", message, http_status_code=403)
    with pytest.raises(LiveAirflowUnreachable) as caught:
        MwaaLiveAirflow(client, "staging", "2.10.3").dags()
    assert '"Resource": "arn:aws:airflow:eu-west-1:123456789012:role/staging/Admin"' in caught.value.mend


@pytest.mark.parametrize(
    ("status", "code"),
    [(429, "RestApiClientException"), (503, "RestApiServerException"), (500, "RestApiServerException")],
)
def test_what_may_be_better_later_is_unavailable(client, stub, status, code):
    refuse(stub, status, code)
    with pytest.raises(AwsUnavailable, match=f"status {status}"):
        MwaaLiveAirflow(client, "staging", "2.10.3").dags()


def test_a_path_that_airflow_does_not_know_is_unreachable(client, stub):
    refuse(stub, 404, title="Not Found")
    with pytest.raises(LiveAirflowUnreachable, match="Not Found"):
        MwaaLiveAirflow(client, "staging", "2.10.3").import_errors()


def test_a_dag_that_cannot_be_run_fails_the_smoke_run_and_not_the_connection(client, stub):
    refuse(stub, 404, title="DAG with dag_id: 'sales' not found")
    with pytest.raises(SmokeRunFailed, match="does not run the DAG sales: DAG with dag_id: 'sales' not found"):
        MwaaLiveAirflow(client, "staging", "2.10.3").trigger("sales")


def test_a_dag_that_may_not_be_run_is_a_matter_of_rights(client, stub):
    refuse(stub, 403)
    with pytest.raises(LiveAirflowUnreachable) as caught:
        MwaaLiveAirflow(client, "staging", "2.10.3").trigger("sales")
    assert "role/staging/User" in caught.value.mend


def test_the_state_of_a_run_is_looked_up_by_its_id(client, stub):
    runs = [{"dag_run_id": "other", "state": "failed"}, {"dag_run_id": "mine", "state": "running"}]
    body = {"dag_ids": ["sales"], "page_limit": 100, "order_by": "-id"}
    expect(stub, "/dags/~/dagRuns/list", {"dag_runs": runs, "total_entries": 2}, "POST", Body=body)
    assert MwaaLiveAirflow(client, "staging", "3.0.6").run_state("sales", "mine") == "running"


def test_running_tasks_are_the_total_of_a_page_of_one(client, stub):
    query = {"state": "running", "limit": 1}
    expect(stub, "/dags/~/dagRuns/~/taskInstances", {"task_instances": [{}], "total_entries": 7}, QueryParameters=query)
    assert MwaaLiveAirflow(client, "staging", "2.10.3").running_tasks() == 7
