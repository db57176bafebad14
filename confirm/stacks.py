"""What is taken on trust of CloudFormation's stacks."""

from collections.abc import Sequence

from botocore.exceptions import ClientError

from confirm import templates
from confirm.account import Account
from confirm.finding import Confirmation, DoesNotHold, NotTried, require
from mwaa_deploy.errors import ChangeSetFailed, StackUpdateFailed
from mwaa_deploy.ports import StackEvent, StackParameter, StackState
from mwaa_deploy.target.aws_errors import message_of
from mwaa_deploy.target.change_sets import is_no_change
from mwaa_deploy.target.stack import CloudFormationStack
from mwaa_deploy.target.stack_deletion import delete_stack

TIMEOUT = 300
"""Seconds that a throw-away stack may take; one takes about ten."""


def bring(
    stack: CloudFormationStack, template: str, parameters: Sequence[StackParameter] = (), *, create: bool = False
) -> StackState:
    """Make a stack, or update it."""
    change_set = stack.create_change_set(
        template=template, parameters=parameters, create=create, description="throw-away"
    )
    return stack.execute(change_set, timeout=TIMEOUT, on_event=lambda _: None)


def no_changes(account: Account) -> str:
    """Both of CloudFormation's texts for nothing to do: a change set's, and UpdateStack's."""
    stack, template = account.new_stack(), templates.handles("One")
    bring(stack, template, create=True)
    change_set = stack.create_change_set(template=template, parameters=(), create=False, description="")
    require(change_set.empty, f"a change set with the same template has {len(change_set.changes)} change(s)")
    try:
        account.cloudformation.update_stack(StackName=stack.name, TemplateBody=template)
    except ClientError as e:
        if not is_no_change(message_of(e)):
            raise
        return f"an empty change set was recognised, and UpdateStack said: {message_of(e)}"
    raise DoesNotHold("UpdateStack with the same template began an update")


def last_updated(account: Account) -> str:
    """LastUpdatedTime moves with an update, and not with a change set that is made and deleted."""
    stack = account.new_stack()
    first = bring(stack, templates.handles("One"), create=True).changed_at
    change_set = stack.create_change_set(
        template=templates.handles("One", "Two"), parameters=(), create=False, description=""
    )
    stack.delete_change_set(change_set)
    state = stack.state()
    require(state is not None and state.changed_at == first, f"a change set moved it from {first} to {state}")
    then = bring(stack, templates.handles("One", "Two")).changed_at
    require(first is not None and then is not None and then > first, f"it was {first} and is {then} after an update")
    return f"{first:%H:%M:%S} with a change set in between, and {then:%H:%M:%S} after an update"


def preview_of_a_new_stack(account: Account) -> str:
    """The change set of a stack that is not there, and the shell around it, go without a trace."""
    stack = account.new_stack()
    change_set = stack.create_change_set(template=templates.handles("One"), parameters=(), create=True, description="")
    shell = stack.state()
    require(shell is not None and shell.status == "REVIEW_IN_PROGRESS", f"the stack around the change set is {shell}")
    stack.delete_change_set(change_set)
    left = stack.state()
    require(left is None, f"what is left is {left}")
    return "REVIEW_IN_PROGRESS, and nothing once the change set and the stack were deleted"


def original_template(account: Account) -> str:
    """GetTemplate gives what was handed in, to the byte: JSON, and then YAML."""
    stack = account.new_stack()
    for template, create in ((templates.IN_JSON, True), (templates.IN_YAML, False)):
        bring(stack, template, create=create)
        found = stack.template()
        require(found == template, f"handed in: {template!r}; told: {found!r}")
    return f"{len(templates.IN_JSON)} bytes of JSON and {len(templates.IN_YAML)} of YAML came back as they were"


def original_template_beyond_ascii(account: Account) -> str:
    """The same, of a template with letters that ASCII lacks in a comment."""
    stack = account.new_stack()
    bring(stack, templates.NOT_ASCII, create=True)
    found = stack.template()
    require(found == templates.NOT_ASCII, f"handed in: {templates.NOT_ASCII!r}; told: {found!r}")
    return f"{len(templates.NOT_ASCII.encode())} bytes of UTF-8 came back as they were"


def failed_creation(account: Account) -> str:
    """A creation that fails ends in ROLLBACK_COMPLETE, and such a stack can be deleted."""
    stack = account.new_stack()
    try:
        bring(stack, templates.of_the_same_name(), create=True)
    except StackUpdateFailed:
        pass
    except ChangeSetFailed as e:
        raise NotTried(f"no creation failed, as there was no change set for it: {e.what}") from e
    else:
        raise NotTried("no creation failed, as two SSM parameters of the same name were made")
    state = stack.state()
    require(state is not None and state.status == "ROLLBACK_COMPLETE", f"after a failed creation it is {state}")
    stack.delete_never_created(timeout=TIMEOUT, on_event=lambda _: None)
    left = stack.state()
    require(left is None, f"what is left is {left}")
    return "ROLLBACK_COMPLETE, and nothing after DeleteStack"


def deletion_events(account: Account) -> str:
    """The events of a deletion carry its token: they are found by it, down to the last one."""
    stack, events = account.new_stack(), list[StackEvent]()
    made = bring(stack, templates.handles("One"), create=True)
    delete_stack(
        account.cloudformation,
        made.id,
        name=stack.name,
        arn=made.id,
        timeout=TIMEOUT,
        interval=account.interval,
        clock=account.clock,
        on_event=events.append,
    )
    return f"{len(events)} events were found by the token, the last one {events[-1].status}"


STACKS = (
    Confirmation(id="cfn-no-changes", row="CloudFormation has two texts for nothing to do", look=no_changes),
    Confirmation(id="cfn-last-updated", row="every update of a stack moves its LastUpdatedTime", look=last_updated),
    Confirmation(
        id="cfn-preview-of-new", row="deleting the change set of a stack in REVIEW", look=preview_of_a_new_stack
    ),
    Confirmation(id="cfn-template", row="GetTemplate with `TemplateStage: Original`", look=original_template),
    Confirmation(
        id="cfn-template-utf8",
        row="GetTemplate with `TemplateStage: Original`",
        look=original_template_beyond_ascii,
    ),
    Confirmation(id="cfn-failed-creation", row="ROLLBACK_COMPLETE and ROLLBACK_FAILED come of a", look=failed_creation),
    Confirmation(id="cfn-deletion-events", row="the events of DeleteStack carry its", look=deletion_events),
)
