"""A private registry with a password: pulls by the host's login, by ECR's token, and refused."""

import json
import subprocess
import uuid
from contextlib import suppress

import pytest
from docker.errors import ImageNotFound

from mwaa_deploy.clock import SystemClock
from mwaa_deploy.errors import RunnerImageUnusable
from mwaa_deploy.runner.engine import connect
from mwaa_deploy.runner.host_logins import HostLogins
from mwaa_deploy.runner.images import RunnerImages
from mwaa_deploy.runner.registry_access import RegistryAccess, access_without_aws, aws_surroundings
from mwaa_deploy.target.ecr import connect_ecr
from mwaa_deploy.target.sign_in import SignIn
from tests.fakes.log import FakeLog
from tests.fixtures.registry import VERSION, make_small_image, password_file

pytestmark = [pytest.mark.engine, pytest.mark.lab]


@pytest.fixture(scope="module")
def engine():
    with connect({}, "test-registry") as engine:
        yield engine


@pytest.fixture
def log():
    return FakeLog()


@pytest.fixture(scope="module")
def pushed(engine, registry_world):
    """An image that is at the registry."""
    host = registry_world.registry_url.partition("://")[2]
    reference = f"{host}/team/small-{uuid.uuid4().hex}:1"
    make_small_image(engine, reference)
    login = {"username": "AWS", "password": registry_world.registry_password}
    said = b"".join(engine.client.api.push(reference, stream=True, auth_config=login))
    assert b'"error"' not in said
    return reference


@pytest.fixture
def reference(engine, pushed):
    """The same, and nowhere else."""
    with suppress(ImageNotFound):
        engine.client.images.remove(pushed)
    yield pushed
    with suppress(ImageNotFound):
        engine.client.images.remove(pushed)


def by_ecr(env, log):
    """As edges.py makes it."""

    def connect_to(registry):
        return connect_ecr(registry, SignIn(session_name="test"), env=env, clock=SystemClock(), log=log)

    aws = aws_surroundings(env, region="eu-west-1", from_fork=False)
    return RegistryAccess(HostLogins(env, log), connect_to, aws, log)


def pull(engine, access, reference, log):
    return RunnerImages(engine, access, log).named(reference, VERSION)


def test_ecrs_token_opens_the_registry(engine, reference, aws_of_registry, registry_world, log):
    assert pull(engine, by_ecr(aws_of_registry, log), reference, log) == reference
    assert log.lines[0] == f"> Pull image {reference}"
    assert log.lines[-1].startswith("Pulled 1 layer, 0.0 MB, in ")
    assert registry_world.registry_password in log.masked
    assert registry_world.registry_password not in log.text


def test_an_image_that_is_here_needs_no_credentials(engine, reference, aws_of_registry, log):
    pull(engine, by_ecr(aws_of_registry, FakeLog()), reference, FakeLog())
    assert pull(engine, by_ecr(aws_of_registry, log), reference, log) == reference
    assert (log.lines, log.masked) == ([], [])


def test_an_image_is_had_by_its_digest_too(engine, reference, aws_of_registry, log):
    pull(engine, by_ecr(aws_of_registry, log), reference, log)
    (digest,) = engine.client.images.get(reference).attrs["RepoDigests"]
    engine.client.images.remove(reference)
    assert pull(engine, by_ecr(aws_of_registry, log), digest, log) == digest
    again = FakeLog()
    assert pull(engine, by_ecr(aws_of_registry, again), digest, again) == digest
    assert again.lines == []
    engine.client.images.remove(digest)


def test_a_token_that_is_not_good_any_more_is_one_clear_error(engine, reference, aws_of_registry, registry_world, log):
    file = password_file(registry_world)
    right = file.read_text(encoding="utf-8")
    file.write_text("expired-password", encoding="utf-8")
    try:
        with pytest.raises(RunnerImageUnusable, match="cannot be pulled") as raised:
            pull(engine, by_ecr(aws_of_registry, log), reference, log)
    finally:
        file.write_text(right, encoding="utf-8")
    assert "- with a token of Amazon ECR: unauthorized" in raised.value.meaning
    assert "- with no login: " in raised.value.meaning
    assert "ecr:GetAuthorizationToken" in raised.value.mend
    assert "docker login --username AWS --password-stdin" in raised.value.mend
    assert "expired-password" not in f"{raised.value}{log.text}"


def test_without_credentials_a_locked_registry_is_refused_clearly(engine, reference, log):
    env = {"DOCKER_CONFIG": "/nonexistent"}
    with pytest.raises(RunnerImageUnusable, match="cannot be pulled") as raised:
        pull(engine, access_without_aws(env, log), reference, log)
    assert raised.value.meaning.splitlines()[1:] == [
        "- with the host's docker login: there is none for this registry",
        f'- with no login: Head "{address(reference)}": no basic auth credentials',
        "The registry wants a login, or this login may not do it, or it has expired.",
    ]


def address(reference):
    host, _, path = reference.partition("/")
    name, _, tag = path.rpartition(":")
    return f"https://{host}/v2/{name}/manifests/{tag}"


def test_what_docker_login_leaves_is_used(engine, reference, registry_world, tmp_path, log):
    registry_host = reference.partition("/")[0]
    env = {"DOCKER_CONFIG": str(tmp_path), "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}
    argv = ["docker", "login", "--username", "AWS", "--password-stdin", registry_host]
    subprocess.run(argv, env=env, input=registry_world.registry_password.encode(), check=True, capture_output=True)
    assert pull(engine, access_without_aws(env, log), reference, log) == reference
    assert log.masked == [registry_world.registry_password]
    assert registry_world.registry_password not in log.text


def test_a_credential_helper_is_used(engine, reference, registry_world, tmp_path, log):
    registry_host = reference.partition("/")[0]
    answer = json.dumps({"ServerURL": registry_host, "Username": "AWS", "Secret": registry_world.registry_password})
    helper = tmp_path / "docker-credential-demo"
    helper.write_text(f"#!/bin/sh\ntest \"$(cat)\" = {registry_host} && echo '{answer}'\n", encoding="utf-8")
    helper.chmod(0o755)
    (tmp_path / "config.json").write_text(json.dumps({"credHelpers": {registry_host: "demo"}}), encoding="utf-8")
    env = {"DOCKER_CONFIG": str(tmp_path), "PATH": f"{tmp_path}:/usr/bin:/bin"}
    assert pull(engine, access_without_aws(env, log), reference, log) == reference


def test_a_login_that_is_wrong_is_followed_by_ecrs_token(engine, reference, aws_of_registry, tmp_path, log):
    auths = {reference.partition("/")[0]: {"auth": "QVdTOm9sZA=="}}
    (tmp_path / "config.json").write_text(json.dumps({"auths": auths}), encoding="utf-8")
    env = {**aws_of_registry, "DOCKER_CONFIG": str(tmp_path)}
    assert pull(engine, by_ecr(env, log), reference, log) == reference


def test_an_image_that_the_registry_lacks_is_told_as_that(engine, aws_of_registry, registry_host, log):
    with pytest.raises(RunnerImageUnusable) as raised:
        pull(engine, by_ecr(aws_of_registry, log), f"{registry_host}/team/none:1", log)
    assert "The registry knows no such image" in raised.value.meaning


def test_what_is_pulled_must_hold_the_asked_airflow(engine, reference, aws_of_registry, log):
    with pytest.raises(RunnerImageUnusable, match=r"holds Airflow 0\.0\.1, not 2\.10\.3"):
        RunnerImages(engine, by_ecr(aws_of_registry, log), log).named(reference, "2.10.3")
