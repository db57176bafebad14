"""launch.sh decides where the program runs; a docker that writes down how it is called stands in for the real one."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SECRET = "s3cr3t-value"

TOOLS = (
    *("bash", "cat", "cksum", "cut", "dirname", "env", "grep", "head", "id", "mktemp", "rm", "seq", "sleep", "stat"),
    *("touch", "uname", "xargs"),
)

DOCKER = """#!{python}
import json, os, sys
with open({log!r}, "a") as log:
    print(json.dumps(sys.argv[1:]), file=log)
answers = json.loads({answers!r})
for words, code in answers.items():
    if " ".join(sys.argv[1:]).startswith(words):
        sys.exit(code)
"""


@pytest.fixture
def job(tmp_path):
    """A job's folders, a PATH with nothing but basic tools, and a docker that is scripted."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in TOOLS:
        tools.joinpath(name).symlink_to(shutil.which(name))
    checkout = tmp_path / "checkout"
    shutil.copytree(ROOT / "entrypoint", checkout / "entrypoint")
    (tmp_path / "workspace").mkdir()
    (tmp_path / "temp").mkdir()
    for name in ("output", "summary", "event.json"):
        (tmp_path / name).touch()
    return Job(tmp_path)


class Job:
    def __init__(self, folder):
        self.folder = folder
        self.calls_file = folder / "docker.log"
        self.env = {
            "PATH": str(folder / "bin"),
            "GITHUB_WORKSPACE": str(folder / "workspace"),
            "RUNNER_TEMP": str(folder / "temp"),
            "RUNNER_TOOL_CACHE": str(folder / "no-tools"),
            "GITHUB_RUN_ID": "7",
            "GITHUB_OUTPUT": str(folder / "output"),
            "GITHUB_STEP_SUMMARY": str(folder / "summary"),
            "GITHUB_EVENT_PATH": str(folder / "event.json"),
            "INPUT_AIRFLOW_VERSION": "2.10.3",
            "INPUT_GITHUB_TOKEN": SECRET,
            "INPUT_STACK_NAME": "$(touch pwned)`id`",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": SECRET,
            "UNRELATED_SECRET": SECRET,
            "DOCKER_HOST": "tcp://127.0.0.1:2375",
        }

    def docker(self, answers=None):
        path = self.folder / "bin" / "docker"
        script = DOCKER.format(python=sys.executable, log=str(self.calls_file), answers=json.dumps(answers or {}))
        path.write_text(script, encoding="utf-8")
        path.chmod(0o755)

    def run(self, script="launch.sh", **env):
        argv = [self.folder / "checkout" / "entrypoint" / script]
        return subprocess.run(
            argv, env={**self.env, **env}, cwd=self.folder, capture_output=True, text=True, check=False
        )

    @property
    def calls(self):
        return [json.loads(line) for line in self.calls_file.read_text(encoding="utf-8").splitlines()]


def run_call(job):
    return next(call for call in job.calls if call[0] == "run" and call[-1] == "run")


def test_values_never_stand_on_a_command_line(job):
    job.docker()
    assert job.run().returncode == 0
    assert all(SECRET not in word and "pwned" not in word for call in job.calls for word in call)
    assert not (job.folder / "pwned").exists()


def test_only_named_variables_reach_the_container(job):
    job.docker()
    job.run()
    call = run_call(job)
    passed = {call[i + 1] for i, word in enumerate(call) if word == "--env"}
    assert {"INPUT_STACK_NAME", "INPUT_GITHUB_TOKEN", "GITHUB_SHA", "ACTIONS_ID_TOKEN_REQUEST_URL"} <= passed
    assert "UNRELATED_SECRET" not in passed
    assert not {word for word in passed if "=" in word}


def test_the_workspace_is_read_only_at_its_own_path_and_the_user_is_the_callers(job):
    job.docker()
    job.run()
    call = run_call(job)
    workspace = job.env["GITHUB_WORKSPACE"]
    assert f"{workspace}:{workspace}:ro" in call
    assert f"{os.getuid()}:{os.getgid()}" in call
    assert call[call.index("--cap-drop") + 1] == "ALL"
    assert "--privileged" not in call


def test_main_builds_and_a_release_pulls_its_digest(job):
    job.docker()
    job.run()
    assert any(call[0] == "build" for call in job.calls)
    job.calls_file.unlink()
    lock = "ghcr.io/owner/mwaa-deploy:1.2.3@sha256:" + "a" * 64
    (job.folder / "checkout" / "entrypoint" / "image.lock").write_text(f"{lock}\n", encoding="utf-8")
    job.run()
    assert ["pull", "--quiet", lock] in job.calls
    assert not any(call[0] == "build" for call in job.calls)
    assert run_call(job)[-2:] == [lock, "run"]


def test_without_docker_and_python_there_is_one_clear_error(job):
    done = job.run()
    assert done.returncode == 22
    assert done.stdout.startswith("::error title=No Docker Engine and no Python::")
    assert "actions/setup-python" in done.stdout
    assert len(done.stdout.splitlines()) == 1


def test_dind_without_an_engine_is_refused(job):
    done = job.run(INPUT_DOCKER_ENGINE="dind")
    assert done.returncode == 20
    assert "runner: venv" in done.stdout


def test_a_failing_build_is_named(job):
    job.docker({"build": 1})
    done = job.run()
    assert done.returncode == 21
    assert "::error title=The action image cannot be built::" in done.stdout


def test_a_host_that_refuses_privileged_gets_the_engine_with_less(job):
    job.docker({"run --privileged": 125, "exec": 0})
    assert job.run(INPUT_DOCKER_ENGINE="dind").returncode == 0
    engines = [call for call in job.calls if call[0] == "run" and call[-1] == "engine"]
    assert [("--privileged" in call) for call in engines] == [True, False]
    assert "SYS_RESOURCE" in engines[1]
    program = [call for call in job.calls if call[0] == "run" and call[-1] == "run"]
    assert "DOCKER_HOST=unix:///engine/docker.sock" in program[0]
    assert "--privileged" not in program[0]


def test_everything_started_carries_the_label_that_clean_up_removes(job):
    job.docker()
    job.run(INPUT_DOCKER_ENGINE="dind")
    labels = {call[call.index("--label") + 1] for call in job.calls if "--label" in call}
    (label,) = labels
    job.run("cleanup.sh")
    assert ["ps", "--all", "--quiet", "--filter", f"label={label}"] in job.calls
    assert ["volume", "ls", "--quiet", "--filter", f"label={label}"] in job.calls


def test_two_jobs_on_one_host_do_not_remove_each_others_containers(job):
    job.docker()
    job.run()
    first = run_call(job)
    job.calls_file.unlink()
    (job.folder / "other").mkdir()
    job.run(GITHUB_WORKSPACE=str(job.folder / "other"))
    assert first[first.index("--label") + 1] != run_call(job)[run_call(job).index("--label") + 1]


def test_an_engine_that_does_not_see_our_files_leaves_the_program_on_the_host(job):
    job.docker({"run --rm --label": 1})
    done = job.run()
    assert done.returncode == 22  # no Python here, but the host was tried
    assert not any(call[0] == "run" and call[-1] == "run" for call in job.calls)
    assert job.run(INPUT_DOCKER_ENGINE="dind").returncode == 20


def test_each_use_of_the_action_in_a_job_keeps_its_own_files(job):
    job.docker()
    job.run()
    job.run()
    assert len(list((job.folder / "temp").iterdir())) == 2


def test_an_engine_whose_socket_is_elsewhere_is_named(job):
    job.docker()
    done = job.run(DOCKER_HOST="unix:///nowhere/docker.sock")
    assert done.returncode == 20
    assert "/nowhere/docker.sock" in done.stdout
