"""Rules of the user's own in folders below the one that is read: nobody would miss them when they are not asked."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from mwaa_deploy.checks.verdicts import Location, Severity, Verdict
from mwaa_deploy.source.project import Project

_USUAL = "rules"
_RULE = re.compile(rb"^(?:async[ \t]+)?def[ \t]+(?:check|rule_\w+)[ \t]*\(", re.MULTILINE)
_MOST_BYTES = 1_000_000


def overlooked_rules(project: Project, folder: Path | None) -> tuple[Verdict, ...]:
    """Warn about each file that looks like one with rules, and lies too deep to be one.

    Args:
        project: its usual folder of rules is looked into if no other is named.
        folder: the one with the rules that are asked; None if there is none.
    """
    folder = folder or project.root / _USUAL
    imports = b"\n".join(_text(path) for path in sorted(folder.glob("*.py")))
    return tuple(
        Verdict(
            subject=_USUAL,
            severity=Severity.WARN,
            message=(
                f"The rules in this file are not asked: only a file that lies in {project.in_repository(folder)} "
                "itself holds rules. Move it there, or import it from a file that does; a folder whose name begins "
                "with an underscore is not looked into."
            ),
            location=Location(file=project.in_repository(path), line=line),
            rule="rule-error",
        )
        for path, line in _deeper(folder)
        if not re.search(
            rb"\b(?:from|import)[ \t]+%s\b" % re.escape(path.relative_to(folder).parts[0].encode()), imports
        )
    )


def _deeper(folder: Path) -> Iterator[tuple[Path, int]]:
    """Files below the folder's own that hold rules, and the line of the first."""
    for place, folders, names in os.walk(folder):  # which follows no links: they could lead anywhere
        folders[:] = sorted(name for name in folders if not name.startswith(("_", ".")))
        for name in sorted(names) if Path(place) != folder else ():
            path = Path(place, name)
            text = _text(path) if name.endswith(".py") and not name.startswith(("_", ".")) else b""
            if found := _RULE.search(text):
                yield path, text.count(b"\n", 0, found.start()) + 1


def _text(path: Path) -> bytes:
    try:
        if not path.is_file():  # a pipe would keep us waiting
            return b""
        with path.open("rb") as file:
            return file.read(_MOST_BYTES)
    except OSError:
        return b""
