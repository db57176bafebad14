"""A user's repository in the lab: made of the example, changed by commits, and run on 'GitHub' by act."""

import re
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lab.workflow import Act, ActResult, export_checkout
from lab.world import REPOSITORY, World

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "hello-mwaa"
GITHUB_REPOSITORY = REPOSITORY
WORKFLOW = "mwaa.yml"
REGION = "eu-west-1"
"""The Region that the example names."""
GIT = (
    *("git", "-c", "user.name=Lab", "-c", "user.email=lab@example.org", "-c", "init.defaultBranch=main"),
    *("-c", "safe.directory=*"),  # the checkout may belong to the account that the jobs run as
)


def new_run_id() -> int:
    """A number for a workflow run that no other run on this computer has; `make clean` finds it in .lab/runs."""
    run_id = secrets.randbelow(9 * 10**10) + 10**10
    (ROOT / ".lab").mkdir(exist_ok=True)
    with (ROOT / ".lab" / "runs").open("a", encoding="utf-8") as runs:
        print(run_id, file=runs)
    return run_id


@dataclass
class LabProject:
    """A git repository of the example, with what GitHub would know about it.

    Attributes:
        folder: the checkout.
        world: the lab it is deployed to.
        action: a checkout of this project, as `uses:` downloads it.
        role: ARN of the role the workflow assumes.
        env: more variables for the job.
        user: account that the jobs run as; this process's own if empty.
        variables: more variables of the repository (`vars`).
        claims: what more the OIDC issuer is told of its jobs.
        run_ids: of the runs so far.
    """

    folder: Path
    world: World
    action: Path
    role: str
    env: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    claims: Mapping[str, str] = field(default_factory=dict)
    run_ids: list[int] = field(default_factory=list)

    @classmethod
    def create(cls, folder: Path, world: World, *, role: str, env: Mapping[str, str] | None = None) -> "LabProject":
        """Copy the example into a new repository with one commit."""
        action = folder.parent / f"{folder.name}-action"
        export_checkout(ROOT, action)
        shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache"))
        project = cls(folder=folder, world=world, action=action, role=role, env=env or {})
        project.git("init", "--quiet")
        project.git("remote", "add", "origin", f"https://github.com/{GITHUB_REPOSITORY}.git")
        project.commit({}, "Begin with the example")
        return project

    def git(self, *argv: str) -> str:
        """Run git in the checkout and return what it printed."""
        done = subprocess.run([*GIT, *argv], cwd=self.folder, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    @property
    def head(self) -> str:
        """SHA of the commit checked out."""
        return self.git("rev-parse", "HEAD")

    def commit(self, files: Mapping[str, str | None], message: str) -> str:
        """Write (or with None remove) files, commit and push. Returns the SHA."""
        for name, text in files.items():
            path = self.folder / name
            if text is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        sha, *parents = self.git("rev-list", "--max-count=1", "--parents", "HEAD").split()
        self.world.add_commit(sha, parents, branch="main")
        return sha

    def read(self, name: str) -> str:
        """Text of a file of the checkout."""
        return (self.folder / name).read_text(encoding="utf-8")

    def set_input(self, name: str, value: str, *, workflow: str = WORKFLOW) -> None:
        """Set an input of the action in a workflow file, and commit it."""
        path = f".github/workflows/{workflow}"
        text = re.sub(rf"\n +{name}: .*", "", self.read(path))
        changed = re.sub(r"\n( +)(role-to-assume:)", rf"\n\g<1>{name}: {value}\n\g<1>\g<2>", text)
        self.commit({path: changed}, f"Set {name} to {value}")

    @property
    def action_reference(self) -> str:
        """What the workflow's `uses:` says for this project."""
        jobs = yaml.safe_load(self.read(f".github/workflows/{WORKFLOW}"))["jobs"].values()
        steps = [step for job in jobs for step in job["steps"]]
        return next(str(step["uses"]) for step in steps if "mwaa-deploy@" in step.get("uses", ""))

    def run(
        self, event: str, *, base: str = "", workflow: str = WORKFLOW, inputs: Mapping[str, str] | None = None
    ) -> ActResult:
        """Run a workflow as GitHub would for the event, and have GitHub remember how it ended.

        Args:
            base: SHA of the branch that a pull request goes to.
            workflow: file name.
            inputs: of a workflow_dispatch.
        """
        run_id = new_run_id()
        self.run_ids.append(run_id)
        ref = "refs/pull/1/merge" if event == "pull_request" else "refs/heads/main"
        claims = {"event_name": event, "ref": ref, "sha": self.head, "run_id": str(run_id), **self.claims}
        oidc = self.world.register_job(**claims)
        permissions = {"actions": "read", "contents": "read"}
        if event == "pull_request":
            self.world.open_pull_request(1, branch="change", sha=self.head)
            permissions["pull-requests"] = "write"
        token = self.world.add_token(permissions)
        self.world.record_run(run_id, workflow, self.head, "main", event, None)
        act = Act(
            repository=self.folder,
            action=self.action,
            action_reference=self.action_reference,
            token=token,
            user=self.user,
            variables={"MWAA_DEPLOY_ROLE": self.role, **self.variables},
            env={
                "AWS_ENDPOINT_URL": self.world.aws_url,
                "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
                "GITHUB_API_URL": self.world.github_url,
                "GITHUB_RUN_ID": str(run_id),
                "GITHUB_WORKFLOW_REF": f"{GITHUB_REPOSITORY}/.github/workflows/{workflow}@{ref}",
                **oidc,
                **self.env,
            },
        )
        payload = self._payload(event, base) | ({"inputs": dict(inputs)} if inputs else {})
        result = act.run(event, payload=payload, workflow=workflow)
        conclusion = "success" if result.succeeded else "failure"
        self.world.record_run(run_id, workflow, self.head, "main", event, conclusion)
        return result

    def _payload(self, event: str, base: str) -> dict[str, Any]:
        repository = {"full_name": GITHUB_REPOSITORY, "default_branch": "main"}
        payload: dict[str, Any] = {"repository": repository}
        if event == "pull_request":
            head = {"ref": "change", "sha": self.head, "repo": repository}
            payload["pull_request"] = {
                "number": 1,
                "head": head,
                "base": {"ref": "main", "sha": base, "repo": repository},
            }
        return payload
