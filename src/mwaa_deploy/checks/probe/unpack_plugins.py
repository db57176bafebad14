"""Unpacks plugins.zip into the plugins folder, as MWAA does before anything is imported.

    python unpack_plugins.py ZIP FOLDER RESULT

Runs inside the runner; standard library only, Python 3.7 and later. RESULT says what came of it:
{"problem": why it cannot be unpacked, or null, "files": number of files, "top": up to 100 names at the zip's root}
"""

import json
import os
import shutil
import sys
import zipfile
import zlib

_UNIX = 3
_MOST = 100


def unpack(path, folder):
    """Unpack all entries; each stays in the folder, whatever its name says."""
    files, top = 0, []
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            name = entry.filename.replace("\\", "/").lstrip("/").split("/")[0]
            if name not in top and len(top) < _MOST:
                top.append(name)
            place = archive.extract(entry, folder)
            if entry.is_dir():
                continue
            files += 1
            if entry.create_system == _UNIX and entry.external_attr >> 16 & 0o100:
                os.chmod(place, 0o755)  # noqa: S103 -- as unzip does
    return files, top


def main():
    """Unpack into an empty folder and say how it went."""
    path, folder, result = sys.argv[1:]
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder, exist_ok=True)
    problem, files, top = None, 0, []
    try:
        files, top = unpack(path, folder)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        problem = "it is no sound zip file (%s)" % error
    except RuntimeError as error:
        problem = "it is encrypted (%s)" % error
    except (NotImplementedError, OSError, ValueError) as error:
        problem = "%s: %s" % (type(error).__name__, error)
    with open(result, "w", encoding="utf-8") as file:
        json.dump({"problem": problem, "files": files, "top": top}, file)


if __name__ == "__main__":
    main()
