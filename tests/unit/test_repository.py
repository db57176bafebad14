"""The repository itself: its layout, and the hygiene of everything that GitHub runs."""

import ast
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted([*ROOT.glob(".github/workflows/*.yml"), *ROOT.glob("examples/*/.github/workflows/*.yml")])
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v[\dX]+\.[\dY]+\.[\dZ]+")
CATALOGUES = {"src/mwaa_deploy/errors.py", "src/mwaa_deploy/ports.py", "src/mwaa_deploy/checks/probe/dag_probe.py"}
"""Lists of short entries that belong side by side, looked things up in rather than read."""
EXPRESSION = re.compile(r"\$\{\{")


@pytest.fixture(params=WORKFLOWS, ids=lambda path: str(path.relative_to(ROOT)))
def path(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


@pytest.fixture
def workflow(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def _steps(document: Any) -> Iterator[Any]:
    yield from document.get("runs", {}).get("steps", [])
    for job in document.get("jobs", {}).values():
        yield from job.get("steps", [])


def _python_files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def _imports(path: Path) -> set[str]:
    found = set[str]()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


# -- workflows ----------------------------------------------------------------------------------------------------


def test_a_workflow_has_no_rights_that_a_job_did_not_ask_for(workflow: Any) -> None:
    assert workflow["permissions"] == {}
    assert [name for name, job in workflow["jobs"].items() if "permissions" not in job] == []


def test_every_right_is_granted_with_its_reason(path: Path) -> None:
    grants = re.findall(r"^ +[a-z-]+: (?:read|write)\b.*$", path.read_text(), re.MULTILINE)

    assert grants
    assert [grant for grant in grants if " # " not in grant] == []


def test_every_action_of_others_is_pinned_to_a_commit_and_says_its_version(path: Path) -> None:
    used = re.findall(r"^\s*(?:- )?uses: *(.+)$", path.read_text(), re.MULTILINE)

    assert used
    assert [name for name in used if not name.startswith(("./", "$/")) and not PINNED.fullmatch(name)] == []


def test_the_same_action_is_pinned_to_the_same_commit_everywhere() -> None:
    pins = {pin for path in WORKFLOWS for pin in PINNED.findall(path.read_text())}

    assert len({pin.partition("@")[0] for pin in pins}) == len(pins)


def test_every_job_ends_by_itself(workflow: Any) -> None:
    # A job that calls a workflow has no time limit of its own, but those of the called workflow's jobs.
    own = {name: job for name, job in workflow["jobs"].items() if "uses" not in job}
    assert [name for name, job in own.items() if not 0 < job.get("timeout-minutes", 0) <= 240] == []


def test_runs_of_the_same_thing_do_not_overlap(workflow: Any) -> None:
    assert "github.ref" in workflow["concurrency"]["group"]
    assert workflow["concurrency"]["cancel-in-progress"] == "${{ github.event_name == 'pull_request' }}"


def test_a_checkout_leaves_no_token_behind(workflow: Any) -> None:
    checkouts = [step for step in _steps(workflow) if step.get("uses", "").startswith("actions/checkout@")]

    modes = [step.get("with", {}).get("mode") for step in _steps(workflow)]
    without_project = modes and set(modes) <= {"image", "rollback", "drift"}
    assert checkouts or without_project, "all else needs the project"
    assert [step for step in checkouts if step["with"].get("persist-credentials") is not False] == []


@pytest.mark.parametrize("file", [*WORKFLOWS, ROOT / "action.yml"], ids=lambda file: str(file.relative_to(ROOT)))
def test_nothing_is_put_into_a_shell_by_interpolation(file: Path) -> None:
    steps = _steps(yaml.safe_load(file.read_text()))

    assert [step["run"] for step in steps if EXPRESSION.search(step.get("run", ""))] == []


def test_the_gate_waits_for_every_job() -> None:
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]

    assert set(jobs["passed"]["needs"]) == set(jobs) - {"passed"}


def test_the_action_is_tried_in_every_place_where_its_checks_can_run() -> None:
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]

    tried = {(entry["runner"], entry["docker-engine"]) for entry in jobs["action"]["strategy"]["matrix"]["include"]}
    assert tried == {("container", "host"), ("container", "dind"), ("venv", "host")}


def test_updates_are_taken_up_after_a_week_at_the_earliest() -> None:
    updates = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]

    assert {update["package-ecosystem"] for update in updates} == {"github-actions", "pip", "npm", "docker"}
    assert [update for update in updates if update["cooldown"]["default-days"] < 7] == []
    folders = {folder for update in updates for folder in update.get("directories", [update.get("directory")])}
    assert [folder for folder in folders if not (ROOT / folder.lstrip("/")).is_dir()] == []


# -- commands -----------------------------------------------------------------------------------------------------


def test_make_alone_lists_every_command() -> None:
    targets = re.findall(r"^\.PHONY: (\w+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)

    listed = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout

    assert [line.split()[:2] for line in listed.splitlines()] == [["make", target] for target in targets]
    assert set(targets) == {"help", "demo", "test", "lint", "prove", "bench", "rehearse", "pictures", "lock", "clean"}


@pytest.mark.parametrize("folder", [".ci", "entrypoint", "scripts"])
def test_every_script_can_be_run(folder: str) -> None:
    scripts = [path for path in (ROOT / folder).iterdir() if path.is_file() and path.read_bytes().startswith(b"#!")]

    assert scripts
    assert [path.name for path in scripts if not os.access(path, os.X_OK)] == []


def test_continuous_integration_runs_what_the_readme_says() -> None:
    assert (ROOT / ".ci/run").read_text().splitlines()[-1] == "make test"
    assert "make test" in (ROOT / "README.md").read_text()


# -- the program --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("package", ["actions_toolkit", "boto3", "docker", "git", "yaml"])
def test_the_program_uses_the_packages_it_was_asked_to(package: str) -> None:
    users = [
        path
        for path in _python_files("src")
        if any(name == package or name.startswith(f"{package}.") for name in _imports(path))
    ]

    assert users


@pytest.mark.parametrize("folder", ["src", "lab", "images"])
def test_no_file_is_too_long_to_be_read_in_one_go(folder: str) -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in _python_files(folder)}

    assert {name: length for name, length in lengths.items() if length > 300 and name not in CATALOGUES} == {}


def test_every_failure_has_an_exit_code_of_its_own() -> None:
    source = (ROOT / "src/mwaa_deploy/errors.py").read_text()
    codes = re.findall(r"^    exit_code = (\d+)$", source, re.MULTILINE)
    classes = re.findall(r"^class \w+\((?:Exception|MwaaDeployError)\)", source, re.MULTILINE)

    assert len(codes) == len(set(codes)) == len(classes)
