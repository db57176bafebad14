"""DAG files that fail because the network is closed are told so, and only where it is."""

import json
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from mwaa_deploy.checks.dag_integrity import DagJudgement, judge_probe
from mwaa_deploy.checks.layout import plan_layout
from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.running_probe import ProbeAnswer
from mwaa_deploy.checks.settings import CheckSettings
from mwaa_deploy.checks.verdicts import CheckResult, Severity
from mwaa_deploy.ports import Completed
from mwaa_deploy.source.project import Project

HOME = "/usr/local/airflow"
ROOT = Path("/repo")
PROJECT = Project(repository=ROOT, root=ROOT, dags=ROOT / "dags", plugins=ROOT / "plugins")
LAYOUT = plan_layout(PROJECT, PurePosixPath(HOME), rules_folder=ROOT / "rules")
OF_NETWORK = "gaierror: [Errno -3] Temporary failure in name resolution"
OF_CODE = "ValueError: no"
SETTING = "mwaa-deploy.yml: checks: {network: allowed}"


def load(name: str, said: str) -> dict[str, Any]:
    kind, _, message = said.partition(": ")
    error = {
        "type": kind,
        "message": message,
        "file": f"{HOME}/{name}",
        "line": 1,
        "traceback": f"Traceback ...\n{said}",
    }
    empty: dict[str, list[Any]] = {part: [] for part in ("dags", "warnings", "breaches", "rule_errors")}
    return {"file": f"{HOME}/{name}", "seconds": 0.1, **empty, "errors": [error]}


def judged(*, network: bool, completed: Completed | None = None, **document: Any) -> DagJudgement:
    answer = ProbeAnswer(
        completed=completed or Completed(exit_code=0, output="", seconds=1),
        document=json.dumps({"airflow": "2.10.3", "python": "3.11.9", **document}).encode() if document else None,
    )
    return judge_probe(answer, LAYOUT, CheckSettings(network=network), CheckLimits())


def explained(result: CheckResult) -> list[bool]:
    return [SETTING in failure.message for failure in result.failures]


@pytest.mark.parametrize(
    ("said", "network", "expected"),
    [
        (OF_NETWORK, False, True),
        (OF_NETWORK, True, False),
        (OF_CODE, False, False),
    ],
)
def test_an_error_of_a_closed_network_is_explained_in_each_check(said, network, expected):
    found = judged(
        network=network,
        files=[load("dags/a.py", said)],
        plugins=load("plugins/p.py", said),
        rules=load("rules/r.py", said),
    )

    for result in (found.dags, found.plugins, found.rules):
        assert explained(result) == [expected]


def test_the_explanation_follows_the_error_and_leaves_the_evidence_as_it_is():
    (verdict,) = judged(
        network=False, files=[load("dags/a.py", OF_NETWORK)], plugins=load("plugins/p.py", OF_CODE), rules=None
    ).dags.verdicts

    assert verdict.message.startswith(f"{OF_NETWORK}. The network is closed while DAGs and tests run.")
    assert verdict.evidence == f"Traceback ...\n{OF_NETWORK}"


def test_only_failures_are_explained():
    """A deprecation's text may quote anything."""
    file = load("dags/a.py", OF_CODE)
    warning = {"type": "DeprecationWarning", "message": OF_NETWORK, "file": f"{HOME}/dags/a.py", "line": 3}
    found = judged(
        network=False, files=[{**file, "warnings": [warning]}], plugins=load("plugins/p.py", OF_CODE), rules=None
    )

    (verdict,) = [verdict for verdict in found.dags.verdicts if verdict.severity is Severity.WARN]

    assert OF_NETWORK in verdict.message
    assert SETTING not in verdict.message


@pytest.mark.parametrize("network", [True, False])
def test_settings_that_end_airflow_for_lack_of_a_network_are_explained(network):
    ended = Completed(exit_code=1, output=f"Traceback ...\n{OF_NETWORK}", seconds=1)

    assert explained(judged(network=network, completed=ended).dags) == [not network]
