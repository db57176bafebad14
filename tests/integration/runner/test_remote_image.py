"""Looking at an image through the registry's API, where a token stands between."""

import base64
from collections.abc import Iterator

import pytest

from lab.web import Request, Response, serving
from mwaa_deploy.ports import RegistryLogin
from mwaa_deploy.runner.image_reference import parse_reference
from mwaa_deploy.runner.registry_access import AccessRefused, AwsSurroundings, RegistryAccess
from mwaa_deploy.runner.remote_image import RemoteImages
from tests.fakes.log import FakeLog

CONFIG = "sha256:" + "c" * 64
PASSWORD = "secret"
BASIC = "Basic " + base64.b64encode(f"me:{PASSWORD}".encode()).decode()


def manifest(body: object, digest: str) -> Response:
    return Response(body=body, headers={"Docker-Content-Digest": digest})


class Storage:
    """Where a registry sends those who want a blob."""

    def __init__(self) -> None:
        self.seen: list[Request] = []

    def __call__(self, request: Request) -> Response:
        self.seen.append(request)
        return Response(body={"config": {"Labels": {"a": "b"}}})


class Registry:
    """GHCR's and Docker Hub's way: a bearer token for a login."""

    def __init__(self, storage: str) -> None:
        self.answers = {
            "/v2/team/runner/manifests/1": manifest({"config": {"digest": CONFIG}}, "sha256:x"),
            f"/v2/team/runner/blobs/{CONFIG}": Response(status=307, headers={"Location": storage}),
            "/v2/team/index/manifests/1": manifest({"manifests": []}, "sha256:y"),
            "/v2/team/odd/manifests/1": manifest(["no object"], "sha256:z"),
        }
        self.url = ""
        self.realm = ""
        self.token_requests: list[Request] = []

    def __call__(self, request: Request) -> Response:
        if request.path == "/token":
            self.token_requests.append(request)
            granted = request.headers.get("authorization") == BASIC
            return Response(body={"token": "t"}) if granted else Response(status=401, body={})
        if request.headers.get("authorization") != "Bearer t":
            challenge = f'Bearer realm="{self.realm or self.url + "/token"}",service="here",scope="ignored"'
            return Response(status=401, headers={"WWW-Authenticate": challenge})
        if request.path in self.answers:
            return self.answers[request.path]
        code = "NAME_UNKNOWN" if "nowhere" in request.path else "MANIFEST_UNKNOWN"
        return Response(status=404, body={"errors": [{"code": code, "message": "::error::x"}]})


class Logins:
    def __init__(self, password: str) -> None:
        self.password = password

    def find(self, registry: str) -> RegistryLogin | None:
        return RegistryLogin(registry=registry, username="me", password=self.password)


@pytest.fixture
def storage() -> Storage:
    return Storage()


@pytest.fixture
def registry(storage: Storage) -> Iterator[Registry]:
    with serving(storage) as elsewhere:
        registry = Registry(elsewhere.replace("127.0.0.1", "localhost") + "/blob")
        with serving(registry) as url:
            registry.url = url
            yield registry


def look(registry: Registry, name: str, password: str = PASSWORD):
    access = RegistryAccess(Logins(password), None, AwsSurroundings(), FakeLog())
    return RemoteImages(access).look(parse_reference(f"{registry.url.partition('://')[2]}/{name}:1"))


def test_digest_and_labels_are_read_with_a_token_for_the_login(registry):
    found = look(registry, "team/runner")
    assert (found.digest, found.labels) == ("sha256:x", {"a": "b"})
    assert registry.token_requests[0].query == {"service": "here", "scope": "repository:team/runner:pull"}


def test_the_storage_behind_never_sees_the_token(registry, storage):
    look(registry, "team/runner")
    assert len(storage.seen) == 1
    assert "authorization" not in storage.seen[0].headers


def test_an_image_of_several_platforms_has_no_labels(registry):
    assert look(registry, "team/index").labels == {}


def test_a_missing_image_is_not_a_missing_repository(registry):
    assert not look(registry, "team/none").repository_missing
    assert look(registry, "team/nowhere").repository_missing


def test_a_login_that_is_not_taken_is_refused(registry):
    with pytest.raises(AccessRefused) as raised:
        look(registry, "team/runner", "wrong")
    assert raised.value.last is not None
    assert raised.value.last.wants_login
    assert "wrong" not in str(raised.value)


def test_a_login_goes_to_no_address_that_is_not_encrypted(registry):
    registry.realm = "http://evil.example/token"
    with pytest.raises(AccessRefused, match="not https"):
        look(registry, "team/runner")


def test_an_answer_that_makes_no_sense_is_refused(registry):
    with pytest.raises(AccessRefused, match="no JSON object"):
        look(registry, "team/odd")
