"""One file out of a container."""

import posixpath
import tarfile
import tempfile
from collections.abc import Generator, Iterator
from pathlib import PurePosixPath

from docker.errors import APIError, NotFound
from docker.models.containers import Container

from mwaa_deploy.errors import RunnerBroken
from mwaa_deploy.runner.result_reader import LARGEST

_LINKS = 8
_CHUNK = 256 * 1024
_FOLDER = 1 << 31
"""Bit of Go's os.FileMode, which the engine's API speaks."""


def read_member(container: Container, path: PurePosixPath) -> bytes | None:
    """The bytes of a regular file, through symbolic links; None if there is none.

    Args:
        container: the SDK's container, running.
        path: absolute, inside of it.

    Raises:
        RunnerBroken: the file is larger than 64 MiB.
    """
    for _ in range(_LINKS):
        try:
            stream, stat = container.get_archive(str(path), chunk_size=_CHUNK)
        except NotFound:
            return None
        except APIError as e:
            # The engine answers both a path below a file and a link to itself with 500.
            if "not a directory" in str(e) or "too many links" in str(e):
                return None
            raise
        about = stat or {"mode": _FOLDER}
        if about["mode"] & _FOLDER:
            _close(stream)
            return None
        if about.get("linkTarget", "") in {"", str(path)}:
            return _only_file(stream, path)
        _close(stream)
        path = PurePosixPath(posixpath.normpath(path.parent / about["linkTarget"]))
    return None


def too_large(path: PurePosixPath) -> RunnerBroken:
    """The error for a file that is not taken out."""
    return RunnerBroken(f"{path} in the runner is too large: no more than {LARGEST} bytes are taken out of it.")


def _only_file(stream: Iterator[bytes], path: PurePosixPath) -> bytes | None:
    with tempfile.TemporaryFile() as spool:
        for chunk in stream:
            spool.write(chunk)
            if spool.tell() > LARGEST:
                raise too_large(path)
        spool.seek(0)
        with tarfile.open(fileobj=spool) as archive:
            entry = archive.next()
            body = archive.extractfile(entry) if entry is not None and entry.isfile() else None
            return body.read() if body is not None else None


def _close(stream: Iterator[bytes]) -> None:
    if isinstance(stream, Generator):
        stream.close()
