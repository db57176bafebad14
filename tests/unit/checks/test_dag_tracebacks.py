"""What the probe reads out of tracebacks."""

import importlib.util
from types import ModuleType

import pytest

from mwaa_deploy.checks.scripts import PROBES

HOME = "/usr/local/airflow"
FOLDERS = [f"{HOME}/dags", f"{HOME}/plugins"]


@pytest.fixture(scope="module")
def probe() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tracebacks", PROBES / "mwaa_deploy_tracebacks.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
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
    "a line end in a name": (
        PLAIN.replace("a.py", "a\nb.py").replace("plugins/b.py", "dags/a\nb.py"),
        ("JSONDecodeError", "Expecting value: line 1", f"{HOME}/dags/a\nb.py", 8),
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


def test_a_name_that_faulthandler_wrote_in_escapes_is_read(probe):
    text = f'  File "{HOME}/dags/gr\\xfc\\u2013\\x0a.py", line 8 in wait\n'

    assert probe.parse_fault(text, FOLDERS) == (f"{HOME}/dags/gr\xfc\u2013\n.py", 8)


def test_a_long_text_loses_its_middle(probe):
    text = "a" * probe.LONGEST + "b" * probe.LONGEST

    found = probe.error("Crash", text)["message"]

    assert len(found) < probe.LONGEST + 20
    assert (found[0], found[-1]) == ("a", "b")
