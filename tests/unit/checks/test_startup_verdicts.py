"""How a run of the startup script is judged, beyond what a real bash shows."""

import json
from pathlib import Path
from typing import Any

import pytest

from mwaa_deploy.checks.layout import plan_layout
from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.startup_script import check_startup_script
from mwaa_deploy.checks.verdicts import Severity, Verdict
from mwaa_deploy.source.project import Project
from tests.fakes.runner import FakeRunner

GOOD: dict[str, Any] = {
    "status": 0,
    "timed_out": False,
    "seconds": 1.0,
    "notes": [],
    "exported": [],
    "protected": [],
    "path": True,
    "left": 0,
}


def note(kind: str, status: int = 0, line: int = 0, depth: int = 1, **more: str) -> dict[str, Any]:
    found = {"kind": kind, "status": status, "line": line, "depth": depth, "file": "", "options": "", "word": ""}
    return {**found, **more}


END = note("end")


@pytest.fixture
def judge(tmp_path: Path):
    """The verdicts on a result that the runner gives."""

    def judge(
        result: bytes | None = None, output: str = "", *, script: str = "echo\n", **changes: Any
    ) -> list[Verdict]:
        (tmp_path / "startup.sh").write_text(script)
        project = Project(
            repository=tmp_path, root=tmp_path, dags=tmp_path / "dags", startup_script=tmp_path / "startup.sh"
        )
        runner = FakeRunner()
        layout = plan_layout(project, runner.home)
        document = json.dumps({**GOOD, **changes}).encode() if result is None else result
        writes = {layout.own / "startup.json": document} if document else {}
        runner.answer(runner.python, output=output, writes=writes)
        return list(check_startup_script(layout, runner, limits=CheckLimits()).result.verdicts)

    return judge


def test_a_script_that_does_nothing_passes(judge):
    assert [verdict.severity for verdict in judge(notes=[END])] == [Severity.PASS]


@pytest.mark.parametrize("status", [0, 1, 127, -9])
def test_a_shell_that_ends_without_the_scripts_end_is_never_green(judge, status):
    assert [verdict.severity for verdict in judge(status=status)] == [Severity.FAIL]


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"no json",
        b"[]",
        b'{"status": 0}',
        json.dumps({**GOOD, "notes": [1]}).encode(),
        json.dumps({**GOOD, "notes": [note("other")]}).encode(),
        json.dumps({**GOOD, "exported": [1]}).encode(),
    ],
    ids=lambda document: document[:30].decode(),
)
def test_a_result_that_our_script_never_writes_is_a_failure(judge, document):
    (verdict,) = judge(document)

    assert verdict.severity is Severity.FAIL
    assert "startup.json" in verdict.message or "there is no result" in verdict.message


@pytest.mark.parametrize(
    ("seconds", "severity"), [(176.9, Severity.PASS), (177.0, Severity.WARN), (290.0, Severity.WARN)]
)
def test_from_sixty_per_cent_of_the_limit_on_a_script_is_slow(judge, seconds, severity):
    assert judge(notes=[END], seconds=seconds)[0].severity is severity


def test_a_hundred_failing_lines_are_not_a_hundred_verdicts(judge):
    failed = [note("failed", 1, line) for line in range(1, 101)]

    assert len(judge(notes=[*failed, END])) == 11


def test_many_exported_names_are_counted_and_odd_ones_left_out(judge):
    names = [f"V{number}" for number in range(40)]

    message = judge(notes=[END], exported=["BASH_FUNC_f%%", "::error::x", *names])[-1].message

    assert "V29 and 10 more." in message
    assert "error" not in message


def test_the_line_that_sets_a_protected_variable_is_named(judge):
    script = "# PYTHONPATH\nX=$PYTHONPATH\nexport PYTHONPATH=/x\n"

    (verdict, _) = judge(notes=[END], protected=["PYTHONPATH"], script=script)

    assert verdict.location
    assert verdict.location.line == 3


def test_what_the_script_prints_cannot_pass_for_an_error_of_another_file(judge):
    output = "/etc/passwd: line 3: syntax error near x\n"

    assert [verdict.severity for verdict in judge(notes=[END], output=output)] == [Severity.PASS]
