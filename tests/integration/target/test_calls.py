"""How often AWS is asked where there is nothing to deploy: a matter of seconds, and of no account to throttling."""

import pytest

from lab.aws.process import RunningAws
from proofs.lab_target import LabTarget
from tests.fakes.world import FILES

pytestmark = pytest.mark.lab

SESSION = {"AssumeRoleWithWebIdentity"}
"""Calls of a run that are made before the target is opened, which these deployments leave out."""
MOST = 15


def calls_of(lab: RunningAws, target: LabTarget, commit: str) -> list[str]:
    lab.delete("calls")
    assert not target.deploy(commit).deployed
    return [call["operation"] for call in lab.get("calls")["calls"]]


def test_a_deployment_without_changes_makes_few_calls_whatever_the_number_of_dags(aws_env, tmp_path):
    target = LabTarget(aws_env, tmp_path)
    dags = {f"dags/team_{number % 7}/flow_{number}.py": f"x = {number}\n" for number in range(1200)}
    files = {name: text for name, text in FILES.items() if name not in {"template.yaml", "parameters.yml"}}
    target.ship({**files, **dags})
    target.deploy("1" * 40)

    for commit in ("1" * 40, "2" * 40):
        calls = calls_of(aws_env, target, commit)
        pages = [call for call in calls if call == "ListObjectsV2"]
        assert len(pages) == 2
        others = [call for call in calls if call != "ListObjectsV2"]
        assert len(others) + len(SESSION) <= MOST, others
        puts = [call for call in calls if call == "PutObject"]
        # Another commit with the same content leaves its name in the record.
        assert len(puts) == (0 if commit == "1" * 40 else 1)
