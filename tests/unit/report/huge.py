"""A run in which everything is too much at once, and hostile besides."""

from datetime import UTC, datetime, timedelta
from itertools import cycle, islice

from mwaa_deploy.checks.package_changes import PackageChange, PackageChanges
from mwaa_deploy.checks.verdicts import CheckReport, CheckResult, Location, Severity, Verdict
from mwaa_deploy.drift import Drift, DriftKind
from mwaa_deploy.errors import StackUpdateFailed
from mwaa_deploy.inputs import Mode
from mwaa_deploy.journal import Journal, Step
from mwaa_deploy.live_report import LiveReport, SmokeRun
from mwaa_deploy.outcome import Outcome
from mwaa_deploy.parts import Part
from mwaa_deploy.plan import DagSync, Operation, OperationKind, ParameterPreview, ParameterSource, Plan
from mwaa_deploy.ports import ChangedFile, PropertyChange, ResourceChange, StackEvent
from mwaa_deploy.source.changes import Base, Changes
from tests.unit.report.differences import hostile_difference
from tests.unit.report.journals import COMMANDS, back_to, dag_file
from tests.unit.report.samples import HOSTILE

TEXTS = (*HOSTILE.values(), *COMMANDS.values(), "``` | </details> <details open> ## x\n" * 300)
TRACEBACK = 'Traceback (most recent call last):\n  File "/usr/local/airflow/dags/x|`<b>😀.py", line 3\n' * 120


def texts(number):
    """So many hostile texts, no two alike."""
    return tuple(f"{text}{n}" for n, text in enumerate(islice(cycle(TEXTS), number)))


def _outcome():
    at = datetime(2026, 1, 5, tzinfo=UTC)
    changes = tuple(
        ResourceChange(
            action=text,
            logical_id=text,
            resource_type=text,
            replacement="True",
            details=texts(40),
            properties=(PropertyChange(path=text, before=text, after=text, recreation="Always"),),
        )
        for text in texts(500)
    )
    events = tuple(
        StackEvent(
            at=at + timedelta(seconds=n), logical_id=text, resource_type=text, status="UPDATE_FAILED", reason=text
        )
        for n, text in enumerate(texts(5_000))
    )
    live = LiveReport(
        reached=True,
        expected=5_000,
        missing={text: text for text in texts(5_000)},
        broken=dict.fromkeys(texts(500), TRACEBACK),
        failures=texts(1_000),
        smoke=tuple(SmokeRun(dag=text, run=text, state=text) for text in texts(1_000)),
        notes=texts(1_000),
    )
    return Outcome(
        changes=changes,
        stack_events=events,
        stack_changed=True,
        dags_added=texts(5_000),
        steps=tuple(Step(name=text, seconds=n, failed=n % 9 == 0) for n, text in enumerate(texts(2_000))),
        live=live,
    )


def _plan(outcome):
    dags = DagSync(added=texts(5_000), changed=texts(5_000), deleted=texts(5_000))
    reasons = texts(30)
    return Plan(
        base="b" * 40,
        base_reason=TRACEBACK,
        operations=(
            *(Operation(kind=OperationKind.UPLOAD, part=Part.PLUGINS, reason=reason) for reason in reasons),
            Operation(kind=OperationKind.SYNC_DAGS, part=Part.DAGS, reason=TRACEBACK, dags=dags),
        ),
        parameters=tuple(
            ParameterPreview(key=text, value=text, before=text, source=ParameterSource.FILE, changes=True)
            for text in texts(500)
        ),
        notes=texts(1_000),
        drift=tuple(Drift(subject=text, kind=DriftKind.FOREIGN, found=text) for text in texts(2_000)),
        drift_since=TRACEBACK,
        promoted_from=TRACEBACK,
        change_set=outcome.changes,
    )


def huge_report():
    """500 failing tests, 3,000 warnings and 2,000 DAG files."""
    failing = tuple(
        Verdict(
            subject=f"{text}{n}",
            severity=Severity.FAIL,
            message=TRACEBACK,
            location=Location(file=text or "x", line=n),
            evidence=TRACEBACK,
        )
        for n, text in enumerate(texts(500))
    )
    warnings = tuple(Verdict(subject=text, severity=Severity.WARN, message=text, rule=text) for text in texts(3_000))
    return CheckReport(
        runner=TRACEBACK,
        differences=texts(1_000),
        results=(
            CheckResult(check="unit-tests", verdicts=failing, seconds=1, why=TRACEBACK, log=TRACEBACK),
            CheckResult(check="dag-rules", verdicts=warnings, seconds=1, why=TRACEBACK),
            CheckResult(check="plugins", skipped=TRACEBACK),
        ),
        dag_files=tuple(dag_file(text, n / 7) for n, text in enumerate(texts(2_000))),
        dag_differences=hostile_difference(texts(60)),
        package_changes=PackageChanges(
            base="b" * 40,
            packages=tuple(
                PackageChange(name=text, shipped=text, installed="1", asked_before=text) for text in texts(500)
            ),
        ),
    )


def huge_journal():
    """All of it, in a deployment that failed and was rolled back."""
    outcome = _outcome()
    files = tuple(ChangedFile(path=text, status="M") for text in texts(5_000))
    return Journal(
        mode=Mode.DEPLOY,
        target=TRACEBACK,
        run_url="https://github.com/acme/dags/actions/runs/7",
        changes=Changes(
            base=Base(sha="b" * 40, reason=TRACEBACK), head="a" * 40, files={Part.DAGS: files}, other=files
        ),
        checks=huge_report(),
        plan=_plan(outcome),
        outcome=outcome,
        rollback=back_to(outcome),
        drift=_plan(outcome).drift,
        error=StackUpdateFailed(TRACEBACK * 50, meaning=TRACEBACK, mend=TRACEBACK * 50),
        steps=[Step(name=text, seconds=n) for n, text in enumerate(texts(500))],
        notes=list(texts(1_000)),
    )
