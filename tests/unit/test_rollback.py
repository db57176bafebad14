"""Roll-backs on a whole target in memory: what was live is live again, all of it together."""

import hashlib
from dataclasses import replace

import pytest

from mwaa_deploy.errors import (
    AwsUnavailable,
    DagsBrokenLive,
    DeletionRefused,
    EnvironmentUpdateFailed,
    LiveAirflowUnreachable,
    LockHeld,
    RollbackImpossible,
    StackUpdateFailed,
    VerificationFailed,
)
from mwaa_deploy.inputs import DeployWith, VerifyKind
from mwaa_deploy.parts import Part
from mwaa_deploy.ports import Relation
from mwaa_deploy.report.as_json import report_document
from mwaa_deploy.report.publish import decisions
from mwaa_deploy.report.summary import render_summary
from mwaa_deploy.target.live_check import LiveCheck
from mwaa_deploy.target.lock import hold
from mwaa_deploy.target.lock_state import Holder, lock_key, read_lock
from mwaa_deploy.target.no_stack import NoStack
from mwaa_deploy.target.record import encode_record, fetch_record, record_key, write_record
from tests.fakes.deployments import Deployments
from tests.fakes.live_airflow import FakeLiveAirflow
from tests.fakes.world import World


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture
def runs(world):
    return Deployments(world)


def live(world):
    """The bytes that the environment runs, and the DAG files."""
    environment = world.environment.states["staging"]
    parts = {
        part: world.bucket.read(environment.paths[part], version) for part, version in environment.versions.items()
    }
    dags = {
        key: body
        for key, body in world.bucket.contents.items()
        if key.startswith("dags/") and key != "dags/requirements.txt"
    }
    return parts, dags


def change_everything(world):
    world.files["dags/a.py"] = "a = 2\n"
    world.files["dags/new.py"] = "n = 1\n"
    del world.files["dags/team b/ü.py"]
    world.files["plugins/operators.py"] = "p = 2\n"
    world.files["dags/requirements.txt"] = "x==2\n"
    world.files["startup.sh"] = "export A=2\n"


def test_everything_comes_back_together_without_uploading_the_parts_again(world, runs):
    runs.push("aaaa")
    before, versions = live(world), dict(world.environment.states["staging"].versions)
    change_everything(world)
    runs.push("bbbb")
    assert live(world) != before
    made = world.versions_made

    journal = runs.roll_back()

    assert live(world) == before
    assert world.environment.states["staging"].versions == versions
    assert {key: made[key] for key in ("plugins.zip", "startup.sh", "dags/requirements.txt")} == {
        key: world.versions_made[key] for key in ("plugins.zip", "startup.sh", "dags/requirements.txt")
    }
    assert len(world.environment.updates) == 3
    record = runs.record
    assert (record.commit[:4], record.restores, record.run_url[-2:]) == ("aaaa", record.commit, "/3")
    assert journal.result == "rolled-back"
    assert decisions(journal)["rolled-back-to"] == record.commit
    assert runs.drift() == []


def test_the_report_says_from_what_and_to_what(world, runs):
    runs.push("aaaa")
    change_everything(world)
    runs.push("bbbb")

    journal = runs.roll_back()

    summary = render_summary(journal)
    assert "## ⏪ Rolled back" in summary
    assert "Rolled back from commit bbbb00000000 to commit aaaa00000000, deployed 20" in summary
    assert "this is a roll-back to commit aaaa000" in summary
    document = report_document(journal)
    assert document["rollback"]["to"] == "aaaa".ljust(40, "0")
    assert document["rollback"]["since"] == "bbbb".ljust(40, "0")
    assert document["rollback"]["done"] is True


def test_one_after_another_goes_further_back_and_a_name_goes_forward_again(world, runs):
    contents = {}
    for commit in ("aaaa", "bbbb", "cccc"):
        world.files["dags/a.py"] = f"a = '{commit}'\n"
        world.files["plugins/operators.py"] = f"p = '{commit}'\n"
        runs.push(commit)
        contents[commit] = live(world)
    for wanted, expected in (("", "bbbb"), ("", "aaaa"), ("cccc", "cccc"), ("2", "bbbb"), ("aaaa0", "aaaa")):
        runs.roll_back(wanted)
        assert live(world) == contents[expected]
        assert runs.record.commit[:4] == expected


def test_many_deployments_that_change_nothing_do_not_take_the_way_back_away(world, runs):
    runs.push("aaaa")
    before = live(world)
    change_everything(world)
    runs.push("bbbb")
    for number in range(60):
        commit = f"cccc{number:04}".ljust(40, "0")
        record = replace(runs.record, commit=commit)
        write_record(world.bucket, record, etag=fetch_record(world.bucket, "mwaa-staging")[1])

    runs.roll_back()

    assert live(world) == before


def test_before_the_first_deployment_there_is_nothing(world, runs):
    runs.push("aaaa")
    before = dict(world.bucket.contents)
    with pytest.raises(RollbackImpossible, match=r"no earlier record .*\n- aaaa"):
        runs.roll_back()
    assert world.bucket.contents == before


def test_what_the_user_asked_for_and_is_not_there_is_said_with_what_is(world, runs):
    runs.push("aaaa")
    with pytest.raises(RollbackImpossible, match=r"No record is of commit, run or version dddd.*\n- aaaa"):
        runs.roll_back("dddd")


def test_versions_that_are_gone_are_named_all_together_and_nothing_is_changed(world, runs):
    runs.push("aaaa")
    record = runs.record
    change_everything(world)
    runs.push("bbbb")
    for part in (Part.PLUGINS, Part.REQUIREMENTS):
        world.bucket.expire(record.parts[part].key, record.parts[part].version)
    world.bucket.expire("dags/a.py", record.objects["a.py"].version)
    before = dict(world.bucket.contents)

    with pytest.raises(RollbackImpossible) as caught:
        runs.roll_back()

    what = caught.value.what
    assert "3 object version(s)" in what
    assert all(name in what for name in ("plugins.zip", "dags/requirements.txt", "dags/a.py"))
    assert world.bucket.contents == before


def test_a_dag_version_that_is_gone_stops_it_before_anything_is_changed(world, runs):
    runs.push("aaaa")
    record = runs.record
    change_everything(world)
    runs.push("bbbb")
    world.bucket.expire("dags/a.py", record.objects["a.py"].version)
    before, updates = dict(world.bucket.contents), list(world.environment.updates)
    with pytest.raises(RollbackImpossible, match=r"dags/a.py, version v\d+"):
        runs.roll_back()
    lock = lock_key(world.stack.name)  # which was held meanwhile
    assert world.bucket.contents == {**before, lock: world.bucket.contents[lock]}
    assert world.environment.updates == updates


def test_the_same_bytes_in_another_version_serve_as_well(world, runs):
    runs.push("aaaa")
    before, record = live(world), runs.record
    world.bucket.put_foreign("dags/a.py", b"a = 1\n")
    world.files["dags/a.py"] = "a = 2\n"
    runs.push("bbbb")
    world.bucket.expire("dags/a.py", record.objects["a.py"].version)
    runs.roll_back()
    assert live(world) == before


def test_a_record_that_names_no_object_versions_is_rolled_back_to_by_content(world, runs):
    runs.push("aaaa")
    before = live(world)
    old = replace(runs.record, schema=1, objects={})
    world.bucket.put_foreign(record_key(world.stack.name), encode_record(old))
    assert not runs.record.objects
    world.files["dags/a.py"] = "b = 1\n"  # as long as what it replaces
    del world.files["dags/team b/ü.py"]
    runs.push("bbbb")

    runs.roll_back()

    assert live(world) == before


def test_an_unreadable_record_is_passed_over_with_a_note(world, runs):
    runs.push("aaaa")
    before = live(world)
    change_everything(world)
    world.bucket.put_foreign(record_key(world.stack.name), b"{}")
    world.bucket.put_foreign(record_key(world.stack.name), b"no JSON")
    world.bucket.delete([record_key(world.stack.name)])
    runs.push("bbbb")
    journal = runs.roll_back()
    assert live(world) == before
    assert len([note for note in journal.notes if "cannot be read" in note]) == 2


def test_a_record_that_leads_out_of_the_folder_is_refused(world, runs, tmp_path):
    runs.push("aaaa")
    world.bucket.put_foreign("dags/../../out.py", b"evil\n")
    body = encode_record(runs.record).decode().replace('"a.py"', '"../../out.py"')
    body = body.replace(runs.record.dags.files["a.py"].sha256, hashlib.sha256(b"evil\n").hexdigest())
    body = body.replace(runs.record.objects["a.py"].version, world.bucket.versions["dags/../../out.py"][-1].id)
    world.bucket.put_foreign(record_key(world.stack.name), body.encode())
    change_everything(world)
    world.bucket.delete(["dags/../../out.py"])
    runs.push("bbbb")
    with pytest.raises(RollbackImpossible, match="no path inside the DAG folder"):
        runs.roll_back()


def test_a_part_that_mwaa_cannot_give_back_stays_and_is_told(world, runs):
    del world.files["startup.sh"]
    runs.push("aaaa")
    world.files["startup.sh"] = "export A=1\n"
    runs.push("bbbb")
    journal = runs.roll_back()
    assert journal.result == "unchanged"
    assert any(
        note.startswith("The record of commit aaaa000 has no startup-script; the environment keeps version")
        for note in journal.notes
    )


def test_the_stack_keeps_its_template_and_parameters(world, runs):
    runs.push("aaaa")
    world.files["plugins/operators.py"] = "p = 2\n"
    world.files["parameters.yml"] = "{Name: staging, Class: mw1.large}\n"
    world.files["template.yaml"] += "# newer\n"
    runs.push("bbbb")
    runs.roll_back()
    state = world.stack.state()
    assert state.parameters["Class"] == "mw1.large"
    assert world.stack.template().endswith("# newer\n")


def test_many_deletions_are_refused_unless_they_are_allowed(world, runs):
    runs.push("aaaa")
    for number in range(101):
        world.files[f"dags/n{number}.py"] = "x = 1\n"
    runs.push("bbbb")
    with pytest.raises(DeletionRefused):
        runs.roll_back()


# -- by itself, after a failure -----------------------------------------------------------------------------------


@pytest.fixture
def unattended(runs):
    runs.inputs = replace(runs.inputs, rollback_on_failure=True)
    return runs


class Deleting:
    """What becomes of deletions from the bucket, until it lets go."""

    def __init__(self, world):
        self.world, self.delete = world, world.bucket.delete
        world.bucket.delete = self

    def let_go(self):
        self.world.bucket.delete = self.delete


class Failing(Deleting):
    """Somebody puts a DAG file there as soon as one is deleted, once."""

    def __call__(self, keys, **others):
        keys = list(keys)
        found = self.delete(keys, **others)
        if any(key.startswith("dags/") for key in keys):
            self.let_go()
            self.world.bucket.put_foreign("dags/theirs.py", b"theirs")
        return found


class Keeping(Deleting):
    """The note of what is unfinished cannot be deleted."""

    def __call__(self, keys, **others):
        keys = list(keys)
        if any(key.endswith("unfinished.json") for key in keys):
            raise AwsUnavailable("S3 does not answer.")
        return self.delete(keys, **others)


class Overwriting:
    """Somebody who overwrites a DAG file as soon as it arrives, once."""

    def __init__(self, world, key):
        self.world, self.key, self.times = world, key, 1
        self.put = world.bucket.put
        world.bucket.put = self

    def __call__(self, key, body, **others):
        stored = self.put(key, body, **others)
        if key == self.key and self.times:
            self.times -= 1
            self.world.bucket.put_foreign(key, b"theirs")
        return stored


def test_a_deployment_that_fails_its_verification_is_rolled_back_and_red(world, unattended):
    unattended.push("aaaa")
    before = live(world)
    change_everything(world)
    for number in range(120):  # more than a deployment may delete unasked
        world.files[f"dags/n{number}.py"] = "x = 1\n"
    Overwriting(world, "dags/a.py")

    with pytest.raises(VerificationFailed) as caught:
        unattended.push("bbbb")

    assert live(world) == before
    sha = "aaaa".ljust(40, "0")
    assert f"rolled back to commit {sha}" in caught.value.what
    assert (unattended.record.commit, unattended.record.restores) == (sha, sha)
    journal = unattended.journal
    outputs = decisions(journal)
    assert (outputs["result"], outputs["rolled-back-to"], outputs["deployed"]) == ("failed", sha, "true")
    assert outputs["plugins-version"] == world.environment.states["staging"].versions[Part.PLUGINS]
    summary = render_summary(journal)
    assert "What was live before is live again" in summary
    assert "### What was rolled back" in summary
    assert unattended.drift() == []
    unattended.push("bbbb")
    world.assert_deployed()


def test_without_the_input_it_is_left_as_it_is(world, runs):
    runs.push("aaaa")
    change_everything(world)
    Overwriting(world, "dags/a.py")
    with pytest.raises(VerificationFailed) as caught:
        runs.push("bbbb")
    assert "rolled back" not in caught.value.what
    assert world.bucket.contents["dags/a.py"] == b"theirs"


def test_an_update_that_mwaa_takes_back_is_taken_back_in_the_stack_too(world, unattended):
    unattended.push("aaaa")
    before = live(world)
    change_everything(world)
    world.stack.environment_fails = "pip failed"
    with pytest.raises(EnvironmentUpdateFailed, match="rolled back to commit aaaa"):
        unattended.push("bbbb")
    assert live(world) == before
    versions = world.environment.states["staging"].versions
    assert world.stack.state().parameters["PluginsVersion"] == versions[Part.PLUGINS]
    assert world.environment.states["staging"].status == "AVAILABLE"
    assert unattended.drift() == []


def test_a_stack_that_cloudformation_rolled_back_itself_is_left_alone(world, unattended):
    unattended.push("aaaa")
    change_everything(world)
    world.stack.break_with("Mwaa", "no")
    with pytest.raises(StackUpdateFailed) as caught:
        unattended.push("bbbb")
    assert "rolled back to commit" not in caught.value.what
    assert unattended.journal.rollback is None


def test_the_first_deployment_has_nothing_to_go_back_to_and_says_so(world, unattended):
    Overwriting(world, "dags/a.py")
    with pytest.raises(VerificationFailed, match="Nothing was rolled back: this was the first deployment"):
        unattended.push("aaaa")


def test_a_roll_back_that_fails_too_says_both(world, unattended):
    unattended.push("aaaa")
    change_everything(world)
    Overwriting(world, "dags/a.py")
    record = unattended.record
    world.bucket.expire("plugins.zip", record.parts[Part.PLUGINS].version)

    with pytest.raises(VerificationFailed) as caught:
        unattended.push("bbbb")

    assert "does not hold what was deployed" in caught.value.what
    assert "Rolling back to commit aaaa" in caught.value.what
    assert "has failed, too: Of commit aaaa00000000, 1 object version(s)" in caught.value.what
    assert decisions(unattended.journal)["rolled-back-to"] == ""
    assert "did not come to its end" in render_summary(unattended.journal)


def test_a_roll_back_that_somebody_asked_for_is_not_itself_rolled_back(world, unattended):
    unattended.push("aaaa")
    change_everything(world)
    unattended.push("bbbb")
    Overwriting(world, "dags/a.py")
    with pytest.raises(VerificationFailed) as caught:
        unattended.roll_back()
    assert "rolled back" not in caught.value.what
    unattended.roll_back("aaaa")
    assert unattended.drift() == []


def test_dags_that_are_broken_live_are_rolled_back(world, unattended):
    world.live = FakeLiveAirflow(world.clock)
    world.found_dags = {"a.py": ("a",), "team b/ü.py": ("b",)}
    world.live.put("a.py", "a")
    world.live.put("team b/ü.py", "b")
    unattended.push("aaaa")
    assert unattended.record.verified
    before = live(world)
    world.files["dags/a.py"] = "import nothing\n"
    world.live.break_file("a.py", "No module named nothing", after=70)
    world.live.put("a.py", "a", after=500)

    with pytest.raises(DagsBrokenLive, match=r"rolled back to commit aaaa"):
        unattended.push("bbbb")

    assert live(world) == before
    assert unattended.record.verified
    assert unattended.record.dag_ids["a.py"] == ("a",)


def test_a_live_airflow_that_cannot_be_asked_is_no_reason_to_roll_back(world, unattended):
    unattended.push("aaaa")
    world.live = FakeLiveAirflow(world.clock)
    world.verification = LiveCheck(kind=VerifyKind.LIVE)
    world.files["dags/a.py"] = "a = 2\n"
    world.live.knobs.fail("dags", LiveAirflowUnreachable("denied"))
    with pytest.raises(LiveAirflowUnreachable) as caught:
        unattended.push("bbbb")
    assert "rolled back" not in caught.value.what
    assert world.bucket.contents["dags/a.py"] == b"a = 2\n"


# -- where the versions of the record cannot simply be named again ------------------------------------------------


def test_a_version_that_the_stack_names_though_the_environment_runs_another_is_uploaded_again(world, runs):
    runs.push("aaaa")
    before = live(world)
    by_hand = world.bucket.put_foreign("plugins.zip", b"theirs").version
    world.environment.update("staging", versions={Part.PLUGINS: by_hand}, paths={})
    runs.roll_back("aaaa")
    assert live(world) == before
    assert world.versions_made["plugins.zip"] == 3


def test_a_part_whose_path_has_moved_since_is_uploaded_to_where_it_is_read(world, runs):
    runs.push("aaaa")
    plugins = live(world)[0][Part.PLUGINS]
    world.files["template.yaml"] = world.files["template.yaml"].replace("plugins.zip", "moved/plugins.zip")
    world.files["plugins/operators.py"] = "p = 2\n"
    runs.push("bbbb")
    runs.roll_back()
    assert world.environment.states["staging"].paths[Part.PLUGINS] == "moved/plugins.zip"
    assert live(world)[0][Part.PLUGINS] == plugins
    assert runs.drift() == []


def test_without_a_stack_there_is_nothing_to_roll_back(world, runs):
    runs.push("aaaa")
    change_everything(world)
    runs.push("bbbb")
    world.stack.body = None
    with pytest.raises(RollbackImpossible, match="There is no stack mwaa-staging"):
        runs.roll_back()


def test_what_a_roll_back_by_itself_leaves_is_told(world, unattended):
    del world.files["startup.sh"]
    unattended.push("aaaa")
    world.files["startup.sh"] = "export A=1\n"
    world.files["dags/a.py"] = "a = 2\n"
    Overwriting(world, "dags/a.py")
    with pytest.raises(VerificationFailed):
        unattended.push("bbbb")
    assert any("has no startup-script" in note for note in unattended.journal.notes)


def test_a_failure_before_anything_is_changed_rolls_nothing_back(world, unattended):
    unattended.push("aaaa")
    world.environment.update("staging", versions={Part.PLUGINS: "by hand"}, paths={})
    world.files["dags/a.py"] = "a = 2\n"
    world.environment.set_status("staging", "UNAVAILABLE")
    with pytest.raises(EnvironmentUpdateFailed) as caught:
        unattended.push("bbbb")
    assert "olled back to commit" not in caught.value.what
    assert unattended.journal.rollback is None


def test_the_record_knows_the_dags_of_the_files_again(world, runs):
    names = ("a.py", "team b/ü.py")
    world.found_dags = dict.fromkeys(names, ("first",))
    runs.push("aaaa")
    world.files["dags/a.py"] = "a = 2\n"
    world.found_dags = dict.fromkeys(names, ("second",))
    runs.push("bbbb")
    runs.roll_back()
    assert runs.record.dag_ids["a.py"] == ("first",)


def test_what_a_roll_back_by_itself_found_is_told_also_if_it_fails(world, unattended):
    del world.files["startup.sh"]
    unattended.push("aaaa")
    version = unattended.record.objects["a.py"].version
    world.files["startup.sh"] = "export A=1\n"
    world.files["dags/a.py"] = "a = 2\n"
    Overwriting(world, "dags/a.py")
    world.bucket.expire("dags/a.py", version)
    with pytest.raises(VerificationFailed, match="has failed, too"):
        unattended.push("bbbb")
    assert any("has no startup-script" in note for note in unattended.journal.notes)


# -- together with lock, commit order and other ways to deploy ----------------------------------------------------


def test_it_waits_for_the_lock_of_another_deployment_and_frees_its_own(world, runs):
    runs.push("aaaa")
    change_everything(world)
    runs.push("bbbb")
    runs.inputs = replace(runs.inputs, lock_timeout_minutes=1)
    other = Holder(owner="other", commit="c" * 40)
    with (
        hold(world.bucket, world.stack.name, other, clock=world.clock, log=world.log, timeout=60, notes=[]),
        pytest.raises(LockHeld),
    ):
        runs.roll_back()
    runs.roll_back()
    assert runs.record.commit.startswith("aaaa")
    assert read_lock(world.bucket, world.stack.name).free


def test_without_a_stack_the_environment_itself_is_given_the_versions_again(world, runs):
    world.give_environment()
    world.stack = NoStack("staging")
    runs.inputs = replace(
        runs.inputs, deploy_with=DeployWith.ENVIRONMENT_API, environment_name="staging", stack_name=""
    )
    runs.push("aaaa")
    before = live(world)
    change_everything(world)
    runs.push("bbbb")
    assert live(world) != before
    runs.roll_back()
    assert live(world) == before
    assert runs.drift() == []


def test_a_revert_of_what_was_rolled_back_is_a_deployment_again(world, runs):
    runs.push("aaaa")
    files = dict(world.files)
    change_everything(world)
    runs.push("bbbb")
    runs.roll_back()
    world.files = files
    runs.relation = Relation.NEWER
    assert runs.push("cccc").result == "unchanged"
    assert (runs.record.commit[:4], runs.record.restores) == ("cccc", None)


@pytest.mark.parametrize(
    ("relation", "named"),
    [(Relation.NEWER, "bbbb"), (Relation.DIVERGED, "bbbb"), (Relation.OLDER, "aaaa"), (None, "aaaa")],
)
def test_the_record_names_the_commit_that_was_found_with_the_same_content(runs, relation, named):
    runs.push("aaaa")
    runs.relation = relation
    assert runs.push("bbbb").result == "unchanged"
    assert runs.record.commit[:4] == named


def in_between(world, what):
    """Let something happen after a run's first look, just before it takes the lock."""
    real = world.bucket.put_if

    def put_if(key, *args, **given):
        if key.endswith("lock.json"):
            world.bucket.put_if = real
            what()
        return real(key, *args, **given)

    world.bucket.put_if = put_if


CAME_IN_BETWEEN = (
    "Another deployment came in between, so that the record gone back to is that of commit bbbb000, and not of aaaa000."
)


def push_all(world, runs, *commits):
    contents = {}
    for commit in commits:
        world.files["dags/a.py"] = f"a = '{commit}'\n"
        world.files["plugins/operators.py"] = f"p = '{commit}'\n"
        runs.push(commit)
        contents[commit] = live(world)
    return contents


@pytest.mark.parametrize(("wanted", "expected"), [("", "bbbb"), ("aaaa", "aaaa")])
def test_what_is_gone_back_to_is_chosen_again_once_nobody_else_can_deploy(world, runs, wanted, expected):
    contents = push_all(world, runs, "aaaa", "bbbb")
    other = Deployments(world)
    in_between(world, lambda: contents.update(push_all(world, other, "cccc")))

    journal = runs.roll_back(wanted)

    assert live(world) == contents[expected]
    assert runs.record.restores == expected.ljust(40, "0")
    assert journal.rollback.to.commit.startswith(expected)
    assert journal.rollback.since.startswith("cccc")
    told = [note for note in journal.notes if "came in between" in note]
    assert told == ([] if wanted else [CAME_IN_BETWEEN])
    assert read_lock(world.bucket, world.stack.name).free


def test_a_roll_back_that_seems_to_have_nothing_to_do_looks_under_the_lock_too(world, runs):
    contents = push_all(world, runs, "aaaa", "bbbb")
    record = encode_record(runs.record)
    push_all(world, runs, "aaaa")
    world.bucket.put_foreign(record_key(world.stack.name), record)  # as a run that ended before its record leaves it
    other = Deployments(world)
    in_between(world, lambda: contents.update(push_all(world, other, "cccc")))

    runs.roll_back()

    assert live(world) == contents["bbbb"]


def test_after_a_deployment_that_failed_it_goes_back_to_the_last_that_came_to_its_end(world, runs):
    runs.push("aaaa")
    world.files["dags/a.py"] = "a = 5\n"
    runs.push("bbbb")
    good = live(world)
    change_everything(world)
    Overwriting(world, "dags/a.py")
    with pytest.raises(VerificationFailed):
        runs.push("cccc")

    journal = runs.roll_back()

    assert live(world) == good
    assert (runs.record.commit[:4], runs.record.restores) == ("bbbb", runs.record.commit)
    assert any("did not come to its end" in note for note in journal.notes)


def test_a_roll_back_that_failed_goes_to_the_same_record_when_it_is_run_again(world, runs):
    runs.push("aaaa")
    good = live(world)
    change_everything(world)
    runs.push("bbbb")
    Overwriting(world, "dags/a.py")
    with pytest.raises(VerificationFailed):
        runs.roll_back()

    runs.roll_back()

    assert live(world) == good
    assert runs.record.commit[:4] == "aaaa"


@pytest.mark.parametrize("changes", [True, False])
def test_no_deployment_is_good_in_an_environment_that_is_broken(world, runs, changes):
    runs.push("aaaa")
    world.environment.set_status("staging", "UNAVAILABLE")
    if changes:
        world.files["dags/a.py"] = "a = 2\n"
    before = live(world)

    with pytest.raises(EnvironmentUpdateFailed, match="staging is UNAVAILABLE"):
        runs.push("bbbb")

    assert live(world) == before


@pytest.mark.parametrize("recorded", [True, False])
def test_a_part_that_is_gone_from_the_project_is_read_again_from_its_own_place(world, runs, recorded):
    runs.push("aaaa")
    version = world.environment.states["staging"].versions[Part.STARTUP_SCRIPT]
    stored = world.bucket.put("theirs.sh", b"theirs", sha256=hashlib.sha256(b"theirs").hexdigest(), commit="x")
    world.environment.update(
        "staging", versions={Part.STARTUP_SCRIPT: stored.version}, paths={Part.STARTUP_SCRIPT: "theirs.sh"}
    )
    if not recorded:
        world.bucket.delete([record_key("mwaa-staging")])
    del world.files["startup.sh"]

    runs.push("bbbb")

    environment = world.environment.states["staging"]
    assert environment.paths[Part.STARTUP_SCRIPT] == "startup.sh"
    assert environment.versions[Part.STARTUP_SCRIPT] == version


def test_after_deletions_that_failed_it_goes_back_to_the_last_that_came_to_its_end(world, runs):
    runs.push("aaaa")
    world.files["dags/a.py"] = "a = 5\n"
    runs.push("bbbb")
    good = live(world)
    del world.files["dags/team b/ü.py"]
    Failing(world)
    with pytest.raises(VerificationFailed):
        runs.push("cccc")

    runs.roll_back()

    assert live(world) == good
    assert runs.record.commit[:4] == "bbbb"


def test_a_note_that_could_not_be_taken_away_makes_no_deployment_unfinished(world, runs):
    runs.push("aaaa")
    good = live(world)
    world.files["dags/a.py"] = "a = 5\n"
    note = Keeping(world)
    with pytest.raises(AwsUnavailable):
        runs.push("bbbb")
    note.let_go()

    runs.roll_back()

    assert live(world) == good
    assert runs.record.commit[:4] == "aaaa"


def test_a_deployment_that_fails_after_a_roll_back_that_failed_does_not_forget_where_that_went(world, runs):
    runs.push("aaaa")
    good = live(world)
    change_everything(world)
    runs.push("bbbb")
    Overwriting(world, "dags/a.py")
    with pytest.raises(VerificationFailed):
        runs.roll_back()
    world.files["dags/a.py"] = "a = 7\n"
    Overwriting(world, "dags/a.py")
    with pytest.raises(VerificationFailed):
        runs.push("cccc")

    runs.roll_back()

    assert live(world) == good
    assert runs.record.commit[:4] == "aaaa"
