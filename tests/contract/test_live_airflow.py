"""What every LiveAirflow does: the fake, and real Airflows 2 and 3 behind the lab's MWAA."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC
from typing import Any, Protocol, TypeVar

import boto3
import pytest
import requests
from botocore.config import Config

from lab.aws.seed import make_bucket
from lab.world import World, running_world
from mwaa_deploy.errors import AwsUnavailable, LiveAirflowUnreachable, SmokeRunFailed
from mwaa_deploy.live_verdict import file_of
from mwaa_deploy.ports import LiveAirflow
from mwaa_deploy.target.live_airflow import MwaaLiveAirflow
from tests.fakes.clock import FakeClock
from tests.fakes.live_airflow import FakeLiveAirflow

T = TypeVar("T")
BUCKET = "live-bucket"
VERSIONS = {"airflow-2": "2.10.3", "airflow-3": "3.0.6"}

HEAD = """\
import datetime
from airflow import DAG
try:
    from airflow.providers.standard.operators.python import PythonOperator
except ImportError:
    from airflow.operators.python import PythonOperator
"""
DAG = """
with DAG("{name}", schedule=None, start_date=datetime.datetime(2024, 1, 1)):
    PythonOperator(task_id="only", python_callable={does})
"""


class Place(Protocol):
    """A live Airflow whose DAG folder can be changed."""

    @property
    def live(self) -> LiveAirflow: ...
    def ship(self, file: str, *dags: str) -> None: ...
    def ship_broken(self, file: str, module: str) -> None: ...
    def remove(self, file: str) -> None: ...
    def pause(self, dag: str) -> None: ...
    def occupy(self, file: str, dag: str) -> None: ...
    def wait(self) -> None: ...


class FakePlace:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.live = FakeLiveAirflow(self.clock)

    def ship(self, file: str, *dags: str) -> None:
        self.live.put(file, *dags, after=20)

    def ship_broken(self, file: str, module: str) -> None:
        self.live.break_file(file, f"ModuleNotFoundError: No module named '{module}'", after=20)

    def remove(self, file: str) -> None:
        self.live.remove(file, after=20)

    def pause(self, dag: str) -> None:
        self.live.paused.add(dag)

    def occupy(self, file: str, dag: str) -> None:
        self.ship(file, dag)
        self.live.running = 1

    def wait(self) -> None:
        self.clock.sleep(5)


class LabPlace:
    """An environment of its own for each version, shared by the tests: each makes files of its own."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.live = MwaaLiveAirflow(world.aws_client("mwaa"), name, VERSIONS[name])

    def create(self) -> None:
        self.world.aws_client("mwaa").create_environment(
            Name=self.name,
            AirflowVersion=VERSIONS[self.name],
            ExecutionRoleArn="arn:aws:iam::123456789012:role/execution",
            SourceBucketArn=f"arn:aws:s3:::{BUCKET}",
            DagS3Path=f"{self.name}/dags",
            NetworkConfiguration={"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]},
            AirflowConfigurationOptions={"core.dags_are_paused_at_creation": "False"},
        )
        look = self.world.aws_client("mwaa").get_environment
        until(self, lambda: look(Name=self.name)["Environment"]["Status"] == "AVAILABLE", seconds=240)

    def ship(self, file: str, *dags: str) -> None:
        self.put(file, HEAD + "".join(DAG.format(name=dag, does="print") for dag in dags))

    def ship_broken(self, file: str, module: str) -> None:
        self.put(file, f"{HEAD}import {module}\n")

    def put(self, file: str, text: str) -> None:
        self.world.aws_client("s3").put_object(Bucket=BUCKET, Key=f"{self.name}/dags/{file}", Body=text.encode())

    def remove(self, file: str) -> None:
        self.world.aws_client("s3").delete_object(Bucket=BUCKET, Key=f"{self.name}/dags/{file}")

    def pause(self, dag: str) -> None:
        self.world.aws_client("mwaa").invoke_rest_api(
            Name=self.name, Path=f"/dags/{dag}", Method="PATCH", Body={"is_paused": True}
        )

    def occupy(self, file: str, dag: str) -> None:
        sleep = 'lambda: __import__("time").sleep(15)'
        self.put(file, HEAD + DAG.format(name=dag, does=sleep))
        until(self, lambda: dag in listed(self))
        self.live.trigger(dag)

    def fault(self, *, status: int | None = None, hide: tuple[str, ...] = ()) -> None:
        url, document = f"{self.world.aws_url}/_lab/mwaa/rest", {"name": self.name, "status": status, "hide": hide}
        assert requests.post(url, json=document, timeout=10).ok

    def wait(self) -> None:
        time.sleep(0.5)


def until(place: Place, found: Callable[[], T], seconds: float = 240) -> T:
    """Look again and again; what was found, or was not in the end."""
    deadline = time.monotonic() + seconds
    while not (value := found()) and time.monotonic() < deadline:
        place.wait()
    return value


def listed(place: Place) -> dict[str, Any]:
    return {dag.id: dag for dag in place.live.dags()}


def ended(place: Place, dag: str, run: str) -> str:
    def state() -> str:
        found = place.live.run_state(dag, run)
        return found if found in {"success", "failed"} else ""

    return until(place, state)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running_world(tmp_path_factory.mktemp("live") / "world", seconds_per_status=0.05) as world:
        make_bucket(world.aws_client("s3"), BUCKET)
        yield world


@pytest.fixture(scope="module")
def airflow_2(world: World) -> LabPlace:
    place = LabPlace(world, "airflow-2")
    place.create()
    return place


@pytest.fixture(scope="module")
def airflow_3(world: World) -> LabPlace:
    place = LabPlace(world, "airflow-3")
    place.create()
    return place


REAL = [pytest.param(f"airflow_{major}", marks=[pytest.mark.lab, pytest.mark.airflow]) for major in (2, 3)]


@pytest.fixture(params=["fake", *REAL])
def place(request: pytest.FixtureRequest) -> Place:
    if request.param == "fake":
        return FakePlace()
    found: LabPlace = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=REAL)
def lab_place(request: pytest.FixtureRequest) -> Iterator[LabPlace]:
    found: LabPlace = request.getfixturevalue(request.param)
    yield found
    found.fault()


def test_dags_are_listed_with_their_files_in_the_order_of_their_ids(place):
    place.ship("listed.py", "listed_b", "listed_a")
    place.ship("team/more.py", "listed_c")
    until(place, lambda: {"listed_a", "listed_b", "listed_c"} <= listed(place).keys())

    found = [dag for dag in place.live.dags() if dag.id.startswith("listed_")]
    assert [dag.id for dag in found] == ["listed_a", "listed_b", "listed_c"]
    files = {"listed.py", "team/more.py"}
    assert [file_of(dag.file, files) for dag in found] == ["listed.py", "listed.py", "team/more.py"]
    assert not any(dag.paused for dag in found)


def test_a_file_is_read_again_and_again(place):
    place.ship("again.py", "again")
    until(place, lambda: "again" in listed(place))

    first = listed(place)["again"].parsed_at
    assert first.astimezone(UTC) == first
    assert until(place, lambda: listed(place)["again"].parsed_at > first)


def test_more_dags_than_a_page_holds_are_all_listed(place):
    names = {f"page_{number:03}" for number in range(130)}
    place.ship("page.py", *sorted(names))

    assert until(place, lambda: names <= listed(place).keys())
    place.remove("page.py")  # read again and again, it would keep a core busy


def test_what_cannot_be_imported_is_told_with_its_file_until_it_is_gone(place):
    place.ship_broken("broken.py", "no_such_module")

    def mine():
        return [e for e in place.live.import_errors() if file_of(e.file, {"broken.py"})]

    until(place, mine)
    (error,) = mine()
    assert "No module named 'no_such_module'" in error.message
    assert error.message.strip().splitlines()[-1].startswith("ModuleNotFoundError: ")
    place.remove("broken.py")
    assert until(place, lambda: not mine())


def test_a_run_ends_well(place):
    place.ship("run.py", "runs")
    until(place, lambda: "runs" in listed(place))

    run = place.live.trigger("runs")

    assert run
    assert ended(place, "runs", run) == "success"


def test_what_is_not_there_cannot_be_run(place):
    with pytest.raises(SmokeRunFailed, match="no_such_dag"):
        place.live.trigger("no_such_dag")


def test_a_run_that_is_not_there_has_no_state(place):
    place.ship("stateless.py", "stateless")
    until(place, lambda: "stateless" in listed(place))
    assert not place.live.run_state("stateless", "no-such-run")


def test_a_paused_dag_says_so(place):
    place.ship("paused.py", "is_paused")
    until(place, lambda: "is_paused" in listed(place))
    place.pause("is_paused")

    assert listed(place)["is_paused"].paused
    run = place.live.trigger("is_paused")
    assert place.live.run_state("is_paused", run) == "queued"


def test_running_tasks_are_counted(place):
    assert until(place, lambda: place.live.running_tasks() == 0)
    place.occupy("occupied.py", "occupied")

    assert until(place, lambda: place.live.running_tasks() == 1)


# -- what only the adapter can meet ---------------------------------------------------------------------------------


def test_a_refusal_by_airflow_names_the_right_that_is_missing(lab_place):
    lab_place.fault(status=403)

    with pytest.raises(LiveAirflowUnreachable) as caught:
        lab_place.live.dags()

    assert caught.value.exit_code == 83
    assert '"airflow:InvokeRestApi"' in caught.value.mend
    assert f"role/{lab_place.name}/Viewer" in caught.value.mend


def test_a_refusal_by_iam_names_the_statement(lab_place):
    iam = lab_place.world.aws_client("iam")
    user = f"nobody-{lab_place.name}"
    iam.create_user(UserName=user)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    client = boto3.client(
        "mwaa",
        endpoint_url=lab_place.world.aws_url,
        region_name="eu-west-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        config=Config(inject_host_prefix=False),
    )

    with pytest.raises(LiveAirflowUnreachable) as caught:
        MwaaLiveAirflow(client, lab_place.name, VERSIONS[lab_place.name]).import_errors()

    assert '"Action": "airflow:InvokeRestApi"' in caught.value.mend
    assert f":role/{lab_place.name}/" in caught.value.mend


def test_an_api_that_is_not_there_is_unreachable(lab_place):
    lab_place.fault(status=404)
    with pytest.raises(LiveAirflowUnreachable, match="does not answer /importErrors"):
        lab_place.live.import_errors()


@pytest.mark.parametrize("status", [429, 503])
def test_a_web_server_that_does_not_answer_may_answer_later(lab_place, status):
    lab_place.fault(status=status)
    with pytest.raises(AwsUnavailable):
        lab_place.live.running_tasks()


def test_a_dag_that_the_lab_hides_is_missing(lab_place):
    lab_place.ship("hidden.py", "hidden", "shown")
    until(lab_place, lambda: {"hidden", "shown"} <= listed(lab_place).keys())
    lab_place.fault(hide=("hidden",))

    assert "shown" in listed(lab_place)
    assert "hidden" not in listed(lab_place)
