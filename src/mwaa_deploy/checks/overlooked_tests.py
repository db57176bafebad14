"""Unit tests in the folder of tests that unittest would run, and pytest does not."""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from mwaa_deploy.checks.verdicts import Location, Severity, Verdict
from mwaa_deploy.source.project import Project

TEST_FILES = ("test*.py", "*_test.py")
"""What `python -m unittest discover` and pytest find by themselves, together: pytest is told to collect these."""

_LOADED = (*TEST_FILES, "conftest.py")
_LOAD_TESTS = re.compile(rb"^(?:async )?def load_tests\b", re.MULTILINE)
_HOLDS_TESTS = re.compile(rb"^ +(?:async )?def test|^(?:async )?def test", re.MULTILINE)
_LARGEST = 1024 * 1024


def judge_overlooked(project: Project, files: Mapping[str, Path], *, usual: bool = True) -> tuple[Verdict, ...]:
    """A warning for each suite that only unittest's own loader makes, and each module that nothing collects or imports.

    Args:
        project: whose tests they are.
        files: the Python files of the tests, by path relative to the project's folder.
        usual: whether the names of files with tests are the usual ones; if not, only suites are looked for.
    """
    bodies = {
        name: path.read_bytes()
        for name, path in sorted(files.items())
        if name.endswith(".py") and path.is_file() and path.stat().st_size <= _LARGEST
    }
    modules = _modules(project, files, bodies) if usual else ()
    return (*_suites(project, files, bodies), *modules)


def _suites(project: Project, files: Mapping[str, Path], bodies: Mapping[str, bytes]) -> Iterator[Verdict]:
    for name, body in bodies.items():
        if found := _LOAD_TESTS.search(body):
            message = (
                "load_tests() is for unittest's own loader; pytest does not call it, so tests that only it makes are "
                "not run. Write them as classes or functions, with @pytest.mark.parametrize for many of a kind."
            )
            yield _warning(project, files[name], message, body, found)


def _modules(project: Project, files: Mapping[str, Path], bodies: Mapping[str, bytes]) -> Iterator[Verdict]:
    """Base classes are imported by the modules that use them, and are no tests of their own."""
    collected = b"\n".join(body for name, body in bodies.items() if _collected(name))
    for name, body in bodies.items():
        found = None if _collected(name) else _HOLDS_TESTS.search(body)
        path = PurePosixPath(name)
        module = path.parent.name if path.name == "__init__.py" else path.stem
        word = re.escape(module.encode())
        if found and not re.search(rb"\bimport\b.*\b%s\b|\bfrom\b.*\b%s\b" % (word, word), collected):
            message = (
                f"The tests in this file are not run: its name is not {' or '.join(TEST_FILES)}, and no test file "
                f"imports {module}. Rename it, or set python_files in pytest's settings."
            )
            yield _warning(project, files[name], message, body, found)


def _collected(name: str) -> bool:
    return any(fnmatchcase(PurePosixPath(name).name, pattern) for pattern in _LOADED)


def _warning(project: Project, path: Path, message: str, body: bytes, found: re.Match[bytes]) -> Verdict:
    file = project.in_repository(path)
    location = Location(file=file, line=body.count(b"\n", 0, found.start()) + 1)
    return Verdict(subject=file, severity=Severity.WARN, message=message, location=location)
