"""Stack events in the step summary."""

from datetime import UTC, datetime, timedelta

from mwaa_deploy.errors import StackUpdateFailed, StackWaitTimedOut
from mwaa_deploy.inputs import Mode
from mwaa_deploy.journal import Journal
from mwaa_deploy.outcome import Outcome
from mwaa_deploy.ports import StackEvent
from mwaa_deploy.report.stack_events import stack_events_section
from mwaa_deploy.report.summary import render_summary

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
DENIED = "User: arn:aws:iam::1:role/x is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/mwaa"


def event(logical_id, status, reason="", *, kind="AWS::S3::Bucket", after=0):
    return StackEvent(
        at=NOW + timedelta(seconds=after),
        logical_id=logical_id,
        resource_type=kind,
        status=status,
        reason=reason,
        physical_id="",
    )


EVENTS = (
    event("Environment", "UPDATE_IN_PROGRESS", kind="AWS::MWAA::Environment"),
    event("Bucket", "UPDATE_FAILED", "Resource update cancelled", after=3),
    event("Environment", "UPDATE_FAILED", DENIED, kind="AWS::MWAA::Environment", after=5),
    event("Bucket", "UPDATE_FAILED", "Another <b>reason</b>", after=6),
)


def test_the_first_cause_comes_before_the_folded_events_with_its_advice():
    text = "\n\n".join(stack_events_section(EVENTS, told=""))
    cause, _, folded = text.partition("<details>")
    assert cause.startswith("❌ **First cause.** <code>Environment</code> (<code>AWS")
    assert "UPDATE&#95;FAILED: User" in cause
    assert "hands its execution role to MWAA" in cause
    assert '"Action": "iam:PassRole", "Resource": "arn:aws:iam::1:role/mwaa"' in cause
    assert "4 stack events" in folded
    assert "12:00:05 UPDATE_FAILED                Environment User" in folded


def test_a_reason_without_advice_is_told_as_it_is_and_is_no_markup():
    cause = stack_events_section(EVENTS[3:], told="")[0]
    assert cause.endswith("Another &#60;b&#62;reason&#60;/b&#62;")


def test_it_is_told_where_the_runs_error_does_not_name_it():
    def summary(error):
        return render_summary(Journal(mode=Mode.DEPLOY, outcome=Outcome(stack_events=EVENTS), error=error))

    assert "First cause" in summary(StackWaitTimedOut("Stack x is still UPDATE_ROLLBACK_IN_PROGRESS."))
    assert summary(StackUpdateFailed(f"Stack x ended.\nFirst cause: {DENIED}")).count("First cause") == 1


def test_a_nested_stacks_own_event_is_no_cause_beside_an_error_that_looked_inside():
    nested = event("Inner", "UPDATE_FAILED", "Embedded stack was not updated", kind="AWS::CloudFormation::Stack")
    assert "First cause" not in stack_events_section([nested], told="First cause: Topic ...")[0]
    assert "First cause" in stack_events_section([nested], told="")[0]


def test_nothing_failed_nothing_told():
    assert stack_events_section((), told="") == []
    assert "cause" not in "".join(stack_events_section(EVENTS[:1], told=""))
