"""The DAG manifest: which files the DAG folder holds, by content."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mwaa_deploy.bundle.exclude import Exclude
from mwaa_deploy.bundle.folder import folder_files
from mwaa_deploy.errors import DagFolderEmpty


@dataclass(frozen=True, kw_only=True)
class FileDigest:
    """A file's content.

    Attributes:
        sha256: hex digest.
        size: bytes.
    """

    sha256: str
    size: int


@dataclass(frozen=True)
class Manifest:
    """Files by path relative to the DAG folder, with forward slashes."""

    files: Mapping[str, FileDigest] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 over names and contents, whatever the order."""
        whole = hashlib.sha256()
        for name in sorted(self.files):
            whole.update(f"{self.files[name].sha256} {name}\0".encode())
        return whole.hexdigest()

    def without(self, names: frozenset[str]) -> "Manifest":
        """The manifest less some of its files."""
        return Manifest({name: file for name, file in self.files.items() if name not in names})


@dataclass(frozen=True, kw_only=True)
class ManifestDiff:
    """What leads from one manifest to another: names, sorted."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether both hold the same files."""
        return not (self.added or self.changed or self.removed)


def diff(old: Manifest, new: Manifest) -> ManifestDiff:
    """Compare two manifests by digest."""
    return ManifestDiff(
        added=tuple(sorted(new.files.keys() - old.files.keys())),
        changed=tuple(sorted(n for n in new.files.keys() & old.files.keys() if new.files[n] != old.files[n])),
        removed=tuple(sorted(old.files.keys() - new.files.keys())),
    )


def read_manifest(folder: Path, exclude: Exclude | None = None) -> Manifest:
    """Digest every file of the DAG folder; .airflowignore is one of them, as Airflow reads it at the target.

    Args:
        folder: the DAG folder.
        exclude: what is not shipped.

    Raises:
        DagFolderEmpty: there is no file.
        FileRefused: the folder holds something that cannot be shipped.
    """
    manifest = Manifest({file.name: digest_file(file.path) for file in folder_files(folder, exclude)})
    if not manifest.files:
        raise DagFolderEmpty(
            f"The DAG folder {folder} holds no file"
            + (", but for those excluded." if exclude and exclude.patterns else "."),
            meaning="Deploying it would delete every DAG at the target.",
            mend="with:\n  dags-dir: path/to/dags",
        )
    return manifest


def digest_file(path: Path) -> FileDigest:
    """SHA-256 and size of a file, read once."""
    with path.open("rb") as content:
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
        return FileDigest(sha256=sha256, size=content.tell())
