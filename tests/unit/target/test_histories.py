"""Random histories of edits, failures, reverts and deployments: whatever happened, a good run ends in its content."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mwaa_deploy.deletion_limits import DeletionLimits
from mwaa_deploy.errors import AwsUnavailable, MwaaDeployError
from tests.fakes.failures import Knobs
from tests.fakes.world import TEMPLATE, World

CONTENTS: dict[str, list[str | None]] = {
    "dags/a.py": ["a = 1\n", "a = 2\n", "a = 10\n", None],
    "dags/deep/b.py": ["b = 1\n", "b = 2\n", None],
    "dags/requirements.txt": ["x==1\n", "x==2\n", None],
    "plugins/operators.py": ["p = 1\n", "p = 2\n", None],
    "template.yaml": [TEMPLATE, TEMPLATE.replace("DagS3Path: dags\n", "DagS3Path: dags\n      MaxWorkers: 5\n")],
    "parameters.yml": ["Name: staging\n", "{Name: staging, Class: mw1.large}\n"],
}
EDITS = st.one_of(*(st.tuples(st.just(name), st.sampled_from(contents)) for name, contents in CONTENTS.items()))
TIMES: dict[str, dict[str, object]] = {
    "a stack out of time": {"seconds": 5 * 3600},
    "an environment out of time": {"environment_lags": 5 * 3600},
    "an environment that begins late": {"environment_begins": 1500},
    "an environment that fails late": {"environment_begins": 1500, "environment_fails": "no"},
    "a stack that fails out of time": {"seconds": 5 * 3600, "_breakage": ("Mwaa", "no")},
}
PACE = {"seconds": 1200, "environment_lags": 0, "environment_begins": 0, "environment_fails": None, "_breakage": None}
FAILURES = st.one_of(
    st.none(),
    st.tuples(st.just("bucket"), st.sampled_from(["put", "delete", "list", "read", "head"]), st.integers(0, 5)),
    st.tuples(st.just("stack"), st.sampled_from(["create_change_set", "execute", "state"]), st.just(0)),
    st.tuples(st.just("environment"), st.just("get"), st.integers(0, 3)),
    st.tuples(st.just("break"), st.just(""), st.just(0)),
    st.tuples(st.just("time"), st.sampled_from(sorted(TIMES)), st.just(0)),
)
OTHERS = st.sampled_from(["", "", "", "stack", "maintenance"])
FOREIGN = st.lists(
    st.tuples(
        st.sampled_from(["dags/a.py", "dags/deep/b.py", "dags/always.py", "dags/theirs.py"]), st.sampled_from("349")
    ),
    max_size=2,
)
"""What others write over, often in the size that is there."""
HISTORIES = st.lists(st.tuples(st.lists(EDITS, max_size=4), OTHERS, FAILURES, FOREIGN), max_size=6)


def edit(world: World, edits: list[tuple[str, str | None]]) -> None:
    for name, content in edits:
        world.files.pop(name, None)
        if content is not None:
            world.files[name] = content
    world.files.setdefault("dags/always.py", "x = 1\n")


def arrange(world: World, failure: tuple[str, str, int] | None) -> None:
    if failure is None:
        return
    where, method, after = failure
    if where == "break":
        world.stack.break_with("Mwaa", "broken")
    elif where == "time":
        vars(world.stack).update(TIMES[method])
    else:
        getattr(world, where).knobs.fail(method, AwsUnavailable("gone"), after=after)


def meddle(world: World, others: str) -> None:
    """Somebody else is at the target when the deployment comes."""
    state = world.stack.state()
    if others == "stack" and state is not None and state.status == "UPDATE_COMPLETE":
        world.stack.occupy(3000)
    environment = world.environment.get("staging")
    if others == "maintenance" and environment is not None and environment.status == "AVAILABLE":
        world.environment.maintain("staging", seconds=3000)


def recover(world: World) -> None:
    """All is well again. By hand, as errors say, failed creations are deleted, and MWAA is told to try again."""
    for fake in (world.bucket, world.stack, world.environment):
        fake.knobs = Knobs()
    vars(world.stack).update(PACE)
    environment = world.environment.states.get("staging")
    if environment is not None and environment.status == "UPDATE_FAILED":
        world.environment.bring("staging", versions={}, paths={})
    state, underway = world.stack.state(), world.stack._underway
    if "ROLLBACK_COMPLETE" in (state and state.status, underway and underway.outcome.status):
        world.stack._state = world.stack._underway = None


@given(history=HISTORIES)
@settings(max_examples=100, deadline=None)
def test_good_run_after_any_history_ends_in_its_content(history):
    with tempfile.TemporaryDirectory() as place:
        world = World(Path(place))
        world.deletions = DeletionLimits(count=10)
        for edits, others, failure, foreign in history:
            edit(world, edits)
            for key, digit in foreign:
                world.bucket.put_foreign(key, f"{Path(key).stem[0]} = {digit}\n".encode())
            meddle(world, others)
            arrange(world, failure)
            try:
                world.deploy()
            except MwaaDeployError:
                assert failure is not None
                recover(world)
            else:
                recover(world)
                world.assert_deployed()
        edit(world, [])
        world.deploy()

        world.assert_deployed()
        assert world.plan().empty
        versions = {key: len(found) for key, found in world.bucket.versions.items()}
        assert world.deploy().changed_nothing
        assert {key: len(found) for key, found in world.bucket.versions.items()} == versions
