"""What a deployment may delete."""

from dataclasses import replace

import pytest

from mwaa_deploy.bundle.manifest import FileDigest, Manifest
from mwaa_deploy.deletion_guard import deletion_refusal, refuse_deletions
from mwaa_deploy.deletion_limits import DeletionLimits
from mwaa_deploy.errors import DeletionRefused
from mwaa_deploy.plan import DagSync
from mwaa_deploy.target.dag_objects import DagObject
from mwaa_deploy.target.record import ObjectToken
from mwaa_deploy.target.state import TargetState
from mwaa_deploy.target.unfinished import Unfinished
from tests.fakes.planning import bundle, deployed


def target(count: int, *, first: bool = False, ours: bool = True) -> TargetState:
    """A DAG folder with that many files, besides one that is protected and one of another part."""
    names = [f"{number:03}.py" for number in range(count)]
    found = DagObject(size=1, etag="e", sha256="s", target="s") if ours else DagObject(size=1, etag="e")
    dags = dict.fromkeys([*names, "kept/x.py"], found)
    state = replace(deployed(bundle()), dags=dags, protected=("kept",))
    return replace(state, record=None) if first else state


def gone(state: TargetState, count: int) -> DagSync:
    return DagSync(deleted=tuple(sorted(state.dags))[:count])


@pytest.mark.parametrize(
    ("there", "deleted", "limits", "refused"),
    [
        (0, 0, DeletionLimits(count=0, share=0), False),
        (9, 9, DeletionLimits(), False),
        (10, 5, DeletionLimits(), False),
        (10, 6, DeletionLimits(), True),
        (10, 6, DeletionLimits(share=60), False),
        (300, 100, DeletionLimits(), False),
        (300, 101, DeletionLimits(), True),
        (300, 101, DeletionLimits(count=101), False),
        (300, 200, DeletionLimits(count=200), True),
        (300, 200, DeletionLimits(count=200, share=67), False),
        (300, 1, DeletionLimits(count=0), True),
        (300, 1, DeletionLimits(share=0), True),
        (300, 300, DeletionLimits(count=300, share=100), False),
    ],
)
def test_count_and_share_are_limited(there, deleted, limits, refused):
    state = target(there)

    assert (deletion_refusal(gone(state, deleted), state, limits) is not None) is refused


def test_refusal_names_the_first_files_and_the_inputs_that_allow_it():
    state = target(300)

    with pytest.raises(DeletionRefused) as caught:
        refuse_deletions(gone(state, 201), state, DeletionLimits(), takes_over=False)

    lines = caught.value.what.splitlines()
    assert lines[:2] == [
        "201 of the 300 file(s) under dags/ would be deleted, more than the 100 of max-deletions:",
        "- 000.py",
    ]
    assert lines[-1] == "- and 191 more"
    assert "  max-deletions: 201\n  max-deletion-share: 67\n" in caught.value.mend
    assert caught.value.exit_code == 66


def test_inputs_of_the_refusal_do_allow_it():
    state = target(300)
    sync = gone(state, 201)

    assert deletion_refusal(sync, state, DeletionLimits(count=201, share=67)) is None
    assert deletion_refusal(sync, state, DeletionLimits(count=200, share=67)) is not None
    assert deletion_refusal(sync, state, DeletionLimits(count=201, share=66)) is not None


def test_only_the_input_that_is_needed_is_named():
    state = target(10)

    refusal = deletion_refusal(gone(state, 6), state, DeletionLimits())

    assert refusal is not None
    assert "more than the 50 percent of max-deletion-share" in refusal.what
    assert "max-deletion-share: 60" in refusal.mend
    assert "max-deletions" not in refusal.mend


def test_first_deployment_deletes_nothing_of_others_unless_told():
    state = target(3, first=True, ours=False)
    sync = gone(state, 1)

    refusal = deletion_refusal(sync, state, DeletionLimits())

    assert refusal is not None
    assert (
        refusal.what
        == "1 of the 3 file(s) under dags/ would be deleted, and no deployment to this target is known to have put them"
        " there:\n- 000.py"
    )
    assert "first deployment to this DAG folder" in refusal.meaning
    assert "max-deletions: 1\n" in refusal.mend
    assert "protected-prefixes: 000.py" in refusal.mend
    assert deletion_refusal(sync, state, DeletionLimits(count=1)) is None


def test_record_of_another_folder_makes_it_a_first_deployment():
    state = target(3, ours=False)
    assert state.record is not None
    sync = gone(state, 1)

    assert deletion_refusal(sync, state, DeletionLimits()) is None
    moved = replace(state, record=replace(state.record, dag_prefix="old"))
    assert deletion_refusal(sync, moved, DeletionLimits()) is not None


def test_what_an_unfinished_first_deployment_left_is_ours():
    state = target(3, first=True)
    assert deletion_refusal(gone(state, 1), state, DeletionLimits()) is None

    state = target(3, first=True, ours=False)
    announced = replace(state, unfinished=Unfinished(dags=frozenset({"000.py"})))
    assert deletion_refusal(gone(state, 1), announced, DeletionLimits()) is None
    assert deletion_refusal(gone(state, 2), announced, DeletionLimits()) is not None


def test_what_another_target_deployed_is_never_deleted():
    state = target(300)
    theirs = replace(state, dags={**state.dags, "000.py": DagObject(size=1, etag="e", sha256="s", target="other")})
    sync = gone(theirs, 1)

    for limits in (DeletionLimits(), DeletionLimits(count=300, share=100)):
        refusal = deletion_refusal(sync, theirs, limits)

        assert refusal is not None
        assert "1 file(s) under dags/" in refusal.what
        assert "another target (other) and not to s:\n- 000.py" in refusal.what
        assert "DagS3Path: s/dags\n" in refusal.mend
        assert "protected-prefixes: 000.py" in refusal.mend
        assert "max-deletions:" not in refusal.mend


def test_a_target_that_was_ours_by_another_name_is_taken_over_on_purpose():
    state = target(300)
    theirs = replace(state, dags={name: replace(found, target="other") for name, found in state.dags.items()})

    assert deletion_refusal(gone(theirs, 1), theirs, DeletionLimits(), takes_over=True) is None
    assert deletion_refusal(gone(theirs, 201), theirs, DeletionLimits(), takes_over=True) is not None


def recorded(state: TargetState, etag: str) -> TargetState:
    assert state.record is not None
    record = replace(
        state.record,
        dags=Manifest({"000.py": FileDigest(sha256="s", size=1)}),
        objects={"000.py": ObjectToken(version="v", etag=etag)},
    )
    return replace(state, record=record)


@pytest.mark.parametrize(
    ("found", "etag", "refused", "allowed_by_count"),
    [
        # as an earlier version left it, and our record still names it
        (DagObject(size=1, etag="e", sha256="s"), "e", False, True),
        # another target has uploaded it again since, by an earlier version
        (DagObject(size=1, etag="e", sha256="s"), "before", True, True),
        # by this one
        (DagObject(size=1, etag="e", sha256="s", target="other"), "before", True, False),
        # we found it there with our very content
        (DagObject(size=1, etag="e", sha256="s", target="other"), "e", True, False),
        # somebody's by hand
        (DagObject(size=1, etag="e"), "before", False, True),
    ],
)
def test_record_and_object_tell_whose_a_file_is(found, etag, refused, allowed_by_count):
    state = recorded(replace(target(0), dags={"000.py": found}), etag)
    sync = gone(state, 1)

    assert (deletion_refusal(sync, state, DeletionLimits()) is not None) is refused
    assert (deletion_refusal(sync, state, DeletionLimits(count=1)) is None) is allowed_by_count


def test_what_an_earlier_version_uploaded_for_nobody_knows_whom_is_not_ours():
    state = target(1)
    unnamed = replace(state, dags={"000.py": DagObject(size=1, etag="e", sha256="s")})

    for there in (unnamed, replace(unnamed, record=None)):
        assert deletion_refusal(gone(there, 1), there, DeletionLimits()) is not None
        assert deletion_refusal(gone(there, 1), there, DeletionLimits(count=1)) is None
