"""The probe of the DAG files, while it runs beside other work."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Self

from mwaa_deploy.checks.layout import Layout
from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.settings import CheckSettings
from mwaa_deploy.checks.waiting_command import WaitingCommand
from mwaa_deploy.ports import Completed, Runner
from mwaa_deploy.source.project import Project

ABORTED, TOO_LATE = 4, 5
"""Exit codes of probe/dag_probe.py."""

_MARGIN = 600.0
"""Seconds, beyond those for the installation and for the DAGs, that the probe may be there."""

_LOCAL_SETTINGS = ("airflow_local_settings.py", "airflow_local_settings")


@dataclass(frozen=True, kw_only=True)
class ProbeAnswer:
    """How the probe ended.

    Attributes:
        document: what it wrote, None if it did not get that far.
        seconds: that it took once it had its word; None where only who waited for it knows.
        alone: whether it was asked once more, after the unit tests.
    """

    completed: Completed
    document: bytes | None
    seconds: float | None = None
    alone: bool = False


class RunningProbe:
    """A probe that imports Airflow at once, and waits for go() before it touches the project.

    Use begin_probe() to make one. As a context manager it is stopped at the end.
    """

    def __init__(
        self,
        layout: Layout,
        runner: Runner,
        *,
        settings: CheckSettings,
        limits: CheckLimits,
        env: Mapping[str, str] | None,
    ) -> None:
        self._layout = layout
        self._runner = runner
        self._settings = settings
        self._limits = limits
        self._env = env
        self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def go(self) -> ProbeAnswer:
        """Let the DAG files be parsed, and wait for the end.

        Raises:
            RunnerBroken: the runner died.
        """
        return probe_answer(self._command.go(), self._output)

    def restart(self) -> None:
        """Import Airflow anew: what was installed has changed Airflow's own packages.

        Raises:
            RunnerBroken: the runner died.
        """
        self.stop()
        self._start()

    def stop(self) -> None:
        """End it, whatever it does; nothing of it is left running. What has ended stays as it is."""
        self._command.stop()

    def _start(self) -> None:
        # A name of its own: what an earlier one wrote is not taken for this one's.
        self._output = self._layout.own / f"dag-probe-{secrets.token_hex(4)}.json"
        self._command = WaitingCommand("dag-probe", self._layout.own, self._runner, self._run)

    def _run(self, go: PurePosixPath, stop: PurePosixPath) -> Completed:
        # The network is closed while it runs, and it has no use for it until then.
        return self._runner.run(
            self._argv(go, stop),
            timeout=self._limits.install + self._limits.dags + _MARGIN,
            env=self._env,
            network=self._settings.network,
            results=[self._output],
        )

    def _argv(self, go: PurePosixPath, stop: PurePosixPath) -> list[str]:
        layout = self._layout
        options = probe_arguments(layout, settings=self._settings, limits=self._limits, output=self._output)
        waiting = ["--wait-for", str(go), "--abort", str(stop)]
        late = ["--late"] if has_local_settings(layout.project) else []
        return [self._runner.python, str(layout.own / "dag_probe.py"), *options, *waiting, *late]


def probe_arguments(
    layout: Layout, *, settings: CheckSettings, limits: CheckLimits, output: PurePosixPath
) -> list[str]:
    """What a probe is given that does not wait.

    Args:
        layout: the project, laid out in the runner.
        settings: whether the project has rules of its own.
        limits: how long one file and all of them may take.
        output: where the result goes.
    """
    options = {
        "--dags": layout.dags,
        "--plugins": layout.plugins,
        "--output": output,
        "--timeout": limits.dag_file,
        "--limit": limits.dags,
    }
    if settings.rules_folder:
        options["--rules"] = layout.rules
    return [str(word) for pair in options.items() for word in pair]


def probe_answer(completed: Completed, output: PurePosixPath) -> ProbeAnswer:
    """What came of a probe that was to write to `output`."""
    good = completed.exit_code == 0 and not completed.timed_out
    return ProbeAnswer(completed=completed, document=completed.results.get(output) if good else None)


def begin_probe(
    layout: Layout,
    runner: Runner,
    *,
    settings: CheckSettings,
    limits: CheckLimits,
    env: Mapping[str, str] | None = None,
) -> RunningProbe:
    """Start the probe in a thread of its own: it imports Airflow, and waits.

    Args:
        layout: the project, laid out in the runner already.
        runner: run() is called in another thread.
        settings: whether the project has rules of its own.
        limits: how long one file and all of them may take.
        env: variables for the command. They cannot be changed later.
    """
    return RunningProbe(layout, runner, settings=settings, limits=limits, env=env)


def has_local_settings(project: Project) -> bool:
    """Whether importing Airflow would run code of the project's, which is not to be run before its requirements."""
    folders = (project.dags, project.plugins)
    return any(folder is not None and (folder / name).exists() for folder in folders for name in _LOCAL_SETTINGS)
