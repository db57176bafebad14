"""Whether somebody else has updated the stack since the recorded deployment, and whether to another template."""

import hashlib
from dataclasses import dataclass

from mwaa_deploy.errors import AwsAccessDenied
from mwaa_deploy.ports import Stack, StackState
from mwaa_deploy.target.record import Record
from mwaa_deploy.target.unfinished import Unfinished


@dataclass(frozen=True, kw_only=True)
class StackMove:
    """What somebody else has made of the stack.

    Attributes:
        template_sha256: digest of the template that it has now; None if there is none, or it may not be seen.
        doubt: why the template may not be seen; '' if it was.
    """

    template_sha256: str | None = None
    doubt: str = ""


def look_for_move(
    stack: Stack, found: StackState | None, record: Record | None, unfinished: Unfinished
) -> StackMove | None:
    """What somebody else has made of the stack since the record; None if nobody has updated it.

    Its template is only fetched where somebody has. The commit's own may well be another one without that: of a
    template that differs in nothing but comments, CloudFormation makes no update.

    Args:
        stack: to fetch the template from.
        found: the stack as it is.
        record: of the last deployment.
        unfinished: what a deployment of ours may have changed after it.
    """
    if unfinished.touches_stack or not _moved(found, record):
        return None
    try:
        body = stack.template()
    except AwsAccessDenied as e:
        return StackMove(doubt=e.what.partition("\n")[0])
    return StackMove(template_sha256=None if body is None else hashlib.sha256(body.encode()).hexdigest())


def _moved(found: StackState | None, record: Record | None) -> bool:
    if found is None or found.changed_at is None or record is None or record.template_sha256 is None:
        return False
    if record.stack_changed_at is None:
        # An older record: an update that began after it was written is none of its deployment's.
        return found.changed_at > record.at
    return found.changed_at != record.stack_changed_at
