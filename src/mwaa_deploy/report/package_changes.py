"""The step summary's part about the packages of the environment."""

from collections.abc import Iterable

from mwaa_deploy.checks.package_changes import PackageChange, PackageChanges
from mwaa_deploy.report.markdown import code, details, escape, table

MAX_PACKAGES = 50
"""In each table; the report file has all."""

_NONE = "—"


def package_changes_section(found: PackageChanges | None) -> str:
    """What is asked for otherwise than at the base, and what the image has otherwise; '' where nothing differs."""
    if found is None or not found.packages:
        return ""
    parts = ["### Packages of the environment"]
    asked = [package for package in found.packages if package.asked_otherwise]
    if asked:
        rows = (
            (
                code(package.name),
                _text(package.asked_before),
                _text(package.asked_now),
                _text(package.installed),
            )
            for package in asked
        )
        title = f"Asked for otherwise than at {code(found.base[:12])}:"
        parts += [title, table(("package", "asked before", "asked now", "installed"), list(rows)[:MAX_PACKAGES])]
        parts += _more(asked)
    others = [package for package in found.packages if package.differs_from_image]
    if others:
        rows_of_image = [
            (code(package.name), _text(package.shipped), _text(package.installed), escape(_change(package)))
            for package in others[:MAX_PACKAGES]
        ]
        body = [table(("package", "in the image", "installed", ""), rows_of_image), *_more(others)]
        title = f"{len(others)} package(s) that the image has not, or has in another version"
        parts.append(details(title, "\n\n".join(body)))
    return "\n\n".join(parts)


def _change(package: PackageChange) -> str:
    if not package.shipped:
        return "asked for" if package.asked_now else "new"
    return "changed" if package.installed else "removed"


def _more(packages: Iterable[PackageChange]) -> list[str]:
    left = len(list(packages)) - MAX_PACKAGES
    return [f"{left} more are in the report file."] if left > 0 else []


def _text(version: str) -> str:
    return code(version, limit=60) if version else _NONE
