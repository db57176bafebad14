"""What must hold after every run, judged by what really lies in the model and not by what the program says of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import yaml

from mwaa_deploy.errors import LockHeld, MwaaDeployError
from mwaa_deploy.target.record import Record, read_record
from proofs.contents import Content, content_of, is_dag, shown
from proofs.live_model import BROKEN_LIVE
from proofs.runs import ENVIRONMENT, RunResult
from proofs.universe import Universe, digest
from proofs.virtual_time import Crashed
from tests.fakes.world import given_environment


class Violation(AssertionError):
    """Something that must hold does not."""


@dataclass(frozen=True, kw_only=True)
class Before:
    """The target before a run.

    Attributes:
        parts: bytes of what the environment ran with.
        dags: DAG files, by path in the project.
        writes: how much had been written to the bucket.
        record: the last one.
    """

    parts: Mapping[str, bytes | None]
    dags: Mapping[str, bytes]
    writes: int
    record: Record | None


def look(universe: Universe) -> Before:
    """The target as it is now."""
    return Before(
        parts=universe.live_parts(),
        dags=universe.live_dags(),
        writes=len(universe.writes),
        record=read_record(universe.bucket, universe.target),
    )


def judge_error(result: RunResult) -> None:
    """A run may only end well, by an error that a user can act on, or with its process."""
    if result.error is not None and not isinstance(result.error, MwaaDeployError | Crashed):
        message = f"run {result.number} ended with {result.error!r}"
        raise Violation(message) from result.error


def judge_green(universe: Universe, result: RunResult) -> None:
    """The target holds exactly the commit's content: DAG files, parts, template and parameters."""
    content = content_of(universe.commits.commits[result.plan.sha].files)
    if broken := [path for path, body in content.dags.items() if body == BROKEN_LIVE.encode()]:
        # Where the live Airflow could not be asked, the record says so, and no promotion takes it.
        record = read_record(universe.bucket, universe.target)
        if record is None or record.verified:
            message = f"run {result.number} is green and verified, and the live Airflow cannot import {broken}"
            raise Violation(message)
    _equal(f"DAG files of {result.plan.sha[-4:]}", universe.live_dags(), content.dags)
    parts = universe.live_parts()
    for part, wanted in content.parts.items():
        # What MWAA was once given it cannot be told to do without, and a note says so.
        if wanted is not None:
            _equal(part, shown(part, parts.get(part)), wanted)
    state = universe.environment.now(ENVIRONMENT)
    notes = result.journal.plan.notes if result.journal.plan else ()
    # One that an earlier run's update has failed on is good on its old versions, and a note says so.
    said = any(note.endswith(" is UPDATE_FAILED now.") for note in notes)
    if state is None or not (state.status == "AVAILABLE" or (state.status == "UPDATE_FAILED" and said)):
        message = f"a green run leaves the environment {state and state.status}"
        raise Violation(message)
    judge_paths(universe)
    if universe.with_stack:
        _judge_stack(universe, content)


def judge_paths(universe: Universe) -> None:
    """The environment reads from where the record says; with a stack, that is where its template says."""
    state, record = universe.environment.now(ENVIRONMENT), read_record(universe.bucket, universe.target)
    assert state is not None  # noqa: S101 -- it has been looked at before
    assert record is not None  # noqa: S101 -- a green run leaves one
    _equal("paths", {part: state.paths.get(part) for part in record.paths}, dict(record.paths))
    if universe.with_stack:
        meant = given_environment(ENVIRONMENT, "").paths
        _equal("paths", dict(record.paths), {part: meant[part] for part in record.paths})


def judge_writes(universe: Universe, results: Sequence[RunResult], before: Before, *, back: bool = False) -> None:
    """Nothing was ever written that none of the runs ships, nor too early, nor anything deleted before all was there.

    Args:
        back: whether one of the runs may go back to earlier content.
    """
    contents = [content_of(universe.commits.commits[result.plan.sha].files) for result in results]
    writes = universe.writes[before.writes :]
    # S3 cannot refuse the first upload of a file by a run that was frozen for longer than its lease, as nobody else has
    # uploaded it yet; the run that has the lock by then uploads its own after it.
    frozen = {result.name for result in results if len(results) > 1 and result.stalled}
    for write in writes:
        shipped = [content.dags.get(write.key) for content in contents]
        if not back and write.body not in shipped:
            message = f"{write.run} has written {write.key} as {write.body!r}, and the commits have {shipped}"
            raise Violation(message)
        if write.over_anothers:
            message = f"{write.run} has written {write.key} over what another target has there, as {write.body!r}"
            raise Violation(message)
        if write.early and write.run not in frozen:
            message = f"{write.run} has written {write.key} early: {write.early}"
            raise Violation(message)
    if back or len(results) > 1:
        return
    deleted = next((index for index, write in enumerate(writes) if write.body is None), len(writes))
    if late := [write.key for write in writes[deleted:] if write.body is not None]:
        message = f"{writes[deleted].run} has deleted {writes[deleted].key} before it wrote {late}"
        raise Violation(message)


def judge_order(universe: Universe, result: RunResult, before: Before) -> None:
    """A run alone has not put an older commit in place of a newer one, nor one that the branch no longer has."""
    sha, history = result.plan.sha, universe.commits.history
    record, branch = before.record, history(universe.main)
    if record is None or record.commit == sha or not universe.writes[before.writes :]:
        return
    if sha not in branch:
        message = f"run {result.number} has written to the target, and the branch no longer has its commit"
    elif sha in history(record.commit) and (record.commit in branch or sha != universe.main):
        message = f"run {result.number} has written to the target, which had a newer commit"
    else:
        return
    raise Violation(message)


def judge_red(universe: Universe, results: Sequence[RunResult], before: Before) -> None:
    """Nothing that was live is lost: what a commit does not have may go, nothing else, and all else is somebody's."""
    contents = [content_of(universe.commits.commits[result.plan.sha].files) for result in results]
    number, live = results[-1].number, universe.live_dags()
    if lost := [path for path in before.dags if all(path in each.dags for each in contents) and path not in live]:
        message = f"run {number} was red, and {lost} is gone"
        raise Violation(message)
    for part, body in universe.live_parts().items():
        if body is None:
            message = f"run {number} was red, and the environment's {part} cannot be read any more"
            raise Violation(message)
        # What an earlier run had begun may have come to its end meanwhile.
        known = [content_of(commit.files).parts.get(part) for commit in universe.commits.commits.values()]
        if shown(part, body) not in known:
            message = f"run {number} was red, and the environment's {part} is nobody's: {body!r}"
            raise Violation(message)


def judge_kept(universe: Universe, number: int, before: Before) -> None:
    """A roll-back that failed has lost nothing that the environment runs, nor all of its DAGs."""
    gone = [part for part, body in universe.live_parts().items() if body is None]
    if gone or (before.dags and not universe.live_dags()):
        message = f"run {number} was red, and has lost {gone or 'all DAG files'}"
        raise Violation(message)


def judge_record(universe: Universe, record: Record) -> None:
    """The target holds exactly what the record says, by its digests."""
    held = {path.removeprefix("dags/"): digest(body) for path, body in universe.live_dags().items()}
    # Where the requirements are read from elsewhere, the file in the DAG folder is one like any other.
    recorded = {name: file.sha256 for name, file in record.dags.files.items() if is_dag(f"dags/{name}")}
    _equal("DAG files", held, recorded)
    parts = universe.live_parts()
    for part, found in record.parts.items():
        body = parts.get(part)
        _equal(part, body and digest(body), found.sha256)


def waited_honestly(result: RunResult, other: RunResult) -> bool:
    """Whether a run gave up since another one had the lock all the time, and was still at it."""
    return isinstance(result.error, LockHeld) and other.ended >= result.ended


def _judge_stack(universe: Universe, content: Content) -> None:
    stack = universe.stack
    _equal("template", stack.body, content.template)
    deployed = stack.deployed.parameters if stack.deployed else {}
    named = {str(key): str(value) for key, value in yaml.safe_load(content.parameters).items()}
    _equal("parameters", {key: deployed.get(key) for key in named}, named)


def _equal(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        message = f"{what}: there is {found!r}, not {wanted!r}"
        raise Violation(message)
