"""The lock of a target: who may have it, how it is kept, and how it is lost."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from mwaa_deploy.errors import AwsUnavailable, LockHeld, LockLost, StackUpdateFailed
from mwaa_deploy.target.leased import LeasedBucket, LeasedClock, LeasedStack
from mwaa_deploy.target.lock import hold
from mwaa_deploy.target.lock_state import LEASE, SKEW, Holder, LockState, Taking, lock_key, may_take, read_lock
from tests.fakes.bucket import FakeBucket
from tests.fakes.clock import FakeClock
from tests.fakes.failures import Knobs
from tests.fakes.log import FakeLog
from tests.fakes.stack import FakeStack
from tests.fakes.world import World

ME = Holder(owner="me", commit="a" * 40, run_url="https://github.test/runs/7", run="acme/dags/runs/7", attempt=2)
EARLIER = replace(ME, owner="earlier", attempt=1)
LEG = replace(ME, owner="another leg of the matrix")
OTHER = Holder(owner="other", commit="b" * 40, run_url="https://github.test/runs/8", run="acme/dags/runs/8", attempt=1)
LAPTOP, OTHER_LAPTOP = Holder(owner="mine", commit="a" * 40), Holder(owner="theirs", commit="a" * 40)
KEY = "mwaa-deploy/staging/lock.json"
TEMPLATE = "Resources: {Note: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: hello}}}"


class Place:
    """A target, and those who want it."""

    def __init__(self):
        self.bucket, self.clock, self.log, self.notes = FakeBucket(), FakeClock(), FakeLog(), []

    def hold(self, who=ME, *, timeout=3600):
        return hold(self.bucket, "staging", who, clock=self.clock, log=self.log, timeout=timeout, notes=self.notes)

    def lock(self):
        return read_lock(self.bucket, "staging")

    def writes(self):
        return len(self.bucket.versions.get(KEY, ()))


@pytest.fixture
def place():
    return Place()


NOW = FakeClock().now()


@pytest.mark.parametrize(
    ("found", "taking"),
    [
        (LockState(etag=None), Taking.TAKE),
        (LockState(etag="e"), Taking.TAKE),
        (LockState(etag="e", holder=OTHER, since=NOW, expires=NOW + LEASE), Taking.WAIT),
        (LockState(etag="e", holder=OTHER, since=NOW, expires=NOW), Taking.WAIT),
        (LockState(etag="e", holder=OTHER, since=NOW, expires=NOW - SKEW + timedelta(seconds=1)), Taking.WAIT),
        (LockState(etag="e", holder=OTHER, since=NOW, expires=NOW - SKEW), Taking.TAKE_OVER),
        (LockState(etag="e", holder=ME, since=NOW, expires=NOW + LEASE), Taking.TAKE_OVER),
        (LockState(etag="e", holder=EARLIER, since=NOW, expires=NOW + LEASE), Taking.TAKE_OVER),
        (LockState(etag="e", holder=LEG, since=NOW, expires=NOW + LEASE), Taking.WAIT),
        (LockState(etag="e", holder=replace(ME, owner="later", attempt=3), expires=NOW + LEASE), Taking.WAIT),
    ],
)
def test_who_may_take_it(found, taking):
    assert may_take(found, ME, NOW) is taking


def test_it_is_ours_within_the_block_and_free_after_it(place):
    assert place.lock() == LockState(etag=None)
    with place.hold():
        found = place.lock()
        assert (found.holder, found.since, found.expires) == (ME, NOW, NOW + LEASE)
    assert place.lock().free
    assert place.notes == []
    with place.hold(OTHER):
        assert place.lock().holder == OTHER


def test_it_is_free_after_a_failure(place):
    with pytest.raises(AwsUnavailable), place.hold():
        raise AwsUnavailable("gone")
    assert place.lock().free


def test_that_it_cannot_be_freed_is_no_failure(place):
    with place.hold():
        place.bucket.knobs.fail("put_if", AwsUnavailable("gone"))
    assert not place.lock().free
    assert place.log.lines[-1] == "The lock was not freed, and holds for another 15 minutes at most: gone"


def test_another_waits_and_then_says_who_holds_it(place):
    with place.hold(OTHER):
        with pytest.raises(LockHeld, match=r"runs/8 still holds the lock of staging") as caught, place.hold(timeout=60):
            pass
        assert place.lock().holder == OTHER
    assert f"aws s3 rm 's3://{place.bucket.name}/{lock_key('staging')}'" in caught.value.mend
    assert place.clock.slept == [15, 15, 15, 15]


def test_one_that_was_killed_is_in_nobodys_way_for_long(place):
    killed = place.hold(OTHER)
    killed.__enter__()
    with place.hold():
        assert place.lock().holder == ME
    assert (place.clock.now() - NOW) == LEASE + SKEW
    assert place.notes == [
        "The lock was taken over from https://github.test/runs/8, which was not heard of any more.",
        "Waited 17 min for https://github.test/runs/8.",
    ]


def test_two_laptops_are_not_one_run():
    found = LockState(etag="e", holder=OTHER_LAPTOP, since=NOW, expires=NOW + LEASE)
    assert may_take(found, LAPTOP, NOW) is Taking.WAIT


def test_the_next_attempt_of_a_run_need_not_wait(place):
    killed = place.hold(EARLIER)
    killed.__enter__()
    with place.hold():
        assert place.clock.slept == []
    assert place.notes == []


def test_another_leg_of_the_same_job_waits(place):
    with place.hold(LEG), pytest.raises(LockHeld, match=r"runs/7 still holds the lock"), place.hold(timeout=60):
        pass


def test_one_that_was_killed_in_the_same_attempt_is_waited_for_and_named(place):
    killed = place.hold(LEG)
    killed.__enter__()
    with place.hold():
        assert (place.clock.now() - NOW) == LEASE + SKEW
    assert place.notes[0].startswith("The lock was taken over from https://github.test/runs/7")


def test_each_job_of_a_matrix_is_a_holder_of_its_own(tmp_path):
    """They have the job's name, the run and the attempt in common."""
    job = World(tmp_path).job()
    first, second = (replace(job, run="acme/dags/runs/7", attempt=1).holder for _ in range(2))
    assert may_take(LockState(etag="e", holder=first, since=NOW, expires=NOW + LEASE), second, NOW) is Taking.WAIT


def test_a_lock_of_a_version_before_is_read(place):
    place.bucket.put_foreign(KEY, held(expires="2099-01-01T00:00:00+00:00"))
    found = place.lock().holder
    assert (found.owner, found.run, found.attempt) == ("o", "", 0)


def test_it_is_renewed_while_we_work_and_only_then(place):
    with place.hold() as lease:
        lease.require()
        assert place.writes() == 1
        place.clock.advance(180)
        lease.require()
        lease.require()
        assert place.writes() == 2
        assert place.lock().expires == place.clock.now() + LEASE
        assert place.lock().since == NOW


def test_twelve_hours_of_waiting_keep_it(place):
    with place.hold() as lease:
        clock = LeasedClock(place.clock, lease)
        for _ in range(12 * 60):
            clock.sleep(60)
            assert may_take(place.lock(), OTHER, clock.now()) is Taking.WAIT
        clock.sleep(3600)
        assert may_take(place.lock(), OTHER, clock.now()) is Taking.WAIT


def test_a_wait_outlasts_a_time_in_which_s3_does_not_answer(place):
    with place.hold() as lease:
        clock = LeasedClock(place.clock, lease)
        for _ in range(2):
            place.bucket.knobs.fail("put_if", AwsUnavailable("503"))
        for _ in range(10):
            clock.sleep(60)
        assert may_take(place.lock(), OTHER, clock.now() + LEASE / 2) is Taking.WAIT


def test_a_wait_ends_while_the_lock_is_surely_ours_if_s3_does_not_answer(place):
    with place.hold() as lease:
        clock = LeasedClock(place.clock, lease)
        for _ in range(20):
            place.bucket.knobs.fail("put_if", AwsUnavailable("503"))
        with pytest.raises(AwsUnavailable):
            clock.sleep(20 * 60)
        assert may_take(place.lock(), OTHER, clock.now()) is Taking.WAIT
        place.bucket.knobs = Knobs()


def test_the_deletion_of_a_stack_keeps_it(place):
    stack = FakeStack("staging", clock=place.clock, seconds=1800)
    made = stack.create_change_set(template=TEMPLATE, parameters=(), create=True, description="")
    stack.break_with("Environment", "no network")
    with pytest.raises(StackUpdateFailed):
        stack.execute(made, timeout=3600, on_event=lambda _: None)
    began = place.clock.now()
    with place.hold() as lease:
        LeasedStack(stack, lease).delete_never_created(timeout=3600, on_event=lambda _: None)
        assert place.clock.now() - began == timedelta(minutes=30)
        assert place.lock().expires > place.clock.now() - timedelta(minutes=1)


def test_a_stack_is_not_protected_by_one_that_has_lost_it(place):
    stack = FakeStack("staging", clock=place.clock)
    ours = place.hold()
    leased_stack = LeasedStack(stack, ours.__enter__())
    stack.deploy("Resources: {Note: {Type: AWS::SSM::Parameter}}")
    leased_stack.protect()
    assert stack.knobs.count("protect") == 1
    place.clock.advance(3600)
    with place.hold(OTHER), pytest.raises(LockLost):
        leased_stack.protect()
    assert stack.knobs.count("protect") == 1


def test_one_that_slept_too_long_changes_nothing_any_more(place):
    ours = place.hold()
    bucket = LeasedBucket(place.bucket, ours.__enter__())
    place.clock.advance(3600)
    with place.hold(OTHER), pytest.raises(LockLost):
        bucket.put("dags/a.py", b"", sha256="", commit="c")
    ours.__exit__(None, None, None)
    assert "dags/a.py" not in place.bucket.contents
    assert place.lock().free


def held(*, since="2026-11-25T12:00:00+00:00", expires="2026-11-25T12:15:00+00:00"):
    return json.dumps({"owner": "o", "commit": "c", "run_url": "", "since": since, "expires": expires}).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"?",
        b"{}",
        b"[]",
        b'{"owner": "o", "commit": "c", "run_url": "", "since": 1}',
        held(since="2026-11-25T12:00:00"),
        held(expires="2026-11-25T12:15:00"),
        held(since=None),
        # the last and the first of all moments, which nothing can be added to, in UTC and elsewhere
        held(expires="9999-12-31T23:59:59+00:00"),
        held(expires="9999-12-31T23:59:59-12:00"),
        held(since="9999-12-31T23:59:59+00:00"),
        held(since="0001-01-01T00:00:00+14:00"),
        held(expires="0001-01-01T00:00:00+14:00"),
    ],
)
def test_what_is_no_lock_is_taken_for_none(place, body):
    place.bucket.put_foreign(KEY, body)
    with pytest.raises(LockHeld, match="cannot be read") as caught, place.hold():
        pass
    assert "aws s3 rm" in caught.value.mend
    assert place.bucket.contents == {KEY: body}
