"""Unit tests that nobody runs, because they lie elsewhere than in the folder of tests."""

import re
from collections.abc import Iterable, Sequence
from os.path import commonpath
from pathlib import Path, PurePosixPath

from mwaa_deploy.checks.verdicts import Location, Severity, Verdict
from mwaa_deploy.source.project import Project
from mwaa_deploy.source.tracked_files import tracked_files

_NAME = re.compile(r"test_.+\.py|.+_test\.py")
# A DAG file may well be called test_x.py; what it holds tells.
_HOLDS_TESTS = re.compile(rb"^(?:    )?(?:async )?def test|^class .*TestCase\b", re.MULTILINE)
_CLAIMS = re.compile(rb"\bassert|\bpytest\b|\bunittest\b")
_LARGEST = 1024 * 1024
_MOST_NAMED = 3


def find_strays(project: Project, names: Iterable[str]) -> tuple[str, ...]:
    """Those of some files that hold tests, and are not in the project's folder of tests.

    Args:
        project: with or without such a folder.
        names: paths relative to the project's folder.
    """
    candidates = (name for name in names if _NAME.fullmatch(PurePosixPath(name).name))
    tests = project.tests
    return tuple(
        name
        for name in candidates
        if not (tests and (project.root / name).is_relative_to(tests)) and _is_test(project.root / name)
    )


def judge_strays(project: Project, strays: Sequence[str] | None = None) -> tuple[Verdict, ...]:
    """A warning that names them; nothing where there are none.

    Args:
        project: what they are in.
        strays: as find_strays() gives them; None to look for them.
    """
    if strays is None:
        strays = find_strays(project, tracked_files(project.root, repository=project.repository))
    if not strays:
        return ()
    where = (
        "There is no folder tests/ or test/" if project.tests is None else f"Only {_folder(project)}/ is looked into"
    )
    some = ", ".join(strays[:_MOST_NAMED]) + (f" and {len(strays) - _MOST_NAMED} more" if strays[_MOST_NAMED:] else "")
    folders = [str(PurePosixPath(name).parent) for name in strays]
    message = (
        f"{where}, so {len(strays)} test file{'s were' if strays[1:] else ' was'} not run: {some}. "
        f"Move them there, or say where tests are: tests-dir: {_common(project, folders)}"
    )
    first = Location(file=project.in_repository(project.root / strays[0]))
    return (Verdict(subject=strays[0], severity=Severity.WARN, message=message, location=first),)


def _is_test(path: Path) -> bool:
    if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST:
        return False
    body = path.read_bytes()
    return _HOLDS_TESTS.search(body) is not None and _CLAIMS.search(body) is not None


def _folder(project: Project) -> str:
    assert project.tests is not None  # noqa: S101 -- asked only where there is one
    return project.in_repository(project.tests)


def _common(project: Project, folders: Sequence[str]) -> str:
    """The innermost folder that holds all of them, and the tests that there are."""
    own = [project.tests] if project.tests else []
    paths = [project.root / folder for folder in folders] + own
    found = Path(commonpath(paths))
    return found.relative_to(project.root).as_posix() if found.is_relative_to(project.root) else "."
