"""base-20000: what changed since the last success, in a long history; one commit checked out against all of them."""

import os
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.git_server import GitServer, serving_git
from benchmarks.race import Outcome, Target, WrongResultError, race, timed
from benchmarks.setting import Setting
from mwaa_deploy.source.repository import GitRepository

NAMES = ("base-20000",)
_COMMITS = 20_000
_SINCE_BASE = 300
"""Commits since the last success: more than the 100 that nrwl/nx-set-shas looks back."""
_FOLDERS, _FILES = 20, 50
_SHARE_OF_BYTES = 0.1


@dataclass(frozen=True, kw_only=True)
class History:
    """A repository with a long history.

    Attributes:
        folder: bare.
        base: the commit of the last success.
        changed: paths that differ between it and the tip of `main`, sorted.
    """

    folder: Path
    base: str
    changed: tuple[str, ...]


def run(setting: Setting, *, rounds: int, names: Sequence[str] = NAMES) -> list[Outcome]:
    """Race the two."""
    return [measure(told=setting.told, rounds=rounds)] if names else []


def measure(
    *, told: Callable[[str], None], rounds: int, commits: int = _COMMITS, since_base: int = _SINCE_BASE
) -> Outcome:
    """Check out and tell what changed: ours from one commit, theirs from the whole history.

    Args:
        commits: how long the history is.
        since_base: how many of them came after the last success.
    """
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        history = write_history(Path(folder, "history"), commits=commits, since_base=since_base)
        with serving_git(history.folder) as server:
            received: dict[str, list[int]] = {"ours": [], "theirs": []}
            sides = {
                name: partial(_side, side, history, server, Path(folder, name), received[name])
                for name, side in {"ours": _ours, "theirs": _theirs}.items()
            }
            seconds = race(sides, rounds=rounds, told=told)
    ours, theirs = (statistics.median(received[name]) for name in ("ours", "theirs"))
    much = ours > theirs * _SHARE_OF_BYTES
    return Outcome(
        name="base-20000",
        work=f"check out and tell what changed in the last {since_base} of {commits:,} commits",
        theirs="whole history, then `git diff`, as nrwl/nx-set-shas needs it",
        ours_s=seconds["ours"],
        theirs_s=seconds["theirs"],
        target=Target(text="faster, with a tenth of the bytes", ratio=1.0),
        notes=(f"{ours / 1e6:.2f} MB received, theirs {theirs / 1e6:.2f} MB: {theirs / ours:.0f} times as much",),
        shortfalls=("more than a tenth of their bytes",) if much else (),
    )


def write_history(folder: Path, *, commits: int, since_base: int) -> History:
    """A repository of 1,000 DAG files in 20 folders; the first commit brings them, each later one changes one of them.

    Args:
        commits: how many there are.
        since_base: how many of them come after the base.
    """
    folder.mkdir()
    _git(folder, "init", "--quiet", "--bare", "--initial-branch=main")
    for name in ("allowAnySHA1InWant", "allowFilter"):
        _git(folder, "config", f"uploadpack.{name}", "true")
    with subprocess.Popen(
        ["git", "fast-import", "--quiet", f"--export-marks={folder / 'marks'}"], cwd=folder, stdin=subprocess.PIPE
    ) as importing:
        assert importing.stdin  # noqa: S101 -- asked for above
        for number in range(commits):
            names = [_file(n) for n in range(_FOLDERS * _FILES)] if number == 0 else [_changed_by(number)]
            when = 1_500_000_000 + 600 * number
            head = f"commit refs/heads/main\nmark :{number + 1}\ncommitter A <a@example.org> {when} +0000\n"
            importing.stdin.write(f"{head}data <<END\nChange {number}\nEND\n".encode())
            for name in names:
                importing.stdin.write(f"M 100644 inline {name}\n".encode())
                body = _dag(name, number)
                importing.stdin.write(b"data %d\n%s\n" % (len(body), body))
    if importing.returncode:
        message = f"git fast-import ended with {importing.returncode}"
        raise WrongResultError(message)
    # fast-import's own packs are far from what a server that is looked after sends.
    _git(folder, "repack", "-a", "-d", "--quiet", "--write-bitmap-index")
    last = commits - since_base
    marks = dict(line.split() for line in (folder / "marks").read_text(encoding="utf-8").splitlines())
    changed = {_changed_by(number) for number in range(last, commits)}
    return History(folder=folder, base=marks[f":{last}"], changed=tuple(sorted(changed)))


def _file(number: int) -> str:
    return f"dags/team_{number % _FOLDERS:02}/flow_{number // _FOLDERS:03}.py"


def _changed_by(number: int) -> str:
    """The file that a commit changes; a few are changed far more often than the rest, as in life."""
    return _file(number * 7919 % (_FOLDERS * _FILES) if number % 3 else number % 40)


def _dag(name: str, number: int) -> bytes:
    """About 2 KB that differ from file to file and from change to change."""
    lines = [f"# {name}, as changed by {number}"]
    lines += [f"step_{index} = Task('{name}', {(number + 1) * (index + 17) % 9973})" for index in range(40)]
    return "\n".join(lines).encode()


def _side(
    side: Callable[[History, str, Path], Sequence[str]],
    history: History,
    server: GitServer,
    folder: Path,
    received: list[int],
) -> float:
    server.sent = 0
    with timed() as watch:
        changed = side(history, server.url, folder)
    received.append(server.sent)
    shutil.rmtree(folder)
    if tuple(changed) != history.changed:
        message = f"{len(changed)} files changed, and not the {len(history.changed)} that did"
        raise WrongResultError(message)
    return watch.seconds


def _ours(history: History, url: str, folder: Path) -> Sequence[str]:
    _check_out(url, folder, "--depth=1", "--no-tags")
    with GitRepository(folder) as repository:
        if not repository.fetch(history.base):
            message = "The base cannot be fetched"
            raise WrongResultError(message)
        return [file.path for file in repository.changed_files(history.base)]


def _theirs(history: History, url: str, folder: Path) -> Sequence[str]:
    _check_out(url, folder, "--tags")
    return sorted(_git(folder, "diff", "--name-only", history.base, "HEAD").splitlines())


def _check_out(url: str, folder: Path, *options: str) -> None:
    """As actions/checkout does it, with fetch-depth 1 or 0."""
    folder.mkdir()
    _git(folder, "init", "--quiet")
    _git(folder, "remote", "add", "origin", url)
    _git(folder, "fetch", "--quiet", *options, "origin", "+refs/heads/main:refs/remotes/origin/main")
    _git(folder, "checkout", "--quiet", "-B", "main", "refs/remotes/origin/main")


def _git(folder: Path, *argv: str) -> str:
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0"}
    done = subprocess.run(["git", *argv], cwd=folder, env=env, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()
