"""The live Airflow of an environment, asked through MWAA's InvokeRestApi: its REST API v1 on 2.x, v2 on 3.x.

MWAA puts /api/v1 or /api/v2 before the path, ends a call after 10 seconds and an answer at 6 MB
(docs.aws.amazon.com/mwaa/latest/userguide/access-mwaa-apache-airflow-rest-api.html). A path has at most 64 characters
(SDK model, RestApiPath), so that no path here holds the id of a run.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from botocore.exceptions import ClientError

from mwaa_deploy.errors import AwsAccessDenied, AwsUnavailable, LiveAirflowUnreachable, SmokeRunFailed
from mwaa_deploy.ports import LiveDag, LiveImportError
from mwaa_deploy.target.aws_errors import aws_errors, code_of, message_of

if TYPE_CHECKING:
    from botocore.client import BaseClient  # only its name is needed, and importing it takes half a second

PAGE = 100
"""Airflow's own limit to a page, unless it is configured otherwise (api.maximum_page_limit)."""
MOST_OF_A_PATH = 64
_TOO_MANY = 429
_FIRST_WITH_V2 = 3


class MwaaLiveAirflow:
    """Fills the LiveAirflow port.

    Args:
        client: a boto3 client of MWAA.
        name: the environment's name.
        airflow_version: as in 2.10.3.
    """

    def __init__(self, client: "BaseClient", name: str, airflow_version: str) -> None:
        self._client = client
        self._name = name
        self._v2 = int(airflow_version.split(".", 1)[0]) >= _FIRST_WITH_V2

    def import_errors(self) -> tuple[LiveImportError, ...]:
        """What cannot be imported, as of each file's last parse.

        Raises:
            LiveAirflowUnreachable: it may not be asked.
            AwsUnavailable: it does not answer.
        """
        found = self._pages("/importErrors", "import_errors", {})
        return tuple(
            LiveImportError(file=str(error.get("filename") or ""), message=str(error.get("stack_trace") or ""))
            for error in found
        )

    def dags(self) -> tuple[LiveDag, ...]:
        """The active DAGs, in the order of their ids.

        Raises:
            LiveAirflowUnreachable: they may not be listed.
            AwsUnavailable: it does not answer.
        """
        query = {"exclude_stale": True} if self._v2 else {"only_active": True}
        return tuple(
            LiveDag(
                id=str(dag["dag_id"]),
                file=str(dag.get("fileloc") or ""),
                paused=bool(dag.get("is_paused")),
                parsed_at=_moment(dag.get("last_parsed_time")),
            )
            for dag in self._pages("/dags", "dags", {**query, "order_by": "dag_id"})
        )

    def running_tasks(self) -> int:
        """How many task instances run at this moment.

        Raises:
            LiveAirflowUnreachable: they may not be listed.
            AwsUnavailable: it does not answer.
        """
        found = self._get("/dags/~/dagRuns/~/taskInstances", {"state": "running", "limit": 1})
        return int(found.get("total_entries", 0))

    def trigger(self, dag: str) -> str:
        """Start a run of a DAG; the run's id.

        Raises:
            SmokeRunFailed: there is no such DAG, its id is too long for MWAA, or Airflow refuses.
            LiveAirflowUnreachable: it may not be asked for.
            AwsUnavailable: it does not answer.
        """
        path = f"/dags/{quote(dag, safe='')}/dagRuns"
        if len(path) > MOST_OF_A_PATH:
            raise SmokeRunFailed(
                f"The DAG {dag} cannot be run through MWAA: {path} has more than {MOST_OF_A_PATH} characters.",
                meaning="InvokeRestApi takes no longer path. Name a DAG whose id has at most 50 characters.",
            )
        body = {"logical_date": None} if self._v2 else {}
        with self._told(path, "User"):
            try:
                answer = self._invoke(path, "POST", Body=body)
            except ClientError as e:
                if code_of(e) == "RestApiClientException" and not _is_refusal(e):
                    raise SmokeRunFailed(
                        f"The live Airflow does not run the DAG {dag}: {_detail(e)}.",
                        meaning="There is no such DAG, or it cannot be run as it is.",
                        mend="with:\n  smoke-dags: the id of a DAG that can run at any time",
                    ) from e
                raise
        return str(answer["dag_run_id"])

    def run_state(self, dag: str, run: str) -> str:
        """The state of a run, such as queued, running, success or failed; '' if there is no such run.

        Raises:
            LiveAirflowUnreachable: runs may not be listed.
            AwsUnavailable: it does not answer.
        """
        path = "/dags/~/dagRuns/list"
        body = {"dag_ids": [dag], "page_limit": PAGE, "order_by": "-id"}
        with self._told(path, "User"):
            found = self._invoke(path, "POST", Body=body)["dag_runs"]
        return next((str(entry["state"]) for entry in found if entry["dag_run_id"] == run), "")

    # ------------------------------------------------------------------------------------------------- the calls

    def _pages(self, path: str, member: str, query: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        offset = 0
        while True:
            answer = self._get(path, {**query, "limit": PAGE, "offset": offset})
            page = answer.get(member) or []
            yield from page
            offset += len(page)
            # A web server may be configured to give less than is asked for.
            if not page or offset >= int(answer.get("total_entries", 0)):
                return

    def _get(self, path: str, query: Mapping[str, Any]) -> Mapping[str, Any]:
        with self._told(path, "Viewer"):
            return self._invoke(path, "GET", QueryParameters=dict(query))

    def _invoke(self, path: str, method: str, **given: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = self._client.invoke_rest_api(Name=self._name, Path=path, Method=method, **given)
        document: Mapping[str, Any] = answer["RestApiResponse"]
        return document

    @contextmanager
    def _told(self, path: str, role: str) -> Iterator[None]:
        """Raise our own errors for what goes wrong inside; `role` is Airflow's own, which may do it."""
        meta = self._client.meta
        arn = f"arn:{meta.partition}:airflow:{meta.region_name}:*:role/{self._name}/{role}"
        try:
            with aws_errors("airflow:InvokeRestApi", arn):
                try:
                    yield
                except ClientError as e:
                    raise self._of_airflow(e, path, arn) or e from e
        except AwsAccessDenied as e:
            raise LiveAirflowUnreachable(e.what, meaning=e.meaning, mend=e.mend) from e

    def _of_airflow(self, error: ClientError, path: str, arn: str) -> Exception | None:
        """Our error for an answer that is about Airflow and not about AWS; None for any other."""
        what = f"The live Airflow of {self._name} does not answer {path}"
        match code_of(error):
            case "RestApiServerException":
                return AwsUnavailable(f"{what}: {_detail(error)}.", meaning="Its web server is down or overloaded.")
            case "RestApiClientException" if _status(error) == _TOO_MANY:
                return AwsUnavailable(f"{what}: {_detail(error)}.", meaning="It is asked too often.")
            case "RestApiClientException" if _is_refusal(error):
                statement = {"Effect": "Allow", "Action": "airflow:InvokeRestApi", "Resource": arn}
                return LiveAirflowUnreachable(
                    f"{what}: {_detail(error)}.",
                    meaning="The credentials may ask MWAA, but the Airflow role that MWAA gives them may not do this.",
                    mend="A statement for the role's policy, with an Airflow role that may:\n"
                    + json.dumps(statement, indent=2),
                )
            case "RestApiClientException":
                return LiveAirflowUnreachable(
                    f"{what}: {_detail(error)}.",
                    meaning="This Airflow's REST API is not the one that its version has.",
                    mend="with:\n  verify: versions",
                )
            case "ResourceNotFoundException" | "ValidationException":
                return LiveAirflowUnreachable(
                    f"MWAA does not pass {path} on to the Airflow of {self._name}: {message_of(error)}",
                    meaning="The environment, or its Airflow, is older than InvokeRestApi; an update of it may help.",
                    mend="with:\n  verify: versions",
                )
        return None


def _status(error: ClientError) -> int:
    return int(error.response.get("RestApiStatusCode") or 0)


def _is_refusal(error: ClientError) -> bool:
    return _status(error) in {401, 403}


def _detail(error: ClientError) -> str:
    """What Airflow said: its title and detail, or the status where it said nothing."""
    said = error.response.get("RestApiResponse")
    words = [str(said[name]) for name in ("title", "detail") if said.get(name)] if isinstance(said, Mapping) else []
    return ": ".join(words) or f"status {_status(error)}"


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)) if text else None
    except ValueError:
        return None
