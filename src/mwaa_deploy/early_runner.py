"""A runner that is opened while the program still reads what to do with it: on a laptop, that is when time counts."""

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial
from types import TracebackType
from typing import Protocol, Self

from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.scripts import OWN, PROBES
from mwaa_deploy.checks.warm_start import WarmStart
from mwaa_deploy.config import Config
from mwaa_deploy.context import GitHubContext
from mwaa_deploy.inputs import Inputs, Mode
from mwaa_deploy.ports import Log, Runner
from mwaa_deploy.runner.choose import RunnerLimits, open_container_at_hand

_SWITCH_SECONDS = 0.0005
_MOMENT = 0.25


class AtHand(Runner, Protocol):
    """A runner that may have our scripts in it already."""

    has_scripts: bool


class EarlyRunner:
    """Opens a runner in a thread of its own, from now on. A context manager: closing it closes what nobody took.

    Args:
        open_at_hand: opens one if that takes no more than a moment, else gives None.
        limits: for the interpreter that imports Airflow in it at once.
        starting: set once only the engine has something to do; nothing else of ours is done before, for a moment.
    """

    def __init__(
        self,
        open_at_hand: Callable[[], AbstractContextManager[AtHand | None]],
        limits: CheckLimits,
        starting: threading.Event | None = None,
    ) -> None:
        self._open = open_at_hand
        self._limits = limits
        self._stack = ExitStack()
        self._runner: Runner | None = None
        self.warm: WarmStart | None = None
        self._thread = threading.Thread(target=self._work, name="early-runner", daemon=True)
        self._starting = starting or threading.Event()
        self._thread.start()
        self._starting.wait(_MOMENT)

    def __enter__(self) -> Self:
        """It is being opened already."""
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        """Close it, unless that was done."""
        self._thread.join()
        self._stack.close()

    def take(self) -> AbstractContextManager[Runner] | None:
        """The runner, which is closed with the context; None if there is none, so that the usual way says why."""
        self._thread.join()
        return None if self._runner is None else self._taken(self._runner)

    @contextmanager
    def _taken(self, runner: Runner) -> Iterator[Runner]:
        with self._stack:
            yield runner

    def _work(self) -> None:
        opened, usual = ExitStack(), sys.getswitchinterval()
        # It mostly waits for the engine, and what it does in between is not to wait for imports of the main thread.
        sys.setswitchinterval(_SWITCH_SECONDS)
        try:
            runner = opened.enter_context(self._open())
            if runner is not None:
                self.warm = WarmStart(runner, limits=self._limits, scripts=not runner.has_scripts)
        except Exception:  # noqa: BLE001 -- the usual way meets it again, where it can be told
            opened.close()
            self.warm = None
            return
        finally:
            sys.setswitchinterval(usual)
            self._starting.set()
        self._stack, self._runner = opened, runner


def early_runner(
    inputs: Inputs, config: Config, context: GitHubContext, env: Mapping[str, str], log: Log
) -> AbstractContextManager[EarlyRunner | None]:
    """Begin to open a runner, where it is sure to be needed unless the requirements turn out to be refused.

    Args: those of edges.RealEdges.
    """
    # In a workflow, what changed decides whether any check runs; and the minutes there go elsewhere.
    if inputs.mode is not Mode.CHECK or context.event_name:
        return nullcontext(None)
    starting = threading.Event()
    opening = partial(
        open_container_at_hand, inputs, env, log, runner_limits(config), {OWN: PROBES}, starting=starting.set
    )
    return EarlyRunner(opening, check_limits(inputs), starting)


def check_limits(inputs: Inputs) -> CheckLimits:
    """How long each check may take."""
    return CheckLimits(unit_tests=inputs.check_timeout_minutes * 60)


def runner_limits(config: Config) -> RunnerLimits:
    """What the user's code may have of this machine."""
    return RunnerLimits(memory=config.checks.memory, processes=config.checks.processes)
