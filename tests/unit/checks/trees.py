"""Requirements files, what they bring in and what is installed, in memory."""

import json
from collections.abc import Mapping
from pathlib import PurePosixPath

from mwaa_deploy.checks.installed import Installed, parse_installed
from mwaa_deploy.checks.project_files import MWAA_HOME
from mwaa_deploy.checks.requirement_files import RequirementsTree, read_tree
from mwaa_deploy.checks.verdicts import Location, Verdict

ENVIRONMENT = {"python_version": "3.11", "sys_platform": "linux"}


def installed(packages: dict[str, str], requires: dict[str, list[str]] | None = None, **more: object) -> Installed:
    listed = [
        {"name": name, "version": version, "requires": (requires or {}).get(name, [])}
        for name, version in packages.items()
    ]
    document = {"python": "3.11.9", "environment": ENVIRONMENT, "packages": listed, "texts": {}, "there": [], "pip": []}
    return parse_installed(json.dumps({**document, **more}).encode())


class Known:
    """Files by their path below MWAA's home; whatever else is below dags or plugins is known to be missing."""

    def __init__(self, files: Mapping[str, str | bytes] | None = None) -> None:
        found = (files or {}).items()
        self._files = {MWAA_HOME / path: body.encode() if isinstance(body, str) else body for path, body in found}

    def read(self, path: PurePosixPath) -> bytes | None:
        return self._files.get(path)

    def exists(self, path: PurePosixPath) -> bool | None:
        if path in self._files or any(path in file.parents for file in self._files):
            return True
        return (
            False
            if any(path.is_relative_to(MWAA_HOME / part) for part in ("dags", "plugins", "requirements"))
            else None
        )

    def location(self, path: PurePosixPath, line: int | None = None) -> Location | None:
        return Location(file=str(path.relative_to(MWAA_HOME)), line=line) if path in self._files else None


def tree_of(text: str | bytes, files: Mapping[str, str | bytes] | None = None) -> RequirementsTree:
    return read_tree(Known(files), text.encode() if isinstance(text, str) else text, "requirements.txt")


def at(verdict: Verdict) -> tuple[str, int | None] | None:
    return (verdict.location.file, verdict.location.line) if verdict.location else None
