"""CloudFormation change sets: made, read and deleted."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from mwaa_deploy.clock import pauses
from mwaa_deploy.errors import ChangeSetFailed, MwaaDeployError
from mwaa_deploy.ports import ChangeSet, Clock, ResourceChange, StackParameter
from mwaa_deploy.target.advice import advice_for
from mwaa_deploy.target.aws_errors import aws_errors, code_of, message_of, names_missing_stack
from mwaa_deploy.target.change_set_status import ChangeSetStatus, Course, change_set_status
from mwaa_deploy.target.resource_changes import Secrets, resource_changes, secrets_of
from mwaa_deploy.target.stack_events import STACK_TYPE
from mwaa_deploy.target.template_upload import MAX_BODY_BYTES, TemplatePlace, require_readable

if TYPE_CHECKING:
    from botocore.client import BaseClient  # only its name is needed, and importing it takes half a second

NO_CHANGES = ("The submitted information didn't contain changes", "No updates are to be performed")
"""Both reasons CloudFormation gives for an empty change set; its API has no code for it."""

_REFUSALS = frozenset(
    {
        "ValidationError",
        "AlreadyExistsException",
        "LimitExceededException",
        "InsufficientCapabilitiesException",
        "InsufficientCapabilities",
    }
)

_CAPABILITIES_MEND = "    with:\n      capabilities: CAPABILITY_IAM, CAPABILITY_NAMED_IAM"


@dataclass(frozen=True, kw_only=True)
class ChangeSetOptions:
    """What is the same for every change set of a stack.

    Attributes:
        capabilities: what the template may do, such as CAPABILITY_NAMED_IAM.
        role_arn: the role CloudFormation assumes; empty for the caller's own rights.
        tags: of the stack, handed on to its resources.
        notification_arns: SNS topics that are told the stack's events.
        include_nested: whether nested stacks get change sets of their own, so that what changes in them is told.
        template_place: where a template is put that is too large for a request.
        revert_drift: whether what was changed by hand is put back: the change set compares with what really is.
    """

    capabilities: tuple[str, ...] = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM")
    role_arn: str = ""
    tags: Mapping[str, str] | None = None
    notification_arns: tuple[str, ...] = ()
    include_nested: bool = False
    revert_drift: bool = False
    template_place: TemplatePlace | None = None


class ChangeSets:
    """The change sets of one stack.

    Args:
        client: a boto3 client of CloudFormation.
        stack_name: name of the stack.
        stack_arn: the stack as an IAM policy names it.
        options: capabilities, role and tags.
        clock: for the waits.
        interval: seconds between two looks in the long run; the first ones come sooner.
        timeout: seconds to wait for CloudFormation to work a change set out.
    """

    def __init__(
        self,
        client: "BaseClient",
        stack_name: str,
        *,
        stack_arn: str,
        options: ChangeSetOptions,
        clock: Clock,
        interval: float,
        timeout: float,
    ) -> None:
        self._client = client
        self._stack_name = stack_name
        self._arn = stack_arn
        self._options = options
        self._clock = clock
        self._interval = interval
        self._timeout = timeout

    def create(
        self,
        kind: str,
        *,
        template: str,
        parameters: Sequence[StackParameter],
        description: str,
        revert_drift: bool = False,
    ) -> ChangeSet:
        """Create a change set of kind CREATE or UPDATE and wait for it; with no changes, it is deleted again.

        Args:
            kind: CREATE or UPDATE.
            template, parameters, description: what CloudFormation is given.
            revert_drift: whether it is drift-aware, also where the options do not say so.

        Raises:
            ChangeSetFailed: CloudFormation could not make one; what there is of it is deleted again.
        """
        where, revert = self._where(template), revert_drift or self._options.revert_drift
        name = f"mwaa-deploy-{self._clock.now():%Y%m%d%H%M%S}-{secrets.token_hex(4)}"
        # what is not there yet cannot have drifted
        mode = {"DeploymentMode": "REVERT_DRIFT"} if revert and kind == "UPDATE" else {}
        change_set_id = self._submit(name, kind, {**where, **mode}, parameters, description)
        if change_set_id is None:
            return ChangeSet(id="", name=name, type=kind, changes=())
        answer = self._wait(change_set_id)
        status = _status(answer)
        if status.course is Course.READY:
            return ChangeSet(id=change_set_id, name=name, type=kind, changes=self._changes(answer, parameters))
        reason = answer.get("StatusReason", "no reason given")
        failed = status.course is Course.FAILED and not is_no_change(reason)
        findings = self._findings(change_set_id) if failed else ()
        self.delete(change_set_id)
        if status.course is not Course.FAILED:
            found = f"{answer['Status']}, {answer.get('ExecutionStatus')}"
            raise ChangeSetFailed(
                f"Change set {name} of stack {self._stack_name} is {found}.",
                meaning=status.meaning,
                mend=status.mend,
            )
        if is_no_change(reason):
            return ChangeSet(id=change_set_id, name=name, type=kind, changes=())
        raise self._failed("\n- ".join((reason, *findings)))

    def _findings(self, change_set_id: str) -> tuple[str, ...]:
        """What CloudFormation's own validation found; nothing where it may not be asked."""
        try:
            with aws_errors("cloudformation:DescribeEvents", self._arn):
                answer = self._client.describe_events(ChangeSetName=change_set_id, Filters={"FailedEvents": True})
        except MwaaDeployError:
            return ()
        found = [_finding(event) for event in answer.get("OperationEvents", ())]
        return tuple(dict.fromkeys(filter(None, found)))

    def delete(self, change_set_id: str) -> None:
        """Delete a change set; one that is gone already is fine."""
        with aws_errors("cloudformation:DeleteChangeSet", self._arn):
            try:
                self._client.delete_change_set(ChangeSetName=change_set_id, StackName=self._stack_name)
            except ClientError as e:
                if code_of(e) != "ChangeSetNotFound" and not names_missing_stack(e):
                    raise

    def any_left(self) -> bool:
        """Whether the stack has change sets, ours or somebody else's."""
        with aws_errors("cloudformation:ListChangeSets", self._arn):
            return bool(self._client.list_change_sets(StackName=self._stack_name)["Summaries"])

    # ------------------------------------------------------------------------------------------------------- inside

    def _where(self, template: str) -> Mapping[str, str]:
        """The template as CreateChangeSet takes it, in the request or by its URL."""
        body = template.encode()
        require_readable(body)
        if len(body) <= MAX_BODY_BYTES:
            return {"TemplateBody": template}
        if self._options.template_place is None:
            raise ChangeSetFailed(
                f"The template has {len(body):,} bytes; CloudFormation takes {MAX_BODY_BYTES:,} in a request."
            )
        return {"TemplateURL": self._options.template_place.put(template)}

    def _submit(
        self,
        name: str,
        kind: str,
        where: Mapping[str, str],
        parameters: Sequence[StackParameter],
        description: str,
    ) -> str | None:
        options: dict[str, Any] = {"Description": description[:1024]} if description else {}
        if self._options.role_arn:
            options["RoleARN"] = self._options.role_arn
        if self._options.tags:
            options["Tags"] = [{"Key": key, "Value": value} for key, value in self._options.tags.items()]
        if self._options.notification_arns:
            options["NotificationARNs"] = list(self._options.notification_arns)
        if self._options.include_nested:
            options["IncludeNestedStacks"] = True
        with aws_errors("cloudformation:CreateChangeSet", self._arn):
            try:
                answer = self._client.create_change_set(
                    StackName=self._stack_name,
                    ChangeSetName=name,
                    ChangeSetType=kind,
                    Parameters=[_parameter(parameter) for parameter in parameters],
                    Capabilities=list(self._options.capabilities),
                    **where,
                    **options,
                )
            except ClientError as e:
                if is_no_change(message_of(e)):
                    return None
                if code_of(e) in _REFUSALS:
                    raise self._failed(message_of(e)) from e
                raise
        return str(answer["Id"])

    def _wait(self, change_set_id: str) -> dict[str, Any]:
        started = self._clock.now()
        answer = self._describe(change_set_id)
        for pause in pauses(self._interval):
            if _status(answer).course is not Course.WAIT:
                break
            if (self._clock.now() - started).total_seconds() >= self._timeout:
                self.delete(change_set_id)
                raise self._failed(f"it was still {answer['Status']} after {self._timeout:.0f} s")
            self._clock.sleep(pause)
            answer = self._describe(change_set_id)
        return answer

    def _changes(self, first: dict[str, Any], given: Sequence[StackParameter]) -> tuple[ResourceChange, ...]:
        changes = self._lines(first, secrets_of(first, given))
        # A change set that is complete without a resource in it changes outputs, tags or parameters: it is not empty.
        return changes or (
            ResourceChange(
                action="Modify",
                logical_id=self._stack_name,
                resource_type=STACK_TYPE,
                replacement="False",
                details=("outputs, parameters or tags",),
            ),
        )

    def _lines(self, first: dict[str, Any], secrets: Secrets, *, nested: bool = False) -> tuple[ResourceChange, ...]:
        pages = [first]
        while token := pages[-1].get("NextToken"):
            pages.append(self._describe(first["ChangeSetId"], nested=nested, NextToken=token))

        def below(change_set_id: str) -> tuple[ResourceChange, ...]:
            answer = self._describe(change_set_id, nested=True)
            return self._lines(answer, secrets_of(answer, outer=secrets), nested=True)

        return resource_changes(pages, secrets, below)

    def _describe(self, change_set_id: str, *, nested: bool = False, **page: str) -> dict[str, Any]:
        # The ARN says by itself what stack it belongs to. Ours is named all the same: it is what a policy allows.
        stack = {} if nested else {"StackName": self._stack_name}
        with aws_errors("cloudformation:DescribeChangeSet", self._arn):
            answer: dict[str, Any] = self._client.describe_change_set(
                **stack,
                ChangeSetName=change_set_id,
                IncludePropertyValues=True,
                **page,
            )
        return answer

    def _failed(self, reason: str) -> ChangeSetFailed:
        needs_capabilities = "requires capabilities" in reason.lower()
        advice = advice_for(reason)
        return ChangeSetFailed(
            f"CloudFormation could not make a change set for stack {self._stack_name}: {reason}",
            meaning=change_set_status("FAILED", "UNAVAILABLE").meaning,
            mend=_CAPABILITIES_MEND if needs_capabilities else advice.mend if advice else "",
        )


def _finding(event: Mapping[str, Any]) -> str:
    """As in 'Bucket /Properties/BucketName: already exists'; '' for an event without a reason."""
    reason: str = event.get("ValidationStatusReason") or event.get("ResourceStatusReason", "")
    where = " ".join(filter(None, (event.get("LogicalResourceId", ""), event.get("ValidationPath", ""))))
    return f"{where}: {reason}" if reason and where else reason


def _status(answer: Mapping[str, Any]) -> ChangeSetStatus:
    return change_set_status(answer["Status"], answer.get("ExecutionStatus", ""))


def is_no_change(reason: str) -> bool:
    """Whether a change set's status reason, or an error's message, says that there is nothing to change."""
    return any(text in reason for text in NO_CHANGES)


def _parameter(parameter: StackParameter) -> dict[str, Any]:
    if parameter.value is None:
        return {"ParameterKey": parameter.key, "UsePreviousValue": True}
    return {"ParameterKey": parameter.key, "ParameterValue": parameter.value}
