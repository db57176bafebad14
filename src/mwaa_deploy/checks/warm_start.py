"""An interpreter in the runner that imports Airflow at once, and from which DAG probe and unit tests start.

Importing Airflow is most of what either of them takes for a small project, and it can begin before anything of the
project is there.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from types import UnionType
from typing import TYPE_CHECKING

from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.result_files import ForeignResult, fields, parse_result
from mwaa_deploy.checks.scripts import OWN, PROBE_OUTPUT, PROBES, TEST_RESULTS
from mwaa_deploy.checks.startup_environment import COMPONENT_VARIABLES, RunnerWithEnvironment
from mwaa_deploy.checks.waiting_command import WaitingCommand
from mwaa_deploy.ports import Completed, Runner

if TYPE_CHECKING:
    # It is not needed while the runner is being opened, and takes a while.
    from mwaa_deploy.checks.launched_tests import Launch

_ORDER, _RESULT, _LOG = "warm-start.order", "warm_start.json", "tests.log"
_MARGIN = 600.0
"""Seconds, beyond those for the checks, that the interpreter may be there."""

_KILLED = 137


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What DAG files and unit tests both see.

    Attributes:
        folders: DAG folder and plugins.
        database: the metadata database's file; None where none is looked at.
    """

    folders: tuple[PurePosixPath, ...]
    database: PurePosixPath | None

    def to_plain(self) -> Mapping[str, object]:
        """As JSON has it."""
        return {"folders": list(map(str, self.folders)), "database": self.database and str(self.database)}


@dataclass(frozen=True, kw_only=True)
class WarmAnswer:
    """How both ended, each with the results of both; what was not asked for counts as killed.

    Attributes:
        untouched: whether what was to be watched is as it was before; False too where nobody could tell.
    """

    probe: Completed
    tests: Completed
    untouched: bool


class WarmStart:
    """The interpreter, started with this object.

    Args:
        runner: nothing of the project's has run in it.
        limits: how long it may be there.
        scripts: whether ours have to be copied there first.
    """

    def __init__(self, runner: Runner, *, limits: CheckLimits, scripts: bool = True) -> None:
        self._limits = limits
        self._home = runner.home
        self._own = runner.home / OWN
        if scripts:
            runner.put_all({self._own: PROBES})
        self._runner = RunnerWithEnvironment(runner, variables=COMPONENT_VARIABLES)
        self._command = WaitingCommand("warm-start", self._own, self._runner, self._run)

    @property
    def ended(self) -> bool:
        """Whether it is there no more: Airflow could not be imported, or something killed it."""
        return self._command.ended

    def go(
        self, *, probe: Sequence[str] | None, launch: "Launch | None", fresh: bool, watch: Watched | None = None
    ) -> WarmAnswer:
        """Start both, and wait for their end.

        Args:
            probe: arguments of dag_probe.py; None to do without.
            launch: the unit tests; None to do without.
            fresh: whether the tests need an interpreter that has not imported Airflow.
            watch: what to look at before both begin and after they have ended.

        Raises:
            RunnerBroken: the runner died.
        """
        order = {
            "probe": None if probe is None else list(probe),
            "tests": launch and self._tests(launch, fresh),
            "watch": watch and watch.to_plain(),
        }
        return _answer(self._command.go({self._own / _ORDER: json.dumps(order).encode()}), self._own)

    def stop(self) -> None:
        """End it; nothing of it is left running."""
        self._command.stop()

    def _tests(self, launch: "Launch", fresh: bool) -> Mapping[str, object]:
        # There since the word was given; and nobody makes the other two, for this is told to end in other ways.
        there, nowhere = self._own / _ORDER, self._own / "never"
        arguments = launch.arguments(go=there, stop=nowhere, anew=nowhere)
        return {"arguments": arguments, "env": dict(launch.env), "fresh": fresh}

    def _run(self, go: PurePosixPath, stop: PurePosixPath) -> Completed:
        limits, own, home = self._limits, self._own, self._home
        options = {
            "--dags": home / "dags",
            "--plugins": home / "plugins",
            "--timeout": limits.dag_file,
            "--results": own,
            "--order": own / _ORDER,
            "--wait-for": go,
            "--abort": stop,
        }
        words = [str(word) for pair in options.items() for word in pair]
        return self._runner.run(
            [self._runner.python, str(own / "warm_start.py"), *words],
            timeout=limits.install + limits.dags + limits.unit_tests + _MARGIN,
            results=[own / name for name in (_RESULT, _LOG, PROBE_OUTPUT, *TEST_RESULTS)],
        )


def _answer(completed: Completed, own: PurePosixPath) -> WarmAnswer:
    results = completed.results
    kinds: dict[str, type | UnionType] = {"probe": int | None, "tests": int | None, "untouched": bool | None}
    kinds |= {"probe_seconds": float | None, "tests_seconds": float | None}
    try:
        found = fields(parse_result(results.get(own / _RESULT, b"null")), **kinds)
    except ForeignResult:
        found = dict.fromkeys(kinds)  # whoever killed it, killed what it watched
    printed = results.get(own / _LOG, b"").decode("utf-8", errors="replace")

    def ended(name: str, output: str) -> Completed:
        status, seconds = found[name], found[f"{name}_seconds"]
        return replace(
            completed,
            exit_code=_KILLED if status is None else status,
            output=output,
            seconds=completed.seconds if seconds is None else seconds,
        )

    return WarmAnswer(
        probe=ended("probe", completed.output), tests=ended("tests", printed), untouched=found.get("untouched") is True
    )
