"""Random histories with roll-backs in them: a green roll-back ends in the very content of the deployment it names."""

import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mwaa_deploy.deletion_limits import DeletionLimits
from mwaa_deploy.errors import AwsUnavailable, MwaaDeployError, RollbackImpossible
from mwaa_deploy.target.record import Record, read_record
from tests.fakes.deployments import Deployments
from tests.fakes.failures import Knobs
from tests.fakes.world import World
from tests.unit.target.test_histories import EDITS, edit

FAILURES = st.none() | st.tuples(
    st.sampled_from(["bucket", "stack", "environment"]),
    st.sampled_from(["put", "read", "list", "delete", "versions_under", "execute", "template", "get"]),
    st.integers(0, 8),
)
FOREIGN = st.none() | st.tuples(
    st.sampled_from(["dags/a.py", "dags/deep/b.py", "dags/theirs.py"]), st.sampled_from("34")
)
STEPS = st.one_of(
    st.tuples(st.just("push"), st.lists(EDITS, max_size=4), FAILURES, FOREIGN),
    st.tuples(st.just("back"), st.integers(0, 3), FAILURES, FOREIGN),
)


def content(world: World) -> tuple[dict[str, bytes | None], dict[str, bytes]]:
    """The bytes of each part that the environment runs, and of each DAG file."""
    environment = world.environment.states["staging"]
    parts = {str(p): world.bucket.read(environment.paths[p], version) for p, version in environment.versions.items()}
    dags = {
        key: body
        for key, body in world.bucket.contents.items()
        if key.startswith("dags/") and key != "dags/requirements.txt"
    }
    return parts, dags


def check(world: World, record: Record, contents: dict[str, tuple[dict[str, bytes | None], dict[str, bytes]]]) -> None:
    parts, dags = content(world)
    deployed_parts, deployed_dags = contents[record.commit]
    assert dags == deployed_dags
    # A part that came later stays, as MWAA cannot do without it again.
    assert {part: parts[part] for part in deployed_parts} == deployed_parts
    assert {part: found.version for part, found in record.parts.items()} == dict(
        world.environment.states["staging"].versions
    )


def recorded(runs: Deployments, commit: str) -> bool:
    """Whether the record is of a commit, given by its first digits."""
    found = read_record(runs.world.bucket, runs.world.stack.name)
    return found is not None and found.commit.startswith(commit)


@given(history=st.lists(STEPS, min_size=1, max_size=7), by_itself=st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_green_roll_back_ends_in_the_content_that_it_names(history, by_itself):
    with tempfile.TemporaryDirectory() as place:
        world = World(Path(place))
        world.deletions = DeletionLimits(count=10)
        runs = Deployments(world)
        runs.inputs = replace(runs.inputs, rollback_on_failure=by_itself)
        contents: dict[str, tuple[dict[str, bytes | None], dict[str, bytes]]] = {}
        pushed: list[str] = []
        for kind, what, failure, foreign in history:
            if foreign:
                world.bucket.put_foreign(foreign[0], f"{Path(foreign[0]).stem[0]} = {foreign[1]}\n".encode())
            if failure:
                getattr(world, failure[0]).knobs.fail(failure[1], AwsUnavailable("gone"), after=failure[2])
            error = None
            try:
                if kind == "push":
                    edit(world, what)
                    commit = f"{len(pushed):04}beef"
                    pushed.append(commit)
                    runs.push(commit)
                else:
                    runs.roll_back(pushed[-what] if 0 < what <= len(pushed) else "")
            except MwaaDeployError as e:
                error = e
            for fake in (world.bucket, world.stack, world.environment):
                fake.knobs = Knobs()
            if error is not None:
                if kind == "push" and recorded(runs, pushed[-1]):
                    contents[runs.record.commit] = content(world)  # all was done but to take the note away
                assert failure is not None or (kind == "back" and isinstance(error, RollbackImpossible))
            elif kind == "push":
                contents[runs.record.commit] = content(world)
                world.assert_deployed()
            else:
                check(world, runs.record, contents)
        edit(world, [])
        runs.push("feed")
        world.assert_deployed()
        assert runs.drift() == []
