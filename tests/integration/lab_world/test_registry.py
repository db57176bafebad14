"""The registry: Debian's docker-registry, with a password."""

import base64
import shutil
import signal
import subprocess
import sys

import pytest
import requests

from lab import processes
from lab.engine_trust import CERTIFICATES, bridge_address
from lab.processes import ROOT
from lab.registry import bcrypt
from lab.world import running_world

needs_registry = pytest.mark.skipif(
    shutil.which("docker-registry") is None,
    reason="docker-registry is not installed; on Debian: apt-get install docker-registry",
)


@pytest.fixture
def registry(tmp_path):
    """A registry's URL, and the process."""
    password = tmp_path / "password"
    password.write_text("open sesame\n")
    port = processes.free_port()
    argv = [sys.executable, "-m", "lab.registry", "--port", str(port), "--user", "AWS"]
    argv += ["--password-file", str(password), "--folder", str(tmp_path / "with space: odd")]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE) as running:
        url = f"http://127.0.0.1:{port}"
        assert running.stdout
        assert running.stdout.readline().decode().strip() == f"The registry listens on {url}"
        processes.wait_until_answers(url, running, name="registry", log=tmp_path / "none", timeout=10)
        yield url, running
        running.kill()


@needs_registry
def test_only_the_right_password_opens_it(registry):
    url, _ = registry

    def status(auth):
        return requests.get(f"{url}/v2/", auth=auth, timeout=10).status_code

    assert status(None) == 401
    assert status(("AWS", "wrong")) == 401
    assert status(("other", "open sesame")) == 401
    assert status(("AWS", "open sesame")) == 200


@needs_registry
def test_a_blob_that_is_pushed_can_be_pulled(registry):
    url, _ = registry
    auth = ("AWS", "open sesame")
    digest = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    upload = requests.post(f"{url}/v2/runner/blobs/uploads/", auth=auth, timeout=10).headers["Location"]
    stored = requests.put(f"{upload}&digest={digest}", data=b"hello", auth=auth, timeout=10)

    assert stored.status_code == 201
    assert requests.get(f"{url}/v2/runner/blobs/{digest}", auth=auth, timeout=10).content == b"hello"


@needs_registry
def test_it_ends_on_sigterm(registry):
    url, running = registry

    running.send_signal(signal.SIGTERM)

    assert running.wait(10) == 0
    assert not processes.answers(url)


def test_a_missing_registry_is_named_with_the_way_to_install_it(tmp_path):
    (tmp_path / "password").write_text("x")
    argv = [sys.executable, "-m", "lab.registry", "--port", "1", "--user", "AWS"]
    argv += ["--password-file", str(tmp_path / "password")]

    done = subprocess.run(argv, cwd=ROOT, env={"PATH": ""}, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "apt-get install --no-install-recommends docker-registry" in done.stderr


def test_a_password_is_hashed_with_salt():
    first, second = bcrypt("x"), bcrypt("x")

    assert first != second
    assert first.startswith("$2b$10$")
    assert len(first) == 60


@needs_registry
@pytest.mark.engine
def test_with_tls_the_engine_trusts_it_only_while_it_runs(tmp_path):
    password = tmp_path / "password"
    password.write_text("open sesame\n")
    port = processes.free_port()
    argv = [sys.executable, "-m", "lab.registry", "--port", str(port), "--user", "AWS", "--tls"]
    argv += ["--password-file", str(password), "--folder", str(tmp_path / "registry")]
    registry = f"{bridge_address()}:{port}"
    before = CERTIFICATES.is_dir()
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE) as running:
        url = f"https://{registry}"
        assert running.stdout
        assert running.stdout.readline().decode().strip() == f"The registry listens on {url}"
        processes.wait_until_answers(url, running, name="registry", log=tmp_path / "none", timeout=10)
        authority = CERTIFICATES / registry / "ca.crt"
        answer = requests.get(f"{url}/v2/", auth=("AWS", "open sesame"), verify=str(authority), timeout=10)
        refused = docker("login", "--username", "AWS", "--password", "wrong", registry, config=tmp_path)
        taken = docker("login", "--username", "AWS", "--password", "open sesame", registry, config=tmp_path)
        running.send_signal(signal.SIGTERM)
        assert running.wait(10) == 0
    assert answer.status_code == 200
    assert (refused, taken) == (1, 0)
    assert not processes.answers(url)
    assert not authority.parent.exists()
    assert CERTIFICATES.is_dir() == before


def docker(*argv, config):
    env = {"DOCKER_CONFIG": str(config), "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}
    return subprocess.run(["docker", *argv], env=env, capture_output=True, check=False).returncode


@needs_registry
def test_ecr_gives_out_what_opens_it(tmp_path):
    with running_world(tmp_path / "world", airflow=False, registry=True) as world:
        (data,) = world.aws_client("ecr").get_authorization_token()["authorizationData"]
        user, _, word = base64.b64decode(data["authorizationToken"]).decode().partition(":")
        assert data["proxyEndpoint"] == world.registry_url
        assert requests.get(f"{data['proxyEndpoint']}/v2/", auth=(user, word), timeout=10).status_code == 200
