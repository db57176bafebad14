"""The stack as the action's inputs describe it."""

from typing import TYPE_CHECKING

from mwaa_deploy.inputs import Inputs
from mwaa_deploy.ports import Bucket, Clock
from mwaa_deploy.target.change_sets import ChangeSetOptions
from mwaa_deploy.target.stack import CloudFormationStack
from mwaa_deploy.target.template_upload import TemplatePlace

if TYPE_CHECKING:
    from botocore.client import BaseClient  # only its name is needed, and importing it takes half a second


def open_stack(client: "BaseClient", inputs: Inputs, bucket: Bucket, clock: Clock) -> CloudFormationStack:
    """The stack that the inputs name.

    Args:
        client: a boto3 client of CloudFormation.
        bucket: where a large template is put.
    """
    place = TemplatePlace(
        bucket=bucket, region=inputs.aws_region, name=inputs.stack_name, partition=client.meta.partition
    )
    options = ChangeSetOptions(
        capabilities=inputs.capabilities,
        role_arn=inputs.stack_role_arn,
        tags=dict(inputs.stack_tags),
        notification_arns=inputs.notification_arns,
        include_nested=inputs.nested_stacks,
        revert_drift=inputs.revert_drift,
        template_place=place,
    )
    return CloudFormationStack(client, inputs.stack_name, clock=clock, options=options)
