"""The story on one screen: inputs → project → base → changes → checks → plan → apply → verify → record."""

import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from mwaa_deploy.bundle.artefacts import Bundle, build_bundle
from mwaa_deploy.bundle.completion import complete_parameters
from mwaa_deploy.checks.verdicts import CheckReport
from mwaa_deploy.commenting import comment_for
from mwaa_deploy.context import GitHubContext
from mwaa_deploy.deployment import deploy, look_first, tell_plan, what_stays
from mwaa_deploy.drift_watch import watch_drift
from mwaa_deploy.errors import ChecksFailed, CredentialsMissing, OidcUnavailable, RoleRefused
from mwaa_deploy.inputs import MODES_OF_PROPOSALS, Inputs, Mode, effective_mode
from mwaa_deploy.job import Job
from mwaa_deploy.journal import Journal
from mwaa_deploy.offline_plan import make_offline_plan
from mwaa_deploy.plan import Plan
from mwaa_deploy.plan_ahead import look_ahead
from mwaa_deploy.ports import Clock, Log, PullRequests, Relation, Repository, WorkflowRuns
from mwaa_deploy.promotion import NO_CHECKS, Source, find_promotion
from mwaa_deploy.rollback import run_rollback
from mwaa_deploy.runner.image_publishing import PublishedImage
from mwaa_deploy.saved_plan import SavedPlan, plan_path, read_saved
from mwaa_deploy.source.changes import Base, Changes
from mwaa_deploy.source.commit_relation import relation_to
from mwaa_deploy.source.find_base import find_changes
from mwaa_deploy.source.find_project import find_project
from mwaa_deploy.source.project import Project
from mwaa_deploy.target.ports_of_target import Author, Target


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

    def pull_requests(self) -> PullRequests:
        """The repository's pull requests."""

    def check(self, project: Project, bundle: Bundle, changes: Changes) -> CheckReport:
        """Run the checks that the changes call for, in a runner that is gone afterwards."""

    def publish_image(self) -> PublishedImage:
        """Build the runner image and push it to the registry that the inputs name."""

    def target(self) -> Target:
        """Bucket, stack and environments, with credentials."""

    def promotion_source(self) -> Source:
        """The target that artefacts are promoted from, with credentials of its own."""


def run(inputs: Inputs, context: GitHubContext, edges: Edges, log: Log, journal: Journal) -> None:
    """Do what the inputs say. What is found out goes into the journal as soon as it is known.

    Raises:
        MwaaDeployError: whatever ends the run before its time; nothing is changed before the checks have passed.
    """
    journal.mode = effective_mode(inputs.mode, context.event_name)
    journal.target, journal.run_url = inputs.target_name, context.run_url
    if journal.mode is Mode.COMMENT:
        with journal.step("comment"):
            journal.commented = comment_for(edges.workspace / inputs.report, context, edges.pull_requests, log)
        return
    if journal.mode is Mode.IMAGE:
        with journal.step("image"):
            journal.image = edges.publish_image()
        return
    if journal.mode is Mode.ROLLBACK:
        run_rollback(inputs, context, edges.target(), log, journal)
        return
    if journal.mode is Mode.DRIFT:
        watch_drift(inputs, edges.target(), log, journal)
        return
    saved = _saved_plan(inputs, edges, journal)
    with tempfile.TemporaryDirectory(prefix="mwaa-deploy-") as work:
        with journal.step("read the project"):
            project = journal.project = find_project(edges.workspace, inputs)
            bundle = build_bundle(project, Path(work), dict(inputs.parameter_values))
            _require_known_parameters(bundle)
        changes = journal.changes = _changes(project, inputs, context, edges, log, journal)
        if _promotes(inputs, context, journal):
            bundle = _promote(bundle, edges, Path(work), log, journal)
        else:
            with journal.step("checks"):
                checks = journal.checks = edges.check(project, bundle, changes)
            if checks.failed:
                raise ChecksFailed("Checks failed; AWS has not been asked for anything.")
        if journal.mode is Mode.CHECK:
            return

        with journal.step("plan"):
            job = _job(inputs, context, edges, bundle, journal, saved)
            first = look_first(job) if job else None
            journal.state = first.state if first else None
            plan = journal.plan = first.plan if first else _offline_plan(inputs, bundle, changes)
        if job is not None and first is not None:
            if journal.mode is Mode.DEPLOY:
                deploy(job, first, log, journal)
                return
            with journal.step("look ahead"):
                ahead = look_ahead(job, first.state, plan)
            plan = journal.plan = ahead.plan
            journal.notes += [*plan.obstacles, *ahead.notes, *what_stays(job, plan)]
        tell_plan(plan, log, journal)


def _promotes(inputs: Inputs, context: GitHubContext, journal: Journal) -> bool:
    """Whether the artefacts come from another target. A proposal is checked and planned as it is checked out."""
    if not inputs.promote_from or journal.mode is Mode.CHECK:
        return False
    if context.event_name in MODES_OF_PROPOSALS:
        source = inputs.promote_from
        journal.notes.append(f"A deployment takes the artefacts from {source}; this plan is made of the checkout.")
        return False
    return True


def _promote(bundle: Bundle, edges: Edges, work: Path, log: Log, journal: Journal) -> Bundle:
    """What the source holds in place of what was made of the checkout."""
    assert journal.changes is not None  # noqa: S101 -- the pipeline has found them before
    with journal.step("find what is promoted"):
        folder = work / "promoted"
        folder.mkdir()
        promotion = find_promotion(edges.promotion_source(), journal.changes.head, folder)
        promoted = promotion.bundle(bundle)
    journal.promotion = promotion
    journal.notes += promotion.notes(bundle)
    log.info(f"{promotion.text} {NO_CHECKS}")
    return promoted


def _saved_plan(inputs: Inputs, edges: Edges, journal: Journal) -> SavedPlan | None:
    """The plan that is to be carried out, if one is named; where one is made, the journal learns where it goes."""
    if not inputs.plan_file:
        return None
    if journal.mode is Mode.DEPLOY:
        return read_saved(edges.workspace, inputs.plan_file)
    journal.plan_path = plan_path(edges.workspace, inputs.plan_file)
    return None


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


def _job(  # noqa: PLR0917 -- what the pipeline itself is given
    inputs: Inputs, context: GitHubContext, edges: Edges, bundle: Bundle, journal: Journal, saved: SavedPlan | None
) -> Job | None:
    """The deployment that is asked for; None for a proposal that may not see the target, or where none is named."""
    changes = journal.changes
    assert changes is not None  # noqa: S101 -- the pipeline has found them before
    if not inputs.names_target:
        return None
    try:
        target = edges.target()
    except (OidcUnavailable, RoleRefused, CredentialsMissing) as e:
        if context.pull_request_base is None:
            raise
        who = (
            "A pull request from a fork gets no token" if context.from_fork else "This pull request has no credentials"
        )
        journal.notes.append(f"{who}, so the target was not looked at: {e.what}")
        return None
    target.bucket.check()
    promoted = journal.promotion
    author = Author(
        commit=changes.head,
        run_url=context.run_url,
        promoted_from=promoted.origin if promoted else None,
        ref=context.ref,
    )
    return Job(
        inputs=inputs,
        bundle=bundle,
        changes=changes,
        target=target,
        author=author,
        found_dags=promoted.found_dags if promoted else _found_dags(journal),
        promoted=promoted,
        saved=saved,
        run=context.run,
        attempt=context.run_attempt,
        relation=_relation(journal, context, edges),
    )


def _relation(journal: Journal, context: GitHubContext, edges: Edges) -> Callable[[str, str], Relation | None]:
    """How the commit that is checked out stands to another one; only asked if it comes to that."""

    def relation(sha: str, ref: str) -> Relation | None:
        project = journal.project
        assert project is not None  # noqa: S101 -- the pipeline has found it before
        with edges.repository(project) as repository:
            runs, same = edges.workflow_runs(), bool(ref) and ref == context.ref
            return relation_to(sha, repository, runs, ref_name=context.ref_name, same_ref=same)

    return relation


def _found_dags(journal: Journal) -> dict[str, tuple[str, ...]] | None:
    """The DAGs that the checks found, by file in the DAG folder; None if they parsed none."""
    checks, project = journal.checks, journal.project
    if checks is None or project is None or not checks.dag_files:
        return None
    folder = f"{project.in_repository(project.dags)}/"
    found: dict[str, tuple[str, ...]] = {}
    for file in checks.dag_files:
        # What lies in a zip file goes by the name of the zip file.
        name = file.name.removeprefix(folder)
        found[name] = (*found.get(name, ()), *(dag.id for dag in file.dags))
    return found


def _offline_plan(inputs: Inputs, bundle: Bundle, changes: Changes) -> Plan:
    plan = make_offline_plan(
        bundle,
        base=changes.base.sha,
        base_reason=changes.base.reason,
        files=changes.files,
        without_stack=inputs.without_stack,
    )
    return replace(plan, commit=changes.head)
