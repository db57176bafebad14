"""Credentials over time: waits of twelve hours with sessions of one hour and less, in virtual time.

MWAA lets tasks end for up to twelve hours when it replaces workers gracefully, and no session lasts longer than its
role allows, one hour by default.
"""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from mwaa_deploy.errors import AccountRefused, OidcUnavailable
from mwaa_deploy.parts import Part
from mwaa_deploy.target.credentials import RENEW_EARLY, RENEW_LATEST, AwsClients, aws_session
from mwaa_deploy.target.environment import MwaaEnvironments
from mwaa_deploy.target.environment_update import Awaited
from mwaa_deploy.target.environment_wait import wait_until_live
from mwaa_deploy.target.role_chain import SHORTEST_SESSION
from mwaa_deploy.target.sign_in import SignIn
from tests.fakes.clock import FakeClock
from tests.fakes.log import FakeLog
from tests.fakes.virtual_aws import JOB, Call, VirtualAws

FIRST, SECOND, THIRD = (f"arn:aws:iam::{number * 12}:role/role-{number}" for number in "123")
HOURS = 12
INTERVAL = 60


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> VirtualAws:
    """Credentials are found nowhere else, and no endpoint is another than AWS's own."""
    made = VirtualAws(FakeClock())
    monkeypatch.setattr("botocore.httpsession.URLLib3Session.send", lambda _, request: made.send(request))
    monkeypatch.setattr("requests.adapters.HTTPAdapter.send", lambda _, request, **__: made.issue(request))
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_STS_REGIONAL_ENDPOINTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    return made


@pytest.fixture
def log() -> FakeLog:
    return FakeLog()


def sign_in(aws: VirtualAws, log: FakeLog, *, region: str = "eu-west-1", **more: Any) -> AwsClients:
    return aws_session(SignIn(role_arn=FIRST, **more), region=region, env=JOB, clock=aws.clock, log=log)


def wait(aws: VirtualAws, clients: AwsClients, log: FakeLog) -> None:
    """Wait for an environment that MWAA takes twelve hours to update."""
    aws.environment = {"Name": "flows", "RequirementsS3ObjectVersion": "v2", "LastUpdate": {"Status": "SUCCESS"}}
    aws.available_from = aws.clock.now() + timedelta(hours=HOURS)
    wait_until_live(
        MwaaEnvironments(clients.client("mwaa")),
        "flows",
        Awaited(versions={Part.REQUIREMENTS: "v2"}),
        timeout=(HOURS + 1) * 3600,
        clock=aws.clock,
        log=log,
        interval=INTERVAL,
    )


def looks(aws: VirtualAws) -> list[Call]:
    """The calls of GetEnvironment."""
    return [call for call in aws.calls if call.action == "GET /environments/flows"]


@pytest.mark.parametrize("duration", [3600, 900])
def test_a_wait_of_twelve_hours_outlasts_its_sessions(aws, log, duration):
    wait(aws, sign_in(aws, log, duration=duration), log)

    assert len(looks(aws)) == HOURS * 3600 // INTERVAL + 1
    assert min(call.left for call in looks(aws)) >= RENEW_EARLY
    pauses = {(later - earlier).total_seconds() for earlier, later in pairwise(aws.tokens)}
    assert pauses == {duration - RENEW_EARLY + INTERVAL}
    assert len(aws.tokens) == len({call.key for call in looks(aws)}) >= HOURS * 3600 // duration
    assert {call.key for call in looks(aws)} <= set(log.masked)
    assert len([value for value in log.masked if value.endswith(".c2ln")]) == len(aws.tokens)


def test_a_chain_is_renewed_from_a_fresh_token_on(aws, log):
    wait(aws, sign_in(aws, log, chain=(SECOND, THIRD)), log)

    assert min(call.left for call in looks(aws)) >= RENEW_EARLY
    renewals = [call for call in aws.calls if call.action.startswith("AssumeRole")]
    assert [call.action for call in renewals] == [
        "AssumeRoleWithWebIdentity",
        "AssumeRole",
        "AssumeRole",
    ] * len(aws.tokens)
    assert len(aws.tokens) >= HOURS
    assert {call.left for call in renewals if call.key} == {SHORTEST_SESSION}


def test_an_issuer_that_is_away_for_a_while_when_a_renewal_is_due_ends_nothing(aws, log):
    start = aws.clock.now()
    aws.outage = (start + timedelta(seconds=3600 - RENEW_EARLY), start + timedelta(seconds=3600 - RENEW_LATEST - 30))
    wait(aws, sign_in(aws, log), log)

    assert RENEW_LATEST <= min(call.left for call in looks(aws)) < RENEW_EARLY


def test_an_issuer_that_stays_away_ends_the_wait_before_the_session_does(aws, log):
    start = aws.clock.now()
    aws.outage = (start + timedelta(hours=2), start + timedelta(days=1))
    with pytest.raises(OidcUnavailable, match="HTTP 503"):
        wait(aws, sign_in(aws, log), log)

    assert min(call.left for call in aws.calls if call.key) >= RENEW_LATEST


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-west-1", "sts.eu-west-1.amazonaws.com"),
        ("us-east-1", "sts.us-east-1.amazonaws.com"),
        ("cn-north-1", "sts.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_the_regions_own_sts_is_asked(aws, log, region, host):
    sign_in(aws, log, region=region, chain=(SECOND,)).client("sts")

    assert [(call.action, call.host) for call in aws.calls] == [
        ("AssumeRoleWithWebIdentity", host),
        ("AssumeRole", host),
    ]


def test_only_the_account_of_the_last_role_is_held_to_those_allowed(aws, log):
    sign_in(aws, log, chain=(SECOND,), accounts=("2" * 12,))
    with pytest.raises(AccountRefused, match="in account 222222222222"):
        sign_in(aws, log, chain=(SECOND,), accounts=("1" * 12,))


def test_a_pull_request_from_a_fork_is_told_so_before_aws_is_asked(aws, log):
    with pytest.raises(OidcUnavailable, match="comes from a fork"):
        aws_session(SignIn(role_arn=FIRST, from_fork=True), region="eu-west-1", env={}, clock=aws.clock, log=log)
    assert aws.calls == []
