"""One CloudFormation stack."""

import re
import secrets
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from botocore.handlers import json_decode_template_body

from mwaa_deploy.errors import ChangeSetFailed, StackBusy, StackUnusable, StackUpdateFailed
from mwaa_deploy.ports import ChangeSet, Clock, StackEvent, StackParameter, StackState
from mwaa_deploy.target.aws_errors import aws_errors, code_of, message_of, names_missing_stack
from mwaa_deploy.target.change_sets import ChangeSetOptions, ChangeSets
from mwaa_deploy.target.stack_deletion import delete_stack
from mwaa_deploy.target.stack_events import StackEvents
from mwaa_deploy.target.stack_look import environment_name_in, stack_state
from mwaa_deploy.target.stack_operation import wait_for_operation
from mwaa_deploy.target.stack_status import NEVER_CREATED, Readiness, StackStatus, stack_status

if TYPE_CHECKING:
    from botocore.client import BaseClient  # only its name is needed, and importing it takes half a second

SHELL_TIMEOUT = 120
"""Seconds for CloudFormation to delete a stack that has nothing in it."""

_IN_STATE = re.compile(r"is in:? (?P<status>[A-Z_]+) state")


class CloudFormationStack:
    """Fills the Stack port.

    Args:
        client: a boto3 client of CloudFormation.
        name: name of the stack.
        clock: for the waits.
        options: of its change sets.
        interval: seconds between two looks at something that is under way; the first ones come sooner.
        change_set_timeout: seconds to wait for CloudFormation to work a change set out.
    """

    def __init__(
        self,
        client: "BaseClient",
        name: str,
        *,
        clock: Clock,
        options: ChangeSetOptions | None = None,
        interval: float = 10,
        change_set_timeout: float = 900,
    ) -> None:
        self.name = name
        self._client = client
        self._clock = clock
        self._interval = interval
        meta = client.meta
        self._arn = f"arn:{meta.partition}:cloudformation:{meta.region_name}:*:stack/{name}/*"
        self._change_sets = ChangeSets(
            client,
            name,
            stack_arn=self._arn,
            options=options or ChangeSetOptions(),
            clock=clock,
            interval=interval,
            timeout=change_set_timeout,
        )
        self._shells: set[str] = set()

    def state(self) -> StackState | None:
        """The stack as it is; None if it does not exist (or was deleted).

        Raises:
            AwsAccessDenied: it may not be seen.
        """
        raw = self._describe(self.name)
        if raw is None or raw["StackStatus"] == "DELETE_COMPLETE":
            return None
        return stack_state(self.name, raw, environment_name_in(self._client, raw["StackId"], arn=self._arn))

    def template(self) -> str | None:
        """The template it was last brought to, as it was handed in; None if the stack does not exist."""
        # botocore would take JSON apart, and nobody could put together again what was handed in.
        self._client.meta.events.unregister("after-call.cloudformation.GetTemplate", json_decode_template_body)
        with aws_errors("cloudformation:GetTemplate", self._arn):
            try:
                answer = self._client.get_template(StackName=self.name, TemplateStage="Original")
            except ClientError as e:
                if names_missing_stack(e):
                    return None
                raise
        return str(answer["TemplateBody"])

    def create_change_set(
        self,
        *,
        template: str,
        parameters: Sequence[StackParameter],
        create: bool,
        description: str,
        revert_drift: bool = False,
    ) -> ChangeSet:
        """Create a change set and wait for it. An empty one is deleted again and returned with no changes.

        Args:
            template: the template's text, at most 1 MB.
            parameters: every parameter of the template that has no default.
            create: whether the stack is to be made. A stack that was never executed is made either way.
            description: shown with the change set.
            revert_drift: whether it puts back what was changed without the stack, also where that is no option.

        Raises:
            StackBusy: another operation runs on the stack.
            StackUnusable: somebody has to mend the stack first.
            ChangeSetFailed: CloudFormation could not make a change set of template and parameters.
        """
        raw = self._describe(self.name)
        missing = raw is None or raw["StackStatus"] == "DELETE_COMPLETE"
        if raw is not None:
            status = stack_status(raw["StackStatus"])
            self._require_ready(status)
            create = create or status.readiness is Readiness.CREATE
        try:
            change_set = self._change_sets.create(
                "CREATE" if create else "UPDATE",
                template=template,
                parameters=parameters,
                description=description,
                revert_drift=revert_drift,
            )
        except ChangeSetFailed as e:
            if missing:
                self._delete_shell()
            # Somebody else may have begun in between.
            if found := _IN_STATE.search(e.what):
                self._require_ready(stack_status(found["status"]))
            raise
        if missing and not change_set.empty:
            self._shells.add(change_set.id)
        elif missing:
            self._delete_shell()
        return change_set

    def delete_change_set(self, change_set: ChangeSet) -> None:
        """Delete a change set that will not be executed, and the empty stack that was made only to hold it."""
        if change_set.id:
            self._change_sets.delete(change_set.id)
        if change_set.id in self._shells:
            self._shells.remove(change_set.id)
            self._delete_shell()

    def execute(
        self,
        change_set: ChangeSet,
        *,
        timeout: float,
        on_event: Callable[[StackEvent], None],
        on_look: Callable[[str], None] | None = None,
    ) -> StackState:
        """Execute a change set and wait until the stack is done.

        Args:
            change_set: one that is not empty.
            timeout: seconds to wait; an environment takes 15 to 45 minutes, and hours with graceful replacement.
            on_event: is handed each event of the operation once, oldest first.
            on_look: is told the stack's status after each look; '' before the operation shows.

        Raises:
            StackBusy: another operation runs on the stack.
            ChangeSetFailed: the change set is gone, or the stack has changed since it was made.
            StackUpdateFailed: CloudFormation could not do it; the first cause is named.
            StackWaitTimedOut: it is still at it; nothing is lost.
        """
        raw = self._describe(self.name)
        if raw is None:
            raise ChangeSetFailed(f"Stack {self.name} is gone, and change set {change_set.name} with it.")
        self._require_ready(stack_status(raw["StackStatus"]))
        token = f"mwaa-deploy-{secrets.token_hex(16)}"
        with aws_errors("cloudformation:ExecuteChangeSet", self._arn):
            try:
                self._client.execute_change_set(
                    ChangeSetName=change_set.id,
                    StackName=self.name,
                    ClientRequestToken=token,
                    DisableRollback=False,
                )
            except ClientError as e:
                if code_of(e) in ("InvalidChangeSetStatus", "ChangeSetNotFound", "ValidationError"):
                    raise ChangeSetFailed(
                        f"Change set {change_set.name} cannot be executed: {message_of(e)}",
                        meaning="The stack has changed since the change set was made, or somebody deleted it.",
                        mend="Run the job again: it makes a new change set.",
                    ) from e
                raise
        self._shells.discard(change_set.id)
        events = StackEvents(self._client, raw["StackId"], token)
        wait_for_operation(
            self.name,
            events,
            timeout=timeout,
            interval=self._interval,
            clock=self._clock,
            on_event=on_event,
            on_look=on_look,
        )
        state = self.state()
        if state is None:
            raise StackUpdateFailed(f"Stack {self.name} was deleted as soon as it was done.")
        return state

    def protect(self) -> None:
        """Protect the stack from being deleted; it has to exist.

        Raises:
            AwsAccessDenied: the role may not.
        """
        with aws_errors("cloudformation:UpdateTerminationProtection", self._arn):
            self._client.update_termination_protection(StackName=self.name, EnableTerminationProtection=True)

    def delete_never_created(
        self,
        *,
        timeout: float,
        on_event: Callable[[StackEvent], None],
        on_look: Callable[[str], None] | None = None,
    ) -> None:
        """Delete a stack whose creation failed, and wait until it is gone, handing over each event once.

        Args:
            timeout: seconds to wait.
            on_event: is handed each event of the deletion, oldest first.
            on_look: is handed the stack's status at each look.

        Raises:
            StackUnusable: its status says that it ever was, it is protected, or a resource would not go.
            StackWaitTimedOut: it is still being deleted.
        """
        raw = self._describe(self.name)
        if raw is None or raw["StackStatus"] == "DELETE_COMPLETE":
            return
        if raw["StackStatus"] not in NEVER_CREATED:
            raise StackUnusable(f"Stack {self.name} is {raw['StackStatus']} by now, and is not deleted.")
        delete_stack(
            self._client,
            raw["StackId"],
            name=self.name,
            arn=self._arn,
            timeout=timeout,
            interval=self._interval,
            clock=self._clock,
            on_event=on_event,
            on_look=on_look,
        )

    # ------------------------------------------------------------------------------------------------------- inside

    def _describe(self, name: str) -> dict[str, Any] | None:
        with aws_errors("cloudformation:DescribeStacks", self._arn):
            try:
                stack: dict[str, Any] = self._client.describe_stacks(StackName=name)["Stacks"][0]
            except ClientError as e:
                if names_missing_stack(e):
                    return None
                raise
        return stack

    def _delete_shell(self) -> None:
        raw = self._describe(self.name)
        if raw is None or raw["StackStatus"] != "REVIEW_IN_PROGRESS" or self._change_sets.any_left():
            return
        with aws_errors("cloudformation:DeleteStack", self._arn):
            self._client.delete_stack(StackName=raw["StackId"])
        # A stack that is still being deleted would be busy for the next change set.
        started = self._clock.now()
        while raw is not None and raw["StackStatus"] != "DELETE_COMPLETE":
            if (self._clock.now() - started).total_seconds() >= SHELL_TIMEOUT:
                return
            self._clock.sleep(1)
            raw = self._describe(raw["StackId"])

    def _require_ready(self, status: StackStatus) -> None:
        if status.busy:
            raise StackBusy(
                f"Stack {self.name} is {status.name}: another operation is running on it.",
                meaning="Another run, another person, or AWS itself is changing the stack.",
                mend=f"Run the job again: it waits for the operation first. To watch it:\n"
                f"aws cloudformation describe-stack-events --stack-name {self.name} --max-items 20",
            )
        if status.readiness is Readiness.UNUSABLE:
            raise StackUnusable(
                f"Stack {self.name} is {status.name} and cannot be updated.",
                meaning=status.meaning,
                mend=status.mend.format(stack=self.name),
            )
