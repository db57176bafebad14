"""A folder of the user's project, listed the same way on every machine."""

import os
import shlex
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mwaa_deploy.bundle.exclude import Exclude
from mwaa_deploy.errors import FileRefused

_LEFT_OUT = frozenset({"__pycache__", ".git", ".DS_Store"})
_LEFT_OUT_SUFFIX = ".pyc"
_AS_IS = frozenset(string.ascii_letters + string.digits + "/-_.+=:@%, ")
"""Characters that mean themselves between a shell's quotation marks."""


@dataclass(frozen=True, kw_only=True)
class FolderFile:
    """A regular file in a folder.

    Attributes:
        name: path relative to the folder, with forward slashes.
        path: where its bytes are; may lead through symbolic links.
        executable: whether its owner may execute it.
    """

    name: str
    path: Path
    executable: bool


def folder_files(folder: Path, exclude: Exclude | None = None) -> tuple[FolderFile, ...]:
    """All files in a folder and the folders in it, sorted by the bytes of their names.

    Caches, .git, .DS_Store and what `exclude` says are left out. Symbolic links are followed as long as they stay in
    the folder.

    Raises:
        FileRefused: a link is broken, circular or leaves the folder; a file is neither a file nor a folder; a name is
            not UTF-8, so that neither a zip nor S3 could hold it.
    """
    files = _walk(folder, prefix="", root=folder.resolve(), above=(folder.resolve(),), exclude=exclude or Exclude())
    return tuple(sorted(files, key=lambda file: file.name.encode()))


def _walk(folder: Path, *, prefix: str, root: Path, above: tuple[Path, ...], exclude: Exclude) -> Iterator[FolderFile]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name in _LEFT_OUT or entry.name.endswith(_LEFT_OUT_SUFFIX):
                continue
            name = prefix + entry.name
            if exclude.leaves_out(name, folder=entry.is_dir()):
                continue
            path = Path(entry.path)
            _require_utf8(name, root)
            if entry.is_symlink():
                _require_inside(path, name, root)
            if entry.is_dir():
                real = path.resolve()
                if real in above:
                    raise FileRefused(
                        f"The symbolic link {name} leads back to a folder that it lies in.",
                        mend=f"git rm '{name}'",
                    )
                yield from _walk(path, prefix=f"{name}/", root=root, above=(*above, real), exclude=exclude)
            elif entry.is_file():
                yield FolderFile(name=name, path=path, executable=bool(entry.stat().st_mode & 0o100))
            else:
                raise FileRefused(f"{name} in {folder} is neither a file nor a folder, so it cannot be shipped.")


def _require_utf8(name: str, root: Path) -> None:
    try:
        name.encode()
    except UnicodeEncodeError as e:
        # Beginning with the folder's own name, for most people stand beside it in a checkout of their own.
        path = f"{root.name}/{name}"
        raise FileRefused(
            f"The name {_escaped(path)} in {root.parent} is not UTF-8.",
            meaning="It was made in another encoding, as by an old archive; S3 and MWAA's containers take UTF-8 only.",
            mend=f"git mv {_escaped(path)} {shlex.quote(_in_utf8(path))}",
        ) from e


def _escaped(name: str) -> str:
    """Any name as a word of bash and zsh, in characters that every terminal and editor keeps as they are."""
    shown = (chr(byte) if chr(byte) in _AS_IS else f"\\x{byte:02x}" for byte in os.fsencode(name))
    return f"$'{''.join(shown)}'"


def _in_utf8(name: str) -> str:
    """The name with _ for each byte that is not UTF-8, and for what would not show."""
    shown = os.fsencode(name).decode("utf-8", "replace").replace("\ufffd", "_")
    return "".join(character if character.isprintable() else "_" for character in shown)


def _require_inside(path: Path, name: str, root: Path) -> None:
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError) as e:
        raise FileRefused(f"The symbolic link {name} in {root} is broken or circular.", mend=f"git rm '{name}'") from e
    if not target.is_relative_to(root):
        raise FileRefused(
            f"The symbolic link {name} leaves the folder {root}: it leads to {target}.",
            meaning="What it leads to need not exist, or be the same, on the machine that deploys.",
            mend=f"Replace it by a copy: cp --remove-destination '{target}' '{path}'",
        )
