"""The README's quick start, word for word: its blocks of shell are run as they stand, and its runs are those of act."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lab.project import GITHUB_REPOSITORY, REGION, LabProject
from lab.workflow import export_checkout
from tests.unit.docs.documents import ROOT, blocks

pytestmark = [pytest.mark.e2e, pytest.mark.engine, pytest.mark.lab, pytest.mark.airflow]

STAND_INS = Path(__file__).with_name("quick_start") / "stand_ins.py"
STACK = "hello-mwaa-staging"
IDS = {".owner.id": "583231", ".id": "1296269"}
"""Those of the lab's tokens."""


def steps() -> list[str]:
    """The quick start's blocks of shell, in order."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    begin, end = (text.index(heading) for heading in ("\n## Quick start\n", "\n## In your repository\n"))
    return [block.text for block in blocks(ROOT / "README.md", text[begin:end]) if block.language == "bash"]


class Reader:
    """Somebody who types what the README says into one shell after the other, each where the last one stood."""

    def __init__(self, folder: Path, world) -> None:
        self.folder, self.place = folder, folder
        self.state = folder / "followed" / "state.json"
        self.state.parent.mkdir()
        told = {"repository": GITHUB_REPOSITORY, "aws": world.aws_url, "issuer": world.oidc_url, "ids": IDS}
        self.state.write_text(json.dumps({**told, "variables": {}}))
        programs = folder / "programs"
        programs.mkdir()
        for name in ("gh", "aws"):
            (programs / name).write_text(f"#!{sys.executable}\n{STAND_INS.read_text()}")
            (programs / name).chmod(0o755)
        upstream = folder / "upstream"
        export_checkout(ROOT, upstream)
        (folder / "gitconfig").write_text(
            f'[user]\n\tname = Reader\n\temail = reader@example.org\n[url "file://{upstream}"]\n'
            "\tinsteadOf = https://github.com/OWNER/mwaa-deploy\n[init]\n\tdefaultBranch = main\n"
        )
        self.env = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(folder),
            "FOLLOWED": str(self.state.parent),
            "GIT_CONFIG_GLOBAL": str(folder / "gitconfig"),
        }
        self.type("git init --quiet && git add --all && git commit --quiet --message Upstream", upstream)

    def type(self, text: str, place: Path | None = None) -> None:
        """Run a block; where it ends, the next one begins."""
        after = self.folder / "place"
        run = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"{text}\npwd > {after}"],
            cwd=place or self.place,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, f"{text}\n{run.stdout}\n{run.stderr}"
        if place is None:
            self.place = Path(after.read_text().strip())

    def told(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.state.read_text())
        return found


def run_on_github(project: LabProject, event: str, *, base: str = ""):
    sha, *parents = project.git("rev-list", "--max-count=1", "--parents", "HEAD").split()
    project.world.add_commit(sha, parents, branch="main" if event == "push" else "first")
    return project.run(event, base=base)


@pytest.fixture(scope="module")
def followed(tmp_path_factory, module_world, base_image):
    """What the reader has in the end: the checkout, and both runs."""
    reader = Reader(tmp_path_factory.mktemp("reader"), module_world)
    begin, roles, tell, propose, merge = steps()
    reader.type(begin)
    reader.type(roles)
    reader.type(tell)
    reader.type(propose)
    # It refuses all but TLS, which the lab has not.
    s3 = module_world.aws_client("s3", REGION)
    (bucket,) = (found["Name"] for found in s3.list_buckets()["Buckets"])
    s3.delete_bucket_policy(Bucket=bucket)
    told = reader.told()
    variables = told["variables"]
    project = LabProject(
        folder=reader.place,
        world=module_world,
        action=reader.folder / "upstream",
        role=variables["MWAA_DEPLOY_ROLE"],
        env=base_image,
        variables=variables,
        claims={"immutable_subject": "true"},  # as of every new repository
    )
    base = project.git("rev-parse", "origin/main")
    proposed = run_on_github(project, "pull_request", base=base)
    reader.type(merge)
    project.set_input("verify", "versions")  # this lab has no live Airflow, which would be asked for ten minutes
    merged = run_on_github(project, "push")
    return project, told, proposed, merged


def test_the_pull_request_is_checked_and_planned(followed):
    _, told, proposed, _ = followed
    assert told["pull request"]
    assert proposed.succeeded, proposed.log
    assert proposed.outputs["result"] == "planned"


def test_the_merge_is_deployed(followed):
    project, _, _, merged = followed
    assert merged.succeeded, merged.log
    assert merged.outputs["result"] == "deployed"
    mwaa = project.world.aws_client("mwaa", REGION)
    assert mwaa.get_environment(Name=STACK)["Environment"]["Status"] == "AVAILABLE"


def test_the_workflow_runs_the_commit_that_was_looked_at(followed):
    project, *_ = followed
    text = project.read(".github/workflows/mwaa.yml")
    assert f"mwaa-deploy@{'0' * 40}" not in text
    assert "my-mwaa-bucket" not in text
