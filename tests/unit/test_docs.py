"""What the documentation shows is what the program takes."""

import re
from pathlib import Path

import pytest
import yaml

from mwaa_deploy.bundle.document import load_document
from mwaa_deploy.config import parse_config
from mwaa_deploy.inputs import Mode, parse_inputs
from mwaa_deploy.source.workflow_runs import LOOKED_INTO
from mwaa_deploy.target.record_history import LIMIT, VERSIONS_LIMIT

ROOT = Path(__file__).parents[2]
CHECKS = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", CHECKS, re.MULTILINE | re.DOTALL)


def test_the_configuration_is_one_that_is_taken(tmp_path):
    shown = next(block for block in blocks("yaml") if block.startswith("airflow-version"))
    for name in re.findall(r"tests/fixtures/\w+\.json", shown):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    (tmp_path / "rules").mkdir()
    (tmp_path / "requirements-dev.txt").touch()

    config = parse_config(load_document(shown), root=tmp_path, workspace=tmp_path)

    assert config.airflow_version == "2.10.3"
    assert [rule.name for rule in config.checks.rules] == ["owner", "tags", "catchup-off"]
    assert len(config.checks.fixtures.paths) == 3


@pytest.mark.parametrize("block", blocks("yaml"))
def test_every_block_of_yaml_is_yaml(block):
    assert yaml.safe_load(block)


@pytest.mark.parametrize("block", blocks("python"))
def test_every_block_of_python_is_python(block):
    compile(block, "docs/checks.md", "exec")


def test_links_lead_to_files():
    for file in (*(ROOT / "docs").glob("*.md"), ROOT / "README.md"):
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", file.read_text(encoding="utf-8")):
            assert (file.parent / target).exists(), f"{file.name}: {target}"


WORKFLOWS = [
    block
    for file in sorted((ROOT / "docs").glob("*.md"))
    for block in re.findall(r"^```yaml\n(name:.*?)^```$", file.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
]


@pytest.mark.parametrize("text", WORKFLOWS)
def test_every_workflow_gives_inputs_that_are_taken(text):
    (job,) = yaml.safe_load(text)["jobs"].values()
    given = next(step["with"] for step in job["steps"] if "/mwaa-deploy@" in step["uses"])
    assert given.keys() <= yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"].keys()
    values = {f"INPUT_{name.upper().replace('-', '_')}": value for name, value in given.items() if "${{" not in value}
    inputs = parse_inputs(values, event="workflow_dispatch")
    assert inputs.mode in {Mode.ROLLBACK, Mode.DRIFT, Mode.CHECK, Mode.COMMENT}


def test_the_number_of_records_that_are_looked_into_is_told():
    told = (ROOT / "docs" / "rollback.md").read_text(encoding="utf-8")
    assert f"The last {LIMIT} records are looked into" in told
    assert f"no more than {VERSIONS_LIMIT} versions" in told


def test_the_number_of_runs_that_are_looked_into_is_told():
    assert f"At most {LOOKED_INTO} runs are looked into" in (ROOT / "docs" / "base.md").read_text(encoding="utf-8")


def _steps(text: str) -> list[dict[str, str]]:
    """What the workflows and steps in a text give to the action."""
    found = []
    for block in re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        document = yaml.safe_load(block)
        jobs = [{"steps": document}] if isinstance(document, list) else document["jobs"].values()
        steps = [step for job in jobs for step in job["steps"]]
        found += [step["with"] for step in steps if step["uses"].startswith("mwaa-deploy/")]
    return found


@pytest.mark.parametrize(("name", "count"), [("environment-api.md", 1), ("plans.md", 2)])
def test_the_steps_that_are_shown_are_taken(name, count):
    steps = _steps((ROOT / "docs" / name).read_text(encoding="utf-8"))
    known = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]
    assert len(steps) == count
    for step in steps:
        assert step.keys() <= known.keys()
        env = {"INPUT_" + key.upper().replace("-", "_"): str(value) for key, value in step.items()}
        assert parse_inputs(env, event="push").names_target
