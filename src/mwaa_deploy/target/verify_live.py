"""Asking the live environment whether it has what was deployed, before the record says so.

The bucket's content proves nothing about Airflow: a DAG may need a Variable, a connection or a package that only the
environment lacks, and MWAA calls an environment AVAILABLE whose requirements could not be installed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.errors import (
    AwsAccessDenied,
    AwsRefused,
    AwsUnavailable,
    InstallationFailedLive,
    LiveAirflowUnreachable,
    MwaaDeployError,
)
from mwaa_deploy.inputs import VerifyKind
from mwaa_deploy.install_verdict import REQUIREMENTS, STARTUP, judge
from mwaa_deploy.live_report import LiveReport
from mwaa_deploy.live_verdict import expect_dags
from mwaa_deploy.parts import Part
from mwaa_deploy.plan import OperationKind
from mwaa_deploy.ports import Annotation, EnvironmentState, InstallLogs, LiveAirflow
from mwaa_deploy.target.live_watch import LiveWatch
from mwaa_deploy.target.ports_of_target import Deployment
from mwaa_deploy.target.record import Record
from mwaa_deploy.target.smoke import run_smoke

_INSTALLED = {Part.REQUIREMENTS: REQUIREMENTS, Part.STARTUP_SCRIPT: STARTUP}
_TASK_LOGS = "TaskLogs"
_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class BeforeDeployment:
    """The live environment before anything was changed.

    Attributes:
        at: when.
        errors: (file, traceback) of what it could not import, as Airflow calls it; empty where nobody could say.
    """

    at: datetime
    errors: frozenset[tuple[str, str]] = frozenset()


def look_before(deployment: Deployment) -> BeforeDeployment:
    """What the live Airflow could not import before the deployment.

    Raises:
        LiveAirflowUnreachable: it may never be asked, and the user wants it asked; nothing has been changed.
    """
    target, environment = deployment.target, deployment.state.environment
    now = target.clock.now()
    if environment is None or environment.status != "AVAILABLE" or (live := _live(deployment, environment)) is None:
        return BeforeDeployment(at=now)
    try:
        errors = live.import_errors()
    except LiveAirflowUnreachable:
        if target.verification.kind is VerifyKind.LIVE or target.verification.smoke:
            raise
        errors = ()
    except AwsUnavailable:
        # Perhaps the very thing that this deployment mends.
        errors = ()
    return BeforeDeployment(at=now, errors=frozenset((error.file, error.message) for error in errors))


def verify_live(deployment: Deployment, before: BeforeDeployment, record: Record) -> bool:
    """Whether the live environment has what was deployed; what was found is in the progress, come what may.

    Args:
        deployment: all of it is done, but for the record.
        before: the live environment before it.
        record: what is to be written.

    Raises:
        InstallationFailedLive: its containers could not install what they were given.
        DagsBrokenLive: it cannot import files of the deployment.
        DagsMissingLive: it does not list DAGs of the deployment.
        SmokeRunFailed: a DAG that was to be run did not end well.
        LiveAirflowUnreachable: it cannot be asked, and the user wants it asked.
    """
    target, name = deployment.target, deployment.progress.environment_name
    environment = target.environments.get(name) if name else None
    if environment is None or target.verification.kind is VerifyKind.VERSIONS or target.live is None:
        return False
    deployment.progress.live = LiveReport()
    update, confirms = _update(deployment, before), _confirms(deployment)
    since = update.since if update else environment.last_update_at if confirms else None
    everything = confirms or (update is not None and not update.creates)
    with deployment.progress.step("live Airflow"), target.log.group("Live Airflow"):
        if target.logs is not None and since is not None:
            _read_logs(deployment, target.logs(), environment, since)
        try:
            return _ask(deployment, environment, before, record, everything=everything)
        except LiveAirflowUnreachable as e:
            if target.verification.kind is VerifyKind.LIVE or target.verification.smoke:
                raise
            _note(deployment, "The live Airflow was not asked, so that only versions and files are verified.", e)
            return False


def _live(deployment: Deployment, environment: EnvironmentState) -> LiveAirflow | None:
    target = deployment.target
    if target.live is None or target.verification.kind is VerifyKind.VERSIONS:
        return None
    return target.live(environment)


@dataclass(frozen=True, kw_only=True)
class _Update:
    """The environment's update by this deployment, or by the one that it resumes.

    Attributes:
        since: when it began.
        creates: whether there was no environment before.
    """

    since: datetime
    creates: bool


def _update(deployment: Deployment, before: BeforeDeployment) -> _Update | None:
    if deployment.progress.environment_updated:
        return _Update(since=before.at, creates=deployment.state.environment is None)
    if change := deployment.state.unfinished.change:
        return _Update(since=change.since, creates=change.before is None)
    return None


def _confirms(deployment: Deployment) -> bool:
    """Whether all that is to be done is to ask about what an earlier deployment has brought, unasked."""
    record, kinds = deployment.state.record, {operation.kind for operation in deployment.plan.operations}
    return record is not None and not record.verified and kinds <= {OperationKind.KEEP, OperationKind.RECORD}


def _ask(
    deployment: Deployment,
    environment: EnvironmentState,
    before: BeforeDeployment,
    record: Record,
    *,
    everything: bool,
) -> bool:
    target = deployment.target
    live = _live(deployment, environment)
    if live is None:
        return False
    watch = LiveWatch(
        live,
        expect_dags(record),
        clock=target.clock,
        log=target.log,
        check=target.verification,
        before=before.errors,
        changed=deployment.plan.dags.changed,
        deleted=deployment.plan.dags.deleted,
        everything=everything,
    )
    try:
        verdict = watch.wait()
    finally:
        deployment.progress.live = watch.report(deployment.progress.live or LiveReport())
    watch.require_good(verdict, environment.name)
    for note in watch.notes(verdict):
        _note(deployment, note)
    if target.verification.smoke:
        check = target.verification
        runs = run_smoke(
            live, check.smoke, clock=target.clock, log=target.log, timeout=check.timeout, interval=check.interval
        )
        deployment.progress.live = replace(deployment.progress.live, smoke=runs)
    deployment.progress.live = replace(deployment.progress.live, verified=verdict.good)
    return verdict.good


def _read_logs(deployment: Deployment, logs: InstallLogs, environment: EnvironmentState, since: datetime) -> None:
    prefixes = [prefix for part, prefix in _INSTALLED.items() if part in environment.versions]
    groups = _groups(environment.log_groups)
    if not prefixes:
        return
    if not groups:
        _note(
            deployment,
            "The environment has no log group switched on, so that nobody can say how its requirements went.",
        )
        return
    try:
        verdict = judge(line for group in groups for prefix in prefixes for line in logs.lines(group, prefix, since))
    except (AwsAccessDenied, AwsUnavailable, AwsRefused) as e:
        _note(deployment, "The logs of the installation were not read.", e)
        return
    report = deployment.progress.live or LiveReport()
    deployment.progress.live = replace(report, containers=verdict.containers, failures=verdict.failures)
    if verdict.failures:
        deployment.target.log.verbatim("\n".join(verdict.failures))
        raise _installation_failed(environment.name, verdict.failures, groups[0])
    if verdict.conflicts:
        first = verdict.conflicts[0]
        _note(deployment, f"pip installed packages that do not fit together, {len(verdict.conflicts)} in all: {first}")
    if not verdict.containers:
        _note(deployment, "No container has said anything about its installation yet.")


def _groups(log_groups: Mapping[str, str]) -> list[str]:
    """Those that containers log to; the one of tasks has thousands of streams."""
    return [group for name, group in sorted(log_groups.items()) if name != _TASK_LOGS]


def _installation_failed(name: str, failures: tuple[str, ...], group: str) -> InstallationFailedLive:
    lines = "\n".join(f"- {line[:500]}" for line in failures[:_SHOWN])
    log_group = group.removesuffix(":*").rpartition(":")[2]
    return InstallationFailedLive(
        f"Containers of the environment {name} could not install what they were given:\n{lines}",
        meaning="MWAA goes on with packages missing. What could be installed in the checks cannot be from where the "
        "environment is: it may have no way to the package index, or a package was withdrawn.",
        mend=f"aws logs filter-log-events --log-group-name {log_group} --log-stream-name-prefix {REQUIREMENTS}",
    )


def _note(deployment: Deployment, text: str, error: MwaaDeployError | None = None) -> None:
    """Warn, and keep it for the report."""
    progress = deployment.progress
    report = progress.live or LiveReport()
    note = text if error is None else f"{text} {error.what}"
    progress.live = replace(report, notes=(*report.notes, note))
    message = text if error is None else f"{text}\n{error}"
    deployment.target.log.annotate(Annotation(severity=Severity.WARN, title="Live Airflow", message=message))
