"""What asking the live environment came to, for reports."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class SmokeRun:
    """A run of a DAG that was to try the deployment.

    Attributes:
        state: how it ended, or how it stood when it was given up.
    """

    dag: str
    run: str
    state: str


@dataclass(frozen=True, kw_only=True)
class LiveReport:
    """How the live Airflow was found after a deployment.

    Attributes:
        reached: whether it answered.
        verified: whether it has all that was deployed, and had read all that is new.
        expected: how many DAGs it should list.
        listed: how many of them it lists.
        missing: DAGs that it does not list; the file by id.
        broken: files that it cannot import; the traceback by file.
        unread: DAGs whose files it had not read again when time was up.
        containers: log streams of containers that were read for failed installations; None if they were not.
        failures: lines of these logs that say that something could not be installed.
        smoke: runs that were to try the deployment.
        notes: what is worth knowing besides, a sentence each.
    """

    reached: bool = False
    verified: bool = False
    expected: int = 0
    listed: int = 0
    missing: Mapping[str, str] = field(default_factory=dict)
    broken: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    containers: int | None = None
    failures: tuple[str, ...] = ()
    smoke: tuple[SmokeRun, ...] = ()
    notes: tuple[str, ...] = ()
