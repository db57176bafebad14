"""launch.sh decides where the program runs; a docker that writes down how it is called stands in for the real one."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from release.image_lock import render

ROOT = Path(__file__).parents[3]
SECRET = "s3cr3t-value"

TOOLS = (
    *("bash", "cat", "cksum", "cut", "dirname", "env", "grep", "head", "id", "mktemp", "rm", "seq", "sleep", "stat"),
    *("touch", "uname", "xargs"),
)

DIGEST = "sha256:" + "a" * 64
LOCKED = f"ghcr.io/owner/mwaa-deploy@{DIGEST}"
LOCKED_DIND = f"ghcr.io/owner/mwaa-deploy@sha256:{'b' * 64}"
LOCK = "\n" + render("1.2.3", {"action": LOCKED, "action-dind": LOCKED_DIND})

DOCKER = """#!{python}
import json, os, sys
with open({log!r}, "a") as log:
    print(json.dumps(sys.argv[1:]), file=log)
answers = json.loads({answers!r})
for words, code in answers.items():
    if " ".join(sys.argv[1:]).startswith(words):
        sys.exit(code)
if sys.argv[-1] == "mwaa_deploy.runner.host_logins":
    open({log!r} + ".stdin", "w").write(sys.stdin.read())
    print({logins!r})
if sys.argv[-1] == "run":
    open({log!r} + ".logins", "w").write(os.environ.get("MWAA_DEPLOY_REGISTRY_LOGINS", "unset"))
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

    def docker(self, answers=None, logins=""):
        values = {"log": str(self.calls_file), "answers": json.dumps(answers or {}), "logins": logins}
        self.program("docker", DOCKER.format(python=sys.executable, **values))

    def program(self, name, script):
        path = self.folder / "bin" / name
        path.unlink(missing_ok=True)  # or this machine's own tool would be written to, through the link
        path.write_text(script, encoding="utf-8")
        path.chmod(0o755)

    def config(self, text="{}"):
        """Docker's configuration file on the host; the variables that make launch.sh look at it."""
        (self.folder / "docker").mkdir()
        (self.folder / "docker" / "config.json").write_text(text, encoding="utf-8")
        return {"DOCKER_CONFIG": str(self.folder / "docker"), "INPUT_RUNNER_IMAGE": "registry.example/runner:1"}

    def lock(self, text):
        """What entrypoint/image.lock says; None for no such file."""
        path = self.folder / "checkout" / "entrypoint" / "image.lock"
        path.unlink()
        if text is not None:
            path.write_bytes(text.encode())

    @property
    def logins(self):
        """What the program's container is given."""
        return Path(f"{self.calls_file}.logins").read_text(encoding="utf-8")

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


def test_main_builds_its_image(job):
    job.docker()
    job.run()
    assert [call[0] for call in job.calls if call[0] in {"build", "pull"}] == ["build"]
    assert run_call(job)[-2:] == ["mwaa-deploy/action:local", "run"]


@pytest.mark.parametrize(("engine", "image"), [("host", LOCKED), ("dind", LOCKED_DIND)])
@pytest.mark.parametrize("text", [LOCK, LOCK.rstrip("\n"), "".join(reversed(LOCK.splitlines(keepends=True)))])
def test_a_release_pulls_the_image_of_its_target_by_digest_and_builds_none(job, engine, image, text):
    job.docker({"image inspect": 1})
    job.lock(text)
    assert job.run(INPUT_DOCKER_ENGINE=engine).returncode == 0
    assert [call for call in job.calls if call[0] in {"build", "pull"}] == [["pull", "--quiet", image]]
    assert run_call(job)[-2:] == [image, "run"]


def test_an_image_that_is_here_under_its_digest_is_not_pulled(job):
    job.docker()
    job.lock(LOCK)
    assert job.run().returncode == 0
    assert ["image", "inspect", LOCKED] in job.calls
    assert not any(call[0] in {"build", "pull"} for call in job.calls)
    assert run_call(job)[-2:] == [LOCKED, "run"]


def test_an_image_that_cannot_be_pulled_is_tried_thrice_and_one_clear_error(job):
    job.docker({"image inspect": 1, "pull": 1})
    job.program("sleep", "#!/bin/sh\n")
    job.lock(LOCK)
    done = job.run()
    assert done.returncode == 21
    (error,) = [line for line in done.stdout.splitlines() if line.startswith("::error")]
    assert error.startswith("::error title=The action image cannot be pulled::docker pull ")
    assert f"{LOCKED} failed" in error
    assert "has to reach ghcr.io," in error
    assert error.endswith("%0Awith:%0A  runner: venv")
    assert [call[0] for call in job.calls].count("pull") == 3
    assert not any(call[0] in {"build", "run"} for call in job.calls)


def test_a_machine_that_releases_have_no_image_for_builds_it(job):
    job.docker()
    job.program("uname", '#!/bin/sh\n[ "$1" = -m ] && echo aarch64 || echo Linux\n')
    job.lock(LOCK)
    assert job.run().returncode == 0
    assert [call[0] for call in job.calls if call[0] in {"build", "pull"}] == ["build"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (None, "it is missing"),
        ("", "it has not one line for each target"),
        ("# Nothing else.\n", "it has not one line for each target"),
        (f"action {LOCKED}\n", "it has not one line for each target"),
        (f"action {LOCKED}\n" * 2, "it has not one line for each target"),
        (f"build\n{LOCK}", "it has not one line for each target"),
        ("build now\n", "line 1 has more than the word build"),
        (f"{LOCKED}\n", "line 1 begins with neither build, action nor action-dind"),
        (f"# x\nactions {LOCKED}\n", "line 2 begins with neither build, action nor action-dind"),
        (LOCK.lstrip().replace("\n", "\r\n"), "line 2 names no image by digest"),
        (LOCK.replace(f"@{DIGEST}", ":1.2.3"), "line 3 names no image by digest"),
        (LOCK.replace(DIGEST, DIGEST[:-1]), "line 3 names no image by digest"),
        (LOCK.replace(LOCKED, f"{LOCKED} {LOCKED}"), "line 3 names no image by digest"),
        (LOCK.replace(LOCKED, f"--all@{DIGEST}"), "line 3 names no image by digest"),
        (LOCK.replace(LOCKED, f"$(id)@{DIGEST}"), "line 3 names no image by digest"),
        (LOCK.replace(LOCKED, f"::error::x@{DIGEST}"), "line 3 names no image by digest"),
    ],
)
@pytest.mark.parametrize("engine", ["host", "dind"])
def test_a_lock_that_is_malformed_is_one_clear_error_and_nothing_runs(job, engine, text, wrong):
    job.docker()
    job.lock(text)
    done = job.run(INPUT_DOCKER_ENGINE=engine)
    assert done.returncode == 21
    (error,) = done.stdout.splitlines()
    assert error.startswith("::error title=The action image is not known::entrypoint/image.lock")
    assert f"malformed: {wrong}." in error
    assert "full commit SHA of a release" in error
    assert not any(call[0] in {"build", "pull", "run"} for call in job.calls)


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


LOGIN = f'login registry.example {{"Username": "me", "Secret": "{SECRET}"}}'


def test_a_login_of_the_host_reaches_the_program_by_name_alone(job):
    job.docker(logins=LOGIN)
    done = job.run(**job.config('{"auths": "all of them"}'))
    assert done.returncode == 0, done.stdout + done.stderr
    assert job.logins == LOGIN + "\n"
    call = run_call(job)
    assert call[call.index("MWAA_DEPLOY_REGISTRY_LOGINS") - 1] == "--env"
    assert all(SECRET not in word for one in job.calls for word in one)
    assert SECRET not in done.stdout + done.stderr
    assert not any("config.json" in word for word in call), "the file with every login is not mounted"


def test_the_file_with_all_logins_is_read_without_a_network(job):
    job.docker(logins=LOGIN)
    job.run(**job.config('{"auths": "all of them"}'))
    (call,) = (call for call in job.calls if call[-1] == "mwaa_deploy.runner.host_logins")
    assert call[call.index("--network") + 1] == "none"
    assert call[call.index("--cap-drop") + 1] == "ALL"
    assert "INPUT_RUNNER_IMAGE" in call
    assert Path(f"{job.calls_file}.stdin").read_text(encoding="utf-8") == '{"auths": "all of them"}'


def test_without_an_image_to_pull_no_login_is_looked_for(job):
    job.docker(logins=LOGIN)
    job.run(**{**job.config(), "INPUT_RUNNER_IMAGE": ""})
    assert job.logins == "unset"
    assert not any(call[-1] == "mwaa_deploy.runner.host_logins" for call in job.calls)


def test_without_logins_on_the_host_nothing_is_handed_over(job):
    job.docker(logins=LOGIN)
    job.run(HOME=str(job.folder), INPUT_RUNNER_IMAGE="registry.example/runner:1")
    assert job.logins == "unset"


def test_a_helper_of_the_host_is_run_on_the_host(job):
    job.docker(logins="helper registry.example demo registry.example")
    answer = json.dumps({"ServerURL": "registry.example", "Username": "me", "Secret": SECRET}, indent=1)
    job.program(
        "docker-credential-demo",
        f"#!{sys.executable}\nimport sys\nassert sys.argv[1:] == ['get']\n"
        f"assert sys.stdin.read() == 'registry.example'\nprint({answer!r})\n",
    )
    done = job.run(**job.config())
    assert done.returncode == 0, done.stdout + done.stderr
    kind, registry, text = job.logins.split(" ", 2)
    assert (kind, registry, text.count("\n")) == ("login", "registry.example", 1)
    assert json.loads(text)["Secret"] == SECRET
    assert SECRET not in done.stdout + done.stderr


def test_a_helper_that_is_missing_is_the_programs_to_tell(job):
    job.docker(logins="helper registry.example demo registry.example")
    assert job.run(**job.config()).returncode == 0
    assert job.logins.startswith("problem registry.example ")
    assert "docker-credential-demo, and there is no such program on PATH" in job.logins


def test_a_helper_that_fails_is_the_programs_to_tell(job):
    job.docker(logins="helper registry.example demo registry.example")
    job.program("docker-credential-demo", "#!/bin/sh\necho credentials not found in native keychain; exit 1\n")
    assert job.run(**job.config()).returncode == 0
    assert job.logins == ("problem registry.example docker-credential-demo: credentials not found in native keychain\n")


def test_each_registry_of_the_run_has_a_line(job):
    job.docker(logins=f"problem docker.io x\n{LOGIN}")
    job.run(**job.config())
    assert job.logins == f"problem docker.io x\n{LOGIN}\n"


def test_authorities_that_the_host_trusts_are_shown_read_only(job):
    """The inner engine trusts what the host's engine does; whether there are any depends on this machine."""
    job.docker()
    job.run(INPUT_DOCKER_ENGINE="dind")
    engine = next(call for call in job.calls if call[0] == "run" and call[-1] == "engine")
    mounts = {word for call in (engine, run_call(job)) for word in call if "/etc/docker/certs.d" in word}
    assert mounts <= {"/etc/docker/certs.d:/etc/docker/certs.d:ro"}
    assert bool(mounts) == Path("/etc/docker/certs.d").is_dir()
    bundles = [word for word in engine if word.endswith(":/etc/ssl/certs/ca-certificates.crt:ro")]
    assert bool(bundles) == any(
        Path(file).is_file() for file in ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
    )


def test_authorities_that_variables_name_are_shown_once_and_read_only_where_they_are(job, tmp_path):
    bundle = tmp_path / "company.pem"
    bundle.write_text("", encoding="utf-8")
    job.docker()
    job.run(AWS_CA_BUNDLE=str(bundle), REQUESTS_CA_BUNDLE=str(bundle))
    assert run_call(job).count(f"{bundle}:{bundle}:ro") == 1
    assert {"AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"} <= set(run_call(job))


@pytest.mark.parametrize("name", ["missing.pem", "./relative.pem"])
def test_authorities_that_cannot_be_shown_are_left_out(job, name):
    (job.folder / "relative.pem").write_text("", encoding="utf-8")
    job.docker()
    job.run(AWS_CA_BUNDLE=name)
    assert [word for word in run_call(job) if ".pem" in word] == []
