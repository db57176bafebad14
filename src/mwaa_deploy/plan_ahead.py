"""A plan that is only to be told: with CloudFormation's own view, and with what a deployment would run into."""

from dataclasses import dataclass, replace

from mwaa_deploy.deletion_guard import deletion_refusal
from mwaa_deploy.errors import AwsAccessDenied, ChangeSetFailed, StackBusy, StackUnusable
from mwaa_deploy.job import Job
from mwaa_deploy.overwrite_guard import overwrite_refusal
from mwaa_deploy.plan import Plan
from mwaa_deploy.plan_preview import with_change_set
from mwaa_deploy.target.recovery import Remedy, recovery_for, recovery_refused
from mwaa_deploy.target.replacement import refused_changes, what_is_lost
from mwaa_deploy.target.state import TargetState


@dataclass(frozen=True, kw_only=True)
class PlanAhead:
    """A plan to be told.

    Attributes:
        notes: what could not be found out, a sentence each.
    """

    plan: Plan
    notes: tuple[str, ...] = ()


def look_ahead(job: Job, state: TargetState, plan: Plan) -> PlanAhead:
    """Add to a plan what CloudFormation says, and what would keep a deployment waiting or refuse it.

    Nothing is left at the target. What cannot be found out for lack of rights is a note: a plan is often made with
    fewer rights than a deployment.
    """
    obstacles, notes = [], []
    if running := job.running(state):
        obstacles.append(f"{running.state}; a deployment would wait for it first.")
    elif (recovery := recovery_for(plan, state.stack, consent=job.may_recreate)).remedy is Remedy.REFUSE:
        assert state.stack is not None  # noqa: S101 -- what is not there needs no recovery
        obstacles.append(refused(recovery_refused(state.stack, recovery).what))
    elif recovery.remedy is Remedy.DELETE:
        assert state.stack is not None  # noqa: S101 -- what is not there needs no recovery
        name, status = state.stack.name, state.stack.status
        notes.append(f"Stack {name} is {status}: a deployment would delete it and create it again.")
    else:
        try:
            plan = with_change_set(plan, job.preview(state, plan))
        except (StackBusy, StackUnusable, ChangeSetFailed) as e:
            obstacles.append(refused(e.what))
        except AwsAccessDenied as e:
            notes.append(f"CloudFormation's own view is missing from this plan: {_first_line(e.what)}")
    lost = [
        what_is_lost(change, plan.change_set or ())
        for change in refused_changes(plan.change_set or (), job.target.bucket.name)
    ]
    if job.target.allow_replacement:
        notes += [f"{what} allow-replacement lets it." for what in lost]
    else:
        obstacles += [refused(what) for what in lost]
    taken = job.target.takes_over_dags
    if refusal := deletion_refusal(plan.dags, state, job.target.deletions, takes_over=taken):
        obstacles.append(refused(refusal.what))
    if overwriting := overwrite_refusal(plan.dags, state, job.bundle.dags, allowed=taken):
        obstacles.append(refused(overwriting.what))
    return PlanAhead(plan=replace(plan, obstacles=tuple(obstacles)), notes=tuple(notes))


def refused(what: str) -> str:
    """The sentence for what a deployment would end with."""
    return f"A deployment would be refused: {_first_line(what).rstrip(':.')}."


def _first_line(text: str) -> str:
    return text.partition("\n")[0]
