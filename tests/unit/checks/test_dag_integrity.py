"""What the probe found, turned into verdicts."""

import json
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from mwaa_deploy.checks.dag_integrity import DagJudgement, judge_probe
from mwaa_deploy.checks.dag_reader import parse_probe_report
from mwaa_deploy.checks.layout import plan_layout
from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.result_files import ForeignResult
from mwaa_deploy.checks.running_probe import TOO_LATE, ProbeAnswer
from mwaa_deploy.checks.settings import CheckSettings, RuleSetting
from mwaa_deploy.checks.verdicts import CheckResult, Severity, Verdict
from mwaa_deploy.ports import Completed
from mwaa_deploy.source.project import Project

HOME = "/usr/local/airflow"
ROOT = Path("/repo")
PROJECT = Project(repository=ROOT, root=ROOT, dags=ROOT / "src", plugins=ROOT / "plug")
LAYOUT = plan_layout(PROJECT, PurePosixPath(HOME), rules_folder=ROOT / "rules")
NO_PLUGINS = plan_layout(Project(repository=ROOT, root=ROOT, dags=ROOT / "src"), PurePosixPath(HOME))
OWNER = RuleSetting(name="owner", severity=Severity.WARN)


def load(file: str | None, **changes: Any) -> dict[str, Any]:
    path = f"{HOME}/dags/{file}" if file else None
    empty: dict[str, list[Any]] = {name: [] for name in ("dags", "errors", "warnings", "breaches", "rule_errors")}
    return {"file": path, "seconds": 0.1, **empty, **changes}


def document(*files: dict[str, Any], **changes: Any) -> bytes:
    whole = {"airflow": "2.10.3", "python": "3.11.9", "rules": None, "plugins": load(None), "files": list(files)}
    return json.dumps({**whole, **changes}).encode()


def judged(*files: dict[str, Any], rules: tuple[RuleSetting, ...] = (), **changes: Any) -> DagJudgement:
    answer = ProbeAnswer(
        completed=Completed(exit_code=0, output="said", seconds=1), document=document(*files, **changes)
    )
    return judge_probe(answer, LAYOUT, CheckSettings(rules=rules), CheckLimits())


def told(result: CheckResult) -> list[tuple[str, Severity, str | None, str]]:
    return [(v.subject, v.severity, place(v), v.rule) for v in result.verdicts]


def place(verdict: Verdict) -> str | None:
    return f"{verdict.location.file}:{verdict.location.line}" if verdict.location else None


def dag(name: str, line: int | None = 3, file: str | None = None, **changes: Any) -> dict[str, Any]:
    kind = {"operator": "BashOperator", "owner": "airflow", "retries": 0, "email": [], "email_on_failure": True}
    found = {
        "id": name,
        "file": file and f"{HOME}/dags/{file}",
        "line": line,
        "tasks": 2,
        "edges": 1,
        "tags": [],
        "schedule": {"kind": "none", "text": "None", "seconds": None},
        "catchup": False,
        "description": None,
        "doc": False,
        "max_active_runs": 16,
        "kinds": [{**kind, "tasks": 2, "first": "a", "line": 7}],
        "graph": [["a", 0, 7, ["b"], None], ["b", 0, None, [], "load"]],
    }
    return {**found, **changes}


def error(file: str | None, line: int | None = None, kind: str = "ValueError", message: str = "no") -> dict[str, Any]:
    return {"type": kind, "message": message, "file": file, "line": line, "traceback": "Traceback ..."}


def test_a_good_file_passes_once():
    found = judged(load("a.py", dags=[dag("a")]))

    assert told(found.dags) == [("src/a.py", Severity.PASS, "src/a.py:None", "")]
    assert found.dags.log == "said"
    assert [file.name for file in found.files] == ["src/a.py"]


def test_what_is_in_a_file_is_counted():
    (verdict,) = judged(load("a.py", dags=[dag(f"d{n}", tasks=1) for n in range(7)])).dags.verdicts

    assert verdict.message == "7 DAGs (d0, d1, d2, d3, d4, ...), 7 tasks, parsed in 0.10 s."


ERRORS = {"ValueError": "import-error", "AirflowDagCycleException": "cycle", "AirflowTaskTimeout": "parse-time"}


@pytest.mark.parametrize("kind", ERRORS)
def test_an_error_fails_where_the_users_code_raises(kind):
    found = judged(load("a.py", errors=[error(f"{HOME}/plugins/helper.py", 9, kind)])).dags

    assert told(found) == [("src/a.py", Severity.FAIL, "plug/helper.py:9", ERRORS[kind])]
    assert found.verdicts[0].evidence == "Traceback ..."


def test_a_plugins_error_fails():
    found = judged(load("a.py", dags=[dag("a")]), plugins=load(None, errors=[error(f"{HOME}/plugins/p.py", 2)]))

    assert told(found.plugins) == [("plugins", Severity.FAIL, "plug/p.py:2", "plugin-error")]
    assert not found.dags.failures


def test_plugins_that_load_pass():
    assert told(judged(load("a.py", dags=[dag("a")])).plugins) == [("plug", Severity.PASS, "plug:None", "")]


def test_without_plugins_there_is_nothing_to_say_about_them():
    answer = ProbeAnswer(completed=Completed(exit_code=0, output="", seconds=1), document=document(load("a.py")))

    found = judge_probe(answer, NO_PLUGINS, CheckSettings(), CheckLimits())

    assert (found.plugins.verdicts, found.plugins.skipped) == ((), "The project has no plugins.")


def test_the_same_id_twice_fails_at_every_file_but_the_first():
    found = judged(*(load(f"{n}.py", dags=[dag("same", line, f"{n}.py")]) for line, n in enumerate("abc", start=4)))

    assert [(v.subject, place(v), v.rule) for v in found.dags.failures] == [
        ("same", "src/b.py:5", "duplicate-dag-id"),
        ("same", "src/c.py:6", "duplicate-dag-id"),
    ]
    assert "already taken by src/a.py:4" in found.dags.failures[0].message


@pytest.mark.parametrize("files", [[], [load("helper.py")]])
def test_a_folder_without_a_dag_fails(files):
    assert told(judged(*files).dags)[-1] == ("src", Severity.FAIL, "src:None", "no-dag")


def test_a_slow_file_is_warned_about_with_its_seconds():
    found = judged(load("a.py", dags=[dag("a")], seconds=1.25)).dags

    assert told(found) == [("src/a.py", Severity.WARN, "src/a.py:None", "parse-time")]
    assert "1.25 s" in found.verdicts[0].message


def test_a_path_in_a_message_is_shown_without_the_runners_home():
    found = judged(load("a.py", errors=[error(f"{HOME}/dags/a.py", 1, message=f"time-out for {HOME}/dags/a.py")]))

    assert found.dags.verdicts[0].message == "ValueError: time-out for dags/a.py"


def warning(kind: str, file: str, line: int = 4) -> dict[str, Any]:
    return {"type": kind, "message": "goes away", "file": file, "line": line}


def test_what_goes_away_is_warned_about_once_at_its_line():
    shared = warning("RemovedInAirflow3Warning", f"{HOME}/dags/shared.py")
    others = [warning("UserWarning", f"{HOME}/dags/a.py"), warning("DeprecationWarning", "/lib/python/x.py")]

    found = judged(*(load(name, dags=[dag(name)], warnings=[shared, *others]) for name in ("a.py", "b.py"))).dags

    assert told(found)[2:] == [("src/shared.py", Severity.WARN, "src/shared.py:4", "deprecation")]
    assert found.verdicts[0].evidence.splitlines() == [
        "src/shared.py:4: RemovedInAirflow3Warning: goes away",
        "src/a.py:4: UserWarning: goes away",
        "/lib/python/x.py:4: DeprecationWarning: goes away",
    ]


def test_what_lies_in_a_zip_is_the_zips():
    found = judged(load("p.zip", dags=[dag("a", 3, "p.zip/in.py")], errors=[error(f"{HOME}/dags/p.zip/in.py", 2)]))

    assert told(found.dags)[0] == ("src/p.zip", Severity.FAIL, "src/p.zip:None", "import-error")
    assert found.files[0].dags[0].location == found.files[0].location


def test_a_breach_of_a_rule_weighs_what_the_user_says_at_the_line_of_the_task():
    found = judged(load("a.py", dags=[dag("a", 3, "a.py")]), rules=(OWNER,)).rules

    assert told(found) == [("a", Severity.WARN, "src/a.py:7", "owner")]
    assert found.verdicts[0].message.startswith("DAG 'a': 2 of its tasks, such as 'a' (BashOperator), have no owner")


def test_a_rule_that_every_dag_keeps_passes():
    kept = dag("a", kinds=[], graph=[])

    assert told(judged(load("a.py", dags=[kept]), rules=(OWNER,)).rules) == [("owner", Severity.PASS, None, "owner")]


def test_without_rules_nothing_is_asked():
    assert judged(load("a.py", dags=[dag("a")])).rules.skipped == "No rule about DAGs is switched on."


def test_the_users_own_rules_are_told_by_their_names():
    breach = {"rule": "own", "severity": "warn", "message": "is odd", "dag": "a"}
    broken = error(f"{HOME}/.mwaa-deploy/rules/r.py", 2)
    files = [load(n, dags=[dag("a", 3, n)], breaches=[breach], rule_errors=[broken]) for n in ("a.py", "b.py")]

    found = judge_with_own_rules(*files)

    assert told(found) == [
        ("rules", Severity.FAIL, "rules/r.py:2", "rule-error"),
        ("a", Severity.WARN, "src/a.py:3", "own"),
        ("a", Severity.WARN, "src/b.py:3", "own"),
    ]


def judge_with_own_rules(*files: dict[str, Any]) -> CheckResult:
    answer = ProbeAnswer(
        completed=Completed(exit_code=0, output="", seconds=1), document=document(*files, rules=load(None))
    )
    return judge_probe(answer, LAYOUT, CheckSettings(), CheckLimits()).rules


def test_own_rules_that_all_dags_keep_pass():
    assert [v.severity for v in judge_with_own_rules(load("a.py", dags=[dag("a")])).verdicts] == [Severity.PASS]


ENDED = {
    "time": (Completed(exit_code=TOO_LATE, output="out", seconds=9), "not all parsed after 1800 s"),
    "killed": (Completed(exit_code=137, output="out", seconds=9, timed_out=True), "not all parsed after 1800 s"),
    "broken": (Completed(exit_code=1, output="out", seconds=9), "exit code 1 before it had parsed"),
    "nothing": (Completed(exit_code=0, output="out", seconds=9), "exit code 0 before it had parsed"),
}


@pytest.mark.parametrize("name", ENDED)
def test_a_probe_without_a_result_is_a_failure(name):
    completed, words = ENDED[name]

    found = judge_probe(ProbeAnswer(completed=completed, document=None), LAYOUT, CheckSettings(), CheckLimits())

    (verdict,) = found.dags.verdicts
    assert (verdict.severity, verdict.evidence, words in verdict.message) == (Severity.FAIL, "out", True)
    assert found.plugins.skipped
    assert found.rules.skipped


WHOLE = json.loads(document())
FOREIGN = {
    "no object": [1],
    "no plugins": {**WHOLE, "plugins": None},
    "dags are no list": {**WHOLE, "plugins": load(None, dags=5)},
    "a DAG is no object": {**WHOLE, "files": [load("a.py", dags=[5])]},
    "a message is no text": {**WHOLE, "plugins": load(None, errors=[{**error(None), "message": 5}])},
    "a tag is no text": {**WHOLE, "files": [load("a.py", dags=[dag("a", tags=[5])])]},
    "a task of no kind": {**WHOLE, "files": [load("a.py", dags=[dag("a", graph=[["a", 1, None, [], None]])])]},
    "an unknown schedule": {
        **WHOLE,
        "files": [load("a.py", dags=[dag("a", schedule={"kind": "x", "text": "", "seconds": None})])],
    },
    "a breach that passes": {
        **WHOLE,
        "files": [load("a.py", breaches=[{"rule": "r", "severity": "pass", "message": "", "dag": "a"}])],
    },
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_report_that_the_probe_never_writes_is_told_as_such(name):
    with pytest.raises(ForeignResult):
        parse_probe_report(json.dumps(FOREIGN[name]).encode(), LAYOUT)


def test_a_foreign_result_is_a_failure():
    answer = ProbeAnswer(completed=Completed(exit_code=0, output="", seconds=1), document=b"{}")

    (verdict,) = judge_probe(answer, LAYOUT, CheckSettings(), CheckLimits()).dags.verdicts

    assert (verdict.severity, "is not one of ours" in verdict.message) == (Severity.FAIL, True)


def test_text_that_cannot_be_printed_is_made_printable():
    found = parse_probe_report(document(load("a.py", dags=[dag("d\ud800")])), LAYOUT)

    assert found.files[0].dags[0].id == "d?"
