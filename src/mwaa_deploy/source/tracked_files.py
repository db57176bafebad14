"""Which files of a folder belong to the project: those that git tracks."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from mwaa_deploy.bundle.exclude import Exclude

_OF_HOOKS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR")
"""What git tells its hooks, about a place that need not be the one that is asked about."""

_LEFT_OUT = frozenset({"__pycache__", "node_modules"})
_VIRTUAL_ENVIRONMENT = "pyvenv.cfg"
_IGNORES = ".gitignore"
_TIMEOUT = 60.0


def tracked_files(root: Path, *, repository: Path, new_in: Path | None = None) -> tuple[str, ...]:
    """Paths below `root`, relative to it, sorted; a submodule's files are among them.

    Where git cannot tell, or tracks nothing there: all but hidden files, virtual environments, node_modules, and what
    .gitignore says.

    Args:
        root: the folder asked about.
        repository: the checkout that it lies in; git looks for none above.
        new_in: a folder in `root` of which those count too that git does not track yet, but would.
    """
    found = _listed("--cached", "--recurse-submodules", root=root, repository=repository)
    if not found:
        return tuple(sorted(_walk(root, prefix="", ignored=())))
    return tuple(sorted({*found, *(new_files(new_in, root=root, repository=repository) if new_in else ())}))


def new_files(folder: Path, *, root: Path, repository: Path) -> tuple[str, ...]:
    """Paths of what lies in a folder and git neither tracks nor ignores, relative to `root`."""
    inside = folder.relative_to(root).as_posix()
    pathspec = f":(literal){inside}" if inside != "." else "."
    return _listed("--others", "--exclude-standard", "--", pathspec, root=root, repository=repository)


def _listed(*options: str, root: Path, repository: Path) -> tuple[str, ...]:
    """What `git ls-files` says; nothing where it cannot."""
    env = {name: value for name, value in os.environ.items() if name not in _OF_HOOKS}
    env["GIT_CEILING_DIRECTORIES"] = str(repository.parent)
    argv = ["git", "-C", os.fspath(root), "-c", "core.fsmonitor=false", "ls-files", "-z", *options]
    try:
        ended = subprocess.run(argv, capture_output=True, check=False, env=env, timeout=_TIMEOUT)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return tuple(os.fsdecode(name) for name in ended.stdout.split(b"\0") if name) if ended.returncode == 0 else ()


def _walk(folder: Path, *, prefix: str, ignored: tuple[tuple[int, Exclude], ...]) -> Iterator[str]:
    """Of `ignored`, each goes with the length of the prefix of the folder that its patterns count from."""
    rules = folder / _IGNORES
    if rules.is_file() and not rules.is_symlink():
        ignored = (*ignored, (len(prefix), Exclude(_patterns(rules))))
    with os.scandir(folder) as entries:
        for entry in entries:
            name, is_folder = prefix + entry.name, entry.is_dir(follow_symlinks=False)
            if entry.name.startswith(".") or entry.name in _LEFT_OUT:
                continue
            if any(rule.leaves_out(name[start:], folder=is_folder) for start, rule in ignored):
                continue
            if not is_folder:
                yield name
            elif not Path(entry.path, _VIRTUAL_ENVIRONMENT).exists():
                yield from _walk(Path(entry.path), prefix=f"{name}/", ignored=ignored)


def _patterns(rules: Path) -> tuple[str, ...]:
    lines = rules.read_text(encoding="utf-8", errors="replace").splitlines()
    return tuple(line.rstrip() for line in lines if line.strip() and not line.startswith("#"))
