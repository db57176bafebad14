"""Whether the environment reads from the bucket that files are uploaded to; told before anything is changed."""

from collections.abc import Mapping

from mwaa_deploy.bundle.artefacts import Bundle
from mwaa_deploy.bundle.source_bucket import PROPERTY, Answer, filled_in, names_bucket
from mwaa_deploy.bundle.template import Template
from mwaa_deploy.errors import BucketElsewhere
from mwaa_deploy.ports import EnvironmentState, StackState

_MEANING = "What is deployed would lie in one bucket, and the environment would read another. Nothing has been changed."
_HIDDEN = "****"


def require_source_bucket(
    bucket: str, bundle: Bundle, *, stack: StackState | None, stack_name: str, environment: EnvironmentState | None
) -> str:
    """Require that the environment reads, or will read, from this bucket.

    What the template says decides, as it may be about to move the environment to this bucket. Where it cannot be told
    from the template, or there is none, the environment of now does.

    Args:
        bucket: name of the bucket that files are uploaded to.
        bundle: its template and parameters.
        stack: None when it does not exist.
        environment: None when it does not exist.

    Returns:
        A sentence where nobody can tell before CloudFormation has made the environment; otherwise ''.

    Raises:
        BucketElsewhere: it is another one.
    """
    answer, template = Answer.UNKNOWN, bundle.template
    if template is not None and template.source_bucket_arn is not None:
        values = _known(template, bundle.parameters.values, stack, stack_name)
        answer = names_bucket(template.source_bucket_arn, bucket, values)
        arn = filled_in(template.source_bucket_arn, values)
        if answer is Answer.OTHER:
            raise BucketElsewhere(
                f"{template.environment} of the template reads from {arn}, not from bucket {bucket}.",
                meaning=_MEANING,
                mend=f"with:\n  bucket: {_bucket_of(arn)}\n"
                f"or, in the template or its parameters:\n{PROPERTY}: arn:aws:s3:::{bucket}",
            )
    if answer is Answer.SAME:
        return ""
    if environment is not None and environment.bucket:
        require_live_bucket(bucket, environment)
        return ""
    if template is None or template.source_bucket_arn is None or environment is not None:
        return ""
    return (
        f"Whether {template.environment} will read from bucket {bucket} cannot be told before CloudFormation has made "
        f"it: its {PROPERTY} is {arn}. It is compared after that."
    )


def require_live_bucket(bucket: str, environment: EnvironmentState) -> None:
    """Require that an environment reads from this bucket now, if MWAA tells.

    Raises:
        BucketElsewhere: it reads from another one.
    """
    if environment.bucket and environment.bucket != bucket:
        raise BucketElsewhere(
            f"MWAA environment {environment.name} reads from bucket {environment.bucket}, not from {bucket}.",
            meaning=_MEANING,
            mend=f"with:\n  bucket: {environment.bucket}",
        )


def _known(
    template: Template, given: Mapping[str, str | None], stack: StackState | None, stack_name: str
) -> dict[str, str]:
    """The values of parameters and pseudo parameters that are known before CloudFormation runs."""
    values: dict[str, str | None] = {name: declared.default for name, declared in template.parameters.items()}
    values |= {} if stack is None else stack.parameters
    values |= {name: value for name, value in given.items() if value is not None}
    known = {
        name: value
        for name, declared in template.parameters.items()
        # CloudFormation looks up what such a parameter names, and hides the other kind.
        if (value := values[name]) is not None and value != _HIDDEN and not declared.type.startswith("AWS::SSM::")
    }
    known["AWS::StackName"] = stack_name
    match stack.id.split(":") if stack is not None else []:
        case ["arn", _, "cloudformation", region, account, *_]:
            known |= {"AWS::Region": region, "AWS::AccountId": account}
    return known


def _bucket_of(arn: str) -> str:
    return arn.rpartition(":")[2]
