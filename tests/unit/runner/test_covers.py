"""What of the host is hidden from user code."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mwaa_deploy.runner.covers import mounts, private_paths


@pytest.fixture
def place() -> Iterator[Path]:
    """Not below /tmp, which is private anyway."""
    folder = Path(tempfile.mkdtemp(dir="/var/tmp"))
    yield folder
    shutil.rmtree(folder)


def test_homes_workspace_and_command_files_are_private(place):
    for name in ("home", "work", "temp/commands", "output", "project"):
        (place / name).mkdir(parents=True)
    (place / "temp" / "commands" / "set_env").write_text("")
    (place / "creds").write_text("")
    env = {
        "HOME": f"{place}/home",
        "GITHUB_WORKSPACE": f"{place}/work",
        "GITHUB_ENV": f"{place}/temp/commands/set_env",
        "AWS_SHARED_CREDENTIALS_FILE": f"{place}/creds",
        "KUBECONFIG": f"{place}/not-there",
        "GITHUB_OUTPUT": "",
    }
    found = private_paths(env, Path("/nonexistent"))
    assert found == tuple(place / name for name in ("creds", "home", "temp/commands", "work"))


def test_a_socket_elsewhere_is_private(place):
    (place / "engine.sock").write_text("")
    assert private_paths({"DOCKER_HOST": f"unix://{place}/engine.sock"}, Path("/nonexistent")) == (
        place / "engine.sock",
    )


def test_only_the_outermost_of_nested_folders_is_covered(place):
    (place / "home" / "work").mkdir(parents=True)
    env = {"HOME": f"{place}/home", "GITHUB_WORKSPACE": f"{place}/home/work"}
    assert private_paths(env, place / "home") == (place / "home",)


def test_what_nothing_runs_without_is_never_covered():
    assert private_paths({"HOME": "/", "GITHUB_WORKSPACE": "/usr", "RUNNER_TEMP": "/tmp"}, Path("/etc")) == ()


def test_links_are_followed(place):
    (place / "real").mkdir()
    (place / "link").symlink_to("real")
    assert private_paths({"HOME": f"{place}/link"}, place / "real") == (place / "real",)


def test_what_is_kept_is_put_aside_before_covering_and_shown_after_it(place):
    (place / "secret").write_text("")
    python, root = Path("/home/me/.pyenv/versions/3.11.9"), Path("/tmp/runner")
    found = mounts(root=root, private=[place, place / "secret"], kept=[python], resolver="nameserver ::1\n")
    assert found == (
        ("tmpfs", "/run", ""),
        ("bind", "/tmp/runner", "/run/kept/0"),
        ("bind", str(python), "/run/kept/1"),
        ("tmpfs", str(place), ""),
        ("null", str(place / "secret"), ""),
        ("bind", "/run/kept/0/tmp", "/tmp"),
        ("bind", "/run/kept/0", "/tmp/runner"),
        ("bind", "/run/kept/1", str(python)),
        ("text", "/etc/resolv.conf", "nameserver ::1\n"),
    )
