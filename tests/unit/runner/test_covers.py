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
    python, root = place / ".pyenv" / "versions" / "3.11.9", Path("/tmp/runner")
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
        ("tmpfs", "/dev/shm", "1777"),
        ("text", "/etc/resolv.conf", "nameserver ::1\n"),
        ("readonly", "/tmp/runner", "/run/kept/0"),
    )


def test_what_no_cover_hides_is_not_shown_over_the_covers_inside_of_it(place):
    found = mounts(root=Path("/tmp/runner"), private=[place], kept=[place.parent], resolver="")
    assert ("tmpfs", str(place), "") in found
    assert not [mount for mount in found if str(place.parent) in mount]


def test_the_folder_of_a_self_hosted_runner_is_covered_with_all_that_is_in_it(place):
    for name in ("_work/_actions/own/mwaa-deploy/v1", "_work/_temp", "_work/repo/repo"):
        (place / name).mkdir(parents=True)
    work = f"{place}/_work"
    env = {
        "RUNNER_WORKSPACE": f"{work}/repo",
        "RUNNER_TEMP": f"{work}/_temp",
        "GITHUB_ACTION_PATH": f"{work}/_actions/own/mwaa-deploy/v1",
        "GITHUB_WORKSPACE": f"{work}/repo/repo",
    }
    assert private_paths(env, Path("/nonexistent")) == (place,)


def test_an_action_elsewhere_is_covered(place):
    assert private_paths({"GITHUB_ACTION_PATH": str(place)}, Path("/nonexistent")) == (place,)


@pytest.mark.parametrize("above", ["/", "/opt", "/usr/local", "/var/lib"])
def test_a_runner_in_a_folder_of_the_system_does_not_cover_it(above):
    env = {"RUNNER_WORKSPACE": f"{above.rstrip('/')}/_work/repo"}
    assert private_paths(env, Path("/nonexistent")) == ()


def test_without_a_folder_of_its_own_the_runners_work_is_covered():
    """As in a job container, where the work lies in /__w: here as there the folder above is never covered."""
    work = Path(tempfile.mkdtemp(dir="/opt"))
    try:
        (work / "repo").mkdir()
        assert private_paths({"RUNNER_WORKSPACE": f"{work}/repo"}, Path("/nonexistent")) == (work,)
    finally:
        shutil.rmtree(work)
