"""The whole program in the second workflow of a fork's pull request, against GitHub's API in the lab."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from lab.github.api import GitHub
from lab.github.records import Records
from lab.web import serving
from mwaa_deploy.__main__ import main
from mwaa_deploy.errors import ReportForeign
from mwaa_deploy.inputs import Mode
from mwaa_deploy.journal import Journal
from mwaa_deploy.report.as_json import report_json
from tests.unit.report.samples import report, verdict

SHA = "a" * 40


@pytest.fixture
def github():
    with serving(GitHub(Records())) as url:
        token = {"token": "ghs_good", "permissions": {"pull-requests": "write"}}
        requests.put(f"{url}/_lab/tokens", json=token, timeout=10).raise_for_status()
        pull = {"owner": "eve", "branch": "patch", "sha": SHA}
        requests.put(f"{url}/_lab/repos/acme/hello/pulls/7", json=pull, timeout=10).raise_for_status()
        yield url


def comments(url: str) -> list[str]:
    headers = {"Authorization": "Bearer ghs_good"}
    found = requests.get(f"{url}/repos/acme/hello/issues/7/comments", headers=headers, timeout=10).json()
    return [one["body"] for one in found]


def run(url: str, place: Path, text: str) -> tuple[int, dict[str, Any]]:
    workspace = place / "workspace"
    workspace.mkdir()
    (workspace / "report.json").write_text(text)
    event, output = place / "event.json", place / "output"
    started_by = {"id": 55, "head_sha": SHA, "head_branch": "patch", "head_repository": {"owner": {"login": "eve"}}}
    event.write_text(json.dumps({"workflow_run": started_by}))
    output.touch()
    env = {
        "GITHUB_WORKSPACE": str(workspace),
        "GITHUB_EVENT_NAME": "workflow_run",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REPOSITORY": "acme/hello",
        "GITHUB_RUN_ID": "99",
        "GITHUB_API_URL": url,
        "INPUT_MODE": "comment",
        "INPUT_REPORT": "report.json",
        "INPUT_GITHUB_TOKEN": "ghs_good",
        "MWAA_DEPLOY_OUTPUT_DIR": str(place / "files"),
    }
    code = main(["run"], env)
    return code, json.loads((place / "files" / "report.json").read_text())


def test_it_comments_out_of_the_report_on_the_pull_request_of_the_run(github, tmp_path):
    found = Journal(mode=Mode.CHECK, checks=report(verdict(message="Broken <b>DAG</b>.", file="dags/a.py", line=3)))

    code, told = run(github, tmp_path, report_json(found))

    assert (code, told["result"], told["mode"]) == (0, "commented", "comment")
    (body,) = comments(github)
    assert "<code>dags/a.py:3</code> Broken &#60;b&#62;DAG" in body
    assert SHA[:12] in body


def test_a_report_of_another_form_is_one_clear_error(github, tmp_path):
    code, told = run(github, tmp_path, '{"schema": 1}')

    assert code == ReportForeign.exit_code
    assert "cannot be used" in told["error"]["what"]
    assert comments(github) == []
