"""The registry: Debian's docker-registry, with a password."""

import shutil
import signal
import subprocess
import sys

import pytest
import requests

from lab import processes
from lab.processes import ROOT
from lab.registry import bcrypt

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
