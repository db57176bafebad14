from datetime import UTC, datetime

import pytest

from mwaa_deploy.commit_order import refuse_older
from mwaa_deploy.errors import CommitOutdated
from mwaa_deploy.ports import Relation
from mwaa_deploy.target.record import Record

THEIRS, OURS = "a" * 40, "b" * 40
RUN = "https://github.com/acme/dags/actions/runs/7"
RECORD = Record(commit=THEIRS, run_url=RUN, at=datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("relation", "why"),
    [
        (Relation.OLDER, f"The target has aaaaaaa already by {RUN}, which is newer than bbbbbbb."),
        (Relation.ABANDONED, f"The target has aaaaaaa by {RUN}, and bbbbbbb is no longer on its branch."),
    ],
)
def test_a_step_back_is_refused_and_says_how_to_take_it_on_purpose(relation, why):
    with pytest.raises(CommitOutdated) as caught:
        refuse_older(OURS, RECORD, relation)

    assert str(caught.value.what) == f"{why} Nothing was changed."
    assert "force: true" in caught.value.mend


@pytest.mark.parametrize("relation", [Relation.NEWER, Relation.DIVERGED])
def test_a_later_commit_and_one_of_another_branch_are_deployed_without_a_word(relation):
    assert not refuse_older(OURS, RECORD, relation)


def test_the_tip_of_a_branch_that_was_set_back_is_deployed_and_said():
    note = refuse_older(OURS, RECORD, Relation.RESET)

    assert note == (
        f"The target had aaaaaaa by {RUN}, newer than bbbbbbb; the branch was set back since, and no longer has it."
    )


def test_what_nobody_can_tell_is_deployed_and_said():
    assert "nobody could tell whether bbbbbbb is newer" in refuse_older(OURS, RECORD, None)
