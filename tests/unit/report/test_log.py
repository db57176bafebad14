import io
import re

import pytest

from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.ports import Annotation
from mwaa_deploy.report.log import SUMMARY_LIMIT, ActionsLog, PlainLog, choose_log
from tests.unit.report.samples import HOSTILE as SAMPLES
from tests.unit.report.samples import hostile_report, mixed_report, report, verdict


@pytest.fixture
def summary_file(tmp_path, monkeypatch):
    file = tmp_path / "summary.md"
    file.write_text("before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    return file


def commands(text):
    """What GitHub's runner would act on: a small model of actions/runner's ActionCommandManager."""
    found, stopped = [], None
    for line in text.splitlines():
        stripped = line.lstrip()
        if stopped is not None:
            if stripped == f"::{stopped}::":
                stopped = None
            continue
        if stripped.startswith("::stop-commands::"):
            stopped = stripped.removeprefix("::stop-commands::")
        elif stripped.startswith("::") or "##[" in line:
            found.append(stripped)
    assert stopped is None, "commands stay switched off"
    return found


HOSTILE = [
    "::set-output name=deployed::true",
    "  ::add-mask::a",
    "##[error]gotcha",
    "text ##[group]x",
    "::stop-commands::mine",
    "::endgroup::\r::error::x",
    "\x1b[2K::warning::x",
    "no newline at the end ::error::",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_printed_by_users_code_is_a_command(capsys, text):
    ActionsLog().verbatim(text)
    assert commands(capsys.readouterr().out) == []


@pytest.mark.parametrize("text", HOSTILE[:6])
def test_our_own_words_may_quote_hostile_names(capsys, text):
    ActionsLog().info(text)
    assert commands(capsys.readouterr().out) == []


def test_an_annotation_names_file_and_line_and_is_escaped(capsys):
    ActionsLog().annotate(
        Annotation(severity=Severity.FAIL, title="Bad, thing", message="50% of\nit", file="dags/a:b.py", line=7)
    )
    out = capsys.readouterr().out
    assert out.startswith("::error ")
    assert "file=dags/a%3Ab.py" in out
    assert "line=7" in out
    assert out.endswith("::50%25 of%0Ait\n")


def test_only_ten_annotations_of_a_kind_are_commands(capsys):
    log = ActionsLog()
    for number in range(12):
        log.annotate(Annotation(severity=Severity.FAIL, message=f"m{number}", title="t", file="a.py", line=number + 1))
    out = capsys.readouterr().out
    assert len(commands(out)) == 10
    assert "a.py:12" in out


def test_each_line_of_a_secret_is_masked(capsys):
    ActionsLog().mask("one\ntwo\n")
    assert capsys.readouterr().out == "::add-mask::one\n::add-mask::two\n"


def test_the_summary_is_appended_and_never_over_the_limit(summary_file):
    log = ActionsLog()
    log.summary("# ours\n")
    log.summary("ä" * SUMMARY_LIMIT)
    log.summary("more")
    text = summary_file.read_text(encoding="utf-8")
    assert text.startswith("before\n# ours\n")
    assert len(text.encode()) < 1024 * 1024
    assert "cut: a step summary holds 1 MiB" in text


@pytest.mark.parametrize(("named", "why"), [(None, "is not set"), ("", "is not set"), ("gone.md", "names no file")])
def test_without_a_file_for_the_summary_the_run_goes_on_and_says_so_once(capsys, tmp_path, monkeypatch, named, why):
    if named is None:
        monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    else:
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", named and str(tmp_path / named))
    log = ActionsLog()

    log.summary("# ours")
    log.summary("more")

    said = capsys.readouterr().out
    assert f"GITHUB_STEP_SUMMARY {why}" in said
    assert len(said.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", [*HOSTILE, *SAMPLES.values()])
def test_hostile_text_is_no_command_wherever_it_stands(capsys, summary_file, monkeypatch, tmp_path, text):
    """In names and files too, where the commands are our own."""
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    (tmp_path / "output").touch()
    log = ActionsLog()
    log.annotate(Annotation(severity=Severity.FAIL, title=text, message=text, file=text, line=1))
    with log.group(text):
        log.verbatim(text)
    log.output("name", text)
    log.summary(text)
    out = capsys.readouterr().out
    found = commands(out)
    assert [command.split(" ")[0].split("::")[1] for command in found] == ["error", "group", "endgroup"]
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", out)


def test_a_check_is_a_group_with_its_verdicts_before_what_its_tools_printed(capsys):
    ActionsLog().check(mixed_report().results[2])
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "::group::✗ dag-rules: 1 failed, 1 warned, 0.5 s",
        "✗ dags/a b.py:3: dags/a.py: No tags. [tags]",
        "! dags/a b.py:3: dags/a.py: No owner. [owner]",
    ]
    assert lines[3].startswith("::stop-commands::")
    assert lines[4] == "the tools' output"
    assert lines[-1] == "::endgroup::"


def test_a_check_that_did_not_run_says_why_in_its_title(capsys):
    ActionsLog().check(mixed_report().results[0])
    title = capsys.readouterr().out.splitlines()[0]
    assert title == "::group::- startup-script: not run: None of the 3 files changed concerns it."


def test_the_findings_are_annotations_and_the_last_line_counts_all(capsys):
    log = ActionsLog()
    log.annotate(Annotation(severity=Severity.FAIL, message="before"))
    log.verdicts(report(*(verdict(subject=str(n), file="dags/a.py", line=n + 1) for n in range(30))))
    out = capsys.readouterr().out
    assert len(commands(out)) == 10
    assert "more failures: see the summary" in commands(out)[-1]
    assert out.splitlines()[-1] == "30 failed in 1.5 s, in a fake runner"


def plain(**options):
    stream = io.StringIO()
    return PlainLog(stream, **options), stream


def test_the_plain_log_prints_places_as_compilers_do():
    log, stream = plain()
    log.annotate(Annotation(severity=Severity.FAIL, title="t", message="m\nn", file="dags/a.py", line=3))
    log.verbatim("a\x1b[31mred\n")
    assert stream.getvalue() == "dags/a.py:3: error: t: m\nn\nared\n"


def test_on_a_laptop_the_failures_are_last_with_their_evidence_and_then_the_count():
    log, stream = plain()
    for result in mixed_report().results:
        log.check(result)
    log.verdicts(mixed_report())
    assert stream.getvalue().splitlines() == [
        "- startup-script: not run: None of the 3 files changed concerns it.",
        "✗ requirements: 1 failed, 1 passed, 4.2 s",
        "✗ dag-rules: 1 failed, 1 warned, 0.5 s",
        "",
        "dags/a b.py:3: warning: dags/a.py: No owner. [dag-rules/owner]",
        "error: requirements.txt: pip took more than 9 minutes. [requirements]",
        "    pip says",
        "    no",
        "dags/a b.py:3: error: dags/a.py: No tags. [dag-rules/tags]",
        "2 failed, 1 warned, 1 passed, 1 not run in 4.8 s, in a fake runner",
    ]


def test_what_tools_print_is_shown_on_a_laptop_when_asked_for():
    result = mixed_report().results[2]
    for verbose in (False, True):
        log, stream = plain(verbose=verbose)
        log.check(result)
        assert ("the tools' output" in stream.getvalue()) is verbose


@pytest.mark.parametrize("text", [*HOSTILE, *SAMPLES.values()])
def test_nothing_plays_with_the_terminal(text):
    log, stream = plain(colour=True, verbose=True)
    log.info(text)
    log.verbatim(text)
    with log.group(text):
        log.annotate(Annotation(severity=Severity.WARN, title=text, message=text, file=text))
    log.check(hostile_report().results[0])
    log.verdicts(hostile_report())
    ours = re.sub(r"\x1b\[(1;3[123]|0)m", "", stream.getvalue())
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", ours)
    assert commands(ours) == []


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "env", "coloured"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
    ],
)
def test_colours_are_for_terminals_whose_user_wants_them(monkeypatch, stream, env, coloured):
    monkeypatch.setattr("sys.stdout", stream)
    choose_log(env).verdicts(report(verdict()))
    assert ("\x1b[1;31m" in stream.getvalue()) is coloured


def test_with_json_the_report_has_standard_output_to_itself(capsys):
    for env in ({"MWAA_DEPLOY_JSON": "1"}, {"MWAA_DEPLOY_JSON": "1", "GITHUB_ACTIONS": "true"}):
        log = choose_log(env)
        log.info("::error::said")
        log.verdicts(mixed_report())
        shown = capsys.readouterr()
        assert shown.out == ""
        assert "2 failed" in shown.err
        assert commands(shown.err) == []


def test_a_stream_that_cannot_take_a_character_gets_another():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    PlainLog(stream).check(mixed_report().results[1])
    stream.seek(0)
    assert stream.read().startswith("? requirements: 1 failed")


def test_much_evidence_loses_its_middle_on_a_terminal():
    log, stream = plain()
    log.verdicts(report(verdict(evidence="\n".join(f"line {n}" for n in range(1000)))))
    assert len(stream.getvalue().splitlines()) < 70
    assert "… 940 lines left out …" in stream.getvalue()
