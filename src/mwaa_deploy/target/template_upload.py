"""Templates that are too large for a request: put into the bucket, from where CloudFormation reads them.

CloudFormation takes 51,200 bytes in a request and 1 MB from S3 (User Guide, 'Understand CloudFormation quotas'). It
reads the object with the caller's own rights: s3:GetObject and, as the URL names a version, s3:GetObjectVersion.
"""

import hashlib
from dataclasses import dataclass
from urllib.parse import quote

from mwaa_deploy.errors import ChangeSetFailed
from mwaa_deploy.ports import Bucket

MAX_BODY_BYTES = 51_200
"""Most of what TemplateBody takes."""

MAX_OBJECT_BYTES = 1_000_000
"""Most of what TemplateURL may lead to; the quota's page says 1 MB."""


@dataclass(frozen=True, kw_only=True)
class TemplatePlace:
    """Where a template is put that is too large for a request.

    Attributes:
        region: of the bucket.
        name: of the target, whose folder the template goes into.
        partition: of AWS: aws, aws-cn or another.
    """

    bucket: Bucket
    region: str
    name: str
    partition: str = "aws"

    def put(self, template: str) -> str:
        """Put a template there, unless it is there already; the URL of that very version.

        Raises:
            ChangeSetFailed: it is too large for S3, too.
            UploadFailed, AwsAccessDenied: as the bucket says.
        """
        body = template.encode()
        require_readable(body)
        sha256 = hashlib.sha256(body).hexdigest()
        key = f"mwaa-deploy/{self.name}/template-{sha256}.yaml"
        found = self.bucket.head(key)
        if found is None or found.sha256 != sha256:
            found = self.bucket.put(key, body, sha256=sha256, commit="")
        return template_url(self.bucket.name, key, found.version, region=self.region, partition=self.partition)


def require_readable(body: bytes) -> None:
    """Refuse what CloudFormation takes neither in a request nor from S3.

    Raises:
        ChangeSetFailed: with the size.
    """
    if len(body) > MAX_OBJECT_BYTES:
        raise ChangeSetFailed(
            f"The template has {len(body):,} bytes; CloudFormation takes at most {MAX_OBJECT_BYTES:,}.",
            meaning="Comments and blank lines count too.",
            mend="Move a part of it into a nested stack (AWS::CloudFormation::Stack) or a stack of its own.",
        )


def template_url(bucket: str, key: str, version: str, *, region: str, partition: str = "aws") -> str:
    """The URL of an object's version, as TemplateURL takes it.

    A bucket's name with a dot is put into the path, as no certificate fits such a host name.
    """
    domain = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    host = f"s3.{region}.{domain}"
    where = f"{host}/{bucket}" if "." in bucket else f"{bucket}.{host}"
    return f"https://{where}/{quote(key)}?versionId={quote(version, safe='')}"
