"""Which of the earlier records a roll-back goes back to."""

import re
from collections.abc import Callable, Iterable, Iterator

from mwaa_deploy.errors import RollbackImpossible
from mwaa_deploy.reasons import lines_of
from mwaa_deploy.target.record import Record
from mwaa_deploy.target.record_history import RecordedAt
from mwaa_deploy.target.unfinished import Unfinished

COMPLETE = Unfinished()
"""What is left where every deployment came to its end."""

SHORTEST_COMMIT = 4
"""Characters of a commit that say which is meant."""

_RUN = re.compile(r"(?:https?://\S+/actions/runs/)?(\d+)(?:/attempts/\d+)?/?")
_RUN_OF_URL = re.compile(r"/actions/runs/(\d+)")
_COMMIT = re.compile(rf"[0-9a-f]{{{SHORTEST_COMMIT},40}}")
_SHOWN = 20


def choose(history: Iterable[RecordedAt], live: Record | None, wanted: str, left: Unfinished = COMPLETE) -> RecordedAt:
    """Find the record that is meant.

    Args:
        history: newest first; no more of it is read than is needed.
        live: the record of what is live; None if there is none.
        wanted: the beginning of a commit, the id or address of a workflow run, or a record's object version; '' for
            the newest that has other content and was not left behind by a roll-back.
        left: what a deployment that did not come to its end has left. The record is then the last that did, and the one
            that is meant; of a roll-back, what that went back to.

    Raises:
        RollbackImpossible: there is none, or several are meant; with those that there are.
    """
    seen: list[RecordedAt] = []

    def told() -> Iterator[RecordedAt]:
        for entry in history:
            seen.append(entry)
            yield entry

    if wanted:
        return _named(told(), wanted, seen)
    if live is not None and not left.none:
        return _last_good(told(), live, left, seen)
    return _previous(told(), live, seen)


def same_files(one: Record, other: Record) -> bool:
    """Whether both shipped the same plugins, requirements, startup script and DAGs, in whichever object versions."""
    return one.files_digest == other.files_digest


def _last_good(history: Iterator[RecordedAt], live: Record, left: Unfinished, seen: list[RecordedAt]) -> RecordedAt:
    for entry in history:
        if entry.version == left.restores if left.restores else entry.record == live:
            return entry
    raise RollbackImpossible(
        "The record of the last deployment that came to its end is gone from the bucket." + _listed(seen),
        meaning="The bucket's lifecycle rules have removed it.",
        mend="Say what to go back to:\nwith:\n  rollback-to: a commit",
    )


def _previous(history: Iterator[RecordedAt], live: Record | None, seen: list[RecordedAt]) -> RecordedAt:
    # What a roll-back left behind lies between its record and the one it went back to, also where commits with the same
    # content, such as a revert, came after it.
    back = live if live is not None and live.restores else None
    for entry in history:
        if back is not None:
            if _is_restored(entry, back):
                back = entry.record if entry.record.restores else None
        elif live is None or not same_files(entry.record, live):
            return entry
        elif entry.record.restores:
            back = entry.record
    raise RollbackImpossible(
        "There is no earlier record with other content to roll back to." + _listed(seen),
        meaning="This is the first deployment, or the bucket's lifecycle rules have removed earlier versions. "
        "A note says so where there are older ones that were not looked into.",
        mend="Deploy the commit that you want:\ngit revert <commit> && git push",
    )


def _is_restored(entry: RecordedAt, back: Record) -> bool:
    """Whether a record is the one that a roll-back went back to; which that was, not every record of one tells."""
    if back.restored_version:
        return entry.version == back.restored_version
    return entry.record.commit == back.restores and entry.record.restores is None and same_files(entry.record, back)


def _named(history: Iterator[RecordedAt], wanted: str, seen: list[RecordedAt]) -> RecordedAt:
    by_commit: dict[str, RecordedAt] = {}
    is_meant = _meant(wanted)
    commit = wanted.lower() if _COMMIT.fullmatch(wanted.lower()) else None
    for entry in history:
        if is_meant(entry):
            return entry
        if commit and entry.record.commit.startswith(commit):
            by_commit.setdefault(entry.record.commit, entry)
    if len(by_commit) == 1:
        return next(iter(by_commit.values()))
    if by_commit:
        raise RollbackImpossible(
            f"Several commits begin with {wanted}:{_lines(list(by_commit.values()))}",
            mend=f"with:\n  rollback-to: {next(iter(by_commit))}",
        )
    raise RollbackImpossible(
        f"No record is of commit, run or version {wanted}." + _listed(seen),
        meaning="Only what was deployed to this target, and came to its end, can be rolled back to.",
        mend=f"with:\n  rollback-to: {seen[0].record.commit}" if seen else "",
    )


def _meant(wanted: str) -> Callable[[RecordedAt], bool]:
    run = _RUN.fullmatch(wanted)

    def is_meant(entry: RecordedAt) -> bool:
        if wanted == entry.version:
            return True
        ran = _RUN_OF_URL.search(entry.record.run_url)
        return bool(run and ran and run[1] == ran[1])

    return is_meant


def _listed(seen: list[RecordedAt]) -> str:
    return f" These are recorded:{_lines(seen)}" if seen else " Nothing is recorded."


def _lines(entries: list[RecordedAt]) -> str:
    told = [
        f"{entry.record.commit} of {entry.record.at:%Y-%m-%d %H:%M} UTC, version {entry.version}"
        + (f", {entry.record.run_url}" if entry.record.run_url else "")
        + (", a roll-back" if entry.record.restores else "")
        for entry in entries
    ]
    return "\n" + lines_of(told, _SHOWN)
