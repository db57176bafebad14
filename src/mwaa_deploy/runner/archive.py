"""Files as a tar stream: the one way into a runner."""

import io
import os
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import IO, TypeGuard

IGNORED = frozenset({"__pycache__", ".git"})
"""Folders that are never copied: caches of another Python, and a checkout's credentials."""

COMPILED = ".pyc"
"""Nor are compiled modules, which no deployment ships: one would take the place of a source that is gone."""

_SPOOL = 32 * 1024 * 1024


def make_archive(
    files: Mapping[str, Path | bytes],
    *,
    uid: int,
    gid: int,
    folders: Iterable[str] = (),
    of_root: Mapping[str, bytes] = MappingProxyType({}),
) -> IO[bytes]:
    """A tar file, at its beginning, that holds files and folders under new names.

    Symbolic links stay links: what they point to outside of the folder is not copied, so that a link cannot bring a
    file of this host into the runner. Sockets, pipes and devices are left out.

    Args:
        files: by what each is to be called: a file's bytes, a file, or a folder.
        uid: numeric owner of everything in the archive.
        gid: its group.
        folders: empty folders that come before, parents first.
        of_root: further files, which are root's, each in a folder of root's.
    """
    spool = tempfile.SpooledTemporaryFile(max_size=_SPOOL)  # noqa: SIM115 -- handed to the caller open
    try:
        with tarfile.open(fileobj=spool, mode="w", format=tarfile.GNU_FORMAT) as archive:
            for name in sorted({os.path.dirname(name) for name in of_root}):  # noqa: PTH120 -- inside the archive
                _add_folder(archive, name, uid=0, gid=0)
            for name, body in of_root.items():
                _add_bytes(archive, name, body, uid=0, gid=0)
            for name in folders:
                _add_folder(archive, name, uid=uid, gid=gid)
            for name, source in files.items():
                if isinstance(source, bytes):
                    _add_bytes(archive, name, source, uid=uid, gid=gid)
                else:
                    _add_all(archive, name, source.resolve(), uid=uid, gid=gid)
        spool.seek(0)
    except BaseException:
        spool.close()
        raise
    return spool


def _add_folder(archive: tarfile.TarFile, name: str, *, uid: int, gid: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.uid, entry.gid = tarfile.DIRTYPE, 0o755, uid, gid
    archive.addfile(entry)


def _add_bytes(archive: tarfile.TarFile, name: str, body: bytes, *, uid: int, gid: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.uid, entry.gid = len(body), 0o644, uid, gid
    archive.addfile(entry, io.BytesIO(body))


def _add_all(archive: tarfile.TarFile, name: str, source: Path, *, uid: int, gid: int) -> None:
    for path in _walk(source):
        inside = name if path == source else f"{name}/{path.relative_to(source).as_posix()}"
        entry = archive.gettarinfo(os.fspath(path), arcname=inside)
        if not _carried(entry):
            continue
        entry.uid, entry.gid, entry.uname, entry.gname = uid, gid, "", ""
        entry.mode = (entry.mode | 0o644 | (0o111 if entry.isdir() else 0)) & 0o755
        if entry.islnk():
            entry.type, entry.size = tarfile.REGTYPE, path.stat().st_size
        if entry.isfile():
            with path.open("rb") as body:
                archive.addfile(entry, body)
        else:
            archive.addfile(entry)


def folders_between(base: PurePosixPath, paths: Iterable[PurePosixPath]) -> list[PurePosixPath]:
    """The folders below a base that paths below it lie in, parents first; paths elsewhere are left out."""
    found = {parent for path in paths for parent in path.parents if base in parent.parents}
    return sorted(found)


def _carried(entry: tarfile.TarInfo | None) -> TypeGuard[tarfile.TarInfo]:
    # gettarinfo gives None for a socket, whatever its annotation says.
    return entry is not None and (entry.isfile() or entry.isdir() or entry.issym() or entry.islnk())


def _walk(source: Path) -> Iterator[Path]:
    yield source
    if source.is_dir():
        for folder, folders, files in os.walk(source):
            here = Path(folder)
            links = [name for name in folders if (here / name).is_symlink()]
            folders[:] = sorted(set(folders) - IGNORED - set(links))
            names = sorted([*folders, *files, *links])
            yield from (here / name for name in names if name not in IGNORED and not name.endswith(COMPILED))
