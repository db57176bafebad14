"""Whole runs, for the tests of the step summary and of its pictures."""

from dataclasses import replace
from datetime import UTC, datetime

from mwaa_deploy.checks.dag_facts import DagFile
from mwaa_deploy.checks.verdicts import Location
from mwaa_deploy.errors import StackUpdateFailed
from mwaa_deploy.inputs import Mode
from mwaa_deploy.journal import Journal, Step
from mwaa_deploy.outcome import Outcome
from mwaa_deploy.rolled_back import RollBack
from mwaa_deploy.target.record import Record
from tests.unit.report.samples import HOSTILE, hostile_report, mixed_report

COMMANDS = {
    "section": "section other",
    "click": 'click s0 call alert("x")',
    "link": 'click s0 href "javascript:alert(1)"',
    "title": "title other",
    "kind of diagram": "gantt",
    "date format": "dateFormat X",
    "date": "2000-01-01",
    "directive": '%%{init: {"theme": "forest", "securityLevel": "loose"}}%%',
    "comment": "%% a comment",
    "frontmatter": "---\ntitle: other\n---",
    "tags": "a :crit, milestone, 2001-01-01, 5d",
    "semicolon": "a; section b",
    "entities": "#quot;#35;&lt;img src=x onerror=alert(1)&gt;",
    "Mermaid's own entity": "ﬂ°lt¶ßimg src=x onerror=alert(1)ﬂ°gt¶ß",
    "Markdown string": "`**bold**`",
    "mathematics": "$$\\href{javascript:alert(1)}{x}$$",
    "axis": '"] \n bar [9, 9]\n line [1, "',
    "arrow": "0 --> 9",
    "prototype": "__proto__",
    "emoji": "👩‍🚀🏳️‍🌈 e\u0301 日本語",
    "fence": "```\n<script>alert(1)</script>",
}
"""What Mermaid would carry out, or stumble over, as the name of a step or of a file."""


def dag_file(name, seconds):
    return DagFile(location=Location(file=name), path=name, seconds=seconds, dags=(), errors=(), warnings=())


def timed_report():
    """Files of a tenth of a second and of half a minute."""
    times = {
        "dags/orders.py": 31.4,
        "dags/a b/daily_report_of_all_the_teams_in_the_company.py": 2.25,
        "dags/x.py": 0.12,
    }
    return replace(mixed_report(), dag_files=tuple(dag_file(name, seconds) for name, seconds in times.items()))


def deployed_journal():
    """A deployment of 40 minutes, of which some steps took a tenth of a second."""
    inner = (Step(name="upload plugins", seconds=0.2), Step(name="stack", seconds=2400), Step(name="DAGs", seconds=2.3))
    outer = (
        Step(name="read the project", seconds=0.1),
        Step(name="checks", seconds=12.5),
        Step(name="deploy", seconds=2402.6),
    )
    return Journal(mode=Mode.DEPLOY, outcome=Outcome(steps=inner, environment_updated=True), steps=list(outer))


def quick_journal():
    """One of DAG files alone."""
    inner = (Step(name="DAGs", seconds=0.6), Step(name="verify", seconds=0.1), Step(name="record", seconds=0.2))
    outer = [Step(name="checks", seconds=4.2), Step(name="plan", seconds=0.7), Step(name="deploy", seconds=1.0)]
    return Journal(mode=Mode.DEPLOY, outcome=Outcome(steps=inner), steps=outer, checks=timed_report())


def back_to(outcome):
    """An automatic roll-back that did this."""
    record = Record(commit="a" * 40, run_url="", at=datetime(2026, 1, 5, tzinfo=UTC))
    return RollBack(to=record, automatic=True, done=True, outcome=outcome)


def rolled_back_journal():
    """A deployment that failed, and what was live before brought back."""
    journal = deployed_journal()
    inner = (Step(name="upload plugins", seconds=0.3), Step(name="stack", seconds=300, failed=True))
    journal.outcome = Outcome(steps=inner)
    journal.steps[-1] = Step(name="deploy", seconds=300.4, failed=True)
    journal.steps.append(Step(name="roll back", seconds=65))
    journal.rollback = back_to(Outcome(steps=(Step(name="DAGs", seconds=0.4), Step(name="record", seconds=0.1))))
    journal.error = StackUpdateFailed("Stack x ended as UPDATE_ROLLBACK_COMPLETE.")
    return journal


def hostile_journal():
    """Every hostile text as the name of a step and of a DAG file."""
    names = (*HOSTILE.values(), *COMMANDS.values())
    steps = tuple(Step(name=name, seconds=n + 0.1, failed=n % 7 == 0) for n, name in enumerate(names))
    files = tuple(dag_file(name, n + 0.2) for n, name in enumerate(names))
    report = replace(hostile_report(), dag_files=files)
    return Journal(mode=Mode.DEPLOY, outcome=Outcome(steps=steps), steps=list(steps[:5]), checks=report)
