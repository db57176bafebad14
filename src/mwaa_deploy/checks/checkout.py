"""The project's folder as its unit tests see it in the runner: what git tracks, with DAGs and plugins as shipped.

DAGs and plugins do not see it: on MWAA there is no such folder.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from mwaa_deploy.checks.layout import Layout, below
from mwaa_deploy.checks.pytest_config import find_pytest_config
from mwaa_deploy.checks.stray_tests import find_strays
from mwaa_deploy.source.project import Project
from mwaa_deploy.source.tracked_files import tracked_files

MOST_BYTES = 100 * 1024 * 1024
"""What is copied, the tests themselves not counted."""

_OF_ENTRY = 1024
"""Bytes of a file in the stream besides its own."""

_CONFTEST = Path(__file__).parent / "checkout_conftest.py"


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """What is copied, by path relative to the folder.

    Attributes:
        files: regular files.
        links: the project's own symbolic links, with what they say.
        tests: names of those files that belong to the tests, and not to what is tested.
        left_out: sizes of the files that there was no room for, in bytes.
        strays: names of test files that are not run, shipped ones among them.
    """

    files: Mapping[str, Path] = field(default_factory=dict)
    links: Mapping[str, Path] = field(default_factory=dict)
    tests: frozenset[str] = frozenset()
    left_out: Mapping[str, int] = field(default_factory=dict)
    strays: tuple[str, ...] = ()


def find_checkout(project: Project, *, named: Path | None = None, most: int = MOST_BYTES) -> Checkout:
    """Look for it on this host; the smallest files come first, until there is no more room.

    Args:
        project: whose files; one without tests needs none.
        named: a further file that the tests need, whatever git says of it.
        most: bytes of room.
    """
    if project.tests is None:
        return Checkout()
    found, tests = _found(project, project.tests, named)
    entries = _not_shipped(project, found)
    links = {name: path.readlink() for name, path in entries.items() if path.is_symlink()}
    files = {
        name: path
        for name, path in entries.items()
        if name not in links
        and path.is_file()
        and not any(str(above) in links for above in PurePosixPath(name).parents)
    }
    left_out = _too_much({name: path for name, path in files.items() if name not in tests}, most)
    return Checkout(
        files={name: path for name, path in files.items() if name not in left_out},
        links=links,
        tests=frozenset(tests & files.keys()),
        left_out=left_out,
        strays=find_strays(project, found),
    )


def _found(project: Project, tests: Path, named: Path | None) -> tuple[dict[str, Path], set[str]]:
    """Files and links, and the names of those that belong to the tests."""
    root, repository = project.root, project.repository
    inside = below(tests, root)
    tracked = tracked_files(root, repository=repository, new_in=tests if inside else None)
    found = {name: root / name for name in tracked}
    of_tests = {name for name in found if inside and (inside == "." or f"{name}/".startswith(f"{inside}/"))}
    if not inside:
        more = {f"{tests.name}/{name}": tests / name for name in tracked_files(tests, repository=repository)}
        found, of_tests = found | more, set(more)
    config = find_pytest_config(tests, root)
    above = (folder / "conftest.py" for folder in tests.parents if folder.is_relative_to(root))
    for path in (*(path for path in above if path.is_file()), *(path for path in (config, named) if path)):
        name = below(path, root) or path.name
        found[name] = path
        of_tests.add(name)
    return found, of_tests


def _not_shipped(project: Project, found: Mapping[str, Path]) -> dict[str, Path]:
    """What of it is not among the DAGs and plugins, which are there as they are shipped; no link leads out of it."""
    shipped = [part for part in (project.dags, project.plugins) if part and part.is_dir()]
    real = {folder: folder.resolve() for folder in {path.parent for path in found.values()}}
    within = project.repository.resolve()
    return {
        name: path
        for name, path in found.items()
        if real[path.parent].is_relative_to(within) and not any(path.is_relative_to(part) for part in shipped)
    }


def _too_much(files: Mapping[str, Path], room: int) -> dict[str, int]:
    sizes = {name: path.lstat().st_size for name, path in files.items()}
    left_out = {}
    for name, size in sorted(sizes.items(), key=lambda item: (item[1], item[0])):
        room -= size + _OF_ENTRY
        if room < 0:
            left_out[name] = size
    return left_out


@contextmanager
def checkout_files(layout: Layout, checkout: Checkout) -> Iterator[dict[PurePosixPath, Path | bytes]]:
    """What to copy into the runner, by its place there, as long as this is open."""
    with tempfile.TemporaryDirectory(prefix="mwaa-deploy-checkout-") as folder:
        frame = Path(folder).resolve()
        for led in layout.led:
            said = os.path.relpath(layout.where(led.source), led.destination.parent)
            _link(frame, led.destination.relative_to(layout.checkout.parent), said)
        for name, target in checkout.links.items():
            _link(frame, PurePosixPath(layout.checkout.name, name), os.fspath(target))
        if not checkout.files and not (frame / layout.checkout.name).is_symlink():
            (frame / layout.checkout.name).mkdir(exist_ok=True)
        if layout.tests is not None:
            # Also where git has nothing of it: pytest is asked to look there.
            tests = frame / layout.tests.relative_to(layout.checkout.parent)
            if tests.resolve() == tests:
                tests.mkdir(parents=True, exist_ok=True)
        yield {
            layout.checkout.parent: frame,
            layout.checkout.parent / "conftest.py": _CONFTEST,
            **{layout.checkout / name: path for name, path in checkout.files.items()},
        }


def _link(frame: Path, place: PurePosixPath, said: str) -> None:
    """Make a link, unless it would come into the way of another, or lie behind one."""
    link = frame / place
    if link.parent.resolve() == link.parent and not os.path.lexists(link):
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(said)
