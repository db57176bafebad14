"""Roll-backs by hand, alone and beside a push, and what must come of them."""

from collections.abc import Sequence
from dataclasses import replace

from mwaa_deploy.inputs import Mode
from mwaa_deploy.target.record_history import read_history
from proofs.oracle import (
    Violation,
    judge_error,
    judge_green,
    judge_kept,
    judge_record,
    judge_writes,
    look,
)
from proofs.reckoning import Files, expected, files_of, left_note, notes_left, written
from proofs.runs import RunPlan, RunResult
from proofs.steps import GoBack, PushAndGoBack, whole
from proofs.universe import Universe


def go_back(universe: Universe, step: GoBack) -> None:
    """A green roll-back has gone back to what the reckoning says."""
    records = list(read_history(universe.bucket, universe.target, skipped=lambda _what: None))
    wanted = "" if step.to is None else records[step.to].version if step.to < len(records) else "v9999"
    inputs = replace(universe.inputs, mode=Mode.ROLLBACK, rollback_to=wanted)
    universe.go_at(step.pace)
    before, bodies = look(universe), written(universe)
    meant = expected(bodies, left_note(universe)) if step.to is None else None
    if step.to is not None and step.to < len(records):
        meant = files_of(bodies[-1 - step.to])
    (result,) = universe.run([RunPlan(sha=universe.main, inputs=inputs, trips=step.trips)])
    judge_error(result)
    judge_writes(universe, [result], before, back=True)
    if not result.green:
        judge_kept(universe, result.number, before)
        return
    _judge_gone_back(universe, result, [meant])


def _judge_gone_back(universe: Universe, result: RunResult, meant: Sequence[Files | None]) -> None:
    """The target has what was meant, or one of what may have been, and the last record says so."""
    rolled_back = result.journal.rollback
    if rolled_back is None:
        message = f"run {result.number} is green, and does not say what it went back to"
        raise Violation(message)
    judge_record(universe, rolled_back.to)
    found = files_of(written(universe)[-1])
    if not any(one is not None and found.holds(one) for one in meant):
        message = f"run {result.number} has gone back to {found}, and what was meant is {meant}"
        raise Violation(message)


def push_and_go_back(universe: Universe, step: PushAndGoBack) -> None:
    """Both are right, one after the other; the target is as the later one left it, which the last record tells."""
    before = look(universe)
    sha = universe.push(whole(step.edits))
    plans = [
        RunPlan(sha=sha, inputs=universe.inputs, trips=step.push_trips),
        RunPlan(sha=sha, inputs=replace(universe.inputs, mode=Mode.ROLLBACK), trips=step.back_trips),
    ]
    results = universe.run(plans, step.choices)
    for result in results:
        judge_error(result)
    judge_writes(universe, results, before, back=True)
    push, back = results
    bodies = written(universe)
    back_last = bool(bodies and bodies[-1].record.get("restores"))  # it writes none where there is nothing to do
    if push.green and (not back_last if back.green else back.ended < push.ended or back.journal.outcome is None):
        judge_green(universe, push)
    elif back.green and (push.green or push.ended < back.ended or push.journal.outcome is None):
        earlier = bodies[:-1] if back_last else bodies
        # Whether the push had left a note by then, depends on when which of them had the lock.
        _judge_gone_back(universe, back, [expected(earlier, left) for left in (None, *notes_left(universe))])
    else:
        judge_kept(universe, back.number, before)
