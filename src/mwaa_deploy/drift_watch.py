"""The story of a look for drift: record → target → what differs. Nothing is changed."""

from pathlib import Path

from mwaa_deploy.bundle.artefacts import Bundle
from mwaa_deploy.bundle.template import parse_template
from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.drift import drift_since, find_drift, template_doubt
from mwaa_deploy.errors import AwsAccessDenied, DriftFound
from mwaa_deploy.inputs import Inputs
from mwaa_deploy.journal import Journal
from mwaa_deploy.ports import Annotation, Log
from mwaa_deploy.target.ports_of_target import Target
from mwaa_deploy.target.record import read_record, record_key
from mwaa_deploy.target.state import read_state

_SHOWN = 20


def watch_drift(inputs: Inputs, target: Target, log: Log, journal: Journal) -> None:
    """Compare the target with the record of its last deployment.

    Raises:
        DriftFound: it is not as that left it, or there is no record.
        MwaaDeployError: it cannot be looked at.
    """
    with journal.step("look at the target"):
        target.bucket.check()
        record = read_record(target.bucket, target.stack.name)
        if record is None:
            raise DriftFound(
                f"There is no record s3://{target.bucket.name}/{record_key(target.stack.name)}.",
                meaning="Nothing has been deployed to this target yet, or somebody has deleted the record.",
                mend="Deploy to it.",
            )
        body, denied = _template(target)
        # The record in the place of a project: what it names is looked at as closely as what would be shipped.
        bundle = Bundle(
            artefacts={},
            dags=record.dags,
            dag_folder=Path(),
            template=None if body is None else parse_template(body, name="the stack's template"),
        )
        state = journal.state = read_state(
            bucket=target.bucket,
            stack=target.stack,
            environments=target.environments,
            bundle=bundle,
            environment_name=inputs.environment_name,
            protected=inputs.protected_prefixes,
            without_stack=inputs.without_stack,
        )
    journal.environment = state.environment
    for note in template_doubt(state) or denied:
        journal.notes.append(note)
        log.annotate(Annotation(severity=Severity.PASS, title="Drift", message=note))
    found = journal.drift = find_drift(state, bundle.template)
    if not found:
        log.info(f"The target is as it was when {drift_since(record)}.")
        return
    lines = [f"- {drift.text}" for drift in found]
    with log.group("Drift"):
        log.info("\n".join(lines))
    more = [f"- and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    raise DriftFound(
        f"{len(found)} thing(s) changed since {drift_since(record)}:\n" + "\n".join([*lines[:_SHOWN], *more]),
        meaning="Somebody has changed the target without mwaa-deploy, or a deployment has not come to its end.",
        mend="Deploy again: that brings the target back to what the commit ships.",
    )


def _template(target: Target) -> tuple[str | None, list[str]]:
    """The stack's template, and a sentence if it may not be seen."""
    try:
        return target.stack.template(), []
    except AwsAccessDenied as e:
        what = e.what.partition("\n")[0]
        return None, [f"The template of stack {target.stack.name} and the versions in it are not compared: {what}"]
