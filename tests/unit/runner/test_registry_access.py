"""Which login a registry is asked with, and what is said when none is taken."""

import json

import pytest

from mwaa_deploy.errors import AwsAccessDenied, CredentialsMissing, OidcUnavailable
from mwaa_deploy.ports import RegistryLogin
from mwaa_deploy.runner.host_logins import HostLoginUnusable
from mwaa_deploy.runner.image_reference import parse_reference
from mwaa_deploy.runner.registry_access import AccessRefused, AwsSurroundings, RegistryAccess, aws_surroundings
from mwaa_deploy.runner.registry_refusal import (
    ANONYMOUS,
    ECR,
    HOST,
    PULL_ACTIONS,
    Refused,
    Tried,
    login_mend,
    refusal_meaning,
)
from tests.fakes.ecr import FakeEcr
from tests.fakes.log import FakeLog

PRIVATE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
OTHER = "172.17.0.1:5000"
DENIED = Refused("denied: not you", wants_login=True)


class Logins:
    def __init__(self, **logins):
        self.logins = logins

    def find(self, registry):
        found = self.logins.get(registry)
        if isinstance(found, Exception):
            raise found
        return found and RegistryLogin(registry=registry, username="me", password=found)


class Registry:
    """Takes one password, or any or no login at all."""

    def __init__(self, takes, error=DENIED):
        self.takes = takes
        self.error = error
        self.asked = []

    def __call__(self, login):
        self.asked.append(login and login.password)
        if (login and login.password) not in self.takes:
            raise self.error
        return "done"


def access(*, logins=None, ecr=None, aws=None, log=None, regions=None):
    def connect(registry):
        if regions is not None:
            regions.append((registry.region, registry.public))
        if isinstance(ecr, Exception):
            raise ecr
        return ecr

    return RegistryAccess(Logins(**(logins or {})), connect, aws or AwsSurroundings(), log or FakeLog())


def reference(registry):
    return parse_reference(f"{registry}/team/runner:1")


@pytest.mark.parametrize(
    ("registry", "logins", "ecr", "takes", "asked"),
    [
        # The host's login comes first, and is enough.
        (PRIVATE, {PRIVATE: "host"}, "ecr", ["host"], ["host"]),
        # One that has expired is no end.
        (PRIVATE, {PRIVATE: "old"}, "ecr", ["ecr"], ["old", "ecr"]),
        (PRIVATE, {}, "ecr", ["ecr"], ["ecr"]),
        ("public.ecr.aws", {}, "ecr", ["ecr"], ["ecr"]),
        ("public.ecr.aws", {}, "ecr", [None], ["ecr", None]),
        # Elsewhere ECR is not asked at all.
        ("ghcr.io", {"ghcr.io": "host"}, "ecr", [None], ["host", None]),
        ("ghcr.io", {}, "ecr", [None], [None]),
        ("docker.io", {}, "ecr", [None], [None]),
    ],
)
def test_ways_are_tried_in_order_until_one_is_taken(registry, logins, ecr, takes, asked):
    there = Registry(takes)
    assert access(logins=logins, ecr=FakeEcr(PRIVATE, ecr)).use(reference(registry), there) == "done"
    assert there.asked == asked


def test_a_private_registry_of_ecr_is_never_asked_without_a_login():
    there = Registry([None])
    with pytest.raises(AccessRefused) as raised:
        access(ecr=CredentialsMissing("There are no AWS credentials.")).use(reference(PRIVATE), there)
    assert there.asked == []
    assert raised.value.last is None
    assert [one.how for one in raised.value.tried] == [HOST, ECR]


def test_ecr_is_asked_in_the_region_of_the_registry():
    regions: list[tuple[str, bool]] = []
    access(ecr=FakeEcr(PRIVATE), regions=regions).use(reference(PRIVATE), Registry(["a-password-of-ecr"]))
    access(ecr=FakeEcr(PRIVATE), regions=regions).use(reference("public.ecr.aws"), Registry([None]))
    assert regions == [("eu-west-1", False), ("us-east-1", True)]


def test_a_token_of_another_account_opens_ecrs_registries_that_it_may_read():
    ecr = FakeEcr("999999999999.dkr.ecr.eu-west-1.amazonaws.com")
    logins: list[RegistryLogin] = []
    access(ecr=ecr).use(reference(PRIVATE), logins.append)
    assert [login.registry for login in logins] == [PRIVATE]


def test_ecr_is_connected_and_asked_for_a_token_once():
    regions: list[tuple[str, bool]] = []
    ecr = FakeEcr(PRIVATE)
    opened = access(ecr=ecr, regions=regions)
    for _ in range(3):
        opened.use(reference(PRIVATE), Registry([ecr.password]))
        assert opened.ecr(reference(PRIVATE)) is ecr
    assert (len(regions), ecr.count("login")) == (1, 1)


def test_repositories_are_ecrs_only_where_its_token_is_for_the_registry():
    aws = AwsSurroundings(endpoint=True, region="eu-west-1")
    ecr = FakeEcr(OTHER)
    assert access(ecr=ecr, aws=aws).ecr(reference(OTHER)) is ecr
    assert access(ecr=FakeEcr(PRIVATE), aws=aws).ecr(reference(OTHER)) is None
    assert access(ecr=ecr).ecr(reference(OTHER)) is None


def test_no_credentials_are_asked_for_a_registry_that_is_not_ecrs():
    regions: list[tuple[str, bool]] = []
    access(ecr=FakeEcr(OTHER), regions=regions).use(reference(OTHER), Registry([None]))
    assert regions == []


def test_with_an_endpoint_the_token_goes_to_the_registry_it_names():
    there = Registry(["a-password-of-ecr"])
    aws = AwsSurroundings(endpoint=True, region="eu-west-1")
    assert access(ecr=FakeEcr(OTHER), aws=aws).use(reference(OTHER), there) == "done"
    assert there.asked == ["a-password-of-ecr"]


@pytest.mark.parametrize("names", [PRIVATE, "172.17.0.1:5001", "172.17.0.1", "evil.example"])
def test_with_an_endpoint_no_other_registry_ever_sees_the_token(names):
    there = Registry([])
    aws = AwsSurroundings(endpoint=True, region="eu-west-1")
    with pytest.raises(AccessRefused) as raised:
        access(ecr=FakeEcr(names), aws=aws).use(reference(OTHER), there)
    assert there.asked == [None]
    assert f"ECR's token is for {names}, so this registry never saw it" in str(raised.value)


def test_docker_hub_is_never_taken_for_an_endpoints_registry():
    regions: list[tuple[str, bool]] = []
    aws = AwsSurroundings(endpoint=True, region="eu-west-1")
    access(ecr=FakeEcr(OTHER), aws=aws, regions=regions).use(parse_reference("python:3"), Registry([None]))
    assert regions == []


@pytest.mark.parametrize(
    "error", [Refused("manifest unknown", missing=True), Refused("dial tcp: connection refused"), Refused("x509: ...")]
)
def test_what_no_login_would_mend_ends_the_search(error):
    there = Registry([], error)
    with pytest.raises(AccessRefused) as raised:
        access(logins={PRIVATE: "host"}, ecr=FakeEcr(PRIVATE)).use(reference(PRIVATE), there)
    assert there.asked == ["host"]
    assert raised.value.last is error


def test_a_helper_that_is_missing_stops_nothing_and_is_told():
    there = Registry(["a-password-of-ecr"])
    logins = {PRIVATE: HostLoginUnusable("docker-credential-x is not there")}
    assert access(logins=logins, ecr=FakeEcr(PRIVATE)).use(reference(PRIVATE), there) == "done"
    with pytest.raises(AccessRefused, match="docker-credential-x is not there"):
        access(logins=logins, ecr=FakeEcr(PRIVATE)).use(reference(PRIVATE), Registry([]))


def test_a_public_pull_without_the_wanted_login_says_so():
    log = FakeLog()
    access(ecr=OidcUnavailable("GitHub gives this job no OIDC token."), log=log).use(
        reference("public.ecr.aws"), Registry([None])
    )
    assert log.lines == [
        "public.ecr.aws was asked without a login. (a token of Amazon ECR: GitHub gives this job no OIDC token.)"
    ]


def test_everything_that_was_tried_is_told_in_order():
    ecr = AwsAccessDenied("AWS denied ecr:GetAuthorizationToken on *")
    with pytest.raises(AccessRefused) as raised:
        access(logins={"public.ecr.aws": "host"}, ecr=ecr).use(reference("public.ecr.aws"), Registry([]))
    meaning = refusal_meaning(raised.value.tried, raised.value.last, from_fork=False)
    assert meaning.splitlines()[:4] == [
        "Tried in this order:",
        f"- with {HOST}: denied: not you",
        f"- with {ECR}: AWS denied ecr:GetAuthorizationToken on *",
        f"- with {ANONYMOUS}: denied: not you",
    ]


def test_a_fork_is_told_that_it_has_no_login():
    tried = [Tried(how=HOST, outcome="there is none for this registry")]
    assert "from a fork" in refusal_meaning(tried, None, from_fork=True)
    assert "from a fork" not in refusal_meaning(tried, None, from_fork=False)


def test_what_a_registry_says_stays_on_its_line():
    tried = [Tried(how=HOST, outcome="denied\n::error::owned\r\n", refused=True)]
    assert all(not line.startswith("::") for line in refusal_meaning(tried, DENIED, from_fork=False).splitlines())


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (DENIED, "wants a login, or this login may not do it, or it has expired"),
        (Refused("manifest unknown", missing=True), "knows no such image"),
        (Refused("x509: certificate signed by unknown authority"), "/etc/docker/certs.d/"),
        (Refused("dial tcp 1.2.3.4:443: i/o timeout"), "does not reach the registry"),
        (None, "shows nothing to strangers"),
    ],
)
def test_the_last_word_of_the_registry_is_explained(error, said):
    assert said in refusal_meaning([], error, from_fork=False)


def test_iam_statements_name_the_very_repository():
    mend = login_mend(reference(PRIVATE), actions=PULL_ACTIONS, endpoint=False)
    statements = json.loads("[" + "".join(line for line in mend.splitlines() if line.startswith("{")) + "]")
    assert statements[0]["Action"] == "ecr:GetAuthorizationToken"
    assert statements[1]["Resource"] == "arn:aws:ecr:eu-west-1:123456789012:repository/team/runner"
    assert (
        f"aws ecr get-login-password --region eu-west-1 | docker login --username AWS --password-stdin {PRIVATE}"
        in mend
    )


@pytest.mark.parametrize(
    ("registry", "partition"),
    [
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "aws-cn"),
        ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "aws-us-gov"),
    ],
)
def test_iam_statements_are_of_the_regions_partition(registry, partition):
    assert f"arn:{partition}:ecr:" in login_mend(reference(registry), actions=PULL_ACTIONS, endpoint=False)


def test_the_public_registry_wants_a_bearer_token_too():
    mend = login_mend(reference("public.ecr.aws"), actions=PULL_ACTIONS, endpoint=False)
    assert "sts:GetServiceBearerToken" in mend
    assert "aws ecr-public get-login-password --region us-east-1" in mend


def test_any_other_registry_wants_docker_login():
    mend = login_mend(reference("ghcr.io"), actions=PULL_ACTIONS, endpoint=False)
    assert "docker login --username NAME --password-stdin ghcr.io" in mend
    assert "aws ecr" not in mend


def test_an_endpoint_is_seen_in_either_variable():
    assert aws_surroundings({"AWS_ENDPOINT_URL": "x"}, region="", from_fork=False).endpoint
    assert aws_surroundings({"AWS_ENDPOINT_URL_ECR": "x"}, region="", from_fork=False).endpoint
    assert not aws_surroundings({"AWS_ENDPOINT_URL_S3": "x"}, region="", from_fork=False).endpoint
    assert aws_surroundings({"AWS_REGION": "eu-west-2"}, region="", from_fork=False).region == "eu-west-2"
