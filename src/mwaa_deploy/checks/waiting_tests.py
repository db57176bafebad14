"""The project's unit tests in the runner, whose launcher is ready before the requirements are."""

import secrets
import time
from pathlib import PurePosixPath
from typing import Self

from mwaa_deploy.checks.launched_tests import Launch
from mwaa_deploy.checks.scripts import LAUNCHER
from mwaa_deploy.checks.verdicts import CheckResult
from mwaa_deploy.checks.waiting_command import WaitingCommand
from mwaa_deploy.ports import Completed, Runner

_MARGIN = 600.0
"""Seconds, beyond those for the installation and for the tests, that the launcher may be there."""


class WaitingTests:
    """The unit tests, whose launcher imports pytest at once, and waits for go() before it touches the project.

    As a context manager it is stopped at the end.

    Args:
        launch: what is run.
        runner: where to run it; run() is called in another thread.
    """

    def __init__(self, launch: Launch, runner: Runner) -> None:
        self._launch = launch
        self._runner = runner
        own = launch.layout.own
        self._anew = own / f"unit-tests-{secrets.token_hex(4)}.anew"
        self._command = WaitingCommand("unit-tests", own, runner, self._run)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._command.stop()

    def go(self, *, anew: bool = False) -> CheckResult:
        """Run the tests to their end, and judge them.

        Args:
            anew: whether packages that Airflow needs were changed meanwhile.

        Raises:
            RunnerBroken: the runner died.
        """
        began = time.monotonic()
        completed = self._command.go({self._anew: b"yes\n"} if anew else {})
        return self._launch.judge(completed, time.monotonic() - began)

    def _run(self, go: PurePosixPath, stop: PurePosixPath) -> Completed:
        launch, limits = self._launch, self._launch.limits
        script = str(launch.layout.own / LAUNCHER)
        # The network is closed while it runs, and it has no use for it until then.
        return self._runner.run(
            [self._runner.python, script, *launch.arguments(go=go, stop=stop, anew=self._anew)],
            timeout=limits.install + limits.unit_tests + _MARGIN,
            env=launch.env,
            network=launch.settings.network,
            results=launch.results,
        )
