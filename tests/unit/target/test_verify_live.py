"""Deployments that end with a look into the live environment: in memory, on a virtual clock."""

import json
from dataclasses import replace

import pytest

from mwaa_deploy.errors import (
    AwsAccessDenied,
    AwsUnavailable,
    DagsBrokenLive,
    DagsMissingLive,
    InstallationFailedLive,
    LiveAirflowUnreachable,
    SmokeRunFailed,
)
from mwaa_deploy.inputs import VerifyKind
from mwaa_deploy.live_report import SmokeRun
from mwaa_deploy.outcome import Progress
from mwaa_deploy.target.live_check import LiveCheck
from mwaa_deploy.target.record import read_record, record_key
from tests.fakes.live_airflow import FakeLiveAirflow
from tests.fakes.world import World

GROUP = "arn:aws:logs:eu-west-1:123456789012:log-group:airflow-staging-Worker"
LIVE, VERSIONS = LiveCheck(kind=VerifyKind.LIVE), LiveCheck(kind=VerifyKind.VERSIONS)
FOUND = {"a.py": ("a",), "team b/ü.py": ("b",)}
DENIED = LiveAirflowUnreachable("AWS denied airflow:InvokeRestApi")


@pytest.fixture
def world(tmp_path) -> World:
    """A target that has been deployed to once, with a live Airflow that has all of it."""
    world = World(tmp_path)
    world.found_dags = FOUND
    world.deploy()
    live = world.live = FakeLiveAirflow(world.clock)
    live.put("a.py", "a")
    live.put("team b/ü.py", "b")
    state = world.environment.states["staging"]
    world.environment.put(replace(state, log_groups={"WorkerLogs": GROUP, "TaskLogs": f"{GROUP}-tasks"}))
    return world


def change_dag(world, text="a = 2\n"):
    world.files["dags/a.py"] = text


def change_requirements(world):
    world.files["dags/requirements.txt"] = "x==2\n"


def record_of(world):
    return read_record(world.bucket, "mwaa-staging")


def warnings(world):
    return [annotation.message for annotation in world.log.annotations]


def failing(world, error):
    """Deploy and fail; what was found, and the record that is as before."""
    before, progress = record_of(world), Progress(world.clock)
    with pytest.raises(error) as caught:
        world.deploy(progress)
    assert record_of(world) == before
    return caught.value, progress.outcome().live


def test_what_is_live_is_verified_and_recorded_so(world):
    change_dag(world)
    outcome = world.deploy()
    assert record_of(world).verified
    assert record_of(world).dag_ids == FOUND
    assert (outcome.live.verified, outcome.live.listed, outcome.live.expected) == (True, 2, 2)
    assert [step.name for step in outcome.steps][-3:] == ["verify", "live Airflow", "record"]
    assert warnings(world) == []


def test_an_empty_plan_asks_nothing(world):
    world.deploy()
    assert world.live.knobs.calls == []


def test_a_changed_file_is_waited_for_until_it_was_read_with_its_new_content(world):
    """The old content is live, so that the DAG is listed all the time; its error comes when the new one is read."""
    change_dag(world, "import missing\n")
    world.live.break_file("a.py", "Traceback …\nKeyError: 'Variable region does not exist'", after=45)
    error, report = failing(world, DagsBrokenLive)
    assert "- a.py: KeyError: 'Variable region does not exist'" in error.what
    assert error.exit_code == 77
    assert report.broken == {"a.py": "Traceback …\nKeyError: 'Variable region does not exist'"}
    assert any("Traceback …" in line for line in world.log.lines)


def test_an_error_while_files_arrive_passes(world):
    change_dag(world)
    world.live.break_file("a.py", "ImportError: helpers", after=20)
    world.live.put("a.py", "a", after=80)
    assert world.deploy().live.verified


def test_an_error_from_before_is_given_until_time_is_up(world):
    world.live.break_file("a.py", "NameError: oh")
    change_dag(world)
    world.live.put("a.py", "a", after=400)
    assert world.deploy().live.verified


def test_an_error_from_before_that_stays_is_red_all_the_same(world):
    world.live.break_file("a.py", "NameError: oh")
    change_dag(world)
    began = world.clock.now()
    failing(world, DagsBrokenLive)
    assert (world.clock.now() - began).total_seconds() >= 600


def test_a_new_error_is_believed_before_time_is_up(world):
    change_dag(world)
    world.live.break_file("a.py", "NameError: oh", after=30)
    began = world.clock.now()
    failing(world, DagsBrokenLive)
    assert 120 <= (world.clock.now() - began).total_seconds() <= 240


def test_a_dag_that_never_comes_is_missing_with_its_file(world):
    world.files["dags/new.py"] = "n = 1\n"
    world.found_dags = {**FOUND, "new.py": ("new",)}
    error, report = failing(world, DagsMissingLive)
    assert "- new of new.py" in error.what
    assert error.exit_code == 76
    assert (report.missing, report.listed, report.expected) == ({"new": "new.py"}, 2, 3)


def test_a_new_dag_is_waited_for(world):
    world.files["dags/new.py"] = "n = 1\n"
    world.found_dags = {**FOUND, "new.py": ("new",)}
    world.live.put("new.py", "new", after=300)
    assert world.deploy().live.verified


def test_a_file_that_is_not_read_again_is_a_warning_and_not_verified(world):
    change_dag(world)
    world.live = FakeLiveAirflow(world.clock, parse_seconds=3600)
    world.live.put("a.py", "a")
    world.live.put("team b/ü.py", "b")
    report = world.deploy().live
    assert (report.verified, report.unread) == (False, ("a",))
    assert "1 DAG(s) were not read again within 10 minutes" in warnings(world)[0]
    assert not record_of(world).verified


def test_new_files_cost_no_wait_beyond_their_coming(world):
    world.files["dags/new.py"] = "n = 1\n"
    world.found_dags = {**FOUND, "new.py": ("new",)}
    world.live.put("new.py", "new")
    began = world.clock.now()
    assert world.deploy().live.verified
    assert world.clock.now() == began


def test_after_an_update_of_the_environment_every_dag_is_read_again(world):
    change_requirements(world)
    world.live = FakeLiveAirflow(world.clock, parse_seconds=36000)
    world.live.put("a.py", "a")
    world.live.put("team b/ü.py", "b")
    assert world.deploy().live.unread == ("a", "b")


def test_errors_of_files_that_are_not_ours_are_notes(world):
    world.live.break_file("theirs.py", "ImportError: x")
    world.live.break_file("newly.py", "ImportError: y", after=30)
    change_dag(world)
    outcome = world.deploy()
    assert outcome.live.verified
    assert [note.partition(":")[0] for note in outcome.live.notes] == [
        "1 file(s) that are not the project's could not be imported before either",
        "1 file(s) that are not the project's cannot be imported since this deployment",
    ]
    assert warnings(world) == list(outcome.live.notes)


def test_dags_of_a_deleted_file_that_are_still_listed_are_a_note(world):
    world.files.pop("dags/a.py")
    world.found_dags = {"team b/ü.py": ("b",)}
    outcome = world.deploy()
    assert outcome.live.verified
    assert outcome.live.notes == ("1 DAG(s) that are gone are still listed: a.",)


def test_without_a_parse_of_its_own_a_run_expects_what_the_record_tells(world):
    world.found_dags = None
    change_requirements(world)
    world.live.remove("team b/ü.py")
    error, _ = failing(world, DagsMissingLive)
    assert "- b of team b/ü.py" in error.what


def test_without_a_parse_a_changed_file_is_not_known(world):
    world.found_dags = None
    change_dag(world)
    outcome = world.deploy()
    assert (outcome.live.expected, outcome.live.verified) == (1, True)
    assert "not all DAGs to expect are known" in outcome.live.notes[-1]
    assert record_of(world).dag_ids == {"team b/ü.py": ("b",)}


def test_where_no_dag_is_known_an_error_gets_its_time_to_show(tmp_path):
    world = World(tmp_path)
    world.deploy()
    world.live = FakeLiveAirflow(world.clock)
    world.live.put("a.py", "a")
    change_dag(world)
    world.live.break_file("a.py", "NameError: oh", after=45)
    failing(world, DagsBrokenLive)


# -- an Airflow that cannot be asked ---------------------------------------------------------------------------------


def deny(world, times=10):
    for _ in range(times):
        world.live.knobs.fail("import_errors", DENIED)


def test_an_airflow_that_may_not_be_asked_is_a_warning(world):
    deny(world)
    change_dag(world)
    outcome = world.deploy()
    assert (outcome.live.reached, outcome.live.verified) == (False, False)
    assert "AWS denied airflow:InvokeRestApi" in warnings(world)[0]
    assert record_of(world).commit != "0" * 40
    assert not record_of(world).verified


def test_asked_for_it_is_red_before_anything_is_changed(world):
    deny(world)
    change_dag(world)
    world.verification = LIVE
    puts = world.bucket.knobs.count("put")
    error, _ = failing(world, LiveAirflowUnreachable)
    assert error.exit_code == 83
    assert world.bucket.knobs.count("put") == puts


def test_asked_for_it_is_red_also_when_the_right_is_lost_on_the_way(world):
    world.live.knobs.fail("import_errors", DENIED, after=1)
    change_dag(world)
    world.verification = LIVE
    failing(world, LiveAirflowUnreachable)


def test_a_web_server_that_is_down_for_a_while_is_asked_again(world):
    for _ in range(10):
        world.live.knobs.fail("dags", AwsUnavailable("503"))
    change_dag(world)
    assert world.deploy().live.verified


@pytest.mark.parametrize("kind", [VerifyKind.AUTO, VerifyKind.LIVE])
def test_a_web_server_that_stays_down(world, kind):
    for _ in range(200):
        world.live.knobs.fail("dags", AwsUnavailable("503"))
    change_dag(world)
    world.verification = LiveCheck(kind=kind)
    if kind is VerifyKind.LIVE:
        failing(world, LiveAirflowUnreachable)
    else:
        assert not world.deploy().live.reached


def test_versions_only_asks_nothing(world):
    world.verification = VERSIONS
    change_requirements(world)
    assert world.deploy().live is None
    assert world.live.knobs.calls == []
    assert world.logs.knobs.calls == []
    assert not record_of(world).verified


def test_a_first_deployment_waits_only_until_its_dags_are_listed(tmp_path):
    world = World(tmp_path)
    world.found_dags = FOUND
    world.live = FakeLiveAirflow(world.clock, parse_seconds=36000)
    world.verification = LIVE
    world.live.put("a.py", "a", after=1500)
    world.live.put("team b/ü.py", "b", after=1500)
    report = world.deploy().live
    assert report is not None
    assert report.verified


# -- the logs of the installation ------------------------------------------------------------------------------------


def test_a_requirement_that_cannot_be_installed_live_is_red(world):
    change_requirements(world)
    at = world.clock.now()
    line = "[INFO] - ERROR: No matching distribution found for x==2"
    world.logs.say(GROUP, "requirements_install_ip-10-0-0-1", line, at=at)
    error, report = failing(world, InstallationFailedLive)
    assert error.exit_code == 78
    assert "- ERROR: No matching distribution found for x==2" in error.what
    assert "aws logs filter-log-events --log-group-name airflow-staging-Worker" in error.mend
    assert (report.containers, report.failures) == (1, ("ERROR: No matching distribution found for x==2",))


def test_what_was_said_before_this_deployment_does_not_count(world):
    world.logs.say(GROUP, "requirements_install_ip-10-0-0-1", "ERROR: old", at=world.clock.now())
    world.clock.advance(1)
    change_requirements(world)
    report = world.deploy().live
    assert (report.verified, report.containers) == (True, 0)
    assert report.notes == ("No container has said anything about its installation yet.",)


def test_logs_are_read_only_after_an_update_and_never_those_of_tasks(world):
    change_dag(world)
    assert world.deploy().live.containers is None
    assert world.logs.knobs.calls == []
    change_requirements(world)
    world.deploy()
    assert world.logs.knobs.calls == [
        ("lines", f"{GROUP} requirements_install"),
        ("lines", f"{GROUP} startup_script"),
    ]


def test_logs_that_may_not_be_read_are_a_warning_with_the_statement(world):
    world.logs.knobs.fail("lines", AwsAccessDenied("AWS denied logs:FilterLogEvents", mend="statement"))
    change_requirements(world)
    assert world.deploy().live.verified
    assert "AWS denied logs:FilterLogEvents" in warnings(world)[0]
    assert "statement" in warnings(world)[0]


def test_packages_that_do_not_fit_together_are_a_note(world):
    line = "[INFO] - a 1.0 requires x<2, but you have x 2 which is incompatible."
    change_requirements(world)
    world.logs.say(GROUP, "requirements_install_ip-10-0-0-1", line, at=world.clock.now())
    assert "a 1.0 requires x<2" in world.deploy().live.notes[0]


def test_a_deployment_that_is_resumed_reads_the_logs_of_the_update_that_it_waited_for(world):
    change_requirements(world)
    world.logs.say(GROUP, "requirements_install_ip-10-0-0-1", "ERROR: no x", at=world.clock.now())
    failing(world, InstallationFailedLive)
    world.clock.advance(3600)
    error, _ = failing(world, InstallationFailedLive)
    assert "ERROR: no x" in error.what


def test_what_failed_in_the_update_before_does_not_count_after_one_that_mends_it(world):
    change_requirements(world)
    world.logs.say(GROUP, "requirements_install_ip-10-0-0-1", "ERROR: no x", at=world.clock.now())
    failing(world, InstallationFailedLive)
    world.clock.advance(60)
    world.files["dags/requirements.txt"] = "x==3\n"
    assert world.deploy().live.verified


# -- smoke runs ------------------------------------------------------------------------------------------------------


@pytest.fixture
def smoking(world):
    world.verification = LiveCheck(smoke=("a", "b"))
    change_dag(world)
    return world


def test_named_dags_are_run_and_reported(smoking):
    outcome = smoking.deploy()
    assert smoking.live.runs == [("a", "run-1"), ("b", "run-2")]
    assert outcome.live.smoke == tuple(
        SmokeRun(dag=dag, run=run, state="success") for dag, run in (("a", "run-1"), ("b", "run-2"))
    )


def test_a_run_that_fails_is_red(smoking):
    smoking.live.outcomes["b"] = "failed"
    error, report = failing(smoking, SmokeRunFailed)
    assert error.exit_code == 79
    assert "1 of 2 smoke run(s) failed:\n- b: failed, run run-2" in error.what
    assert not report.verified


def test_a_run_that_does_not_end_is_red(smoking):
    smoking.live.run_seconds = 10**6
    error, _ = failing(smoking, SmokeRunFailed)
    assert "not at their end after 10 min" in error.what


def test_a_paused_dag_is_not_run_at_all(smoking):
    smoking.live.paused.add("b")
    error, _ = failing(smoking, SmokeRunFailed)
    assert "Paused, so that it would never run: b." in error.what
    assert smoking.live.runs == []


def test_a_web_server_that_is_down_while_it_runs_is_asked_again(smoking):
    smoking.live.knobs.fail("run_state", AwsUnavailable("503"))
    assert smoking.deploy().live.verified


def test_smoke_runs_cannot_be_had_from_an_airflow_that_may_not_be_asked(smoking):
    deny(smoking)
    failing(smoking, LiveAirflowUnreachable)


def test_a_red_verification_is_made_up_for_by_the_next_good_deployment(world):
    world.files["dags/new.py"] = "n = 1\n"
    world.found_dags = {**FOUND, "new.py": ("new",)}
    failing(world, DagsMissingLive)
    world.live.put("new.py", "new")
    assert world.deploy().live.verified
    world.assert_deployed()
    assert json.loads(world.bucket.contents[record_key("mwaa-staging")])["verified"] is True
