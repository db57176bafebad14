"""What MWAA asks of the bucket it reads from."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lab.aws.emulator import Emulator

#: A part of the environment and the two fields that name its object.
ARTEFACTS = {
    "plugins": ("PluginsS3Path", "PluginsS3ObjectVersion"),
    "requirements": ("RequirementsS3Path", "RequirementsS3ObjectVersion"),
    "startup_script": ("StartupScriptS3Path", "StartupScriptS3ObjectVersion"),
}


@dataclass(frozen=True, kw_only=True)
class Artefact:
    """An object version an environment runs with."""

    key: str
    version: str


class SourceBucket:
    """S3 as MWAA's control plane sees it. Its methods call the emulator, within the caller's scope."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def problem(self, bucket_arn: str) -> str | None:
        """Why MWAA would refuse the bucket, or None."""
        bucket = bucket_name(bucket_arn)
        versioning = self._emulator.call("s3", "GET", f"/{bucket}", query={"versioning": ""})
        if versioning.status >= 400:  # noqa: PLR2004
            return f"Unable to access the source bucket {bucket}: it does not exist or access is denied"
        if _text(versioning.body, "Status") != "Enabled":
            return f"The source bucket {bucket} must have versioning enabled"
        block = self._emulator.call("s3", "GET", f"/{bucket}", query={"publicAccessBlock": ""})
        if block.status >= 400 or b"false" in block.body:  # noqa: PLR2004
            return f"The source bucket {bucket} must block all public access"
        return None

    def artefacts(self, fields: Mapping[str, Any]) -> tuple[dict[str, Artefact | None], str | None]:
        """The object versions an environment names, and what is wrong with the first that cannot be read.

        Args:
            fields: the environment's fields; a path without a version means the latest one.
        """
        bucket = bucket_name(fields["SourceBucketArn"])
        found: dict[str, Artefact | None] = {}
        for part, (path_field, version_field) in ARTEFACTS.items():
            key, version = fields.get(path_field), fields.get(version_field)
            if not key:
                found[part] = None
                continue
            query = {"versionId": version} if version else {}
            answer = self._emulator.call("s3", "HEAD", f"/{bucket}/{key}", query=query)
            if answer.status >= 400:  # noqa: PLR2004
                which = f"version {version} of {key}" if version else key
                return found, f"{part}: {which} does not exist in the source bucket {bucket}"
            found[part] = Artefact(key=key, version=version or answer.headers.get("x-amz-version-id", ""))
        return found, None


def bucket_name(bucket_arn: str) -> str:
    """'my-bucket' for 'arn:aws:s3:::my-bucket'."""
    return re.sub(r"^arn:[^:]+:s3:::", "", bucket_arn)


def _text(xml: bytes, tag: str) -> str | None:
    for element in ET.fromstring(xml).iter():  # noqa: S314 (the emulator's own answer)
        if element.tag.rsplit("}", 1)[-1] == tag:
            return element.text
    return None
