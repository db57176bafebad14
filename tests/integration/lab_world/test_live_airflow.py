"""Real Airflows behind the lab's MWAA: what was uploaded is what runs."""

import io
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from lab import processes
from lab.aws.seed import make_bucket
from lab.world import World, running_world

pytestmark = pytest.mark.airflow

BUCKET = "live-bucket"
ENVIRONMENT = "live"

DAG = """
import datetime, os
import pyjokes
from airflow import DAG
from greetings import WORD

with DAG("{name}", schedule=None, start_date=datetime.datetime(2024, 1, 1), tags=[WORD, os.environ["FROM_SCRIPT"]]):
    pass
"""
REQUIREMENTS = """\
--constraint "https://raw.githubusercontent.com/apache/airflow/constraints-2.10.3/constraints-3.11.txt"
pyjokes==0.8.3
"""
SCRIPT = """\
export FROM_SCRIPT="$MWAA_AIRFLOW_COMPONENT"
export AIRFLOW_HOME=/somewhere/else
exit 3
"""


def plugins(word: str) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("greetings/__init__.py", f"WORD = {word!r}\n")
    return body.getvalue()


def until(found: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while not (value := found()) and time.monotonic() < deadline:
        time.sleep(0.3)
    return value


@dataclass
class Live:
    """One environment, and what was seen of it."""

    world: World
    seen: dict[str, Any] = field(default_factory=dict)

    def put(self, key: str, body: str | bytes) -> str:
        stored = body.encode() if isinstance(body, str) else body
        version: str = self.world.aws_client("s3").put_object(Bucket=BUCKET, Key=key, Body=stored)["VersionId"]
        return version

    def settle(self) -> dict[str, Any]:
        """Wait until the environment is through; GetEnvironment's answer."""
        mwaa = self.world.aws_client("mwaa")
        passing = {"CREATING", "UPDATING", "ROLLING_BACK", "CREATING_SNAPSHOT"}
        environment: dict[str, Any] = until(
            lambda: (found := mwaa.get_environment(Name=ENVIRONMENT)["Environment"])["Status"] not in passing and found,
            seconds=180,
        )
        return environment

    def update(self, **fields: Any) -> dict[str, Any]:
        self.world.aws_client("mwaa").update_environment(Name=ENVIRONMENT, **fields)
        return self.settle()

    def tags(self) -> dict[str, set[str]]:
        """The tags of each DAG that the live Airflow lists."""
        dags = self.world.live_dags(ENVIRONMENT)["dags"]
        return {dag["dag_id"]: {tag["name"] for tag in dag["tags"]} for dag in dags}

    def manager(self) -> dict[str, Any]:
        answer: dict[str, Any] = requests.get(
            f"{self.world.live_airflow_url}/environments/{ENVIRONMENT}", timeout=10
        ).json()
        return answer


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The whole story, once; each test looks at a part of it."""
    with running_world(tmp_path_factory.mktemp("live") / "world", seconds_per_status=0.05) as world:
        live = Live(world)
        tell(live)
        yield live


def tell(live: Live) -> None:
    make_bucket(live.world.aws_client("s3"), BUCKET)
    live.put("dags/first.py", DAG.format(name="first"))
    live.put("dags/team/second.py", DAG.format(name="second"))
    began = time.monotonic()
    live.world.aws_client("mwaa").create_environment(
        Name=ENVIRONMENT,
        AirflowVersion="2.10.3",
        ExecutionRoleArn="arn:aws:iam::123456789012:role/execution",
        SourceBucketArn=f"arn:aws:s3:::{BUCKET}",
        DagS3Path="dags",
        NetworkConfiguration={"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]},
        PluginsS3Path="plugins.zip",
        PluginsS3ObjectVersion=live.put("plugins.zip", plugins("hello")),
        RequirementsS3Path="requirements.txt",
        RequirementsS3ObjectVersion=live.put("requirements.txt", REQUIREMENTS),
        StartupScriptS3Path="startup.sh",
        StartupScriptS3ObjectVersion=live.put("startup.sh", SCRIPT),
        AirflowConfigurationOptions={"core.dags_are_paused_at_creation": "False"},
    )
    live.seen["created"] = live.settle()
    live.seen["seconds"] = time.monotonic() - began
    until(lambda: set(live.tags()) == {"first", "second"})
    live.seen["first dags"] = live.tags()
    live.seen["paused"] = {dag["is_paused"] for dag in live.world.live_dags(ENVIRONMENT)["dags"]}
    live.seen["first manager"] = live.manager()
    live.seen["first log"] = Path(live.manager()["log"]).read_text()

    live.put("dags/third.py", DAG.format(name="third"))
    live.world.aws_client("s3").delete_object(Bucket=BUCKET, Key="dags/team/second.py")
    until(lambda: set(live.tags()) == {"first", "third"})
    live.seen["synced dags"] = set(live.tags())

    live.put("plugins.zip", plugins("not set, so not used"))
    live.seen["updated"] = live.update(PluginsS3ObjectVersion=live.put("plugins.zip", plugins("goodbye")))
    until(lambda: "goodbye" in live.tags()["first"])
    live.seen["updated dags"] = live.tags()

    broken = live.put("requirements.txt", "pyjokes==0.8.3\nno-such-package-anywhere==9.9.9\n")
    live.seen["broken requirements"] = live.update(RequirementsS3ObjectVersion=broken)
    live.seen["broken log"] = Path(live.manager()["log"]).read_text()

    dying = live.put("startup.sh", "set -e\nfalse\n")
    live.seen["dying script"] = live.update(StartupScriptS3ObjectVersion=dying)
    live.seen["dags after dying script"] = set(live.tags())

    # A scheduler that cannot read its settings ends at once.
    fatal = {"AirflowConfigurationOptions": {"scheduler.max_tis_per_query": "many"}}
    live.seen["fatal option"] = live.update(**fatal)
    live.seen["dags after fatal option"] = set(live.tags())


def test_an_environment_becomes_available_with_an_airflow_that_lists_its_dags(live):
    assert live.seen["created"]["Status"] == "AVAILABLE"
    assert set(live.seen["first dags"]) == {"first", "second"}


def test_plugins_requirements_and_script_are_those_that_were_set(live):
    """The DAGs import the plugin and the requirement, and show what the script exported to the scheduler."""
    assert live.seen["first dags"] == {"first": {"hello", "hybrid"}, "second": {"hello", "hybrid"}}


def test_configuration_options_reach_airflow(live):
    assert live.seen["paused"] == {False}


def test_a_constraint_url_that_cannot_be_had_is_replaced_and_said_so(live):
    log = live.seen["first log"]
    assert "pip ended with exit code 0" in log
    # Where the network reaches it, Airflow's own file is used, and nothing needs saying.
    address = "constraints-2.10.3/constraints-3.11.txt"
    try:
        reachable = requests.head(f"https://raw.githubusercontent.com/apache/airflow/{address}", timeout=10).ok
    except requests.RequestException:
        reachable = False
    assert (f"{address} cannot be had" in log) is not reachable


def test_dags_follow_the_bucket_without_an_update(live):
    assert live.seen["synced dags"] == {"first", "third"}


def test_a_new_plugins_version_is_used_only_once_it_is_set(live):
    assert live.seen["updated"]["LastUpdate"]["Status"] == "SUCCESS"
    assert live.seen["updated dags"]["first"] == {"goodbye", "hybrid"}


def test_requirements_that_cannot_be_installed_leave_the_environment_available(live):
    environment = live.seen["broken requirements"]
    assert (environment["Status"], environment["LastUpdate"]["Status"]) == ("AVAILABLE", "SUCCESS")
    assert "pip ended with exit code 1" in live.seen["broken log"]


def test_a_script_that_dies_fails_the_update_and_leaves_the_airflow_before(live):
    environment = live.seen["dying script"]
    assert environment["Status"] == "UPDATE_FAILED"
    assert "startup script died" in environment["LastUpdate"]["Error"]["ErrorMessage"]
    assert live.seen["dags after dying script"] == {"first", "third"}


def test_an_airflow_that_does_not_start_makes_way_for_the_one_before(live):
    environment = live.seen["fatal option"]
    assert environment["Status"] == "UPDATE_FAILED"
    assert "scheduler ended with exit code" in environment["LastUpdate"]["Error"]["ErrorMessage"]
    assert live.seen["dags after fatal option"] == {"first", "third"}


def test_virtual_environments_that_nothing_runs_from_are_removed(live):
    """The third attempt was the last that came up; every roll-back came back to it."""
    folder = live.world.folder / "airflow" / ENVIRONMENT
    assert until(lambda: [venv.parent.name for venv in folder.glob("generation-*/venv")] == ["generation-3"])


def test_the_web_server_asks_for_a_password(live):
    url = live.manager()["webserver"] + "/api/v1/dags"
    right = (live.manager()["username"], live.manager()["password"])
    assert requests.get(url, timeout=10).status_code == 401
    assert requests.get(url, auth=("admin", "admin"), timeout=10).status_code == 401
    assert requests.get(url, auth=right, timeout=10).status_code == 200


# -- the manager by itself ------------------------------------------------------------------------------------------


def ask(live, name, **changes):
    """Ask the manager for an environment; the answer, and its state once it is through."""
    wanted = {"airflow_version": "2.10.3", "bucket": BUCKET, "dags_prefix": "dags/", "aws_endpoint": live.world.aws_url}
    url = f"{live.world.live_airflow_url}/environments/{name}"
    answer = requests.post(url, json={**wanted, **changes}, timeout=10)
    if answer.status_code != 202:
        return answer, {}
    state = until(lambda: (found := requests.get(url, timeout=10).json())["state"] != "starting" and found, seconds=180)
    return answer, state


def remove(live, name):
    assert requests.delete(f"{live.world.live_airflow_url}/environments/{name}", timeout=60).status_code == 204


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"airflow_version": "2.10.99"}, "no locked packages for Airflow 2.10.99"),
        ({"bucket": "no-such-bucket"}, "s3://no-such-bucket/dags/ cannot be read"),
        ({"plugins": {"key": "plugins.zip", "version": "gone"}}, r"s3://live-bucket/plugins.zip (version gone)"),
        ({"plugins": {"key": "dags/first.py"}}, "plugins.zip cannot be unpacked"),
    ],
)
def test_what_cannot_come_up_says_why(live, changes, told):
    _, state = ask(live, "doomed", **changes)
    remove(live, "doomed")

    assert state["state"] == "failed"
    assert told in state["error"]
    assert state["webserver"] is None


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("1st", {}),
        ("x" * 81, {}),
        ("odd", {"airflow_version": "latest"}),
        ("odd", {"configuration": {"core": "x"}}),
        ("odd", {"plugins": {"version": "1"}}),
    ],
)
def test_what_cannot_be_meant_is_refused(live, name, changes):
    answer, _ = ask(live, name, **changes)

    assert answer.status_code == 400
    assert answer.json()["message"]


def test_an_unknown_environment_is_not_found(live):
    url = f"{live.world.live_airflow_url}/environments/nobody"

    assert requests.get(url, timeout=10).status_code == 404
    assert requests.delete(url, timeout=10).status_code == 404


def test_an_airflow_3_comes_up_and_is_gone_when_deleted(live):
    began = time.monotonic()
    live.put("three/dags/plain.py", DAG.format(name="plain").replace("import pyjokes\n", ""))
    script = {"key": "three/startup.sh", "version": live.put("three/startup.sh", SCRIPT)}
    zipped = {"key": "three/plugins.zip", "version": live.put("three/plugins.zip", plugins("three"))}
    _, state = ask(
        live, "three", airflow_version="3.0.6", dags_prefix="three/dags", startup_script=script, plugins=zipped
    )
    print(f"{time.monotonic() - began:.1f} s")
    assert (state["state"], state["error"]) == ("ready", None)

    def dags():
        login = {"username": state["username"], "password": state["password"]}
        token = requests.post(f"{state['webserver']}/auth/token", json=login, timeout=30).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        return requests.get(f"{state['webserver']}/api/v2/dags", headers=headers, timeout=30).json()["dags"]

    found = until(dags)
    folder = live.world.folder / "airflow" / "three"
    assert [(dag["dag_id"], {tag["name"] for tag in dag["tags"]}) for dag in found] == [("plain", {"three", "hybrid"})]
    assert folder.is_dir()

    remove(live, "three")
    assert not processes.answers(state["webserver"])
    assert running_below(folder) == []
    assert not folder.exists()


def running_below(folder):
    """Ids of processes that work in a folder; Airflow's own change their command lines."""
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        try:
            below = str(link.readlink()).startswith(str(folder))
        except OSError:
            continue
        if below:
            found.append(link.parent)
    return found


def test_nothing_listens_beyond_loopback(live):
    """Airflow's log server would listen on every address."""
    tables = [Path(f"/proc/net/{table}").read_text().splitlines()[1:] for table in ("tcp", "tcp6")]
    sockets = [line.split() for table in tables for line in table]
    listening = {fields[9]: fields[1] for fields in sockets if fields[3] == "0A"}
    held = set()
    for process in running_below(live.world.folder):
        for descriptor in process.glob("fd/*"):
            try:
                inode = str(descriptor.readlink()).removeprefix("socket:[").removesuffix("]")
            except OSError:
                continue
            held |= {listening[inode].split(":")[0]} if inode in listening else set()
    assert held == {"0100007F"}
