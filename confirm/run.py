"""Confirmations, one after the other."""

from collections.abc import Callable, Iterable

from botocore.exceptions import ClientError

from confirm.account import Account
from confirm.finding import Confirmation, DoesNotHold, Finding, NotTried, Verdict
from mwaa_deploy.errors import AwsAccessDenied, AwsUnavailable, GitHubUnavailable, MwaaDeployError, OidcUnavailable
from mwaa_deploy.target.aws_errors import DENIED, code_of, message_of


def confirm_all(
    confirmations: Iterable[Confirmation], account: Account, on_finding: Callable[[Finding], None]
) -> tuple[Finding, ...]:
    """Try each; one that goes wrong does not keep the others from being tried."""
    findings = []
    for confirmation in confirmations:
        started = account.clock.now()
        verdict, told = _try(confirmation, account)
        seconds = (account.clock.now() - started).total_seconds()
        findings.append(Finding(confirmation=confirmation, verdict=verdict, told=told, seconds=seconds))
        on_finding(findings[-1])
    return tuple(findings)


def _try(confirmation: Confirmation, account: Account) -> tuple[Verdict, str]:
    try:
        return Verdict.CONFIRMED, confirmation.look(account)
    except Exception as e:  # noqa: BLE001 -- also an answer of another form than the adapters read
        return _told(e)


def _told(error: Exception) -> tuple[Verdict, str]:
    """What an error says: who may not ask, or gets no answer, has not tried."""
    match error:
        case NotTried():
            found = Verdict.NOT_TRIED, str(error)
        case DoesNotHold():
            found = Verdict.FAILED, str(error)
        case AwsAccessDenied() | AwsUnavailable() | GitHubUnavailable() | OidcUnavailable():
            found = Verdict.NOT_TRIED, error.what
        case MwaaDeployError():
            found = Verdict.FAILED, f"{type(error).__name__}: {error.what}"
        case ClientError() if code_of(error) in DENIED:
            found = Verdict.NOT_TRIED, f"{code_of(error)}: {message_of(error)}"
        case _:
            found = Verdict.FAILED, f"{type(error).__name__}: {error}"
    return found
