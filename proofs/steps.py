"""What can happen in a history, as plain data that Hypothesis draws and prints."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hypothesis import strategies as st

from mwaa_deploy.parts import VERSIONED_PARTS, Part
from proofs.live_model import BROKEN_LIVE
from proofs.tripwire import Happening, Trip
from tests.fakes.world import TEMPLATE

_WORKERS = TEMPLATE.replace("DagS3Path: dags\n", "DagS3Path: dags\n      MaxWorkers: 5\n")
CONTENTS: Mapping[str, list[str | None]] = {
    "dags/a.py": ["a = 1\n", "a = 2\n", "a = 10\n", BROKEN_LIVE, None],
    "dags/deep/b.py": ["b = 1\n", "b = 2\n", None],
    "dags/requirements.txt": ["x==1\n", "x==2\n", None],
    "plugins/operators.py": ["p = 1\n", "p = 2\n", None],
    "startup.sh": ["export A=1\n", "export A=2\n"],
    "template.yaml": [TEMPLATE, _WORKERS],
    "parameters.yml": ["Name: staging\n", "{Name: staging, Class: mw1.large}\n"],
}
BY_HAND: Mapping[str, str] = {
    "the first one": TEMPLATE,
    "with 5 workers": _WORKERS,
    "with 99 workers": TEMPLATE.replace("DagS3Path: dags\n", "DagS3Path: dags\n      MaxWorkers: 99\n"),
}
"""The templates that somebody updates the stack with, two of which a commit may have as well."""

PACES: Mapping[str, Mapping[str, object]] = {
    "usual": {},
    "a stack out of time": {"seconds": 5 * 3600},
    "an environment out of time": {"environment_lags": 5 * 3600},
    "an environment that begins late": {"environment_begins": 1500},
    "an environment that fails late": {"environment_begins": 1500, "environment_fails": "no"},
    "a stack that fails": {"_breakage": ("Mwaa", "no")},
    "a stack that fails out of time": {"seconds": 5 * 3600, "_breakage": ("Mwaa", "no")},
}
"""What CloudFormation and MWAA do with what is asked of them, by the knobs of the fake stack."""

PACES_WITHOUT_STACK: Mapping[str, Mapping[str, object]] = {
    "usual": {},
    "an environment out of time": {"seconds": 5 * 3600},
    "an environment that fails late": {"fails": "no"},
    "a stack that fails out of time": {"seconds": 5 * 3600, "fails": "no"},
}
"""What MWAA does with what is asked of it alone, by the knobs of the fake environment."""

USUAL_PACE: Mapping[str, object] = {
    "seconds": 1200,
    "environment_lags": 0,
    "environment_begins": 0,
    "environment_fails": None,
    "_breakage": None,
}
USUAL_PACE_WITHOUT_STACK: Mapping[str, object] = {"seconds": 1200, "fails": None}
FOREIGN = ("dags/a.py", "dags/deep/b.py", "dags/always.py", "dags/theirs.py")

Edits = tuple[tuple[str, str | None], ...]


def whole(edits: Edits) -> dict[str, str | None]:
    """Edits as a commit has them: one file is always there, so that no commit is without DAGs."""
    return {**dict(edits), "dags/always.py": "x = 1\n"}


class Force(StrEnum):
    """What a push does to the commit that the branch is at."""

    NO = "no"
    """It goes on from there."""
    REPLACE = "replace"
    """The new commit takes its place."""
    SET_BACK = "set back"
    """The branch goes back to the commit before it; there is no new one."""


@dataclass(frozen=True, kw_only=True)
class Push:
    """A commit is pushed, and a run deploys it.

    Attributes:
        checks_fail: whether its checks find fault.
        pace: what AWS does.
        others: who is at the target already: '', 'stack' or 'maintenance'.
        goes_back: whether it asks to be rolled back if it fails.
        github_down: whether GitHub's API answers nothing.
        led: the parts that somebody has the environment read from elsewhere just before.
        another: key and the digit in it of what another target's deployment has written there just before.
    """

    edits: Edits
    force: Force = Force.NO
    checks_fail: bool = False
    trips: tuple[Trip, ...] = ()
    pace: str = "usual"
    others: str = ""
    goes_back: bool = False
    github_down: bool = False
    led: tuple[Part, ...] = ()
    another: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class PushTwice:
    """Two commits are pushed in quick succession, and nothing keeps their runs apart.

    Attributes:
        choices: which of the two goes on at each chance to.
        force: what the second does to the first.
    """

    first: Edits
    second: Edits
    choices: tuple[int, ...] = ()
    first_trips: tuple[Trip, ...] = ()
    second_trips: tuple[Trip, ...] = ()
    force: Force = Force.NO


@dataclass(frozen=True, kw_only=True)
class RunAgain:
    """A run of an earlier commit is done again.

    Attributes:
        back: how many commits before the newest.
        removed: whether to count those that a force-push took off the branch.
    """

    back: int
    removed: bool = False
    trips: tuple[Trip, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Meddle:
    """Somebody changes the target by hand.

    Attributes:
        files: DAG files that are written over in the bucket, often in the size that is there: key and the digit in the
            new content; None to delete it.
        another: the same of what another target's deployment writes, which has the same folder by mistake.
        paths: the parts that the environment is led elsewhere for.
        template: which of BY_HAND the stack is updated with; '' for none.
    """

    files: tuple[tuple[str, str | None], ...] = field(default=())
    another: tuple[tuple[str, str], ...] = ()
    paths: tuple[Part, ...] = ()
    template: str = ""


@dataclass(frozen=True, kw_only=True)
class GoBack:
    """The target is rolled back by hand.

    Attributes:
        to: to which of the earlier records, counted from the newest; None for the one before the last.
    """

    to: int | None = None
    trips: tuple[Trip, ...] = ()
    pace: str = "usual"


@dataclass(frozen=True, kw_only=True)
class PushAndGoBack:
    """A commit is pushed, and somebody rolls back at the same time.

    Attributes:
        choices: which of the two goes on at each chance to.
    """

    edits: Edits
    choices: tuple[int, ...] = ()
    push_trips: tuple[Trip, ...] = ()
    back_trips: tuple[Trip, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Revert:
    """The last commit is reverted by one that goes on from it, and a run deploys that."""


Step = Push | PushTwice | RunAgain | Meddle | GoBack | PushAndGoBack | Revert


@dataclass(frozen=True, kw_only=True)
class History:
    """What happens at one target.

    Attributes:
        with_stack: whether a template makes its environment.
    """

    with_stack: bool
    steps: tuple[Step, ...]


_EDIT = st.one_of(*(st.tuples(st.just(name), st.sampled_from(contents)) for name, contents in CONTENTS.items()))
_EDITS = st.lists(_EDIT, max_size=4).map(tuple)
_HAPPENINGS = st.sampled_from(list(Happening))
_TRIP = st.one_of(
    st.builds(Trip, call=st.integers(1, 45), happening=_HAPPENINGS),
    st.builds(Trip, call=st.integers(1, 4), happening=_HAPPENINGS, method=st.sampled_from(["put", "put_if", "delete"])),
)
_TRIPS = st.lists(_TRIP, max_size=2).map(tuple)
_FORCE = st.sampled_from([Force.NO, Force.NO, Force.REPLACE, Force.SET_BACK])
_PACES = st.one_of(st.just("usual"), st.just("usual"), st.sampled_from(sorted(PACES)))
_LED = st.one_of(
    st.just(()),
    st.just((Part.DAGS,)),
    st.lists(st.sampled_from([Part.DAGS, *VERSIONED_PARTS]), min_size=1, max_size=2, unique=True).map(tuple),
)
_ANOTHER = st.lists(
    st.tuples(st.sampled_from(["dags/a.py", *FOREIGN]), st.sampled_from(["1", "2", "10", "9"])), min_size=1, max_size=2
).map(tuple)
_PUSH = st.builds(
    Push,
    edits=_EDITS,
    force=_FORCE,
    checks_fail=st.sampled_from([False, False, False, True]),
    trips=_TRIPS,
    pace=_PACES,
    others=st.sampled_from(["", "", "", "stack", "maintenance"]),
    goes_back=st.booleans(),
    github_down=st.sampled_from([False, False, False, True]),
    led=_LED,
    another=st.one_of(st.just(()), st.just(()), _ANOTHER),
)
_CHOICES = st.lists(st.integers(0, 1), max_size=60).map(tuple)
_PUSH_TWICE = st.builds(
    PushTwice,
    first=_EDITS,
    second=_EDITS,
    choices=_CHOICES,
    first_trips=_TRIPS,
    second_trips=_TRIPS,
    force=_FORCE,
)
_RUN_AGAIN = st.builds(RunAgain, back=st.integers(0, 3), removed=st.booleans(), trips=_TRIPS)
_MEDDLE = st.one_of(
    st.builds(
        Meddle,
        files=st.lists(
            st.tuples(st.sampled_from(FOREIGN), st.sampled_from(["3", "4", "9", None])), min_size=1, max_size=2
        ).map(tuple),
    ),
    st.builds(Meddle, another=_ANOTHER),
    st.builds(Meddle, paths=_LED),
    st.builds(Meddle, template=st.sampled_from(sorted(BY_HAND))),
)
_GO_BACK = st.builds(GoBack, to=st.one_of(st.none(), st.integers(0, 4)), trips=_TRIPS, pace=_PACES)
_PUSH_AND_GO_BACK = st.builds(PushAndGoBack, edits=_EDITS, choices=_CHOICES, push_trips=_TRIPS, back_trips=_TRIPS)
_ONE = st.one_of(
    _PUSH, _PUSH, _PUSH_TWICE, _RUN_AGAIN, _MEDDLE, _MEDDLE, _GO_BACK, _PUSH_AND_GO_BACK, st.just(Revert())
)
_PLAIN_PUSH = st.builds(Push, edits=_EDITS)
_FAILED_PUSH = st.builds(
    Push,
    edits=st.lists(_EDIT, min_size=2, max_size=4).map(tuple),
    trips=st.tuples(st.builds(Trip, call=st.integers(2, 6), happening=st.just(Happening.CRASH), method=st.just("put"))),
)
"""One that most often leaves something half done."""
_TROUBLE = st.tuples(
    st.one_of(st.tuples(_PLAIN_PUSH, _PLAIN_PUSH), st.tuples(_PLAIN_PUSH, _PLAIN_PUSH, _FAILED_PUSH)),
    st.lists(st.sampled_from([GoBack(), GoBack(), Revert()]), min_size=1, max_size=4),
)
"""What people do with a deployment that turns out to be bad, and nothing else goes wrong."""
_STEPS = st.one_of(
    st.lists(_ONE, max_size=6).map(tuple),
    st.lists(_ONE, max_size=6).map(tuple),
    _TROUBLE.map(lambda drawn: (*drawn[0], *drawn[1])),
)
HISTORIES = st.builds(History, with_stack=st.sampled_from([True, True, False]), steps=_STEPS)
