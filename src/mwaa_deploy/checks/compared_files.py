"""Which DAG files can hold other DAGs than at the base: follows from what has changed, and from what imports it."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mwaa_deploy.ports import ChangedFile
from mwaa_deploy.source.project import Project

MOST_FILES = 200
"""Files that are compared; those that have changed themselves come first."""

_DAG_FILES = frozenset({".py", ".zip"})
_DOCUMENTS = frozenset({".md", ".rst", ".png", ".svg", ".jpg", ".jpeg", ".gif", ".pdf"})
_LARGEST = 2 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What is compared.

    Attributes:
        names: paths in the repository, at the base or now.
        left_out: how many more there are.
        shared: a changed file that other files may use, for which all of them are compared; '' for none.
    """

    names: tuple[str, ...]
    left_out: int = 0
    shared: str = ""


def choose_files(
    changed: Iterable[ChangedFile], project: Project, base: Project, *, most: int = MOST_FILES
) -> Compared:
    """The DAG files to compare.

    A file that others import, one that is no Python, and whatever lies in the plugins may change any DAG.

    Args:
        changed: what differs in the DAG folder and the plugins.
        project: as it is.
        base: the same as it was.
        most: files to compare at most.
    """
    paths = sorted(file.path for file in changed)
    before, after = _sources(base), _sources(project)
    folder = f"{project.in_repository(project.dags)}/"
    own = [path for path in paths if _is_dag_file(path, folder)]
    shared = next((path for path in paths if _is_shared(path, folder, (before, after))), "")
    others = sorted({name for name in (*before, *after) if _is_dag_file(name, folder)} - set(own)) if shared else []
    names = (*own, *others)
    return Compared(names=names[:most], left_out=max(0, len(names) - most), shared=shared)


def _is_dag_file(path: str, folder: str) -> bool:
    inside = folder == "./" or path.startswith(folder)
    return inside and PurePosixPath(path).suffix in _DAG_FILES


def _is_shared(path: str, folder: str, sources: Iterable[Mapping[str, Path]]) -> bool:
    pure = PurePosixPath(path)
    if not _is_dag_file(path, folder):
        return pure.suffix not in _DOCUMENTS
    if pure.suffix != ".py":
        return False
    module = pure.parent.name if pure.stem == "__init__" else pure.stem
    return any(_names(file, module) for files in sources for name, file in files.items() if name != path)


def _sources(project: Project) -> dict[str, Path]:
    """Files of DAG folder and plugins that may hold code, by path in the repository."""
    found: dict[str, Path] = {}
    for folder in (project.dags, project.plugins):
        for path in sorted(folder.rglob("*")) if folder is not None and folder.is_dir() else ():
            if path.suffix in _DAG_FILES and path.is_file():
                found[project.in_repository(path)] = path
    return found


def _names(file: Path, module: str) -> bool:
    """Whether a file imports a module of that name, or may do so: it is not read as Python, or names it in a text."""
    if file.suffix != ".py":
        return False
    if file.stat().st_size > _LARGEST:
        return True
    source = file.read_bytes()
    if not re.search(rb"\b" + re.escape(module.encode()) + rb"\b", source):
        return False
    try:
        return any(module in words for words in _imported(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True


def _imported(tree: ast.AST) -> Iterator[list[str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name.split(".") for alias in names)
            case ast.ImportFrom(module=module, names=names):
                yield [*(module or "").split("."), *(alias.name for alias in names)]
            case ast.Constant(value=str() as text) if len(text) < 200:  # noqa: PLR2004 -- as for import_module()
                yield re.split(r"[./]", text.removesuffix(".py"))
