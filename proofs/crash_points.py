# mypy: allow-untyped-calls
# boto3 and botocore carry no types.
"""A deployment killed just before each of its calls to AWS, and just after the last one, and then run again.

For the target, to be killed after a call and before the next one is the same.
"""

import os
import tempfile
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from botocore.httpsession import URLLib3Session

from lab.aws.process import start_aws
from lab.oidc import Issuer
from lab.web import serving
from proofs.lab_target import LabTarget, lead_to_lab
from proofs.oracle import Violation

_KILLED = 9
_FILES = (
    {
        "dags/a.py": "a = 1\n",
        "dags/only in the first.py": "x = 1\n",
        "dags/same.py": "s = 1\n",
        "dags/requirements.txt": "x==1\n",
        "plugins/operators.py": "p = 1\n",
        "startup.sh": "export A=1\n",
    },
    {
        "dags/a.py": "a = 2\n",
        "dags/only in the second.py": "x = 2\n",
        "dags/same.py": "s = 1\n",
        "dags/requirements.txt": "x==2\n",
        "plugins/operators.py": "p = 2\n",
        "startup.sh": "export A=2\n",
    },
)
"""Two commits that differ in everything that is deployed; the target goes to and fro between them."""


@dataclass(frozen=True, kw_only=True)
class CrashVerdict:
    """What came of it.

    Attributes:
        points: how often a deployment was killed.
        violations: what did not hold, a text each.
    """

    points: int
    violations: tuple[str, ...] = ()


def prove_crash_points(share: int, shares: int, most: int | None = None) -> CrashVerdict:
    """Kill deployments of an update, and of the first creation, at their calls.

    Args:
        share: which of the crash points; each of `shares` processes takes every so manieth.
        most: how many of them at most; None for all.
    """
    violations: list[str] = []
    points = 0
    with tempfile.TemporaryDirectory(prefix="proof-") as place, serving(Issuer()) as issuer:
        log = Path(place, "log")
        with start_aws(oidc_issuer=issuer, log=log, seconds_per_status=0.03) as aws:
            lead_to_lab(aws)
            folders = iter(range(1_000_000))

            def new_target() -> LabTarget:
                folder = Path(place, str(next(folders)))
                folder.mkdir()
                target = LabTarget(aws, folder)
                target.ship(_FILES[0])
                return target

            for creates in (False, True):
                calls = _count_calls(new_target, creates=creates)
                chosen = range(1, calls + 2)[share::shares]
                target = None if creates else _deployed(new_target())
                for number, call in enumerate(chosen[:most]):
                    points += 1
                    place_of = f"{'creation' if creates else 'update'}, before call {call} of {calls}"
                    try:
                        if target is None or creates:
                            target = new_target()
                        else:
                            target.ship(_FILES[(number + 1) % 2])
                        _crash_and_run_again(target, call, creates=creates)
                    except Exception:  # noqa: BLE001 -- whatever it is, it is told
                        violations.append(f"{place_of}:\n{traceback.format_exc()}")
                        target = None if creates else _deployed(new_target())
    return CrashVerdict(points=points, violations=tuple(violations))


def _deployed(target: LabTarget) -> LabTarget:
    target.deploy()
    target.judge()
    return target


def _count_calls(new_target: Callable[[], LabTarget], *, creates: bool) -> int:
    target = new_target() if creates else _deployed(new_target())
    target.ship(_FILES[1])
    with _counting() as counter:
        target.deploy()
    return counter.made


def _crash_and_run_again(target: LabTarget, call: int, *, creates: bool) -> None:
    before = target.updates()
    status = _in_child(target, call)
    if status not in {0, _KILLED}:
        message = f"the deployment ended with {status} and was not killed"
        raise Violation(message)
    target.deploy()
    target.judge()
    began = target.updates() - before
    if began != (0 if creates else 1):
        message = f"{began} updates of the environment were begun in all"
        raise Violation(message)
    if target.deploy().deployed:
        message = "the run after the good one has changed something"
        raise Violation(message)


def _in_child(target: LabTarget, call: int) -> int:
    """Deploy in a process of its own, which dies at a call without a chance to clear up; its exit status."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        with _counting(die_at=call):
            target.deploy()
    except BaseException:  # noqa: BLE001 -- a child must not go on in its parent's code
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


class _counting:  # noqa: N801 -- read as a verb
    """Counts the calls of botocore's HTTP sessions, the short way of uploads among them; one of them is not made."""

    def __init__(self, die_at: int = 0) -> None:
        self.made = 0
        self._die_at = die_at
        self._lock = threading.Lock()
        self._send = URLLib3Session.send

    def __enter__(self) -> Self:
        send = self._send

        def counted(session: URLLib3Session, request: Any) -> Any:  # noqa: ANN401 -- botocore's own
            with self._lock:
                self.made += 1
                if self.made == self._die_at:
                    os._exit(_KILLED)
            return send(session, request)

        URLLib3Session.send = counted  # type: ignore[method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        URLLib3Session.send = self._send  # type: ignore[method-assign]
