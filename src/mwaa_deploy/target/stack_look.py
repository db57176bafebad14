"""A stack as DescribeStacks and ListStackResources tell it, in our words."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mwaa_deploy.ports import StackState
from mwaa_deploy.target.aws_errors import aws_errors

if TYPE_CHECKING:
    from botocore.client import BaseClient  # only its name is needed, and importing it takes half a second

ENVIRONMENT_TYPE = "AWS::MWAA::Environment"


def stack_state(name: str, raw: Mapping[str, Any], environment_name: str | None) -> StackState:
    """What DescribeStacks says of a stack."""
    return StackState(
        id=raw["StackId"],
        name=name,
        status=raw["StackStatus"],
        status_reason=raw.get("StackStatusReason", ""),
        parameters={entry["ParameterKey"]: entry.get("ParameterValue", "") for entry in raw.get("Parameters", ())},
        outputs={entry["OutputKey"]: entry.get("OutputValue", "") for entry in raw.get("Outputs", ())},
        environment_name=environment_name,
        changed_at=raw.get("LastUpdatedTime") or raw.get("CreationTime"),
        tags={entry["Key"]: entry["Value"] for entry in raw.get("Tags", ())},
        notification_arns=tuple(raw.get("NotificationARNs", ())),
        protected=raw.get("EnableTerminationProtection", False),
    )


def environment_name_in(client: "BaseClient", stack_id: str, *, arn: str) -> str | None:
    """The name of the MWAA environment among a stack's resources; None if it has none.

    Args:
        client: a boto3 client of CloudFormation.
        stack_id: the stack's ARN.
        arn: the stack as an IAM policy names it.
    """
    with aws_errors("cloudformation:ListStackResources", arn):
        paginator = client.get_paginator("list_stack_resources")  # type: ignore[no-untyped-call]
        for page in paginator.paginate(StackName=stack_id):
            for resource in page["StackResourceSummaries"]:
                if resource["ResourceType"] == ENVIRONMENT_TYPE and resource.get("PhysicalResourceId"):
                    return str(resource["PhysicalResourceId"])
    return None
