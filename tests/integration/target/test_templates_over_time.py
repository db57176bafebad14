"""The templates of infra/, deployed, updated and rolled back by the program itself, against the lab."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lab.aws.process import RunningAws
from mwaa_deploy.errors import StackUpdateFailed
from mwaa_deploy.target.credentials import AwsClients
from tests.integration.target.test_plans_and_environments import Project

pytestmark = pytest.mark.lab

ROOT = Path(__file__).parents[3]
TEMPLATES = (ROOT / "infra/environment.yaml", ROOT / "infra/environment-private.yaml")
MESSAGE = "Unable to install the requirements"


class Templated(Project):
    """A project whose stack is made from one of the templates."""

    def take(self, template: Path) -> None:
        self.use_stack()
        self.world.files["template.yaml"] = template.read_text()

    def give_parameters(self, **more: str) -> None:
        given = {"EnvironmentName": self.name, "BucketName": self.bucket, **more}
        self.world.files["parameters.yml"] = "".join(f"{key}: {value}\n" for key, value in given.items())

    def change_everything(self, number: int, size: str) -> None:
        """A commit that changes each versioned part, a DAG and the environment's class."""
        self.world.files |= {
            "dags/a.py": f"a = {number}\n",
            "plugins/operators.py": f"p = {number}\n",
            "dags/requirements.txt": f"x=={number}\n",
            "startup.sh": f"export A={number}\n",
        }
        self.give_parameters(EnvironmentClass=size)

    def finds_nothing_to_do(self) -> bool:
        outcome = self.deploy().outcome
        return outcome is not None and outcome.changed_nothing

    def status(self) -> str:
        found: str = self.cloudformation.describe_stacks(StackName=self.stack_name)["Stacks"][0]["StackStatus"]
        return found

    def live(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.mwaa.get_environment(Name=self.name)["Environment"]
        return found

    def what_runs(self) -> dict[str, Any]:
        """All that a deployment may change of the environment."""
        return {key: value for key, value in self.live().items() if key not in {"LastUpdate", "CreatedAt"}}


@pytest.fixture(params=TEMPLATES, ids=lambda path: path.stem)
def project(request: pytest.FixtureRequest, tmp_path: Path, clients: AwsClients, lab_aws: RunningAws) -> Templated:
    found = Templated(tmp_path, clients, lab_aws)
    found.take(request.param)
    found.change_everything(1, "mw1.small")
    found.deploy()
    return found


def test_the_first_deployment_makes_the_stack_and_the_next_finds_nothing_to_do(project: Templated) -> None:
    assert project.status() == "CREATE_COMPLETE"
    project.assert_live()
    change_sets = project.change_sets()

    assert project.finds_nothing_to_do()

    assert project.change_sets() == change_sets


def test_versions_and_class_change_in_place(project: Templated) -> None:
    before = project.live()
    project.change_everything(2, "mw1.medium")

    (change,) = project.plan().change_set or ()
    project.deploy()

    assert (change.logical_id, change.action, change.replacement) == ("Environment", "Modify", "False")
    assert project.status() == "UPDATE_COMPLETE"
    project.assert_live()
    after = project.live()
    assert (before["EnvironmentClass"], after["EnvironmentClass"]) == ("mw1.small", "mw1.medium")
    assert (after["Arn"], after["CreatedAt"]) == (before["Arn"], before["CreatedAt"])
    for part in ("Plugins", "Requirements", "StartupScript"):
        assert after[f"{part}S3ObjectVersion"] != before[f"{part}S3ObjectVersion"]


def test_a_refused_update_rolls_back_to_the_old_versions_and_the_next_good_commit_converges(project: Templated) -> None:
    before = project.what_runs()
    project.lab.post("mwaa/fail", name=project.name, message=MESSAGE, times=1)
    project.change_everything(2, "mw1.medium")

    with pytest.raises(StackUpdateFailed, match=MESSAGE):
        project.deploy()

    assert project.status() == "UPDATE_ROLLBACK_COMPLETE"
    assert project.what_runs() == before
    assert project.body("dags/a.py") == b"a = 1\n"

    project.change_everything(3, "mw1.medium")
    project.deploy()

    assert project.status() == "UPDATE_COMPLETE"
    project.assert_live()
    assert project.live()["EnvironmentClass"] == "mw1.medium"
    assert project.finds_nothing_to_do()


def test_after_a_roll_back_the_same_commit_is_tried_again(project: Templated) -> None:
    project.lab.post("mwaa/fail", name=project.name, message=MESSAGE, times=1)
    project.change_everything(2, "mw1.medium")
    with pytest.raises(StackUpdateFailed):
        project.deploy()

    project.deploy()

    assert project.status() == "UPDATE_COMPLETE"
    project.assert_live()
