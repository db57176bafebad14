"""Tells whether what DAG files and unit tests both see has been written to: DAG folder, plugins, metadata database.

    python shared_state.py RESULT [--database FILE] FOLDER ...

Runs inside the runner; standard library only, Python 3.7 and later. RESULT is {"folders": digest, "database": digest or
null}. A file counts by all that a write leaves behind, so that one that was made and removed meanwhile, or changed and
changed back, tells too; the database by its content. What Python itself keeps, __pycache__, does not count.
"""

import argparse
import hashlib
import json
import os
import stat

_CACHE = "__pycache__"


def folder_state(folder, digest):
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


def main():
    """Look, and write what was found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("result")
    parser.add_argument("--database")
    parser.add_argument("folders", nargs="+")
    options = parser.parse_args()
    digest = hashlib.sha256()
    for folder in options.folders:
        folder_state(folder, digest)
    found = {"folders": digest.hexdigest(), "database": None}
    if options.database and os.path.exists(options.database):
        with open(options.database, "rb") as database:
            found["database"] = hashlib.sha256(database.read()).hexdigest()
    with open(options.result, "w", encoding="ascii") as file:
        json.dump(found, file)


if __name__ == "__main__":
    main()
