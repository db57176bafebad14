"""plugins.zip, the same bytes for the same files on every machine.

MWAA starts an environment update for every new version of plugins.zip, so its bytes may depend on nothing but names,
contents and execute bits: not on times, umask, the order of the file system, or the release of zlib. The last is why
entries are stored, not deflated: compressors differ between zlib and zlib-ng and between releases of each.
"""

import shutil
import zipfile
from pathlib import Path

from mwaa_deploy.bundle.folder import folder_files

_OLDEST = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_REGULAR = 0o100000


def write_plugins_zip(source: Path, destination: Path) -> Path | None:
    """Make plugins.zip of a folder, its entries at the zip's root as MWAA wants them.

    Args:
        source: the plugins folder; or a ready-made zip, which is shipped as it is.
        destination: where to write the zip.

    Returns:
        Where the zip lies; None when the folder holds no file.

    Raises:
        FileRefused: the folder holds something that cannot be shipped.
    """
    if source.is_file():
        return source
    files = folder_files(source)
    if not files:
        return None
    with zipfile.ZipFile(destination, "w", zipfile.ZIP_STORED) as archive:
        for file in files:
            entry = zipfile.ZipInfo(file.name, _OLDEST)
            entry.create_system = _UNIX
            entry.external_attr = (_REGULAR | (0o755 if file.executable else 0o644)) << 16
            # the size decides between the two entry formats, so it is set before the entry is opened
            entry.file_size = file.path.stat().st_size
            with file.path.open("rb") as content, archive.open(entry, "w") as out:
                shutil.copyfileobj(content, out, 1 << 20)
    return destination
