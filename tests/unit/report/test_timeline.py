"""The time line in the step summary."""

import re

import pytest

from mwaa_deploy.inputs import Mode
from mwaa_deploy.journal import Journal, Step
from mwaa_deploy.outcome import Outcome
from mwaa_deploy.report.mermaid import MAX_CHARACTERS
from mwaa_deploy.report.summary import render_summary
from mwaa_deploy.report.timeline import MAX_BARS, gantt, time_line, time_section
from tests.unit.report.journals import COMMANDS, back_to, deployed_journal
from tests.unit.report.samples import HOSTILE

TASK = re.compile(r"^  (.+) :(crit, )?2000-01-0(\d) (\d\d):(\d\d):(\d\d)\.(\d{3}), (\d+)ms$", re.MULTILINE)


def tasks(text):
    """Label, failed, start and duration in seconds."""
    found = []
    for name, crit, *numbers in TASK.findall(text):
        days, hours, minutes, seconds, thousandths, took = map(int, numbers)
        start = (days - 3) * 86400 + hours * 3600 + minutes * 60 + seconds + thousandths / 1000
        found.append((name, bool(crit), start, took / 1000))
    return found


def test_each_start_is_the_sum_of_the_durations_before():
    assert tasks(time_section(deployed_journal())) == [
        ("0.1 s · read the project", False, 0, 8.051),
        ("12 s · checks", False, 0.1, 12.5),
        ("40 min 3 s · deploy", False, 12.6, 2402.6),
        ("0.2 s · upload plugins", False, 12.6, 8.051),
        ("40 min 0 s · stack", False, 12.8, 2400),
        ("2.3 s · DAGs", False, 2412.8, 8.051),
    ]


def test_short_steps_are_to_scale_among_short_ones():
    steps = (Step(name="a", seconds=0.1), Step(name="b", seconds=0.25))
    text = time_section(Journal(outcome=Outcome(steps=steps), steps=[Step(name="deploy", seconds=0.4)]))
    assert tasks(text) == [
        ("0.4 s · deploy", False, 0, 0.4),
        ("0.1 s · a", False, 0, 0.1),
        ("0.2 s · b", False, 0.1, 0.25),
    ]


def test_the_axis_fits_the_whole():
    def axis(seconds):
        bars = time_line(Journal(steps=[Step(name="a", seconds=seconds)]))
        return re.findall(r"axisFormat (\S+)", gantt(bars))[0]

    assert [axis(s) for s in (0.4, 59, 2400, 12 * 3600)] == ["%S.%L", "%M:%S", "%M:%S", "%H:%M"]


def test_hours_go_on_into_the_next_day():
    journal = Journal(steps=[Step(name="a", seconds=30 * 3600), Step(name="b", seconds=600)])
    assert tasks(gantt(time_line(journal)))[1][2] == 30 * 3600


def test_what_failed_stands_out():
    journal = deployed_journal()
    journal.steps[-1] = Step(name="deploy", seconds=5, failed=True)
    journal.outcome = Outcome(
        steps=(Step(name="upload plugins", seconds=1), Step(name="stack", seconds=4, failed=True))
    )
    text = time_section(journal)
    assert [name for name, failed, *_ in tasks(text) if failed] == ["5.0 s · deploy", "4.0 s · stack"]
    assert "| ❌ deploy: stack | 14 s | 4.0 s |" in text


def test_a_roll_back_ends_with_its_step_for_it_waits_first():
    journal = deployed_journal()
    journal.steps.append(Step(name="roll back", seconds=100))
    journal.rollback = back_to(Outcome(steps=(Step(name="stack", seconds=30), Step(name="DAGs", seconds=10))))
    found = tasks(time_section(journal))[-2:]
    began = 12.6 + 2402.6
    assert found == [
        ("30 s · stack", False, pytest.approx(began + 60), 30),
        ("10 s · DAGs", False, pytest.approx(began + 90), 10),
    ]
    assert "  section roll back\n  30 s" in time_section(journal)


def test_a_run_without_a_deployment_has_its_steps_folded_and_no_picture():
    journal = Journal(mode=Mode.CHECK, steps=[Step(name="checks", seconds=3)])
    assert time_section(journal) == (
        "<details><summary>Took 3.0 s</summary>\n\n"
        "| step | began after | time |\n| --- | --- | --- |\n| checks | 0.0 s | 3.0 s |\n\n</details>"
    )
    assert time_section(Journal()) == ""


def test_the_summary_shows_the_picture_unfolded_and_the_table_folded():
    text = render_summary(deployed_journal())
    before = text[: text.index("```mermaid\ngantt")]
    # What is folded is drawn with no width.
    assert before.count("<details>") == before.count("</details>")
    assert text.count("40 min 0 s") == 2
    assert "<details><summary>Took 40 min 15 s</summary>" in text


def test_hostile_names_stay_names():
    names = [*HOSTILE.values(), *COMMANDS.values()]
    steps = tuple(Step(name=name, seconds=1) for name in names)
    text = gantt(time_line(Journal(outcome=Outcome(steps=steps))))
    assert len(tasks(text)) == len(names)
    assert len(text.splitlines()) == len(names) + 9
    assert all(re.match(r"1\.0 s · ", name) for name, *_ in tasks(text))


def test_very_many_steps_stay_within_githubs_limit():
    many = tuple(Step(name="😀" * 10_000, seconds=1e12) for _ in range(500))
    failed = (Step(name="the failed one", seconds=0.1, failed=True),)
    text = gantt(time_line(Journal(outcome=Outcome(steps=many + failed))))
    # Counted as the browser does, in UTF-16.
    assert len(text.encode("utf-16-le")) / 2 < MAX_CHARACTERS / 2
    assert text.count("ms\n") == MAX_BARS
    assert "0.1 s · the failed one :crit" in text


def test_a_clock_that_is_set_back_takes_no_time_away():
    journal = Journal(steps=[Step(name="a", seconds=-5), Step(name="b", seconds=2)])
    assert [bar.start for bar in time_line(journal)] == [0, 0]
