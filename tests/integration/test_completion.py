"""The completion scripts, in the shells that they are for."""

import os
import pty
import select
import subprocess
import time

import pytest

from mwaa_deploy.cli import make_parser
from mwaa_deploy.completion import script

PLACES = [
    (
        ("",),
        {"run", "check", "plan", "deploy", "rollback", "drift", "image", "completion"},
    ),
    (("check", "--verify"), {"--verify", "--verify-timeout-minutes"}),
    (("check", "--verify", ""), {"auto", "live", "versions"}),
    (("check", "--json", "--runner", "v"), {"venv"}),
    (("deploy", "--stack-name", "check", "--force", ""), {"true", "false"}),
    (("image", ""), {"build", "push"}),
    (("image", "push", "--create"), {"--create-repository"}),
    (("image", "build", "--create"), set()),
    (("completion", ""), {"bash", "zsh", "fish"}),
    (("plan", "--config-file", "mwaa-d"), {"mwaa-deploy.yml"}),
    (("plan", "--dags-dir", "da"), {"dags"}),
]
"""What was typed, the last word being under way, and what the shell then offers."""


@pytest.fixture
def folder(tmp_path):
    """A project, where words that are paths are looked up; and the scripts."""
    (tmp_path / "dags").mkdir()
    (tmp_path / "data").touch()
    (tmp_path / "mwaa-deploy.yml").touch()
    for shell in ("bash", "zsh", "fish"):
        (tmp_path / f"script.{shell}").write_text(script(shell, make_parser()), encoding="utf-8")
    return tmp_path


def run(folder, *argv):
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return {line.partition("\t")[0].rstrip("/") for line in done.stdout.splitlines() if line}


LIKE_BASH = """
COMP_WORDS=(mwaa-deploy "$@"); COMP_CWORD=$#
_mwaa_deploy
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(("typed", "offered"), PLACES)
def test_bash_offers_what_may_come_next(folder, typed, offered):
    found = run(folder, "bash", "--norc", "-c", f"source script.bash\n{LIKE_BASH}", "bash", *typed)
    assert {word for word in found if typed[-1] or not word.startswith("-")} == offered


@pytest.mark.parametrize(("typed", "offered"), PLACES)
def test_zsh_offers_what_may_come_next(folder, typed, offered):
    """What does not begin with the word under way it leaves out by itself, later."""
    start = "autoload -Uz compinit && compinit -D -u\nsource ./script.zsh\nsetopt ksharrays\n"
    found = run(folder, "zsh", "-f", "-c", start + LIKE_BASH, "zsh", *typed)
    assert {word for word in found if word.startswith(typed[-1] or tuple("abcdefghijklmnopqrstuvwxyz"))} == offered


@pytest.mark.parametrize(("typed", "offered"), PLACES)
def test_fish_offers_what_may_come_next(folder, typed, offered):
    words = " ".join(("mwaa-deploy", *typed))
    found = run(folder, "fish", "--no-config", "-c", f"source script.fish; complete -C '{words}'")
    assert {word for word in found if typed[-1] or not word.startswith("-")} == offered


def test_zsh_completes_at_the_first_key_from_a_folder_of_its_functions(folder):
    """As the help says it is installed: zsh reads the script only when it is first needed."""
    functions = folder / "functions"
    functions.mkdir()
    (folder / "script.zsh").rename(functions / "_mwaa-deploy")
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execvpe("zsh", ["zsh", "-f", "-i"], {**os.environ, "PS1": "> ", "TERM": "dumb"})  # noqa: S606 -- no shell of ours
    try:
        start = f"fpath=({functions} $fpath); autoload -Uz compinit && compinit -D -u; print rea''dy\n"
        os.write(terminal, start.encode())
        assert "ready" in _read_until(terminal, "ready")
        os.write(terminal, b"mwaa-deploy comple\t")
        assert "mwaa-deploy completion" in _read_until(terminal, "mwaa-deploy completion")
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)


def _read_until(terminal, text):
    seen, deadline = "", time.monotonic() + 20
    while text not in seen and time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.2)[0]:
            seen += os.read(terminal, 4096).decode(errors="replace").replace("\b", "")
    return seen
