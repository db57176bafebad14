"""Tells whether what DAG files and unit tests both see has been written to. For the other scripts here.

Runs inside the runner; standard library only, Python 3.7 and later. A file counts by all that a write leaves behind, so
that one that was made and removed meanwhile, or changed and changed back, tells too; the database by its content. What
Python itself keeps, __pycache__, does not count.
"""

import hashlib
import os
import stat

_CACHE = "__pycache__"


def shared_state(folders, database):
    """What it is like now: {"folders": digest, "database": digest or null}.

    Args:
        folders: their paths.
        database: path of the metadata database's file; None where none is looked at.
    """
    digest = hashlib.sha256()
    for folder in folders:
        _take(folder, digest)
    found = {"folders": digest.hexdigest(), "database": None}
    if database and os.path.exists(database):
        with open(database, "rb") as file:
            found["database"] = hashlib.sha256(file.read()).hexdigest()
    return found


def _take(folder, digest):
    """Take a folder with all below it into the digest."""
    for place, folders, files in os.walk(folder):
        # There from now on, so that what Python keeps there later is no change of the folder itself.
        if _CACHE not in folders and any(name.endswith(".py") for name in files):
            try:
                os.mkdir(os.path.join(place, _CACHE))
            except OSError:
                pass
        folders[:] = sorted(name for name in folders if name != _CACHE)
        for path in [place] + [os.path.join(place, name) for name in sorted(files)]:
            found = os.lstat(path)
            told = (found.st_mode, found.st_ino, found.st_mtime_ns, found.st_ctime_ns)
            size = found.st_size if stat.S_ISREG(found.st_mode) else 0
            digest.update(repr((path, size, *told)).encode("utf-8", "surrogateescape"))
