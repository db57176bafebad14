"""The checks that Airflow loads the plugins and every DAG file, and that the DAGs keep the rules."""

from dataclasses import dataclass, replace

from mwaa_deploy.checks.dag_facts import DagFile, ProbeReport
from mwaa_deploy.checks.dag_reader import parse_probe_report
from mwaa_deploy.checks.dag_verdicts import judge_dags, judge_plugins, judge_rules
from mwaa_deploy.checks.layout import Layout
from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.network_errors import with_network_explained
from mwaa_deploy.checks.result_files import ForeignResult
from mwaa_deploy.checks.running_probe import TOO_LATE, ProbeAnswer, RunningProbe, begin_probe
from mwaa_deploy.checks.settings import CheckSettings
from mwaa_deploy.checks.verdicts import CheckResult, Severity, Verdict

_KILLED = 128 + 9
_NO_RULES = "No rule about DAGs is switched on."
PLUGINS, NAME, RULES = "plugins", "dag-import", "dag-rules"

__all__ = ["NAME", "PLUGINS", "RULES", "DagJudgement", "RunningProbe", "begin_probe", "judge_probe"]


@dataclass(frozen=True, kw_only=True)
class DagJudgement:
    """What the probe's answer means.

    Attributes:
        plugins: whether they load.
        dags: whether every DAG file is parsed; holds the log of the probe.
        rules: whether the DAGs keep the rules that are on.
        files: the facts, for reports; empty if the probe did not get that far.
    """

    plugins: CheckResult
    dags: CheckResult
    rules: CheckResult
    files: tuple[DagFile, ...] = ()


def judge_probe(
    answer: ProbeAnswer,
    layout: Layout,
    settings: CheckSettings,
    limits: CheckLimits,
    overlooked: tuple[Verdict, ...] = (),
) -> DagJudgement:
    """Turn the probe's answer into the results of three checks.

    Args:
        answer: what came of it.
        layout: the project as it lay in the runner.
        settings: the rules that are on.
        limits: how long it might take.
        overlooked: what is known already about rules that are not asked.
    """
    judgement = _judge_answer(answer, layout, settings, limits)
    if overlooked:
        rules = judgement.rules
        skipped = None if rules.skipped == _NO_RULES else rules.skipped
        judgement = replace(judgement, rules=replace(rules, verdicts=(*rules.verdicts, *overlooked), skipped=skipped))
    if settings.network:
        return judgement
    return replace(
        judgement,
        plugins=_with_network_explained(judgement.plugins),
        dags=_with_network_explained(judgement.dags),
        rules=_with_network_explained(judgement.rules),
    )


def _with_network_explained(result: CheckResult) -> CheckResult:
    return replace(result, verdicts=tuple(map(with_network_explained, result.verdicts)))


def _judge_answer(answer: ProbeAnswer, layout: Layout, settings: CheckSettings, limits: CheckLimits) -> DagJudgement:
    completed = answer.completed
    if answer.document:
        try:
            return _judge(parse_probe_report(answer.document, layout), answer, layout, settings)
        except ForeignResult as error:
            message = f"The result file dags.json is not one of ours: {error}. Something in the DAG files wrote to it."
    elif completed.timed_out or completed.exit_code == TOO_LATE:
        message = f"The DAG files were not all parsed after {limits.dags:.0f} s."
    elif completed.exit_code == _KILLED:
        message = (
            "The process that parses the DAG files was killed, so that none of them is judged. A file that kills other "
            "processes while it is loaded does that, and so does a lack of memory."
        )
    else:
        message = (
            f"Airflow ended with exit code {completed.exit_code} before it had parsed the DAG files. That is usually "
            "airflow_local_settings.py, or a requirement that broke Airflow itself."
        )
    verdict = Verdict(
        subject="Airflow",
        severity=Severity.FAIL,
        message=message,
        location=layout.location(str(layout.dags)),
        evidence=completed.output,
        rule="import-error",
    )
    reason = "The DAG files could not be parsed; see dag-import."
    return DagJudgement(
        plugins=CheckResult(check=PLUGINS, skipped=reason),
        dags=CheckResult(check=NAME, verdicts=(verdict,), log=completed.output, seconds=completed.seconds),
        rules=CheckResult(check=RULES, skipped=reason),
    )


def _judge(report: ProbeReport, answer: ProbeAnswer, layout: Layout, settings: CheckSettings) -> DagJudgement:
    plugins = judge_plugins(report, layout)
    no_plugins = None if plugins else "The project has no plugins."
    rules_on = bool(settings.rules) or report.rules is not None
    no_rules = None if rules_on else _NO_RULES
    return DagJudgement(
        plugins=CheckResult(check=PLUGINS, verdicts=plugins, skipped=no_plugins, seconds=report.plugins.seconds),
        dags=CheckResult(
            check=NAME,
            verdicts=judge_dags(report, layout, settings),
            log=answer.completed.output,
            seconds=sum(file.seconds for file in report.files),
        ),
        rules=CheckResult(check=RULES, verdicts=judge_rules(report, layout, settings), skipped=no_rules),
        files=report.files,
    )
