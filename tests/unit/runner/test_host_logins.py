"""Docker's configuration file and its helpers, for one registry at a time."""

import base64
import json

import pytest

from mwaa_deploy.runner.host_logins import LOGINS, HostLogins, HostLoginUnusable, hand_over
from tests.fakes.log import FakeLog

REGISTRY = "registry.example:5000"


def auth(login="somebody:open:sesame"):
    return {"auth": base64.b64encode(login.encode()).decode()}


@pytest.fixture
def log():
    return FakeLog()


@pytest.fixture
def host(tmp_path, log):
    return Host(tmp_path, log)


class Host:
    """A home folder with a configuration file, and a PATH with helpers."""

    def __init__(self, folder, log):
        self.folder = folder
        self.log = log
        self.env = {"HOME": str(folder), "PATH": f"{folder / 'bin'}:/usr/bin:/bin"}
        (folder / "bin").mkdir()
        (folder / ".docker").mkdir()

    def config(self, **document):
        (self.folder / ".docker" / "config.json").write_text(json.dumps(document), encoding="utf-8")

    def helper(self, name, script):
        path = self.folder / "bin" / f"docker-credential-{name}"
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def find(self, registry=REGISTRY):
        return HostLogins(self.env, self.log).find(registry)


def test_what_is_written_down_for_the_registry_is_found_and_masked(host, log):
    host.config(auths={"other.example": auth("x:y"), REGISTRY: auth()})
    login = host.find()
    assert login is not None
    assert (login.registry, login.username, login.password) == (REGISTRY, "somebody", "open:sesame")
    assert log.masked == ["open:sesame"]
    assert "sesame" not in repr(login)


def test_the_folder_of_the_file_can_be_named(host, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "config.json").write_text(json.dumps({"auths": {REGISTRY: auth()}}), encoding="utf-8")
    assert host.find() is None
    host.env["DOCKER_CONFIG"] = str(tmp_path / "elsewhere")
    assert host.find() is not None


@pytest.mark.parametrize("registry", ["registry.example", "example:5000", "docker.io"])
def test_no_other_registry_gets_it(host, registry):
    host.config(auths={REGISTRY: auth()})
    assert host.find(registry) is None


def test_docker_hub_is_found_under_its_address(host):
    host.config(auths={"https://index.docker.io/v1/": auth()})
    assert host.find("docker.io") is not None


def test_an_identity_token_is_taken_before_a_password(host, log):
    host.config(auths={REGISTRY: {**auth(), "identitytoken": "a-token"}})
    login = host.find()
    assert login is not None
    assert (login.identity_token, login.password) == ("a-token", "")
    assert log.masked == ["a-token"]


@pytest.mark.parametrize("key", ["credsStore", "credHelpers"])
def test_a_helper_is_asked_for_the_registry(host, log, key):
    host.helper("demo", f'test "$1" = get && test "$(cat)" = {REGISTRY} && echo \'{{"Username":"AWS","Secret":"s"}}\'')
    host.config(**{key: "demo" if key == "credsStore" else {REGISTRY: "demo"}})
    login = host.find()
    assert login is not None
    assert (login.username, login.password) == ("AWS", "s")
    assert log.masked == ["s"]


def test_a_helper_says_identity_tokens_by_the_users_name(host):
    host.helper("demo", 'echo \'{"Username":"<token>","Secret":"a-token"}\'')
    host.config(credsStore="demo")
    login = host.find()
    assert login is not None
    assert (login.username, login.identity_token) == ("", "a-token")


def test_a_helper_that_knows_nothing_is_no_failure(host):
    host.helper("demo", "echo 'credentials not found in native keychain'; exit 1")
    host.config(credsStore="demo")
    assert host.find() is None


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (None, r"leaves registry\.example:5000 to docker-credential-demo, and there is no such program on PATH"),
        ("echo 'the keychain is locked'; exit 1", r"docker-credential-demo failed: the keychain is locked$"),
        ("echo nonsense", r"docker-credential-demo answers with something else than a login$"),
        ('echo \'{"Username":"x"}\'', r"docker-credential-demo answers with something else than a login$"),
    ],
)
def test_a_helper_that_is_missing_or_fails_is_named(host, script, said):
    if script:
        host.helper("demo", script)
    host.config(credHelpers={REGISTRY: "demo"})
    with pytest.raises(HostLoginUnusable, match=said):
        host.find()


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"auths": [1]}',
        json.dumps({"credsStore": "../../bin/sh"}),
        json.dumps({"auths": {REGISTRY: {"auth": "####"}}}),
        json.dumps({"auths": {REGISTRY: {"auth": base64.b64encode(b"no colon").decode()}}}),
    ],
)
def test_a_file_that_cannot_be_read_is_told(host, text):
    (host.folder / ".docker" / "config.json").write_text(text, encoding="utf-8")
    with pytest.raises(HostLoginUnusable, match=r"config\.json cannot be read"):
        host.find()


def test_without_a_file_there_is_no_login(host):
    assert host.find() is None


# --------------------------------------------------------------------------------------- through launch.sh's hands


def handed(host, lines):
    host.env[LOGINS] = lines
    return host


def test_what_launch_sh_hands_over_is_for_its_registry_alone(host, log):
    handed(host, f'login {REGISTRY} {{"Username": "AWS", "Secret": "s3cret"}}\n')
    login = host.find()
    assert login is not None
    assert (login.username, login.password) == ("AWS", "s3cret")
    assert host.find("other.example") is None
    assert log.masked == ["s3cret"]


def test_handed_over_lines_stand_for_the_file(host):
    host.config(auths={REGISTRY: auth()})
    assert handed(host, "").find() is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/home/me/.docker/config.json leaves it to docker-credential-demo", "docker-credential-demo"),
        ("docker-credential-demo: the keychain is locked", "the keychain is locked"),
    ],
)
def test_a_problem_that_launch_sh_had_is_told(host, text, said):
    with pytest.raises(HostLoginUnusable, match=said):
        handed(host, f"problem {REGISTRY} {text}\n").find()


def test_a_helper_that_knew_nothing_is_no_problem(host):
    text = "docker-credential-demo: credentials not found in native keychain"
    assert handed(host, f"problem {REGISTRY} {text}\n").find() is None


def test_only_the_registries_of_the_runs_images_are_handed_over():
    config = json.dumps(
        {"auths": {REGISTRY: auth(), "base.example": auth("b:base"), "other.example": auth("x:hidden")}}
    )
    env = {"INPUT_RUNNER_IMAGE": f"{REGISTRY}/runner:1", "MWAA_DEPLOY_BASE_IMAGE": "base.example/python:3"}
    assert list(hand_over(config, env)) == [
        'login base.example {"Username": "b", "Secret": "base"}',
        f'login {REGISTRY} {{"Username": "somebody", "Secret": "open:sesame"}}',
    ]


def test_a_helper_is_named_for_the_host_to_run():
    config = json.dumps({"credsStore": "desktop", "credHelpers": {REGISTRY: "ecr-login"}})
    env = {"INPUT_RUNNER_IMAGE": f"{REGISTRY}/runner:1", "MWAA_DEPLOY_BASE_IMAGE": "python:3"}
    assert list(hand_over(config, env)) == [
        "helper docker.io desktop https://index.docker.io/v1/",
        f"helper {REGISTRY} ecr-login {REGISTRY}",
    ]


def test_a_file_that_is_none_is_handed_over_as_a_problem_of_one_line():
    env = {"INPUT_RUNNER_IMAGE": f"{REGISTRY}/runner:1"}
    (line,) = hand_over("{\n", env)
    assert line.startswith(f"problem {REGISTRY} Docker's configuration file of this host cannot be read: ")


def test_what_is_no_image_has_no_registry():
    assert list(hand_over("{}", {"INPUT_RUNNER_IMAGE": "No Image"})) == []
