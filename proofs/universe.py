"""A model of everything a run talks to: git and GitHub, S3, CloudFormation and MWAA, with a clock of its own."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from mwaa_deploy.errors import GitHubUnavailable
from mwaa_deploy.inputs import DeployWith, Inputs, Mode
from mwaa_deploy.parts import Part
from proofs.contents import DAG_FOLDERS, content_of, dag_path, shown
from proofs.model_edges import PreparedRun
from proofs.runs import ENVIRONMENT, JOB, RunPlan, RunResult, Write
from proofs.steps import PACES, PACES_WITHOUT_STACK, Force
from proofs.tripwire import Tripwire
from proofs.virtual_time import VirtualTime
from tests.fakes.bucket import FakeBucket
from tests.fakes.environment import FakeEnvironment
from tests.fakes.repository import Commits
from tests.fakes.stack import FakeStack
from tests.fakes.workflow_runs import FakeWorkflowRuns
from tests.fakes.world import FILES, given_environment

STACK = "mwaa-staging"
ANOTHER = "mwaa-another"
PATIENCE = timedelta(hours=2)
"""Less than a run waits for a stack, by what it takes itself."""
WITH_STACK = Inputs(
    airflow_version="2.10.3",
    mode=Mode.DEPLOY,
    template="template.yaml",
    parameters="parameters.yml",
    stack_name=STACK,
    bucket="mwaa-bucket",
    aws_region="eu-west-1",
    role_to_assume="arn:aws:iam::123456789012:role/mwaa-deploy",
    max_deletions=1000,
    max_deletion_share=100,
)
WITHOUT_STACK = replace(
    WITH_STACK,
    deploy_with=DeployWith.ENVIRONMENT_API,
    environment_name=ENVIRONMENT,
    template="",
    parameters="",
    stack_name="",
)
_AT_REST = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}
_OF_STACKS = {"template.yaml", "parameters.yml"}


class Universe:
    """One repository, and one target that its workflow deploys to.

    Args:
        place: folder for checkouts.
        with_stack: whether a template makes the environment; else somebody has made it, and MWAA's API updates it.

    Attributes:
        inputs: what a run is told that is told nothing else.
        main: the commit that the branch is at.
        removed: the commits that force-pushes have taken off it, in order.
        writes: of DAG files by runs, in order.
    """

    def __init__(self, place: Path, *, with_stack: bool = True) -> None:
        self.with_stack = with_stack
        self.inputs = WITH_STACK if with_stack else WITHOUT_STACK
        self.time = VirtualTime()
        self.wire = Tripwire(self.time)
        self.bucket = FakeBucket(target=self.target)
        self.environment = FakeEnvironment(self.time)
        self.stack = FakeStack(STACK, environment=self.environment, clock=self.time, seconds=1200)
        for fake in (self.bucket, self.environment, self.stack):
            fake.knobs = self.wire
        self.commits = Commits()
        self.main = self.commits.commit(
            FILES if with_stack else {path: text for path, text in FILES.items() if path not in _OF_STACKS}
        )
        self.removed: list[str] = []
        self.writes: list[Write] = []
        self.bucket.on_write = self._written
        if not with_stack:
            self.environment.put(given_environment(ENVIRONMENT, self.bucket.name))
        self._running: dict[str, RunPlan] = {}
        self.runs: list[RunResult] = []
        self._github: dict[int, tuple[str, str]] = {}
        self._place = place
        self._numbers = 0

    @property
    def target(self) -> str:
        """What the target is called in the bucket."""
        return self.inputs.target_name

    # ------------------------------------------------------------------------------------------------------- people

    def push(self, edits: Mapping[str, str | None], *, force: Force = Force.NO) -> str:
        """The commit that the branch is at now."""
        parents: tuple[str, ...] = (self.main,)
        if force is not Force.NO and self.commits.commits[self.main].parents:
            self.removed.append(self.main)
            parents = self.commits.commits[self.main].parents
        if force is Force.SET_BACK:
            self.main = self.commits.names["main"] = parents[0]
            return self.main
        before = self.commits.commits[parents[0]].files
        real = {path: text for path, text in edits.items() if text is not None or path in before}
        if not self.with_stack:
            real = {path: text for path, text in real.items() if path not in _OF_STACKS}
        self.main = self.commits.commit(real, parents=parents)
        return self.main

    def revert(self) -> str:
        """A new commit on the branch that takes back what the last one has changed."""
        now = self.commits.commits[self.main]
        before = self.commits.commits[next(iter(now.parents), self.main)].files
        edits: dict[str, str | None] = {path: None for path in now.files if path not in before}
        self.main = self.commits.commit({**edits, **before}, parents=[self.main])
        return self.main

    def another_target_writes(self, key: str, body: bytes) -> None:
        """A deployment to another target, which by mistake has the same folder, uploads a DAG file."""
        other = self.bucket.of_target(ANOTHER)
        other.put(key, body, sha256=digest(body), commit="f" * 40)

    def another_target_leaves(self) -> None:
        """Somebody has given the other target a folder of its own, and taken its files away."""
        if self.taken:
            self.bucket.delete(self.taken)

    def lead_elsewhere(self, part: Part) -> None:
        """Somebody has the environment read a part from another place, where the very same lies; DAG files do not."""
        state = self.environment.now(ENVIRONMENT)
        if state is None or state.status != "AVAILABLE":
            return
        if part is Part.DAGS:
            here, there = DAG_FOLDERS
            now = state.paths.get(Part.DAGS)
            self.environment.bring(ENVIRONMENT, versions={}, paths={part: there if now == here else here})
        elif body := self.live_parts().get(part):
            version = self.bucket.put_foreign(f"theirs-{part}", body).version
            self.environment.bring(ENVIRONMENT, versions={part: version}, paths={part: f"theirs-{part}"})

    def update_stack_by_hand(self, template: str) -> None:
        """Somebody updates the stack with another template and the parameters that it has, if nothing runs there."""
        stack, environment, deployed = self.stack.state(), self.environment.now(ENVIRONMENT), self.stack.deployed
        if stack is None or environment is None or deployed is None or template == self.stack.body:
            return
        if stack.status in _AT_REST and environment.status == "AVAILABLE":
            self.time.advance(60)
            self.stack.deploy(template, deployed.parameters)

    def go_at(self, pace: str) -> None:
        """Let AWS go about the next run at a pace of steps.py's."""
        if self.with_stack:
            vars(self.stack).update(PACES[pace])
        else:
            vars(self.environment).update(PACES_WITHOUT_STACK.get(pace, {}))

    # --------------------------------------------------------------------------------------------------------- runs

    def run(self, plans: Sequence[RunPlan], choices: Sequence[int] = ()) -> list[RunResult]:
        """Let runs happen, side by side if there are several."""
        prepared = [PreparedRun(self, plan) for plan in plans]
        for each in prepared:
            self.wire.lay(each.name, each.plan.trips)
            self._running[each.name] = each.plan
        tasks = self.time.run([(each.name, each.go) for each in prepared], choices)
        results = [
            RunResult(
                number=each.number,
                plan=each.plan,
                journal=each.journal,
                error=task.error,
                calls=task.calls,
                ended=task.ended or self.time.now(),
            )
            for each, task in zip(prepared, tasks, strict=True)
        ]
        for result in results:
            self._github[result.number] = (result.plan.sha, "success" if result.green else "failure")
        self.runs += results
        return results

    def next_number(self) -> int:
        """The number of the next run."""
        self._numbers += 1
        return self._numbers

    def github(self, run_id: int, *, down: bool = False) -> FakeWorkflowRuns:
        """GitHub's memory as a run sees it."""
        refusal = GitHubUnavailable("GitHub's API did not answer") if down else None
        memory = FakeWorkflowRuns(job=JOB, run_id=run_id, commits=self.commits, refusal=refusal)
        for number, (sha, conclusion) in self._github.items():
            memory.record(number, sha, jobs={JOB: conclusion})
        return memory

    def checkout(self, sha: str) -> Path:
        """The files of a commit, written once."""
        folder = self._place / sha
        if not folder.exists():
            (folder / ".git").mkdir(parents=True)
            for name, text in self.commits.commits[sha].files.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text(text, encoding="utf-8")
        return folder

    # ------------------------------------------------------------------------------------------- what is really there

    def live_parts(self) -> dict[str, bytes | None]:
        """Bytes of what the environment runs with, by part; None for an object that is gone."""
        state = self.environment.now(ENVIRONMENT)
        if state is None:
            return {}
        found: dict[str, bytes | None] = {}
        for part, version in state.versions.items():
            versions = self.bucket.versions.get(state.paths[part], ())
            found[part] = next((entry.body for entry in versions if entry.id == version), None)
        return found

    def live_dags(self) -> dict[str, bytes]:
        """The DAG files that the environment reads, by path in the project."""
        state = self.environment.now(ENVIRONMENT)
        folder = state.paths.get(Part.DAGS, "dags") if state else "dags"
        return {
            path: body
            for key, body in self.bucket.contents.items()
            if key.startswith(f"{folder}/") and (path := dag_path(key))
        }

    @property
    def taken(self) -> list[str]:
        """The keys of the DAG files that another target's deployment has written."""
        return [key for key in self.bucket.contents if dag_path(key) and self._another(key)]

    def _another(self, key: str) -> bool:
        """Whether the object at a key carries another target's name."""
        versions = self.bucket.versions.get(key, ())
        return any(last.body is not None and last.target not in {None, self.target} for last in versions[-1:])

    @property
    def occupied(self) -> bool:
        """Whether something that an earlier run has begun goes on for longer than a run waits."""
        ends = [at for at, _ in self.environment._later]  # noqa: SLF001 -- what will come of it
        underway = self.stack._underway  # noqa: SLF001
        if underway is not None:
            ends.append(underway.until)
        return max(ends, default=self.time.now()) - self.time.now() > PATIENCE

    # -------------------------------------------------------------------------------------------------- looking on

    def _written(self, key: str, body: bytes | None) -> None:
        task, path = self.time.mine(), dag_path(key)
        if task is None or path is None:
            return
        early = self._early(self._running[task.name])
        lost = self._another(key) and self.bucket.versions[key][-1].body != body
        self.writes.append(Write(run=task.name, key=path, body=body, early=early, over_anothers=lost))

    def _early(self, plan: RunPlan) -> str:
        """Why it is too early for a DAG file: the environment does not run with what the file needs."""
        state = self.environment.now(ENVIRONMENT)
        if state is None or state.status not in {"AVAILABLE", "UPDATE_FAILED"}:  # the latter runs what it ran before
            return f"the environment is {state.status if state else 'not there'}"
        if plan.inputs.mode is Mode.ROLLBACK or plan.inputs.rollback_on_failure:
            return ""  # earlier content may be what is meant
        live = self.live_parts()
        for part, wanted in content_of(self.commits.commits[plan.sha].files).parts.items():
            if wanted is not None and wanted != shown(part, live.get(Part(part))):
                return f"the environment's {part} is not the commit's"
        return ""


def digest(body: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(body).hexdigest()
