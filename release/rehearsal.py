"""The rehearsal: a release on this computer, up to what is public, with the code and the workflow of the real one."""

import datetime as dt
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from lab.processes import ROOT
from lab.project import new_run_id
from lab.workflow import Act, ActResult, export_checkout
from release.commit import Checkout, branch_of
from release.errors import NotReleasable
from release.image_lock import TARGETS
from release.images import Engine, image_tag
from release.local_registry import local_registry
from release.version import VERSION

WORKFLOW = "smoke.yml"
KEPT = "mwaa-deploy/rehearsal"
CHECKOUT = """
name: Check out a commit
description: Stands in for actions/checkout, which is not to be had here.
inputs:
  ref: {description: The commit., required: true}
  persist-credentials: {description: Unused.}
runs:
  using: composite
  steps:
    - shell: bash
      env: {REF: "${{ inputs.ref }}"}
      run: |
        git init --quiet .
        git fetch --quiet --depth 1 "$REHEARSAL_ORIGIN" "$REF"
        git checkout --quiet --detach FETCH_HEAD
        test "$(git rev-parse HEAD)" = "$REF"
        git remote add origin https://github.com/acme/mwaa-deploy.git
"""


def rehearse(source: Path, *, targets: Sequence[str] | None, env: Mapping[str, str]) -> None:
    """Release the checkout as it is, changes included, to a registry of the lab; the checkout is not touched.

    Args:
        source: the checkout.
        targets: the images to try; None for all.
        env: MWAA_DEPLOY_BASE_IMAGE is heeded.

    Raises:
        NotReleasable: at the step that fails, as the release would.
    """
    subprocess.run([ROOT / "scripts" / "base_image.sh"], check=True, stdout=sys.stderr)
    base = {"MWAA_DEPLOY_BASE_IMAGE": env.get("MWAA_DEPLOY_BASE_IMAGE") or "mwaa-deploy/base:bookworm"}
    with TemporaryDirectory(prefix="mwaa-deploy-rehearsal-") as name, local_registry(Path(name)) as (registry, config):
        stage = _Stage(Path(name), {**base, "DOCKER_CONFIG": config}, f"{registry}/mwaa-deploy")
        try:
            stage.prepare(source)
            commit = stage.build()
            stage.forget()
            with ThreadPoolExecutor() as pool:  # as GitHub's jobs, beside one another
                going = [pool.submit(stage.smoke, commit, target) for target in targets or TARGETS]
                going.append(pool.submit(stage.draft, commit))
            for job in going:
                job.result()
        finally:
            stage.forget()
    _tell("All but the publication went well.")


class _Stage:
    """A repository as on GitHub, the maintainer's clone, and the release's."""

    def __init__(self, folder: Path, env: Mapping[str, str], repository: str) -> None:
        self._folder, self._env, self._repository = folder, dict(env), repository
        self._engine = Engine({**os.environ, **env})
        self._origin = folder / "origin.git"
        self._version, self._parent = "", ""
        self._references: dict[str, str] = {}

    def prepare(self, source: Path) -> None:
        """The maintainer's part: a commit on main whose files agree on the next version."""
        maintainer = Checkout(self._folder / "maintainer")
        export_checkout(source, maintainer.folder)
        maintainer.git("init", "--quiet", "--initial-branch", "main")
        self._version = _next_version(maintainer)
        today = dt.datetime.now(tz=dt.UTC).date().isoformat()
        _step(maintainer, self._env, "prepare", self._version, "--day", today)
        maintainer.git("add", "--all")
        maintainer.git("commit", "--quiet", "--message", f"Prepare {self._version}")
        self._parent = maintainer.head
        maintainer.git("clone", "--quiet", "--bare", ".", str(self._origin))
        _tell(f"Version {self._version} is prepared.")

    def build(self) -> str:
        """The release's first job: check, build, push, commit; the release commit."""
        runner = self._clone("release", self._parent)
        _step(runner, self._env, "check", self._version)
        output = self._folder / "output"
        _step(
            *(runner, {**self._env, "GITHUB_OUTPUT": str(output)}, "build", self._version),
            *("--repository", self._repository),
        )
        told = dict(line.split("=", 1) for line in output.read_text(encoding="utf-8").splitlines())
        runner.git("push", "--quiet", "origin", f"HEAD:refs/heads/{branch_of(self._version)}")
        commit = told.pop("commit")
        self._references = told
        _step(runner, self._env, "verify-commit", commit, "--parent", self._parent)
        _tell(f"Release commit: {commit}")
        for target, reference in told.items():
            # Under a name that nobody asks for, so that the next build has its layers.
            self._engine.name(f"{self._repository}:{image_tag(self._version, target)}", f"{KEPT}:{target}")
            _tell(f"Image of {target}: {reference}")
        return commit

    def forget(self) -> None:
        """Take the names of what was built or pulled from the engine, as whoever uses the release has none of them."""
        self._engine.forget(*self._names())

    def smoke(self, commit: str, target: str) -> None:
        """The release's second job, by act, on a clean clone of the release commit."""
        if self._engine.has(self._references[target]):
            message = f"{self._references[target]} is still here, so that nobody would see it pulled"
            raise NotReleasable(message)
        clone = self._clone(f"smoke-{target}", commit)
        run_id = new_run_id()
        stand_in = self._folder / "checkout"
        stand_in.mkdir(exist_ok=True)
        (stand_in / "action.yml").write_text(CHECKOUT, encoding="utf-8")
        act = Act(
            repository=clone.folder,
            action=stand_in,
            action_reference=_used(clone.folder / ".github" / "workflows" / WORKFLOW, "actions/checkout"),
            env={**self._env, "GITHUB_RUN_ID": str(run_id), "REHEARSAL_ORIGIN": str(self._origin)},
        )
        started = time.monotonic()
        result = act.run(
            *("workflow_call",),
            payload={"inputs": {"commit": commit, "version": self._version, "registry": ""}},
            workflow=WORKFLOW,
            options=("--matrix", f"target:{target}"),
        )
        judge(result, self._references[target], self._version)
        _tell(f"{target}: pulled and tried in {time.monotonic() - started:.0f} s; nothing was built.")

    def draft(self, commit: str) -> None:
        """What the release's draft is made of: the Python package, and the notes."""
        clone = self._clone("draft", commit)
        archives = _step(clone, self._env, "package", self._version).split()
        notes = _step(clone, self._env, "notes", self._version)
        _tell(f"Draft: {', '.join(Path(path).name for path in archives)}; {len(notes.splitlines())} lines of notes.")

    def _names(self) -> list[str]:
        tags = [f"{self._repository}:{image_tag(self._version, target)}" for target in TARGETS]
        return [*tags, *self._references.values()]

    def _clone(self, name: str, commit: str) -> Checkout:
        clone = Checkout(self._folder / name)
        clone.folder.mkdir()
        clone.git("clone", "--quiet", "--no-checkout", str(self._origin), ".")
        clone.git("checkout", "--quiet", "-B", "main", commit)
        return clone


def judge(result: ActResult, reference: str, version: str) -> None:
    """Hold a run of the smoke suite to what it has to show.

    Raises:
        NotReleasable: it failed, or another image was used, or one was built; with the end of its log.
    """
    wrong = [] if result.succeeded else ["the smoke suite failed"]
    if f"Pull {reference}" not in result.log:
        wrong.append(f"{reference} was not pulled")
    if "Build the image of the action" in result.log:
        wrong.append("an image of the action was built")
    if f"The action has run in {reference}, which is of version {version}" not in result.log:
        wrong.append(f"the action was not seen to run in {reference}")
    if wrong:
        raise NotReleasable("\n".join([*wrong, *result.log.splitlines()[-400:]]))


def _used(workflow: Path, action: str) -> str:
    """How a workflow names an action: with the commit it is pinned to."""
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"].values()
    steps = [step for job in jobs for step in job["steps"]]
    return next(str(step["uses"]) for step in steps if step.get("uses", "").startswith(f"{action}@"))


def _next_version(checkout: Checkout) -> str:
    """The version that the files name now."""
    said = VERSION.search(checkout.read_files().package)
    if not said:
        message = "src/mwaa_deploy/__init__.py names no version"
        raise NotReleasable(message)
    return said[0]


def _step(checkout: Checkout, env: Mapping[str, str], *argv: str) -> str:
    """Take a step as release.yml does, in the checkout, by its own code; what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "release", *argv],
        cwd=checkout.folder,
        env={**os.environ, "PYTHONPATH": str(checkout.folder), **env},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        message = f"python -m release {' '.join(argv)} ended with {done.returncode}; what it said is above"
        raise NotReleasable(message)
    return done.stdout


def _tell(text: str) -> None:
    print(f"rehearsal: {text}", flush=True)
