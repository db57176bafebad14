"""What is taken on trust of MWAA, asked of an environment that is only looked at."""

import re
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from botocore.exceptions import ClientError

from confirm.account import Account
from confirm.finding import Confirmation, DoesNotHold, NotTried, require
from mwaa_deploy.parts import Part
from mwaa_deploy.ports import EnvironmentState
from mwaa_deploy.target.aws_errors import DENIED, code_of, message_of
from mwaa_deploy.target.environment_status import ENVIRONMENT_STATUSES
from mwaa_deploy.target.install_logs import CloudWatchLogs
from mwaa_deploy.target.live_airflow import MOST_OF_A_PATH, MwaaLiveAirflow

_UPDATE_STATUSES = {None, "SUCCESS", "PENDING", "FAILED"}
_LOG_GROUP = re.compile(r"arn:[\w-]+:logs:[\w-]+:\d{12}:log-group:[^:]+(:\*)?")
_STREAMS = {Part.REQUIREMENTS: "requirements_install", Part.STARTUP_SCRIPT: "startup_script"}
_LONG_AGO = timedelta(days=90)


def fields(account: Account) -> str:
    """GetEnvironment has the fields that we read, in the form that we read them in."""
    state = _environment(account)
    require(state.status in ENVIRONMENT_STATUSES, f"the status {state.status} is in no table")
    require(re.fullmatch(r"\d+\.\d+\.\d+", state.airflow_version or "") is not None, f"version {state.airflow_version}")
    require(bool(state.paths.get(Part.DAGS)), f"paths are {state.paths}")
    require(state.bucket == account.bucket_name, f"the bucket is {state.bucket!r}, and {account.bucket_name} was given")
    require(state.versions.keys() <= state.paths.keys(), f"versions {state.versions}, paths {state.paths}")
    require(state.last_update_status in _UPDATE_STATUSES, f"LastUpdate.Status is {state.last_update_status}")
    at = state.last_update_at
    require(at is None or at.tzinfo is not None, f"LastUpdate.CreatedAt is {at}")
    odd = [arn for arn in state.log_groups.values() if not _LOG_GROUP.fullmatch(arn)]
    require(not odd, f"log groups are {odd}")
    return f"{state.status}, Airflow {state.airflow_version}, {len(state.versions)} object version(s)"


def rest_api(account: Account) -> str:
    """A path leads to the REST API of Airflow's version; what is not there is answered with Airflow's own 404."""
    state = _environment(account)
    version = str(state.airflow_version)
    found = str(_invoke(account, "/version").get("version"))
    require(found.startswith(version), f"GET /version tells {found}, and GetEnvironment {version}")
    live = MwaaLiveAirflow(account.mwaa, state.name, version)
    dags, broken, running = live.dags(), live.import_errors(), live.running_tasks()
    code, status, _ = _refusal(account, f"/dags/none-{secrets.token_hex(6)}")
    require(code == "RestApiClientException", f"a DAG that is not there is answered with {code}")
    require(status == 404, f"a DAG that is not there is answered with status {status}")  # noqa: PLR2004
    told = f"{len(dags)} DAG(s), {len(broken)} import error(s), {running} running task(s)"
    return f"Airflow {found}: {told}; {code} with status {status} for a DAG that is not there"


def path_encoding(account: Account) -> str:
    """A path that is encoded as in a URL reaches Airflow decoded."""
    name = f"none-é-{secrets.token_hex(6)}"
    *_, document = _refusal(account, f"/dags/{quote(name, safe='')}")
    said = str(document.get("detail", ""))
    if "none-" not in said:
        raise NotTried(f"Airflow does not say which DAG is not there: {said}")
    require(name in said, f"asked for the DAG {name}, Airflow says: {said}")
    return f"Airflow says: {said}"


def path_limit(account: Account) -> str:
    """A path of 64 characters reaches Airflow, and one of 65 does not."""
    stem = "/dags/none-"
    code, *_ = _refusal(account, stem + "x" * (MOST_OF_A_PATH - len(stem)))
    require(code == "RestApiClientException", f"{MOST_OF_A_PATH} characters are answered with {code}")
    code, _, document = _refusal(account, stem + "x" * (MOST_OF_A_PATH + 1 - len(stem)))
    require(code == "ValidationException", f"{MOST_OF_A_PATH + 1} characters are answered with {code}")
    return f"{MOST_OF_A_PATH} characters reach Airflow, one more: {document.get('message')}"


def log_streams(account: Account) -> str:
    """Containers publish what installing said to streams of the names that we look for, whatever the log level."""
    state, logs = _environment(account), CloudWatchLogs(account.clients.client("logs"))
    wanted = {prefix for part, prefix in _STREAMS.items() if part in state.paths}
    groups = [state.log_groups[kind] for kind in ("SchedulerLogs", "WorkerLogs") if kind in state.log_groups]
    if not groups or not wanted:
        raise NotTried("the environment has no scheduler or worker logs, or neither requirements nor a startup script")
    since = state.last_update_at or account.clock.now() - _LONG_AGO
    found: dict[str, str] = {}
    for prefix in sorted(wanted):
        for group in groups:
            line = next(logs.lines(group, prefix, since - timedelta(hours=1)), None)
            if line:
                found.setdefault(prefix, line.stream)
    require(found.keys() == wanted, f"of {sorted(wanted)} there are only {found or 'none'} since {since}")
    return ", ".join(found.values())


def _environment(account: Account) -> EnvironmentState:
    if not account.environment_name:
        raise NotTried("no environment was given")
    state = account.environment()
    if state is None:
        raise NotTried(f"there is no environment {account.environment_name}")
    return state


def _invoke(account: Account, path: str) -> Mapping[str, Any]:
    name = _environment(account).name
    answer = account.mwaa.invoke_rest_api(Name=name, Path=path, Method="GET")
    document: Mapping[str, Any] = answer["RestApiResponse"]
    return document


def _refusal(account: Account, path: str) -> tuple[str, int, Mapping[str, Any]]:
    """The code that a path is refused with, Airflow's status, and what it said."""
    try:
        answer = _invoke(account, path)
    except ClientError as e:
        if code_of(e) in DENIED:
            raise
        document = e.response.get("RestApiResponse")
        known = document if isinstance(document, Mapping) else {"message": message_of(e)}
        return code_of(e), int(e.response.get("RestApiStatusCode") or 0), known
    raise DoesNotHold(f"{path} is answered with {answer}")


ENVIRONMENTS = (
    Confirmation(id="mwaa-get-environment", row="GetEnvironment tells the fields that we read", look=fields),
    Confirmation(id="mwaa-rest-api", row="InvokeRestApi passes a path on to", look=rest_api),
    Confirmation(id="mwaa-path-encoding", row="InvokeRestApi passes a path on to", look=path_encoding),
    Confirmation(id="mwaa-path-limit", row="a path has at most 64 characters", look=path_limit),
    Confirmation(id="mwaa-log-streams", row="containers publish pip's and the startup script's", look=log_streams),
)
