"""Tells one random history, and judges it."""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from mwaa_deploy.errors import DeletionRefused, OverwriteRefused
from mwaa_deploy.parts import Part
from proofs.live_model import BROKEN_LIVE
from proofs.oracle import (
    Violation,
    judge_error,
    judge_green,
    judge_kept,
    judge_order,
    judge_record,
    judge_red,
    judge_writes,
    look,
    waited_honestly,
)
from proofs.roll_backs import go_back, push_and_go_back
from proofs.runs import ENVIRONMENT, RunPlan, RunResult
from proofs.steps import (
    BY_HAND,
    USUAL_PACE,
    USUAL_PACE_WITHOUT_STACK,
    GoBack,
    History,
    Meddle,
    Push,
    PushAndGoBack,
    PushTwice,
    Revert,
    RunAgain,
    Step,
    whole,
)
from proofs.tripwire import Happening
from proofs.universe import Universe
from proofs.virtual_time import Crashed

_SHARED = (OverwriteRefused, DeletionRefused)
"""How a run ends where another target has files in its folder."""


@dataclass
class Tally:
    """What a number of histories came to."""

    histories: int = 0
    runs: int = 0
    green: int = 0
    crashes: int = 0
    happenings: int = 0


def tell(history: History, tally: Tally) -> None:
    """Live through a history.

    Raises:
        Violation: something does not hold that must.
    """
    with tempfile.TemporaryDirectory(prefix="proof-") as place:
        universe = Universe(Path(place), with_stack=history.with_stack)
        for step in history.steps:
            _live(universe, step)
            recover(universe)
            if any(isinstance(result.error, _SHARED) for result in universe.runs[-1:]):
                universe.another_target_leaves()
        universe.another_target_leaves()
        converge(universe)
        tally.histories += 1
        tally.runs += len(universe.runs)
        tally.green += sum(1 for result in universe.runs if result.green)
        tally.crashes += sum(1 for _, happening, _ in universe.wire.sprung if happening is Happening.CRASH)
        tally.happenings += len(universe.wire.sprung)


def _live(universe: Universe, step: Step) -> None:
    if isinstance(step, Push):
        _push(universe, step)
    elif isinstance(step, PushTwice):
        _push_twice(universe, step)
    elif isinstance(step, RunAgain):
        _run_again(universe, step)
    elif isinstance(step, GoBack):
        go_back(universe, step)
    elif isinstance(step, PushAndGoBack):
        push_and_go_back(universe, step)
    elif isinstance(step, Revert):
        _run(universe, RunPlan(sha=universe.revert(), inputs=universe.inputs))
    else:
        _meddle(universe, step)


def _push(universe: Universe, step: Push) -> None:
    sha = universe.push(whole(step.edits), force=step.force)
    _lead_and_take(universe, step.led, step.another)
    occupied, taken = universe.occupied, universe.taken
    _arrive(universe, step.others)
    universe.go_at(step.pace)
    inputs = replace(universe.inputs, rollback_on_failure=step.goes_back)
    plan = RunPlan(sha=sha, inputs=inputs, checks_fail=step.checks_fail, github_down=step.github_down, trips=step.trips)
    result = _run(universe, plan)
    if step.checks_fail and result.green:
        message = f"run {result.number} is green, and its checks failed"
        raise Violation(message)
    broken = _broken(universe, sha)
    _judge_rolled_back(universe, result)
    disturbed = broken or step.checks_fail or step.trips or step.pace != "usual" or step.github_down or occupied
    quiet = not (disturbed or _in_the_way(taken, result))
    if quiet and not result.green:
        message = f"run {result.number} is red for no reason: {result.error!r}"
        raise Violation(message) from result.error


def _in_the_way(taken: list[str], result: RunResult) -> bool:
    """Whether a run was refused since another target has files in the same folder."""
    return bool(taken) and isinstance(result.error, _SHARED)


def _broken(universe: Universe, sha: str) -> list[str]:
    """The files of a commit that the live Airflow cannot import."""
    return [path for path, text in universe.commits.commits[sha].files.items() if text == BROKEN_LIVE]


def _judge_rolled_back(universe: Universe, result: RunResult) -> None:
    """A run that says that it has rolled the target back has done so."""
    back = result.journal.rollback
    if not result.green and back is not None and back.done:
        judge_record(universe, back.to)


def _run(universe: Universe, plan: RunPlan) -> RunResult:
    before, back = look(universe), plan.inputs.rollback_on_failure
    (result,) = universe.run([plan])
    judge_error(result)
    judge_writes(universe, [result], before, back=back)
    if not plan.github_down:
        judge_order(universe, result, before)
    if result.green:
        judge_green(universe, result)
    elif result.journal.rollback is not None or (back and isinstance(result.error, Crashed)):
        judge_kept(universe, result.number, before)
    else:
        judge_red(universe, [result], before)
    return result


def _push_twice(universe: Universe, step: PushTwice) -> None:
    before, inputs, occupied, taken = look(universe), universe.inputs, universe.occupied, universe.taken
    first = universe.push(whole(step.first))
    second = universe.push(whole(step.second), force=step.force)
    plans = [
        RunPlan(sha=first, inputs=inputs, trips=step.first_trips),
        RunPlan(sha=second, inputs=inputs, trips=step.second_trips),
    ]
    results = universe.run(plans, step.choices)
    for result in results:
        judge_error(result)
    judge_writes(universe, results, before)
    older, newer = results
    if newer.green:
        judge_green(universe, newer)
    else:
        judge_red(universe, results, before)
    broken = any(_broken(universe, sha) for sha in (first, second))
    disturbed = broken or occupied or step.first_trips or step.second_trips or waited_honestly(newer, older)
    if not (newer.green or disturbed or _in_the_way(taken, newer)):
        message = f"the newer of two undisturbed runs is red: {newer.error!r}"
        raise Violation(message) from newer.error


def _run_again(universe: Universe, step: RunAgain) -> None:
    sha = universe.main
    for _ in range(step.back):
        sha = next(iter(universe.commits.commits[sha].parents), sha)
    if step.removed and universe.removed:
        sha = universe.removed[-1 - step.back % len(universe.removed)]
    _run(universe, RunPlan(sha=sha, inputs=universe.inputs, trips=step.trips))


def _meddle(universe: Universe, step: Meddle) -> None:
    for key, digit in step.files:
        if digit is not None:
            universe.bucket.put_foreign(key, f"{Path(key).stem[0]} = {digit}\n".encode())
        elif key in universe.bucket.contents:
            universe.bucket.delete([key])
    if step.template:
        universe.update_stack_by_hand(BY_HAND[step.template])
    _lead_and_take(universe, step.paths, step.another)


def _lead_and_take(universe: Universe, parts: tuple[Part, ...], files: tuple[tuple[str, str], ...]) -> None:
    """The environment is led elsewhere, and another target's deployment writes into the folder."""
    for part in parts:
        universe.lead_elsewhere(part)
    for key, digit in files:
        universe.another_target_writes(key, f"{Path(key).stem[0]} = {digit}\n".encode())


def _arrive(universe: Universe, others: str) -> None:
    """Somebody else is at the target when the run comes."""
    stack = universe.stack.state()
    if others == "stack" and stack is not None and stack.status == "UPDATE_COMPLETE":
        universe.stack.occupy(3000)
    environment = universe.environment.get(ENVIRONMENT)
    if others == "maintenance" and environment is not None and environment.status == "AVAILABLE":
        universe.environment.maintain(ENVIRONMENT, seconds=3000)


def recover(universe: Universe) -> None:
    """AWS is well again. By hand, as errors say, failed creations are deleted, and MWAA is told to try again.

    Whatever is still under way goes on: waiting for it is the next run's matter.
    """
    vars(universe.stack).update(USUAL_PACE)
    if not universe.with_stack:
        vars(universe.environment).update(USUAL_PACE_WITHOUT_STACK)
    environment = universe.environment.now(ENVIRONMENT)
    if environment is not None and environment.status == "UPDATE_FAILED":
        universe.environment.update(ENVIRONMENT, versions={}, paths={})
    state, underway = universe.stack.state(), universe.stack._underway  # noqa: SLF001 -- what will come of it
    if "ROLLBACK_COMPLETE" in (state and state.status, underway and underway.outcome.status):
        universe.stack._state = universe.stack._underway = None  # noqa: SLF001


def converge(universe: Universe) -> None:
    """The next good run ends in its content, and the one after that has nothing to do.

    A run that only waited for what an earlier one had begun may still find that MWAA has rolled it back; by hand it is
    told to try again, and the run is done again.
    """
    mended = tuple((path, "mended = 1\n") for path in _broken(universe, universe.main))
    sha = universe.push(whole(mended))
    for _ in range(3):
        result = _run(universe, RunPlan(sha=sha, inputs=replace(universe.inputs, stack_timeout_minutes=24 * 60)))
        if result.green:
            break
        recover(universe)
    else:
        message = f"no good run any more: {result.error!r}"
        raise Violation(message) from result.error
    versions = {key: len(found) for key, found in universe.bucket.versions.items()}
    again = _run(universe, RunPlan(sha=sha, inputs=universe.inputs))
    if not again.green or again.journal.result != "unchanged":
        message = f"the same commit again is {again.journal.result}: {again.error!r}"
        raise Violation(message)
    after = {key: len(found) for key, found in universe.bucket.versions.items()}
    if after != versions:
        message = f"the same commit again has written {sorted(set(after.items()) ^ set(versions.items()))}"
        raise Violation(message)
