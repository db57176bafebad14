"""Which file holds the user's pytest settings."""

import re
from pathlib import Path

# The order of pytest 8 and 9 (_pytest/config/findpaths.py): per folder, from the tests upwards, the first that counts.
_CANDIDATES = {
    "pytest.toml": r"",
    ".pytest.toml": r"",
    "pytest.ini": r"",
    ".pytest.ini": r"",
    "pyproject.toml": r"^\s*\[tool\.pytest\b",
    "tox.ini": r"^\[pytest\]",
    "setup.cfg": r"^\[tool:pytest\]",
}


def find_pytest_config(tests: Path, root: Path) -> Path | None:
    """The file that pytest would take its settings from, looked for from the test folder up to the project's root."""
    folders = [tests, *(folder for folder in tests.parents if folder.is_relative_to(root))]
    for folder in folders:
        for name, section in _CANDIDATES.items():
            candidate = folder / name
            if candidate.is_file() and re.search(section, _text(candidate), re.MULTILINE):
                return candidate
    return None


def names_test_files(config: Path | None) -> bool:
    """Whether the settings say which files hold tests."""
    return config is not None and re.search(r"^\s*python_files\b", _text(config), re.MULTILINE) is not None


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
