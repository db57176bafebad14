"""A bucket as it is, whole: every key, version and delete marker, with the digest of every version's bytes."""

import hashlib
import xml.etree.ElementTree as ET
from typing import Any

from lab.aws.emulator import Emulator, EmulatorRefusedError

_KINDS = {"Version": "version", "DeleteMarker": "delete-marker"}


def snapshot(emulator: Emulator, bucket: str) -> dict[str, Any]:
    """All versions of all keys, by key and newest first.

    Returns:
        {"bucket": name, "versions": [{"key", "version_id", "kind", "is_latest", "last_modified", "size", "sha256",
        "content_type", "metadata"}, ...]}; a delete marker has no size and what follows it.

    Raises:
        EmulatorRefusedError: there is no such bucket.
    """
    versions: list[dict[str, Any]] = []
    marker: dict[str, str] = {}
    while True:
        answer = emulator.call("s3", "GET", f"/{bucket}", query={"versions": "", **marker})
        if answer.status >= 400:  # noqa: PLR2004
            raise EmulatorRefusedError(str(answer.status), answer.body.decode(errors="replace"))
        root = ET.fromstring(answer.body)  # noqa: S314 (the emulator's own answer)
        for element in root.iter():
            element.tag = element.tag.rsplit("}", 1)[-1]
        versions += [_version(emulator, bucket, element) for element in root if element.tag in _KINDS]
        if root.findtext("IsTruncated") != "true":
            return {"bucket": bucket, "versions": versions}
        marker = {
            "key-marker": root.findtext("NextKeyMarker") or "",
            "version-id-marker": root.findtext("NextVersionIdMarker") or "",
        }


def _version(emulator: Emulator, bucket: str, element: ET.Element) -> dict[str, Any]:
    key, version = element.findtext("Key") or "", element.findtext("VersionId") or ""
    found: dict[str, Any] = {
        "key": key,
        "version_id": version,
        "kind": _KINDS[element.tag],
        "is_latest": element.findtext("IsLatest") == "true",
        "last_modified": element.findtext("LastModified"),
    }
    if element.tag == "DeleteMarker":
        return found
    answer = emulator.call("s3", "GET", f"/{bucket}/{key}", query={"versionId": version})
    return {
        **found,
        "size": len(answer.body),
        "sha256": hashlib.sha256(answer.body).hexdigest(),
        "content_type": answer.headers.get("content-type"),
        "metadata": {
            name.removeprefix("x-amz-meta-"): value
            for name, value in sorted(answer.headers.items())
            if name.startswith("x-amz-meta-")
        },
    }
