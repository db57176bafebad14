"""The live Airflow in the summary and in the report."""

import json
import re

import pytest

from mwaa_deploy.inputs import Mode
from mwaa_deploy.journal import Journal
from mwaa_deploy.live_report import LiveReport, SmokeRun
from mwaa_deploy.outcome import Outcome
from mwaa_deploy.report.as_json import report_json
from mwaa_deploy.report.live_markdown import live_section
from mwaa_deploy.report.summary import render_summary
from tests.unit.report.samples import HOSTILE

GOOD = LiveReport(reached=True, verified=True, expected=3, listed=3, containers=2)


def journal(live):
    return Journal(mode=Mode.DEPLOY, outcome=Outcome(dags_added=("a.py",), live=live))


def test_all_that_is_well_is_one_line():
    assert live_section(GOOD) == (
        "### Live Airflow\n\n✅ It lists 3 of the project's 3 DAGs. The logs of 2 containers were read."
    )


def test_what_is_not_well_is_told_with_file_and_error():
    text = live_section(
        LiveReport(
            reached=True,
            expected=3,
            listed=1,
            missing={"sales": "sales.py"},
            broken={"b.py": "Traceback\nKeyError: 'x'"},
            failures=("ERROR: no y",),
            smoke=(SmokeRun(dag="s", run="r1", state="failed"),),
            notes=("A note.",),
        )
    )
    assert "❌ It lists 1 of the project's 3 DAGs, but cannot import 1 file." in text
    for told in (
        "| <code>sales</code> | <code>sales.py</code> |",
        "b.py\nTraceback\nKeyError: 'x'",
        "ERROR: no y",
        "| <code>s</code> | failed | <code>r1</code> |",
        "> ⚠️ A note.",
    ):
        assert told in text


@pytest.mark.parametrize(
    ("report", "head"),
    [
        (LiveReport(notes=("x",)), "❔ It was not asked."),
        (LiveReport(reached=True, unread=("a",), expected=1, listed=1), "❔ It lists 1 of the project's 1 DAG."),
    ],
)
def test_what_is_not_known_is_no_success(report, head):
    assert head in live_section(report)


def test_the_summary_says_live_airflow_only_where_it_was_asked():
    assert "is live and verified in the live Airflow; " in render_summary(journal(GOOD))
    assert "### Live Airflow" in render_summary(journal(GOOD))
    assert "live Airflow" not in render_summary(journal(None))
    assert "is live and verified; " in render_summary(journal(LiveReport(notes=("Not asked.",))))


def test_the_report_has_all_of_it():
    assert json.loads(report_json(journal(GOOD)))["outcome"]["live"]["listed"] == 3
    assert json.loads(report_json(journal(None)))["outcome"]["live"] is None


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_others_words_stay_words(text):
    hostile = LiveReport(
        reached=True,
        missing={text: text},
        broken={text: text},
        failures=(text,),
        smoke=(SmokeRun(dag=text, run=text, state=text),),
        notes=(text,),
    )
    rendered = live_section(hostile)
    outside = re.sub(r"^(`{3,})text\n.*?\n\1$", "", rendered, flags=re.MULTILINE | re.DOTALL)
    assert "<script" not in outside
    assert "](https" not in outside
    assert "@team" not in outside
