"""What the release's workflows promise in docs/releasing.md."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from release.image_lock import TARGETS

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / ".github" / "workflows"


def jobs(name):
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))["jobs"]


def commands(job):
    return "\n".join(step.get("run", "") for step in job.get("steps", []))


def test_nothing_is_public_before_the_images_were_tried_and_attested():
    release = jobs("release.yml")
    assert {name: job.get("needs") for name, job in release.items()} == {
        "build": None,
        "smoke": "build",
        "attest": ["build", "smoke"],
        "draft": ["build", "attest"],
        "publish": ["build", "draft"],
    }
    assert release["smoke"]["uses"] == "./.github/workflows/smoke.yml"
    assert release["publish"]["environment"] == "release"


def test_the_tag_is_set_once_and_only_by_the_last_job():
    release = jobs("release.yml")
    assert [name for name, job in release.items() if "refs/tags/" in commands(job)] == ["publish"]
    (pushed,) = re.findall(r"git push (.*) \"\$COMMIT:refs/tags/v\$VERSION\"", commands(release["publish"]))
    assert "--force" not in pushed
    assert "verify-commit" in commands({"steps": release["publish"]["steps"][:2]})


def test_each_image_has_provenance_and_a_bill_of_materials_of_its_digest():
    attest = jobs("release.yml")["attest"]
    assert [entry["target"] for entry in attest["strategy"]["matrix"]["include"]] == list(TARGETS)
    signed = [step["with"] for step in attest["steps"] if step.get("uses", "").startswith("actions/attest@")]
    assert [bool(given.get("sbom-path")) for given in signed] == [False, True]
    assert {given["subject-digest"] for given in signed} == {"${{ steps.image.outputs.digest }}"}
    (bill,) = (step["with"] for step in attest["steps"] if step.get("uses", "").startswith("anchore/sbom-action@"))
    assert bill["image"] == "${{ matrix.image }}"
    assert bill["output-file"] == signed[1]["sbom-path"]


def test_every_image_is_tried_with_the_engine_that_it_is_for():
    (job,) = jobs("smoke.yml").values()
    tried = {entry["target"]: entry["docker-engine"] for entry in job["strategy"]["matrix"]["include"]}
    assert tried == dict(zip(TARGETS, ("host", "dind"), strict=True))


@pytest.mark.parametrize("name", ["release.yml", "smoke.yml", "images.yml"])
def test_every_step_of_the_release_exists(name):
    used = {step for job in jobs(name).values() for step in re.findall(r"python3? -m release (\S+)", commands(job))}
    assert used
    for step in used:
        done = subprocess.run(
            # Without packages: most jobs have none but Python's own.
            [sys.executable, "-S", "-m", "release", step, "--help"],
            cwd=ROOT,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, step


def test_the_workflow_to_call_says_what_the_action_says():
    done = subprocess.run([sys.executable, ROOT / "scripts" / "reusable_workflow.py", "--check"], check=False)
    assert done.returncode == 0, "run: python scripts/reusable_workflow.py"


def test_the_workflow_to_call_gives_the_action_every_input_that_it_takes():
    document = yaml.safe_load((FOLDER / "deploy.yml").read_text(encoding="utf-8"))
    called = document[True]["workflow_call"]  # YAML 1.1 takes `on` for a truth
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    (job,) = document["jobs"].values()
    step = job["steps"][-1]
    assert set(called["inputs"]) - set(step["with"]) == {"github-environment", "runs-on"}
    assert set(action["inputs"]) - set(step["with"]) == {"create-repository", "github-token"}
    for name in step["with"]:
        assert called["inputs"][name]["default"] == action["inputs"][name].get("default", ""), name
    assert set(called["outputs"]) == set(job["outputs"])


def test_the_action_of_the_workflow_to_call_starts_the_same_program():
    copy = ROOT / ".github" / "actions" / "mwaa-deploy"
    steps = yaml.safe_load((copy / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"]
    for step, script in zip(steps, ("launch.sh", "cleanup.sh"), strict=True):
        path = step["run"].strip('"').replace("$GITHUB_ACTION_PATH", str(copy))
        assert Path(path).resolve() == ROOT / "entrypoint" / script


def test_the_six_lines_of_the_readme_call_it_as_it_has_to_be_called():
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition("### In six lines")[2]
    block = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert block
    shown = yaml.safe_load(block[1])
    called = yaml.safe_load((FOLDER / "deploy.yml").read_text(encoding="utf-8"))
    assert set(shown[True]) == {"pull_request", "push", "workflow_dispatch"}
    assert shown["permissions"] == {}
    (caller,) = shown["jobs"].values()
    assert re.fullmatch(r"OWNER/mwaa-deploy/\.github/workflows/deploy\.yml@[0-9a-f]{40}", caller["uses"])
    assert caller["permissions"] == called["jobs"]["mwaa"]["permissions"]
    assert set(caller["with"]) <= set(called[True]["workflow_call"]["inputs"])


def test_the_documentation_names_every_job_and_step():
    told = (ROOT / "docs" / "releasing.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+) \| ", told, re.MULTILINE)
    assert [row for row in rows if row in jobs("release.yml")] == list(jobs("release.yml"))
    for step in ("prepare", "check", "verify-commit", "verify-run", "package", "notes", "major-tag"):
        assert re.search(rf"`{step}`|release {step}", told), step
