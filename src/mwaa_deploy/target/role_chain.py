"""Roles that are assumed one with the credentials of the other."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, ParamValidationError

from mwaa_deploy.errors import RoleRefused
from mwaa_deploy.ports import Log
from mwaa_deploy.target.aws_errors import aws_errors, code_of, message_of
from mwaa_deploy.target.role_credentials import RoleCredentials, read_role_credentials
from mwaa_deploy.target.trust_advice import CHAIN_REFUSALS, chain_advice

if TYPE_CHECKING:
    from botocore.client import BaseClient  # only its name is needed, and importing it takes half a second

SHORTEST_SESSION = 900
"""Seconds; the least that STS gives (STS API Reference, AssumeRole). Roles on the way are needed for a moment only."""


class RoleChain:
    """A chain of roles.

    Args:
        first: fetches the credentials to begin with, fresh each time; None for those that are there.
        first_arn: ARN of the role that `first` is of; '' without one.
        sts: makes a boto3 client of STS that signs with given credentials, or with those that are there.
        arns: ARNs of the roles that follow, one at least.
        session_name: a RoleSessionName, shown in CloudTrail.
        duration: seconds that credentials of the last role live.
        log: hears which values to mask.
    """

    def __init__(
        self,
        first: Callable[[], RoleCredentials] | None,
        sts: Callable[[RoleCredentials | None], "BaseClient"],
        *,
        first_arn: str,
        arns: tuple[str, ...],
        session_name: str,
        duration: int,
        log: Log,
    ) -> None:
        self._first = first
        self._sts = sts
        self._first_arn = first_arn
        self._arns = arns
        self._session_name = session_name
        self._duration = duration
        self._log = log

    def assume(self) -> RoleCredentials:
        """Fresh credentials of the last role, masked already. Every role is assumed anew, from the first one on.

        Raises:
            RoleRefused: STS does not let one role assume the next, with what the policies would have to say.
            AwsUnavailable: STS did not answer.
            MwaaDeployError: whatever `first` raises.
        """
        held, before = self._first() if self._first else None, self._first_arn
        for arn in self._arns[:-1]:
            held, before = self._assume(arn, held, before, SHORTEST_SESSION), arn
        return self._assume(self._arns[-1], held, before, self._duration)

    def _assume(self, arn: str, held: RoleCredentials | None, before: str, duration: int) -> RoleCredentials:
        with aws_errors("sts:AssumeRole", arn):
            try:
                answer = self._sts(held).assume_role(
                    RoleArn=arn,
                    RoleSessionName=self._session_name,
                    DurationSeconds=duration,
                )
            except ClientError as e:
                if code_of(e) in CHAIN_REFUSALS:
                    raise _refused(code_of(e), message_of(e), arn, before) from e
                raise
            except ParamValidationError as e:
                raise _refused("ValidationError", str(e), arn, before) from e
        return read_role_credentials(answer, self._log)


def _refused(code: str, message: str, arn: str, before: str) -> RoleRefused:
    advice = chain_advice(code, arn, before=before, message=message)
    who = before or "the credentials of the environment"
    return RoleRefused(
        f"STS refused to let {who} assume {arn}: {code}: {message}", meaning=advice.meaning, mend=advice.mend
    )
