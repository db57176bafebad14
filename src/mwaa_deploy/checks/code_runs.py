"""How DAG probe and unit tests are started: each in an interpreter of its own, or both from one that is warm."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Protocol, Self

from mwaa_deploy.checks.background import Background
from mwaa_deploy.checks.launched_tests import Launch
from mwaa_deploy.checks.layout import Layout
from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.running_probe import ProbeAnswer, RunningProbe, begin_probe, probe_answer, probe_arguments
from mwaa_deploy.checks.scripts import PROBE_OUTPUT
from mwaa_deploy.checks.settings import CheckSettings
from mwaa_deploy.checks.shared_state import SharedFiles
from mwaa_deploy.checks.verdicts import CheckResult
from mwaa_deploy.checks.waiting_tests import WaitingTests
from mwaa_deploy.checks.warm_choice import needs_fresh_interpreter
from mwaa_deploy.checks.warm_start import WarmAnswer, WarmStart
from mwaa_deploy.ports import Runner


@dataclass(frozen=True, kw_only=True)
class CodeToRun:
    """What is to be run.

    Attributes:
        layout: the project, laid out in the runner already.
        runner: where commands run; run() is called in other threads.
        settings: the project's.
        limits: how long what may take.
        airflow_version: as in '2.10.3'.
        probe: whether DAGs and plugins are probed.
        launch: the unit tests; None to run none.
        shared: what both see, if both are wanted; it is looked at before they begin.
    """

    layout: Layout
    runner: Runner
    settings: CheckSettings
    limits: CheckLimits
    airflow_version: str
    probe: bool
    launch: Launch | None
    shared: SharedFiles | None = None


@dataclass(frozen=True, kw_only=True)
class Started:
    """Both at work; each gives its result when it is called. None for what is not to be run.

    Attributes:
        untouched: whether what both see is as it was before, once both have ended.
    """

    probe: Callable[[], ProbeAnswer] | None
    tests: Callable[[], CheckResult] | None
    untouched: Callable[[], bool] = lambda: True


def probe_alone(code: CodeToRun) -> ProbeAnswer:
    """Probe DAGs and plugins in an interpreter of its own, with nothing beside it.

    Raises:
        RunnerBroken: the runner died.
    """
    with begin_probe(code.layout, code.runner, settings=code.settings, limits=code.limits) as probe:
        began = time.monotonic()
        return replace(probe.go(), alone=True, seconds=time.monotonic() - began)


def test_alone(code: CodeToRun) -> CheckResult:
    """Run the unit tests in an interpreter of its own, with nothing beside them.

    Raises:
        RunnerBroken: the runner died.
    """
    assert code.launch is not None  # noqa: S101 -- it is called only where there is one
    with WaitingTests(code.launch, code.runner) as tests:
        return tests.go()


class CodeRun(Protocol):
    """Prepared, and waiting for its word before it touches the project. A context manager: nothing is left running."""

    def look(self) -> None:
        """The project is laid out, and nothing of it has run: what both see may be looked at from now on."""

    def go(self, *, untouched: bool, tests: bool = True) -> Started:
        """Let both begin.

        Args:
            untouched: whether what has imported Airflow by now is as good as a new interpreter.
            tests: whether the unit tests can be run; if not, only the other begins.

        Raises:
            RunnerBroken: the runner died.
        """

    def __enter__(self) -> Self:
        """Prepared already, or now."""

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        """End what runs."""


class SeparateRun:
    """Each in an interpreter of its own, which prepares itself from now on."""

    def __init__(self, code: CodeToRun) -> None:
        self._stack = ExitStack()
        self._probe: RunningProbe | None = None
        self._tests: WaitingTests | None = None
        self._own_packages = code.settings.tests.requirements is not None
        self._shared = code.shared
        if code.probe:
            began = begin_probe(code.layout, code.runner, settings=code.settings, limits=code.limits)
            self._probe = self._stack.enter_context(began)
        if code.launch:
            self._tests = self._stack.enter_context(WaitingTests(code.launch, code.runner))

    def __enter__(self) -> Self:
        """It is at it."""
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        """End what runs."""
        self._stack.close()

    def look(self) -> None:
        """Look in a thread of its own."""
        if self._shared:
            self._shared.begin()

    def go(self, *, untouched: bool, tests: bool = True) -> Started:
        """Let both begin; new interpreters where the old ones will not do."""
        if self._shared:
            self._shared.wait()
        if self._probe and not untouched:
            self._probe.restart()
        running = None
        if self._tests and tests:
            running = Background(partial(self._tests.go, anew=not untouched or self._own_packages), "unit-tests")
        return Started(
            probe=self._probe.go if self._probe else None,
            tests=running.result if running else None,
            untouched=self._shared.untouched if self._shared else lambda: True,
        )


class WarmRun:
    """Both from an interpreter that has been importing Airflow since the runner was opened."""

    def __init__(self, code: CodeToRun, warm: WarmStart) -> None:
        self._code = code
        self._warm = warm
        self._stack = ExitStack()
        self._stack.callback(warm.stop)

    def __enter__(self) -> Self:
        """It is at it."""
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        """End what runs."""
        self._stack.close()

    def look(self) -> None:
        """The interpreter does so itself, before it starts either of them."""

    def go(self, *, untouched: bool, tests: bool = True) -> Started:
        """Let both begin; in interpreters of their own where that one will not do."""
        code = self._code if tests else replace(self._code, launch=None)
        launch = code.launch
        if not untouched or self._warm.ended:
            self._warm.stop()
            separate = self._stack.enter_context(SeparateRun(code))
            separate.look()
            return separate.go(untouched=True)
        output = code.layout.own / PROBE_OUTPUT
        probe = (
            probe_arguments(code.layout, settings=code.settings, limits=code.limits, output=output)
            if code.probe
            else None
        )
        fresh = launch is not None and needs_fresh_interpreter(
            code.layout, launch.checkout, code.settings, code.limits, code.airflow_version
        )
        shared = code.shared
        if shared:
            shared.keep_database()
        watch = shared.watched if shared else None
        running: Background[WarmAnswer] = Background(
            partial(self._warm.go, probe=probe, launch=launch, fresh=fresh, watch=watch), "warm-start"
        )

        def probed() -> ProbeAnswer:
            completed = running.result().probe
            return replace(probe_answer(completed, output), seconds=completed.seconds)

        def tested() -> CheckResult:
            assert launch is not None  # noqa: S101 -- it is called only where there is one
            completed = running.result().tests
            return launch.judge(completed, completed.seconds)

        return Started(
            probe=probed if probe is not None else None,
            tests=tested if launch else None,
            untouched=lambda: running.result().untouched,
        )
