"""Random histories, drawn and shrunk by Hypothesis."""

import traceback
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings

from mwaa_deploy.bundle import from_record
from mwaa_deploy.target import dag_objects, dag_sync
from proofs.histories import Tally, tell
from proofs.steps import HISTORIES, History


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one process found."""

    tally: Tally
    violation: str = ""


def prove_histories(number: int, seed_: int) -> Verdict:
    """Live through random histories.

    Args:
        number: how many.
        seed_: the same seed tells the same histories.
    """
    # One call after the other, so that the same call is the same in each repetition of a history.
    dag_sync.UPLOADS_AT_ONCE = dag_objects.CALLS_AT_ONCE = from_record.FETCHES_AT_ONCE = 1
    tally = Tally()

    @seed(seed_)
    @settings(
        max_examples=number,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        print_blob=False,
    )
    @given(history=HISTORIES)
    def check(history: History) -> None:
        shown.clear()
        shown.append(history)
        tell(history, tally)

    shown: list[History] = []
    try:
        check()
    except Exception:  # noqa: BLE001 -- whatever it is, it is told
        kind = "with a stack" if shown[0].with_stack else "without a stack"
        steps = "\n".join(f"  {step}" for step in shown[0].steps)
        told = f"The shortest history found, {kind}:\n{steps}"
        return Verdict(tally=tally, violation=f"{traceback.format_exc()}\n{told}")
    return Verdict(tally=tally)
