"""Deployments to an environment without a stack, told with the fakes."""

import hashlib
import json

import pytest

from mwaa_deploy.errors import (
    AwsRefused,
    AwsUnavailable,
    BucketElsewhere,
    EnvironmentBusy,
    EnvironmentMissing,
    EnvironmentUpdateFailed,
    EnvironmentWaitTimedOut,
    StackUnusable,
)
from mwaa_deploy.outcome import Progress
from mwaa_deploy.parts import Part
from mwaa_deploy.plan import Disruption, OperationKind
from mwaa_deploy.target.no_stack import NoStack
from mwaa_deploy.target.unfinished import read_unfinished
from tests.fakes.planning import bundle, deployed, kinds, part_state, plan
from tests.fakes.world import World

NOTE = "mwaa-deploy/staging/unfinished.json"


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    world.give_environment()
    world.environment.seconds = 1200
    return world


def test_the_first_deployment_updates_the_environment_once_and_asks_no_stack(world):
    outcome = world.deploy()
    world.assert_deployed()
    assert world.environment.updates == ["staging"]
    assert outcome.environment_updated
    assert not outcome.stack_changed
    assert world.stack.knobs.calls == []
    assert json.loads(world.bucket.contents["mwaa-deploy/staging/record.json"])["environment"] == "staging"


def test_equal_content_is_not_deployed_again(world):
    world.deploy()
    versions = dict(world.versions_made)
    assert world.plan().empty
    assert world.deploy().changed_nothing
    assert world.versions_made == versions
    assert world.environment.updates == ["staging"]


def test_dags_alone_need_no_update(world):
    world.deploy()
    world.files["dags/a.py"] = "a = 2\n"
    outcome = world.deploy()
    world.assert_deployed()
    assert not outcome.environment_updated
    assert world.environment.updates == ["staging"]


def test_a_changed_part_costs_one_update_with_every_version_and_path(world):
    world.deploy()
    world.files["plugins/operators.py"] = "p = 2\n"
    found = world.plan()
    assert [op.kind for op in found.operations if op.kind is not OperationKind.KEEP] == [
        OperationKind.UPLOAD,
        OperationKind.ENVIRONMENT_UPDATE,
        OperationKind.RECORD,
    ]
    assert found.disruption is Disruption.WORKERS_REPLACED
    assert found.expected_minutes == (15, 36)
    world.deploy()
    world.assert_deployed()
    assert world.environment.updates == ["staging"] * 2


@pytest.mark.parametrize("strategy", ["", "GRACEFUL", "FORCED"])
def test_the_worker_replacement_is_what_the_user_says(world, strategy):
    world.worker_replacement = strategy
    world.deploy()
    assert world.environment.replacements == [strategy]


def test_a_failed_update_is_red_and_mended_by_the_next_good_commit(world):
    world.deploy()
    live = dict(world.environment.states["staging"].versions)
    record = world.bucket.contents["mwaa-deploy/staging/record.json"]
    world.files["dags/requirements.txt"] = "broken==1\n"
    world.files["dags/a.py"] = "import broken\n"
    world.environment.fails = "Unable to install the requirements"
    progress = Progress(world.clock)
    with pytest.raises(EnvironmentUpdateFailed, match="Unable to install"):
        world.deploy(progress)
    assert not progress.outcome().changed_nothing
    assert world.environment.states["staging"].versions == live
    assert world.bucket.contents["dags/a.py"] == b"a = 1\n"
    assert world.bucket.contents["mwaa-deploy/staging/record.json"] == record

    world.files["dags/requirements.txt"] = "mended==1\n"
    world.deploy()
    world.assert_deployed()


def test_the_same_commit_after_a_failure_reuses_its_upload(world):
    world.deploy()
    world.files["plugins/operators.py"] = "p = 2\n"
    world.environment.fails = "Out of capacity"
    with pytest.raises(EnvironmentUpdateFailed):
        world.deploy()
    uploads = dict(world.versions_made)
    outcome = world.deploy()
    assert not outcome.changed_nothing
    world.assert_deployed()
    assert world.versions_made["plugins.zip"] == uploads["plugins.zip"]


def test_what_somebody_began_in_between_is_waited_for_and_our_versions_win(world):
    world.deploy()
    other = world.bucket.put("plugins.zip", b"theirs", sha256=hashlib.sha256(b"theirs").hexdigest(), commit="x")
    world.files["plugins/operators.py"] = "p = 2\n"

    def begin_theirs(*arguments, **options):
        world.bucket.put = put
        world.environment.bring("staging", versions={Part.PLUGINS: other.version}, paths={}, seconds=1200)
        return put(*arguments, **options)

    put, world.bucket.put = world.bucket.put, begin_theirs
    world.deploy()
    world.assert_deployed()
    assert world.environment.updates == ["staging"] * 3


def test_an_environment_that_stays_busy_ends_the_run_with_nothing_but_an_upload(world):
    world.deploy()
    world.files["plugins/operators.py"] = "p = 2\n"
    live = dict(world.environment.states["staging"].versions)
    for _ in range(1000):
        world.environment.knobs.fail("update", EnvironmentBusy("staging is UPDATING."))
    progress = Progress(world.clock)
    with pytest.raises(EnvironmentBusy, match="UPDATING after this run has waited for 240 min"):
        world.deploy(progress)
    assert not progress.environment_updated
    assert world.environment.states["staging"].versions == live


@pytest.mark.parametrize("error", [AwsRefused("no such version"), AwsUnavailable("no answer")])
def test_any_other_refusal_ends_the_run_at_once(world, error):
    world.environment.knobs.fail("update", error)
    with pytest.raises(type(error)):
        world.deploy()
    world.deploy()
    world.assert_deployed()


def test_a_run_out_of_time_is_resumed_without_a_second_update(world):
    world.deploy()
    world.files["plugins/operators.py"] = "p = 2\n"
    world.files["dags/a.py"] = "a = 2\n"
    world.timeout = 600
    with pytest.raises(EnvironmentWaitTimedOut):
        world.deploy()
    change = read_unfinished(world.bucket, "staging").change
    assert change is not None
    assert change.stack_done_at is not None
    world.timeout = 3600
    world.deploy()
    world.assert_deployed()
    assert world.environment.updates == ["staging"] * 2
    assert NOTE not in world.bucket.contents


def test_an_answer_that_is_lost_leaves_a_note_and_the_next_run_needs_no_second_update(world):
    world.deploy()
    world.files["plugins/operators.py"] = "p = 2\n"
    take = world.environment.update

    def lose_the_answer(*arguments, **options):
        take(*arguments, **options)
        raise AwsUnavailable("no answer")

    world.environment.update = lose_the_answer
    progress = Progress(world.clock)
    with pytest.raises(AwsUnavailable):
        world.deploy(progress)
    assert progress.environment_updated
    note = read_unfinished(world.bucket, "staging")
    assert note.touches_stack
    assert note.change is not None
    world.environment.update = take
    world.deploy()
    world.assert_deployed()
    assert world.environment.updates == ["staging"] * 2


def test_an_environment_that_does_not_exist_is_refused_before_anything_is_uploaded(world):
    world.environment.states.clear()
    with pytest.raises(EnvironmentMissing, match="no MWAA environment staging"):
        world.deploy()
    assert world.bucket.contents == {}


def test_an_environment_with_another_bucket_is_refused_before_anything_is_uploaded(world):
    world.bucket.name = "another-bucket"
    with pytest.raises(BucketElsewhere, match="not from another-bucket"):
        world.deploy()
    assert world.bucket.contents == {}


def test_there_is_nothing_to_be_done_with_no_stack():
    stack = NoStack("staging")
    assert stack.state() is None
    for call in (stack.create_change_set, stack.delete_change_set, stack.execute):
        with pytest.raises(StackUnusable, match="staging is deployed to without a stack"):
            call()


def without_stack(state):
    return type(state)(**{**vars(state), "stack": None, "stack_name": "n", "without_stack": True})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"live_version": "theirs", "live_sha256": "0"}, [("upload", "plugins"), ("environment-update", None)]),
        ({"live_version": None, "live_key": None}, [("upload", "plugins"), ("environment-update", None)]),
    ],
)
def test_an_update_is_planned_for_a_version_that_is_not_live(changes, expected):
    shipped = type(bundle())(**{**vars(bundle()), "template": None})
    state = part_state(without_stack(deployed(shipped)), Part.PLUGINS, **changes)
    done = [kind for kind in kinds(plan(shipped, state)) if kind[0] not in {"keep", "record"}]
    assert done == expected
