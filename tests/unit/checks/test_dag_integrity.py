"""What the probe found, turned into verdicts."""

import importlib.util
import json
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any

import pytest

from mwaa_deploy.checks.dag_integrity import judge_dags, parse_probe_report
from mwaa_deploy.checks.layout import PROBES, plan_layout
from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.result_files import ForeignResult
from mwaa_deploy.checks.verdicts import Severity, Verdict
from mwaa_deploy.source.project import Project

HOME = "/usr/local/airflow"
ROOT = Path("/repo")
LAYOUT = plan_layout(Project(repository=ROOT, root=ROOT, dags=ROOT / "src", plugins=ROOT / "plug"), PurePosixPath(HOME))
FOLDERS = [f"{HOME}/dags", f"{HOME}/plugins"]


def load(file: str | None, **changes: Any) -> dict[str, Any]:
    path = f"{HOME}/dags/{file}" if file else None
    return {"file": path, "seconds": 0.1, "dags": [], "errors": [], "warnings": [], **changes}


def judge(*files: dict[str, Any], plugins: dict[str, Any] | None = None) -> list[tuple[str, Severity, str | None]]:
    return [(v.subject, v.severity, place(v)) for v in verdicts(*files, plugins=plugins)]


def verdicts(*files: dict[str, Any], plugins: dict[str, Any] | None = None) -> tuple[Verdict, ...]:
    report = {"airflow": "2.10.3", "python": "3.11.9", "plugins": plugins or load(None), "files": list(files)}
    return judge_dags(parse_probe_report(json.dumps(report).encode()), LAYOUT, CheckLimits())


def place(verdict: Verdict) -> str | None:
    return f"{verdict.location.file}:{verdict.location.line}" if verdict.location else None


def dag(name: str, line: int | None = 3, tasks: int = 2) -> dict[str, Any]:
    return {"id": name, "tasks": tasks, "line": line}


def error(file: str | None, line: int | None = None, kind: str = "ValueError", message: str = "no") -> dict[str, Any]:
    return {"type": kind, "message": message, "file": file, "line": line, "traceback": "Traceback ..."}


def test_a_good_file_passes_once():
    assert judge(load("a.py", dags=[dag("a")])) == [("src/a.py", Severity.PASS, "src/a.py:None")]


def test_what_is_in_a_file_is_counted():
    (verdict,) = verdicts(load("a.py", dags=[dag(f"d{n}", tasks=1) for n in range(7)]))

    assert verdict.message == "7 DAGs (d0, d1, d2, d3, d4, ...), 7 tasks, parsed in 0.10 s."


def test_an_error_fails_where_the_users_code_raises():
    found = load("a.py", errors=[error(f"{HOME}/plugins/helper.py", 9)])

    assert judge(found) == [("src/a.py", Severity.FAIL, "plug/helper.py:9")]
    assert verdicts(found)[0].evidence == "Traceback ..."


def test_a_plugins_error_fails():
    plugins = load(None, errors=[error(f"{HOME}/plugins/p.py", 2)])

    assert ("plugins", Severity.FAIL, "plug/p.py:2") in judge(load("a.py", dags=[dag("a")]), plugins=plugins)


def test_the_same_id_twice_fails_at_every_file_but_the_first():
    found = judge(*(load(f"{name}.py", dags=[dag("same", line)]) for line, name in enumerate("abc", start=4)))

    assert [v for v in found if v[1] is Severity.FAIL] == [
        ("same", Severity.FAIL, "src/b.py:5"),
        ("same", Severity.FAIL, "src/c.py:6"),
    ]


@pytest.mark.parametrize("files", [[], [load("helper.py")]])
def test_a_folder_without_a_dag_fails(files):
    assert judge(*files)[-1] == ("src", Severity.FAIL, "src:None")


def test_a_slow_file_is_warned_about_with_its_seconds():
    (verdict,) = verdicts(load("a.py", dags=[dag("a")], seconds=1.25))

    assert verdict.severity is Severity.WARN
    assert "1.25 s" in verdict.message


def test_a_path_in_a_message_is_shown_without_the_runners_home():
    found = load("a.py", errors=[error(f"{HOME}/dags/a.py", 1, message=f"time-out for {HOME}/dags/a.py")])

    assert verdicts(found)[0].message == "ValueError: time-out for dags/a.py"


@pytest.fixture(scope="module")
def probe() -> ModuleType:
    """The probe's own functions; nothing of Airflow's is imported before main()."""
    spec = importlib.util.spec_from_file_location("dag_probe", PROBES / "dag_probe.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(PROBES)
        spec.loader.exec_module(module)
    return module


PLAIN = f"""Traceback (most recent call last):
  File "/lib/airflow/dagbag.py", line 1, in parse
    x()
  File "{HOME}/dags/a.py", line 4, in <module>
    go()
  File "{HOME}/plugins/b.py", line 8, in go
    json.loads("x")
  File "/lib/json/__init__.py", line 346, in loads
json.decoder.JSONDecodeError: Expecting value: line 1
"""
SYNTAX = f"""Traceback (most recent call last):
  File "/lib/x.py", line 1, in y
  File "{HOME}/dags/a.py", line 3
    x = (
        ^
SyntaxError: '(' was never closed
"""
CHAINED = f"""Traceback (most recent call last):
  File "{HOME}/dags/a.py", line 2, in <module>
KeyError: 1

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "{HOME}/dags/a.py", line 4, in <module>
RuntimeError: two
lines
"""
CHAINED_OUTSIDE = f"""Traceback (most recent call last):
  File "{HOME}/dags/a.py", line 2, in <module>
KeyError: 1

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/lib/x.py", line 4, in y
RuntimeError: far away
"""
CYCLE = "AirflowDagCycleException: Cycle detected in DAG: d. Faulty task: b"
SHORT = 'Traceback (most recent call last):\n  File "{}/a.py", line 2, in <module>\n{}\n'
TRACEBACKS = {
    "plain": (PLAIN, ("JSONDecodeError", "Expecting value: line 1", f"{HOME}/plugins/b.py", 8)),
    "syntax": (SYNTAX, ("SyntaxError", "'(' was never closed", f"{HOME}/dags/a.py", 3)),
    "chained": (CHAINED, ("RuntimeError", "two\nlines", f"{HOME}/dags/a.py", 4)),
    "chained outside": (CHAINED_OUTSIDE, ("RuntimeError", "far away", f"{HOME}/dags/a.py", 2)),
    "message only": (CYCLE, ("AirflowDagCycleException", CYCLE.partition(": ")[2], None, None)),
    "no message": (
        SHORT.format(f"{HOME}/dags", "AssertionError"),
        ("AssertionError", "", f"{HOME}/dags/a.py", 2),
    ),
    "neighbouring folder": (SHORT.format(f"{HOME}/dags_old", "KeyError: 1"), ("KeyError", "1", None, None)),
}


@pytest.mark.parametrize("name", TRACEBACKS)
def test_a_traceback_is_read_to_its_deepest_frame_in_the_users_code(probe, name):
    text, expected = TRACEBACKS[name]

    found = probe.parse_traceback(text, FOLDERS)

    assert (found["type"], found["message"], found["file"], found["line"]) == expected
    assert found["traceback"] == text


def test_what_faulthandler_writes_has_the_deepest_frame_first(probe):
    text = (
        "Timeout (0:00:03)!\nThread 0x1 (most recent call first):\n"
        '  File "/lib/time.py", line 1 in sleep\n'
        f'  File "{HOME}/plugins/b.py", line 8 in wait\n  File "{HOME}/dags/a.py", line 4 in <module>\n'
    )

    assert probe.parse_fault(text, FOLDERS) == (f"{HOME}/plugins/b.py", 8)
    assert probe.parse_fault("", FOLDERS) == (None, None)


LOAD: dict[str, Any] = {"file": None, "seconds": 0.1, "dags": [], "errors": [], "warnings": []}
FOREIGN = {
    "no object": [1],
    "no plugins": {"airflow": "2.10.3", "python": "3.11.9", "files": []},
    "dags are no list": {"airflow": "2.10.3", "python": "3.11.9", "plugins": {**LOAD, "dags": 5}, "files": []},
    "a DAG is no object": {"airflow": "2.10.3", "python": "3.11.9", "plugins": LOAD, "files": [{**LOAD, "dags": [5]}]},
    "a message is no text": {
        "airflow": "2.10.3",
        "python": "3.11.9",
        "plugins": {**LOAD, "errors": [{"type": "E", "message": 5, "file": None, "line": None, "traceback": ""}]},
        "files": [],
    },
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_report_that_the_probe_never_writes_is_told_as_such(name):
    with pytest.raises(ForeignResult):
        parse_probe_report(json.dumps(FOREIGN[name]).encode())


def test_text_that_cannot_be_printed_is_made_printable():
    load = {**LOAD, "dags": [{"id": "d\ud800", "tasks": 1, "line": None}]}
    document = {"airflow": "2.10.3", "python": "3.11.9", "plugins": LOAD, "files": [load]}

    assert parse_probe_report(json.dumps(document).encode()).files[0].dags[0].id == "d?"
