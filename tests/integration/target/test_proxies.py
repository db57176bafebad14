"""The way to GitHub's issuer and to AWS through a proxy, and past it."""

import json
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lab.certificates import certify
from mwaa_deploy.errors import AwsUnavailable, OidcUnavailable
from mwaa_deploy.target.credentials import AwsClients, aws_session
from mwaa_deploy.target.sign_in import SignIn
from tests.fakes.clock import FakeClock
from tests.fakes.log import FakeLog
from tests.integration.target.forward_proxy import ForwardProxy, forward_proxy
from tests.integration.target.scripted_http import Answer, ScriptedHttp, scripted_http

ISSUER = "issuer.invalid"
STS = "sts.eu-west-1.amazonaws.com"
NEXT = "arn:aws:iam::123456789012:role/next"
ANSWER = """<{0}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{0}Result><Credentials>
<AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>session</SessionToken>
<Expiration>{1:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials></{0}Result></{0}Response>"""


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but what a test says about proxies and AWS."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setattr("mwaa_deploy.target.credentials.RETRIES", {"mode": "standard", "total_max_attempts": 1})


@pytest.fixture
def servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedHttp]:
    """The issuer and STS, whose certificates are trusted because variables say so."""
    made = certify(ISSUER, STS)
    (tmp_path / "server.pem").write_bytes(made.certificate + made.key)
    (tmp_path / "authority.pem").write_bytes(made.authority)
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, str(tmp_path / "authority.pem"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "server.pem")
    with scripted_http(tls) as script:
        yield answering(script)


@pytest.fixture
def proxy(servers: ScriptedHttp) -> Iterator[ForwardProxy]:
    port = int(servers.url.rpartition(":")[2])
    with forward_proxy({f"{ISSUER}:443": port, f"{STS}:443": port}) as proxy:
        yield proxy


def answering(script: ScriptedHttp) -> ScriptedHttp:
    end = datetime.now(UTC) + timedelta(hours=1)
    script.get = [Answer(body=json.dumps({"value": "e30.e30.c2ln"}))]
    script.post = [Answer(body=ANSWER.format(action, end)) for action in ("AssumeRoleWithWebIdentity", "AssumeRole")]
    return script


def sign_in(issuer: str) -> AwsClients:
    return aws_session(
        SignIn(role_arn="arn:aws:iam::123456789012:role/mwaa-deploy", chain=(NEXT,)),
        region="eu-west-1",
        env={"ACTIONS_ID_TOKEN_REQUEST_URL": f"{issuer}/?v=2", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer"},
        clock=FakeClock(datetime.now(UTC)),
        log=FakeLog(),
    )


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
def test_issuer_and_sts_are_asked_through_the_proxy_which_finds_them(proxy, monkeypatch, name):
    monkeypatch.setenv(name, f"http://me:word@{proxy.address}")
    sign_in(f"https://{ISSUER}")
    assert proxy.asked == [(f"{host}:443", "me:word") for host in (ISSUER, STS, STS)]


def test_what_no_proxy_names_is_asked_directly(servers, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with scripted_http() as direct:
        answering(direct)
        monkeypatch.setenv("AWS_ENDPOINT_URL", direct.url)
        with pytest.raises(OidcUnavailable, match="did not answer"):
            sign_in(direct.url)
        assert direct.asked == []

        monkeypatch.setenv("NO_PROXY", "example.org,127.0.0.1")
        sign_in(direct.url)
        assert len(direct.asked) == 3


def test_the_issuer_alone_can_be_past_the_proxy(proxy, monkeypatch):
    with scripted_http() as direct:
        answering(direct)
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.address}")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        sign_in(direct.url)
    assert {host for host, _ in proxy.asked} == {f"{STS}:443"}


def test_a_proxy_that_is_down_is_told_without_its_password(servers, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://me:pass-word@127.0.0.1:1")
    with pytest.raises(OidcUnavailable) as caught:
        sign_in(f"https://{ISSUER}")
    assert "pass-word" not in str(caught.value)

    with scripted_http() as direct:
        answering(direct)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        with pytest.raises(AwsUnavailable, match="proxy") as refused:
            sign_in(direct.url)
    assert "pass-word" not in str(refused.value)
