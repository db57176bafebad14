"""What the probe found, turned into verdicts."""

import re
from collections import defaultdict
from collections.abc import Iterable

from mwaa_deploy.checks.dag_facts import DagFile, LoadError, LoadWarning, ProbeReport
from mwaa_deploy.checks.dag_rules import RULES
from mwaa_deploy.checks.layout import Layout
from mwaa_deploy.checks.settings import CheckSettings
from mwaa_deploy.checks.verdicts import Location, Severity, Verdict

_TIMEOUTS = frozenset({"AirflowTaskTimeout", "Timeout"})
_DEPRECATION = re.compile(r"Deprecat|RemovedInAirflow|^FutureWarning$")
_SHOWN = 5


def judge_dags(report: ProbeReport, layout: Layout, settings: CheckSettings) -> tuple[Verdict, ...]:
    """Each file, then what only shows across files."""
    verdicts: list[Verdict] = []
    for file in report.files:
        verdicts.extend(_judge_file(file, layout, settings))
    verdicts.extend(_judge_ids(report.files))
    verdicts.extend(_deprecations(report.files))
    if not any(file.dags or file.errors for file in report.files):
        message = (
            "There is no DAG in this folder. Airflow reads the files in which both words 'dag' and 'airflow' occur and "
            "which .airflowignore does not name."
        )
        folder = layout.location(str(layout.dags))
        subject = folder.file if folder else "dags"
        failure = Verdict(subject=subject, severity=Severity.FAIL, message=message, location=folder, rule="no-dag")
        verdicts.append(failure)
    return tuple(verdicts)


def judge_plugins(report: ProbeReport, layout: Layout) -> tuple[Verdict, ...]:
    """Whether the plugins load; empty where there are none to load and nothing went wrong."""
    errors = [failure(error, "plugins", layout, "plugin-error") for error in report.plugins.errors]
    if errors or layout.project.plugins is None:
        return tuple(errors)
    location = layout.location(str(layout.plugins))
    message = f"Loaded in {report.plugins.seconds:.2f} s."
    subject = location.file if location else "plugins"
    return (Verdict(subject=subject, severity=Severity.PASS, message=message, location=location),)


def judge_rules(report: ProbeReport, layout: Layout, settings: CheckSettings) -> tuple[Verdict, ...]:
    """What DAGs break each rule that is on, then the user's own rules; a rule that no DAG breaks passes."""
    verdicts: list[Verdict] = []
    dags = [(file, dag) for file in report.files for dag in file.dags]
    for setting in settings.rules:
        kind = RULES[setting.name]
        values = kind.values(setting.parameters)
        found = [
            Verdict(
                subject=dag.id,
                severity=setting.severity,
                message=f"DAG '{dag.id}': {finding.message}.",
                location=finding.location,
                rule=setting.name,
            )
            for file, dag in dags
            for finding in kind.judge(file, dag, values)
        ]
        verdicts.extend(found or [_kept(setting.name, len(dags))])
    return (*verdicts, *_own_rules(report, layout))


def _own_rules(report: ProbeReport, layout: Layout) -> list[Verdict]:
    if report.rules is None:
        return []
    errors = [*report.rules.errors, *(error for file in report.files for error in file.rule_errors)]
    verdicts = _once(failure(error, "rules", layout, "rule-error") for error in errors)
    for file in report.files:
        places = {dag.id: dag.location for dag in file.dags}
        for breach in dict.fromkeys(file.breaches):  # two files may bring the same rule from a third
            message = f"DAG '{breach.dag}': {breach.message}"
            location = places.get(breach.dag, file.location)
            verdicts.append(
                Verdict(
                    subject=breach.dag, severity=breach.severity, message=message, location=location, rule=breach.rule
                )
            )
    dags = sum(len(file.dags) for file in report.files)
    return verdicts or [_kept("the rules of the project's own", dags)]


def _kept(rule: str, dags: int) -> Verdict:
    message = f"Kept by {dags} DAG{'s' * (dags != 1)}."
    return Verdict(subject=rule, severity=Severity.PASS, message=message, rule=rule if rule in RULES else "")


def _once(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Without those that say the same of the same place: a rule fails the same way for each DAG."""
    found: dict[tuple[object, str], Verdict] = {}
    for verdict in verdicts:
        found.setdefault((verdict.location, verdict.message), verdict)
    return list(found.values())


def _judge_file(file: DagFile, layout: Layout, settings: CheckSettings) -> list[Verdict]:
    if file.errors:
        return [failure(error, file.name, layout, _rule(error)) for error in file.errors]
    severity, rule, message = Severity.PASS, "", f"{_counted(file)}, parsed in {file.seconds:.2f} s."
    if file.seconds > settings.slow_dag_file:
        severity, rule = Severity.WARN, "parse-time"
        message = (
            f"{_counted(file)}, parsed in {file.seconds:.2f} s, which is over {settings.slow_dag_file:g} s. The "
            "scheduler does that again and again: move what takes long at the top of the file into the tasks."
        )
    evidence = "\n".join(f"{_placed(one)}: {one.type}: {one.message}" for one in file.warnings)
    return [
        Verdict(
            subject=file.name, severity=severity, message=message, location=file.location, evidence=evidence, rule=rule
        )
    ]


def _rule(error: LoadError) -> str:
    if error.type == "AirflowDagCycleException":
        return "cycle"
    return "parse-time" if error.type in _TIMEOUTS else "import-error"


def _counted(file: DagFile) -> str:
    if not file.dags:
        return "No DAG in it"
    tasks = sum(dag.tasks for dag in file.dags)
    ids = ", ".join(dag.id for dag in file.dags[:_SHOWN]) + (", ..." if len(file.dags) > _SHOWN else "")
    return f"{len(file.dags)} DAG{'s' * (len(file.dags) > 1)} ({ids}), {tasks} task{'s' * (tasks != 1)}"


def _placed(warning: LoadWarning) -> str:
    place = warning.location
    return f"{place.file}:{place.line}" if place else warning.place


def failure(error: LoadError, subject: str, layout: Layout, rule: str) -> Verdict:
    """An error, as a failure."""
    message = f"{error.type}: {error.message}" if error.message else error.type
    return Verdict(
        subject=subject,
        severity=Severity.FAIL,
        message=message.replace(f"{layout.home}/", ""),
        location=error.location,
        evidence=error.traceback,
        rule=rule,
    )


def _judge_ids(files: tuple[DagFile, ...]) -> list[Verdict]:
    homes: dict[str, list[tuple[str, Location | None]]] = defaultdict(list)
    for file in files:
        for dag in file.dags:
            homes[dag.id].append((file.name, dag.location))
    found = []
    for dag_id, ((first, at), *others) in homes.items():
        for _, other in others:
            place = f"{at.file}:{at.line}" if at and at.line else at.file if at else first
            message = f"The DAG id '{dag_id}' is already taken by {place}; Airflow would show now one, now the other."
            verdict = Verdict(
                subject=dag_id, severity=Severity.FAIL, message=message, location=other, rule="duplicate-dag-id"
            )
            found.append(verdict)
    return found


def _deprecations(files: tuple[DagFile, ...]) -> list[Verdict]:
    """What the user's own code uses that goes away, each place once, however many files lead there."""
    return _once(
        Verdict(
            subject=warning.location.file,
            severity=Severity.WARN,
            message=f"{warning.type}: {warning.message}",
            location=warning.location,
            rule="deprecation",
        )
        for file in files
        for warning in file.warnings
        if warning.location and _DEPRECATION.search(warning.type)
    )
