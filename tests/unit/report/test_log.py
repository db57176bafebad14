import io

import pytest

from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.ports import Annotation
from mwaa_deploy.report.log import SUMMARY_LIMIT, ActionsLog, PlainLog


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


def test_the_plain_log_prints_places_as_compilers_do():
    stream = io.StringIO()
    PlainLog(stream).annotate(Annotation(severity=Severity.FAIL, title="t", message="m", file="dags/a.py", line=3))
    PlainLog(stream).verbatim("a\x1b[31mred")
    assert stream.getvalue() == "dags/a.py:3: fail: t: m\na[31mred\n"
