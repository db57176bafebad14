"""The story on one screen: inputs → project → base → changes → checks → plan → apply → verify → record."""

import tempfile
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Protocol

from mwaa_deploy.bundle.artefacts import Bundle, build_bundle
from mwaa_deploy.bundle.completion import complete_parameters
from mwaa_deploy.checks.verdicts import CheckReport, Severity
from mwaa_deploy.context import GitHubContext
from mwaa_deploy.deletion_guard import deletion_refusal
from mwaa_deploy.errors import ChecksFailed, CredentialsMissing, OidcUnavailable, RoleRefused
from mwaa_deploy.inputs import Inputs, Mode, effective_mode
from mwaa_deploy.journal import Journal
from mwaa_deploy.offline_plan import make_offline_plan
from mwaa_deploy.outcome import Progress
from mwaa_deploy.parts import VERSIONED_PARTS
from mwaa_deploy.plan import Plan
from mwaa_deploy.planner import make_plan
from mwaa_deploy.ports import Annotation, Clock, Log, Repository, WorkflowRuns
from mwaa_deploy.report.plan_text import plan_lines
from mwaa_deploy.runner.image_publishing import PublishedImage
from mwaa_deploy.source.changes import Base, Changes
from mwaa_deploy.source.find_base import find_changes
from mwaa_deploy.source.find_project import find_project
from mwaa_deploy.source.project import Project
from mwaa_deploy.target.apply import apply
from mwaa_deploy.target.ports_of_target import Author, Target
from mwaa_deploy.target.settle import settle, what_runs
from mwaa_deploy.target.state import TargetState, read_state


class Edges(Protocol):
    """What the pipeline needs of the outside. Each is opened when its turn comes: credentials after the checks."""

    @property
    def clock(self) -> Clock:
        """Time."""

    @property
    def workspace(self) -> Path:
        """The folder that the checkout lies in."""

    def repository(self, project: Project) -> AbstractContextManager[Repository]:
        """The git checkout of the project."""

    def workflow_runs(self) -> WorkflowRuns | None:
        """GitHub's memory of the workflow's runs; None where there is no GitHub."""

    def check(self, project: Project, bundle: Bundle, changes: Changes) -> CheckReport:
        """Run the checks that the changes call for, in a runner that is gone afterwards."""

    def publish_image(self) -> PublishedImage:
        """Build the runner image and push it to the registry that the inputs name."""

    def target(self) -> Target:
        """Bucket, stack and environments, with credentials."""


def run(inputs: Inputs, context: GitHubContext, edges: Edges, log: Log, journal: Journal) -> None:
    """Do what the inputs say. What is found out goes into the journal as soon as it is known.

    Raises:
        MwaaDeployError: whatever ends the run before its time; nothing is changed before the checks have passed.
    """
    journal.mode = effective_mode(inputs.mode, context.event_name)
    journal.target, journal.run_url = inputs.stack_name, context.run_url
    if journal.mode is Mode.IMAGE:
        with journal.step("image"):
            journal.image = edges.publish_image()
        return
    with tempfile.TemporaryDirectory(prefix="mwaa-deploy-") as work:
        with journal.step("read the project"):
            project = journal.project = find_project(edges.workspace, inputs)
            bundle = build_bundle(project, Path(work))
            _require_known_parameters(bundle)
        changes = journal.changes = _changes(project, inputs, context, edges, log, journal)
        with journal.step("checks"):
            checks = journal.checks = edges.check(project, bundle, changes)
        if checks.failed:
            raise ChecksFailed("Checks failed; AWS has not been asked for anything.")
        if journal.mode is Mode.CHECK:
            return

        with journal.step("plan"):
            target, state, plan = _plan(inputs, context, edges, bundle, journal)
        journal.plan = plan
        with log.group("Plan"):
            log.info("\n".join(plan_lines(plan)))
        for note in (*journal.notes, *plan.notes):
            log.annotate(Annotation(severity=Severity.PASS, title="Plan", message=note))
        if target is None or state is None or journal.mode is not Mode.DEPLOY:
            return

        progress, author = Progress(edges.clock), Author(commit=changes.head, run_url=context.run_url)
        try:
            with journal.step("deploy"):
                apply(plan, bundle=bundle, state=state, target=target, author=author, progress=progress)
        finally:
            journal.outcome = progress.outcome()
            name = progress.environment_name or (state.environment and state.environment.name)
        journal.environment = target.environments.get(name) if name else None


def _changes(  # noqa: PLR0917 -- what the pipeline itself is given
    project: Project, inputs: Inputs, context: GitHubContext, edges: Edges, log: Log, journal: Journal
) -> Changes:
    """What differs from the base; a check outside of a workflow has none if none is given, and needs no commit then."""
    if journal.mode is Mode.CHECK and not context.event_name and not inputs.base:
        return Changes(base=Base(sha=None, reason="there is no workflow run to compare with"), head="")
    with journal.step("find the changes"), edges.repository(project) as repository:
        changes = find_changes(project, context, repository, edges.workflow_runs(), explicit=inputs.base)
    log.info(f"Head {changes.head}; base {changes.base.sha or 'none'}: {changes.base.reason}.")
    return changes


def _require_known_parameters(bundle: Bundle) -> None:
    """Compare template and parameters file before any work; what the stack may already have is found out later."""
    if bundle.template is not None:
        complete_parameters(bundle.template, bundle.parameters, dict.fromkeys(bundle.template.parameters, ""), {})


def _plan(
    inputs: Inputs, context: GitHubContext, edges: Edges, bundle: Bundle, journal: Journal
) -> tuple[Target | None, TargetState | None, Plan]:
    """The plan against the target; a proposal that may not see the target gets the plan that git alone can tell."""
    changes = journal.changes
    assert changes is not None  # noqa: S101 -- the pipeline has found them before
    base, files = changes.base, changes.files
    if not inputs.names_target:
        return None, None, make_offline_plan(bundle, base=base.sha, base_reason=base.reason, files=files)
    try:
        target = edges.target()
    except (OidcUnavailable, RoleRefused, CredentialsMissing) as e:
        if context.pull_request_base is None:
            raise
        who = (
            "A pull request from a fork gets no token" if context.from_fork else "This pull request has no credentials"
        )
        journal.notes.append(f"{who}, so the target was not looked at: {e.what}")
        return None, None, make_offline_plan(bundle, base=base.sha, base_reason=base.reason, files=files)
    target.bucket.check()
    state = _state(inputs, target, bundle, journal)
    journal.environment = state.environment
    plan = make_plan(bundle, state, base=base.sha, base_reason=base.reason, files=files)
    if journal.mode is not Mode.DEPLOY and (refusal := deletion_refusal(plan.dags, state, target.deletions)):
        journal.notes.append(f"A deployment would be refused: {refusal.what.splitlines()[0].rstrip(':')}.")
    # What was removed from the project but stays live is easily overlooked among what is kept.
    journal.notes += [
        op.reason for op in plan.operations if op.part in VERSIONED_PARTS and op.part not in bundle.artefacts
    ]
    return target, state, plan


def _state(inputs: Inputs, target: Target, bundle: Bundle, journal: Journal) -> TargetState:
    """The target as it is; before a deployment, as it is when nothing runs there any more."""
    read = partial(
        read_state,
        bucket=target.bucket,
        stack=target.stack,
        environments=target.environments,
        bundle=bundle,
        environment_name=inputs.environment_name,
        protected=inputs.protected_prefixes,
    )
    state = read()
    running = what_runs(state.stack, state.environment, state.unfinished, now=target.clock.now())
    if journal.mode is not Mode.DEPLOY:
        journal.notes += [f"{running.state}; a deployment would wait for it first."] if running else []
        return state
    settled = settle(state, target=target, read=read, environment_name=inputs.environment_name)
    journal.notes += [settled.note] if settled.note else []
    return settled.state
