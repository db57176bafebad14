"""What comes out of the bucket: object versions once, DAGs again and again."""

import shutil
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from botocore.client import BaseClient
from botocore.exceptions import BotoCoreError, ClientError

from lab.airflow.errors import LiveAirflowError
from lab.airflow.specification import S3Object

_SYNC_SECONDS = 1.0


def fetch(client: BaseClient, bucket: str, wanted: S3Object, destination: Path) -> None:
    """Write one version of an object to a file.

    Raises:
        LiveAirflowError: it is not there.
    """
    version = {"VersionId": wanted.version} if wanted.version else {}
    try:
        body = client.get_object(Bucket=bucket, Key=wanted.key, **version)["Body"].read()
    except (ClientError, BotoCoreError) as error:
        msg = f"s3://{bucket}/{wanted.key} (version {wanted.version or 'latest'}) cannot be read: {error}"
        raise LiveAirflowError(msg) from error
    destination.parent.mkdir(parents=True, exist_ok=True)
    destination.write_bytes(body)


def unzip(archive: Path, folder: Path) -> None:
    """Unpack plugins.zip as MWAA does: what is at its top comes to be at the folder's top.

    Raises:
        LiveAirflowError: it is no zip file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(folder)
    except (zipfile.BadZipFile, OSError, RuntimeError) as error:
        msg = f"{archive.name} cannot be unpacked: {error}"
        raise LiveAirflowError(msg) from error


class DagMirror:
    """Keeps a folder equal to a bucket's prefix.

    Args:
        folder: where the DAGs lie; nobody else writes there.
        incoming: a folder on the same disk, for files that have not wholly arrived.
        say: takes a line for the environment's log.
    """

    def __init__(
        self, client: BaseClient, bucket: str, prefix: str, *, folder: Path, incoming: Path, say: Callable[[str], None]
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix
        self._folder = folder
        self._incoming = incoming
        self._say = say
        self._held: dict[PurePosixPath, str] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def start(self) -> None:
        """Mirror once, then go on in the background until stopped.

        Raises:
            LiveAirflowError: the bucket cannot be read.
        """
        for folder in (self._folder, self._incoming):
            folder.mkdir(parents=True, exist_ok=True)
        try:
            self._sync()
        except (ClientError, BotoCoreError) as error:
            msg = f"s3://{self._bucket}/{self._prefix} cannot be read: {error}"
            raise LiveAirflowError(msg) from error
        self._thread.start()

    def stop(self) -> None:
        """End the mirroring."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _keep(self) -> None:
        failing = ""
        while not self._over.wait(_SYNC_SECONDS):
            try:
                self._sync()
                failing = ""
            except (ClientError, BotoCoreError, OSError) as error:
                if str(error) != failing:
                    failing = str(error)
                    self._say(f"The DAGs cannot be mirrored: {failing}")

    def _sync(self) -> None:
        wanted = dict(self._listed())
        for path, tag in wanted.items():
            if self._held.get(path) != tag and not self._over.is_set():
                self._take(path)
                self._held[path] = tag
        for file in [found for found in self._folder.rglob("*") if found.is_file()]:
            path = PurePosixPath(file.relative_to(self._folder).as_posix())
            if path not in wanted and "__pycache__" not in path.parts:
                file.unlink()
                self._held.pop(path, None)
                self._prune(file.parent)

    def _listed(self) -> list[tuple[PurePosixPath, str]]:
        found = []
        paginator = self._client.get_paginator("list_objects_v2")  # type: ignore[no-untyped-call]
        for page in paginator.paginate(Bucket=self._bucket, Prefix=self._prefix):
            for entry in page.get("Contents", ()):
                path = PurePosixPath(entry["Key"].removeprefix(self._prefix))
                if not entry["Key"].endswith("/") and not path.is_absolute() and ".." not in path.parts:
                    found.append((path, f"{entry['ETag']} {entry['Size']} {entry['LastModified']}"))
        return found

    def _take(self, path: PurePosixPath) -> None:
        arriving = self._incoming / "arriving"
        body = self._client.get_object(Bucket=self._bucket, Key=f"{self._prefix}{path}")["Body"].read()
        arriving.write_bytes(body)
        destination = self._folder / path
        if destination.is_dir():
            shutil.rmtree(destination)
        destination.parent.mkdir(parents=True, exist_ok=True)
        arriving.replace(destination)

    def _prune(self, folder: Path) -> None:
        while folder != self._folder:
            left = [entry.name for entry in folder.iterdir()]
            if left not in ([], ["__pycache__"]):
                return
            shutil.rmtree(folder)
            folder = folder.parent
