"""What the user's configuration says about the checks, as frozen data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from mwaa_deploy.checks.verdicts import Severity


class DatabaseKind(StrEnum):
    """The metadata database that DAGs and tests find."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


@dataclass(frozen=True, kw_only=True)
class RuleSetting:
    """One rule about DAGs that is switched on.

    Attributes:
        name: kebab-case, as in 'owner'.
        severity: what a breach weighs: WARN or FAIL.
        parameters: the rule's own, by kebab-case name, of the types that the rule's table says.
    """

    name: str
    severity: Severity
    parameters: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Fixtures:
    """Files in the form of `airflow variables|connections|pools import`, each absolute; their values are secrets."""

    variables: Path | None = None
    connections: Path | None = None
    pools: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """Those that there are."""
        return tuple(path for path in (self.variables, self.connections, self.pools) if path)


@dataclass(frozen=True, kw_only=True)
class UnitTestSettings:
    """How the unit tests run.

    Attributes:
        arguments: passed on to pytest after our own, such as ('-m', 'not slow').
        coverage: whether to measure which lines of DAGs and plugins the tests run.
        coverage_minimum: per cent below which the check fails; None for no minimum.
        requirements: absolute path of a file with packages that only the tests need; None if there is none.
    """

    arguments: tuple[str, ...] = ()
    coverage: bool = False
    coverage_minimum: float | None = None
    requirements: Path | None = None


@dataclass(frozen=True, kw_only=True)
class CheckSettings:
    """The section `checks` of mwaa-deploy.yml.

    Attributes:
        network: whether DAGs and tests may use the network; the startup script and pip always may, as on MWAA.
        rules: the rules that are switched on, in the order of the rules' own table.
        rules_folder: absolute path of the folder with the user's own rules; None if there is none.
        slow_dag_file: seconds from which on a file that parses well is warned about.
        database: which metadata database there is.
        fixtures: what is imported into it.
        tests: how the unit tests run.
        memory: bytes of memory for the user's code; None for three quarters of what there is.
        processes: how many processes and threads it may have at once.
    """

    network: bool = False
    rules: tuple[RuleSetting, ...] = ()
    rules_folder: Path | None = None
    slow_dag_file: float = 0.5
    database: DatabaseKind = DatabaseKind.SQLITE
    fixtures: Fixtures = field(default_factory=Fixtures)
    tests: UnitTestSettings = field(default_factory=UnitTestSettings)
    memory: int | None = None
    processes: int = 1024
