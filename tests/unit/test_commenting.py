"""Comments on pull requests: what they say, which one is written to, and what a fork's report can do."""

import base64
import json
import zlib
from dataclasses import replace

import pytest

from mwaa_deploy.checks.result_files import ForeignResult
from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.commenting import comment_after, comment_for, comment_on
from mwaa_deploy.context import GitHubContext
from mwaa_deploy.errors import AwsRefused, ReportForeign
from mwaa_deploy.inputs import CommentKind, Inputs, Mode
from mwaa_deploy.journal import Journal
from mwaa_deploy.parts import Part
from mwaa_deploy.plan import Disruption, Operation, OperationKind, Plan
from mwaa_deploy.report.as_json import report_json
from mwaa_deploy.report.comment import SHOWN, marker, read_remembered
from mwaa_deploy.report.comment_facts import read_facts
from tests.fakes.log import FakeLog
from tests.fakes.pull_requests import FakePullRequests
from tests.unit.report.differences import hostile_difference, usual_difference
from tests.unit.report.samples import HOSTILE, hostile_report, report, verdict

A, B = "a" * 40, "b" * 40
NUMBER = 7
LIMIT = 65_536


def plan(*reasons: str) -> Plan:
    return Plan(
        base=B,
        base_reason="the last success",
        operations=(
            Operation(kind=OperationKind.KEEP, reason="nothing changed", part=Part.PLUGINS),
            *(
                Operation(
                    kind=OperationKind.ENVIRONMENT_UPDATE,
                    reason=reason,
                    expected_minutes=(15, 35),
                    disruption=Disruption.WORKERS_REPLACED,
                )
                for reason in reasons
            ),
        ),
    )


def journal(*verdicts, target="staging", **more) -> Journal:
    return Journal(mode=Mode.PLAN, target=target, checks=report(*verdicts), **more)


def context(sha: str = A, *, run: int = 1, fork: bool = False, event: str = "pull_request") -> GitHubContext:
    head = {"sha": sha, "repo": {"full_name": "eve/hello" if fork else "acme/hello"}}
    return GitHubContext(
        event_name=event,
        repository="acme/hello",
        sha=B,
        run_id=run,
        event={"pull_request": {"number": NUMBER, "head": head}},
    )


def pulls(**more) -> FakePullRequests:
    return FakePullRequests(heads={NUMBER: ("acme", "x", A), 8: ("acme", "y", B)}, **more)


def bodies(there: FakePullRequests) -> list[str]:
    return [body for _, ours, body in there.written.values() if ours]


def comment(found: Journal, there: FakePullRequests, asked: GitHubContext | None = None, **inputs) -> FakeLog:
    log = FakeLog()
    comment_after(found, replace(Inputs(), **inputs), asked or context(), lambda: there, log)
    return log


def test_it_says_what_was_found_and_what_a_deployment_would_do():
    there = pulls()
    failing = verdict(message="'airflow.hooks.x' is gone.", file="dags/a.py", line=3, rule="import-error")
    warning = verdict(Severity.WARN, message="Slow.", file="dags/b.py")

    comment(journal(warning, failing, verdict(Severity.PASS), plan=plan("plugins.zip changed")), there)

    (body,) = bodies(there)
    assert body.startswith(marker("staging") + "\n")
    assert "### ✅ Checks passed; this is the plan — staging" in body
    assert f"Commit <code>{A[:12]}</code>: 1 failed, 1 warned, 1 passed." in body
    assert "- ❌ <code>dags/a.py:3</code> 'airflow.hooks.x' is gone. (dag-import/import-error)" in body
    assert body.index("dags/a.py:3") < body.index("dags/b.py")
    assert "about 15 to 35 minutes; workers are replaced" in body
    assert "plugins.zip changed" in body
    assert "nothing changed" not in body
    assert "(https://github.com/acme/hello/actions/runs/1)" in body


def test_each_push_changes_the_same_comment_and_says_what_is_new():
    there = pulls()
    old, kept, new = (verdict(subject=name, message=name, file=f"dags/{name}.py", line=1) for name in "okn")
    comment(journal(old, kept, plan=plan("one")), there, context(A))
    moved = replace(kept, location=replace(kept.location, line=9))

    comment(journal(new, moved, plan=plan("two")), there, context(B, run=2))

    (body,) = bodies(there)
    assert f"**Since <code>{A[:12]}</code>**: 1 finding(s) gone, 1 new; the plan has changed." in body
    assert "🆕 <code>dags/n.py:1</code>" in body
    assert "🆕 <code>dags/k.py:9</code>" not in body

    comment(journal(new, moved, plan=plan("two")), there, context(A, run=3))
    assert f"**Since <code>{B[:12]}</code>**: the same findings; the same plan." in bodies(there)[0]


def test_it_names_the_dags_that_differ():
    there, found = pulls(), journal()
    found.checks = replace(report(verdict(Severity.PASS)), dag_differences=usual_difference())
    comment(found, there)
    assert "**DAGs.** 1 new (<code>invoices</code>); 1 changed (<code>orders</code>); 1 removed" in bodies(there)[0]

    found.checks = replace(report(verdict(Severity.PASS)), dag_differences=hostile_difference())
    comment(found, there, context(run=2))

    (body,) = bodies(there)
    assert " and 3 more)" in body
    assert "<script" not in body
    assert len(body) < LIMIT


def test_targets_have_a_comment_each():
    there = pulls()

    for target in ("staging", "production", "staging"):
        comment(journal(verdict(), target=target), there)

    assert [body.partition("\n")[0] for body in bodies(there)] == [marker("staging"), marker("production")]


def test_a_late_run_leaves_the_comment_of_a_later_one():
    there = pulls()
    comment(journal(verdict(message="later")), there, context(run=20))

    comment(journal(verdict(message="late")), there, context(run=10))

    (body,) = bodies(there)
    assert "later" in body


def test_other_peoples_comments_are_left_alone_whatever_they_say():
    there = pulls()
    there.said_by_another(NUMBER, marker("staging") + "\n\nnothing to see")

    comment(journal(verdict()), there)

    assert there.written[1] == (NUMBER, False, marker("staging") + "\n\nnothing to see")
    assert len(bodies(there)) == 1


@pytest.mark.parametrize("damage", ["", "x", "<!-- mwaa-deploy state AAAA -->", "<!-- mwaa-deploy state e30= -->"])
def test_a_comment_that_somebody_edited_is_written_anew(damage):
    there = pulls()
    comment(journal(verdict()), there)
    there.written[1] = (NUMBER, True, f"{marker('staging')}\n\n{damage}")

    comment(journal(verdict(message="Wrong again.")), there, context(run=2))

    (body,) = bodies(there)
    assert "Wrong again." in body
    assert "Since" not in body


def test_what_is_remembered_is_bounded():
    bomb = base64.b64encode(zlib.compress(json.dumps({"run": 1, "head": "x" * 10_000_000}).encode())).decode()

    assert read_remembered(f"<!-- mwaa-deploy state {bomb} -->") is None


def test_why_a_run_failed_is_told_where_no_check_says_it():
    there = pulls()
    error = AwsRefused("AccessDenied: s3:ListBucket", mend="Action: s3:ListBucket")

    comment(Journal(mode=Mode.PLAN, target="staging", error=error), there)

    (body,) = bodies(there)
    assert f"### ❌ {error.title} — staging" in body
    assert "the checks did not run" in body
    assert "```text\nAccessDenied: s3:ListBucket\n```" in body
    assert "```text\nAction: s3:ListBucket\n```" in body


def test_many_findings_are_counted_and_the_comment_stays_short():
    there = pulls()
    found = [
        verdict(subject=f"{n}", message=HOSTILE["long and wide"], file=f"dags/{n}.py", line=n) for n in range(3000)
    ]

    comment(journal(*found, plan=plan(*(HOSTILE["long"] for _ in range(500)))), there)

    (body,) = bodies(there)
    assert len(body) < LIMIT
    assert body.count("- ❌") == SHOWN
    assert "… and 1985 more in the report" in body


def test_hostile_texts_inject_nothing():
    there = pulls()
    notes = list(HOSTILE.values())

    comment(
        Journal(mode=Mode.PLAN, target=HOSTILE["HTML"], checks=hostile_report(), plan=plan(*notes), notes=notes), there
    )

    (body,) = bodies(there)
    assert "<script" not in body
    assert "<img" not in body
    assert "@team" not in body
    assert "](https://evil" not in body
    assert body.count("<!--") == 2


@pytest.mark.parametrize(
    ("asked", "inputs"),
    [
        (context(), {"comment": CommentKind.NEVER}),
        (context(fork=True), {}),
        (GitHubContext(event_name="push", repository="acme/hello", run_id=1), {}),
    ],
    ids=["never", "fork", "no pull request"],
)
def test_there_is_no_comment(asked, inputs):
    there = pulls()

    comment(journal(verdict()), there, asked, **inputs)

    assert bodies(there) == []


def test_a_pull_request_from_a_fork_is_told_of_the_second_workflow():
    assert "docs/comments.md" in comment(journal(verdict()), pulls(), context(fork=True)).text


def test_a_token_that_may_not_write_fails_nothing():
    log = comment(journal(verdict()), pulls(writes=False))

    assert "The comment on pull request 7 was not written." in log.text


# -- out of a report, in a second workflow -----------------------------------------------------------------------------


def started_by(sha: str = A, *, owner: str = "acme", branch: str = "x") -> GitHubContext:
    run = {
        "id": 55,
        "run_attempt": 2,
        "head_sha": sha,
        "head_branch": branch,
        "head_repository": {"owner": {"login": owner}},
    }
    return GitHubContext(event_name="workflow_run", repository="acme/hello", run_id=99, event={"workflow_run": run})


def test_a_report_is_commented_on_where_github_says_that_it_belongs(tmp_path):
    file, there = tmp_path / "report.json", pulls()
    file.write_text(report_json(journal(verdict(message="Broken."), plan=plan("one"))))

    assert comment_for(file, started_by(), lambda: there, FakeLog()) == NUMBER

    (body,) = bodies(there)
    assert there.written[1][0] == NUMBER
    assert "Broken." in body
    assert f"Commit <code>{A[:12]}</code>" in body
    assert "/actions/runs/55)" in body


@pytest.mark.parametrize("run", [started_by(B), started_by(owner="eve"), started_by(branch="y")])
def test_where_no_pull_request_is_at_the_commit_nothing_is_written(tmp_path, run):
    file, there = tmp_path / "report.json", pulls()
    file.write_text(report_json(journal(verdict())))

    assert comment_for(file, run, lambda: there, FakeLog()) is None

    assert bodies(there) == []


def plain(**changed) -> dict[str, object]:
    return {**json.loads(report_json(journal(verdict(), plan=plan("one")))), **changed}


FOREIGN = {
    "no JSON": "{",
    "no object": "[]",
    "another result": json.dumps(plain(result="<b>fine</b>")),
    "no target": json.dumps({key: value for key, value in plain().items() if key != "target"}),
    "checks": json.dumps(plain(checks={"results": [{"check": "x"}]})),
    "severity": json.dumps(plain()).replace('"severity": "fail"', '"severity": "worst"'),
    "minutes": json.dumps(plain()).replace("[15, 35]", "[15, 1e400]"),
    "kind": json.dumps(plain()).replace("environment-update", "rm -rf"),
    "head": json.dumps(plain(changes={"head": "../../etc"})),
    "notes": json.dumps(plain(notes=[{}])),
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("text", FOREIGN.values(), ids=FOREIGN)
def test_a_report_that_is_none_of_ours_is_refused(tmp_path, text):
    file, there = tmp_path / "report.json", pulls()
    file.write_text(text)

    with pytest.raises(ReportForeign, match="cannot be used"):
        comment_for(file, started_by(), lambda: there, FakeLog())

    assert bodies(there) == []


def test_a_report_that_is_missing_is_told(tmp_path):
    with pytest.raises(ReportForeign, match="downloaded before this step"):
        comment_for(tmp_path / "report.json", started_by(), pulls, FakeLog())


def test_a_workflow_that_no_other_has_started_cannot_comment(tmp_path):
    with pytest.raises(ReportForeign, match="started by push"):
        comment_for(tmp_path / "report.json", GitHubContext(event_name="push"), pulls, FakeLog())


def test_every_report_of_ours_can_be_read():
    for found in (Journal(), journal(verdict()), Journal(mode=Mode.CHECK, error=RuntimeError("x"))):
        assert read_facts(json.loads(report_json(found))).result == found.result
    with pytest.raises(ForeignResult):
        read_facts({})


def test_an_attempt_counts_among_the_runs():
    there, facts = pulls(), read_facts(json.loads(report_json(journal(verdict()))))

    assert comment_on(facts, NUMBER, there, run=5, attempt=2, run_url="u")
    assert not comment_on(facts, NUMBER, there, run=5, attempt=1, run_url="u")
    assert comment_on(facts, NUMBER, there, run=5, attempt=2, run_url="u")
