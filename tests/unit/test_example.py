"""examples/hello-mwaa: what people copy has to be right in itself. Its own tests run under a real Airflow elsewhere."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from packaging.requirements import Requirement

from mwaa_deploy.config import read_config
from mwaa_deploy.inputs import ConfigLocation, VerifyKind, parse_inputs
from mwaa_deploy.runner.image_reference import ecr_registry, parse_reference
from mwaa_deploy.runner.registry_refusal import PUSH_ACTIONS
from mwaa_deploy.targets import with_section

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/hello-mwaa"
AIRFLOW = "2.10.3"
PYTHON = "3.11"


def _workflow() -> Any:
    return yaml.safe_load((EXAMPLE / ".github/workflows/mwaa.yml").read_text())


def _deployment() -> Any:
    """The workflow's step that uses the action."""
    (job,) = _workflow()["jobs"].values()
    return next(step for step in job["steps"] if "mwaa-deploy@" in step.get("uses", ""))


def _action() -> Any:
    return yaml.safe_load((ROOT / "action.yml").read_text())


def _parameters() -> dict[str, str]:
    listed = json.loads((EXAMPLE / "infra/parameters/staging.json").read_text())
    return {entry["ParameterKey"]: entry["ParameterValue"] for entry in listed}


def _requirements() -> list[Requirement]:
    lines = (EXAMPLE / "requirements.txt").read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith(("-", "#"))]


def _imported(path: Path) -> set[str]:
    """The top-level modules that a Python file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def test_the_workflow_runs_on_pull_request_push_and_by_hand() -> None:
    triggers = _workflow()[True]  # YAML 1.1 reads `on` as true

    assert triggers == {"pull_request": None, "push": {"branches": ["main"]}, "workflow_dispatch": None}


def test_the_workflow_gives_only_inputs_that_the_action_has() -> None:
    assert set(_deployment()["with"]) - set(_action()["inputs"]) == set()


def test_the_workflow_gives_every_input_that_a_deployment_needs() -> None:
    required = {name for name, declared in _action()["inputs"].items() if declared.get("required")}

    assert required | {"stack-name", "template", "bucket", "aws-region", "role-to-assume"} <= set(_deployment()["with"])


def test_the_promotion_names_targets_that_the_configuration_has() -> None:
    workflow = yaml.safe_load((EXAMPLE / ".github/workflows/promotion.yml").read_text())
    steps = {name: job["steps"][-1] for name, job in workflow["jobs"].items()}

    assert list(steps) == ["staging", "production"]
    assert workflow["jobs"]["production"]["needs"] == "staging"
    for name, step in steps.items():
        assert workflow["jobs"][name]["environment"] == step["with"]["environment"] == name
        assert set(step["with"]) - set(_action()["inputs"]) == set()
        assert step["uses"] == _deployment()["uses"]


def test_the_targets_of_the_configuration_are_what_a_deployment_needs() -> None:
    config = read_config(EXAMPLE, ConfigLocation())
    found = {}
    for name in config.targets:
        env = with_section({"INPUT_ENVIRONMENT": name}, config)
        found[name] = inputs = parse_inputs(env, event="push")
        listed = json.loads((EXAMPLE / inputs.parameters).read_text())
        parameters = {entry["ParameterKey"]: entry["ParameterValue"] for entry in listed}
        assert inputs.bucket == parameters["BucketName"]
        assert inputs.airflow_version == parameters["AirflowVersion"] == AIRFLOW
        assert (EXAMPLE / inputs.template).is_file()

    assert found["production"].promote_from == "staging"
    assert found["staging"].verify is VerifyKind.LIVE
    deployment = _deployment()["with"]
    assert (found["staging"].bucket, found["staging"].stack_name) == (deployment["bucket"], deployment["stack-name"])


def test_the_image_workflow_pushes_on_a_schedule_and_by_hand_what_the_other_can_use() -> None:
    workflow = yaml.safe_load((EXAMPLE / ".github/workflows/runner-image.yml").read_text())
    (job,) = workflow["jobs"].values()
    (step,) = job["steps"]

    assert set(workflow[True]) == {"schedule", "workflow_dispatch"}
    assert set(step["with"]) - set(_action()["inputs"]) == set()
    assert (step["with"]["mode"], step["with"]["create-repository"]) == ("image", "true")
    assert step["with"]["airflow-version"] == AIRFLOW
    assert ecr_registry(parse_reference(step["with"]["runner-image"]).registry) is not None
    assert job["permissions"] == {"id-token": "write"}
    assert step["uses"] == _deployment()["uses"]


def test_the_readme_names_the_rights_that_a_push_needs() -> None:
    readme = (EXAMPLE / "README.md").read_text()

    assert [action for action in PUSH_ACTIONS if f'"{action}"' not in readme] == []


def test_the_files_that_the_workflow_names_exist() -> None:
    given = _deployment()["with"]

    assert (EXAMPLE / given["template"]).is_file()
    assert (EXAMPLE / given["parameters"]).is_file()


def test_bucket_and_airflow_version_are_the_same_everywhere() -> None:
    """One bucket and one version: a mismatch would upload where the environment does not look."""
    given = _deployment()["with"]

    assert given["bucket"] == _parameters()["BucketName"]
    assert given["airflow-version"] == _parameters()["AirflowVersion"] == AIRFLOW


def test_the_requirements_begin_with_airflows_own_constraints() -> None:
    first = (EXAMPLE / "requirements.txt").read_text().splitlines()[0]

    base = "https://raw.githubusercontent.com/apache/airflow"
    assert first == f'--constraint "{base}/constraints-{AIRFLOW}/constraints-{PYTHON}.txt"'


def test_every_requirement_is_pinned_and_used_by_a_dag() -> None:
    used = set().union(*(_imported(path) for path in EXAMPLE.glob("dags/**/*.py")))

    assert [str(found) for found in _requirements() if not str(found.specifier).startswith("==")] == []
    assert [found.name for found in _requirements() if found.name not in used] == []


def test_whatever_is_imported_comes_from_somewhere() -> None:
    known = set(sys.stdlib_module_names) | {"airflow", "pytest"}
    known |= {found.name for found in _requirements()}
    known |= {path.name for path in (EXAMPLE / "plugins").iterdir()}

    files = [path for folder in ("dags", "plugins", "tests") for path in (EXAMPLE / folder).rglob("*.py")]
    assert {module for path in files for module in _imported(path)} - known == set()


def test_no_module_of_the_dag_folder_hides_one_of_the_plugins() -> None:
    """Airflow puts the DAG folder first on the import path."""
    dags = {path.stem for path in (EXAMPLE / "dags").iterdir()}

    assert dags & {path.stem for path in (EXAMPLE / "plugins").iterdir()} == set()


def test_the_startup_script_exports_what_the_operator_reads() -> None:
    operator = (EXAMPLE / "plugins/greetings/operators.py").read_text()
    (read,) = re.findall(r"os\.environ\.get\('(\w+)'", operator)

    script = EXAMPLE / "startup/startup.sh"
    printed = subprocess.run(
        ["sh", "-c", f'. "$1" && printenv {read}', "sh", str(script)],
        capture_output=True,
        text=True,
        check=True,
        env={},
    )

    assert printed.stdout.strip() == "Hello"


def test_there_is_a_test_file_in_each_style() -> None:
    styles = {path.name: _imported(path) & {"unittest", "pytest"} for path in EXAMPLE.glob("tests/test_*.py")}

    assert styles == {"test_greeting_operator.py": {"unittest"}, "test_dags.py": {"pytest"}}


def test_the_readme_tells_of_every_file() -> None:
    readme = (EXAMPLE / "README.md").read_text()
    named = re.findall(r"^\| `([^`]+)`", readme, re.MULTILINE)

    assert [name for name in named if not (EXAMPLE / name).exists()] == []
    told = tuple(str(EXAMPLE / name) for name in [*named, "README.md", ".gitignore"])
    caches = {"__pycache__", ".pytest_cache"}
    files = [path for path in EXAMPLE.rglob("*") if path.is_file() and not caches & set(path.parts)]
    assert [str(path) for path in files if not str(path).startswith(told)] == []
