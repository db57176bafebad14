# mypy: allow-untyped-calls
# botocore carries no types.
"""Uploads of small objects with a third of the work that the SDK's client has with one.

A folder of DAG files is thousands of small objects, and the client's own work, 5 ms of a processor for each, is then
what takes the time. Here botocore's signer and HTTP session do all that an upload that goes well needs, in 1.5 ms. An
upload that does not go well is none of ours: the client does it again, with its retries, and knows what to say of it.
"""

import base64
import os
import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.exceptions import ConnectionError, HTTPClientError  # noqa: A004 -- botocore's
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.credentials import Credentials

LARGEST = 1 << 20
"""Bytes; what is larger takes the network longer than the client."""

_OK = 200
_CONDITIONS: Mapping[str, str] = {"IfMatch": "If-Match", "IfNoneMatch": "If-None-Match"}


class _KnownPayload(S3SigV4Auth):
    """Signs the digest that we have of the body already; S3 refuses a body with another one."""

    def payload(self, request: AWSRequest) -> str:
        """The hex digest."""
        digest: str = request.context["sha256"]
        return digest


class DirectPut:
    """Uploads to one bucket, once the client has shown by an upload of its own where the bucket is.

    Args:
        client: a boto3 client of S3, whose uploads are watched.
        bucket: the bucket's name.
        credentials: of the same session; they renew themselves.
        connections: how many uploads may run side by side.
    """

    def __init__(self, client: "BaseClient", bucket: str, credentials: "Credentials", *, connections: int) -> None:
        self._bucket = bucket
        self._region = client.meta.region_name
        self._credentials = credentials
        self._connections = connections
        self._address = ""
        self._agent = ""
        self._session: URLLib3Session | None = None
        client.meta.events.register("before-send.s3.PutObject", self._watch)

    def put(
        self, key: str, body: bytes, *, sha256: str, owner: str, options: Mapping[str, Any]
    ) -> dict[str, str] | None:
        """Upload an object; None if the client has to.

        Args:
            key: where to.
            body: the bytes, LARGEST at most.
            sha256: their hex digest; S3 compares it with what arrives.
            owner: the account that must own the bucket; '' for any.
            options: Metadata, and what the client calls its parameters for encryption and conditions.

        Returns:
            VersionId and ETag, as the client would give them.
        """
        session = self._session
        if session is None or len(body) > LARGEST:
            return None
        request = self.request(key, body, sha256=sha256, owner=owner, options=options)
        try:
            answer = session.send(request)
        except (ConnectionError, HTTPClientError):
            self._session = None  # whatever is wrong with the network, the client bridges it better
            return None
        if answer.status_code != _OK:
            return None
        return {"VersionId": answer.headers.get("x-amz-version-id", "null"), "ETag": answer.headers.get("etag", "")}

    def request(
        self, key: str, body: bytes, *, sha256: str, owner: str, options: Mapping[str, Any]
    ) -> AWSPreparedRequest:
        """The upload of an object, signed; the parameters are those of `put`."""
        headers = {
            "Content-Length": str(len(body)),
            "User-Agent": self._agent,
            "x-amz-checksum-sha256": base64.b64encode(bytes.fromhex(sha256)).decode(),
            **({"x-amz-expected-bucket-owner": owner} if owner else {}),
            **_headers(options),
        }
        request = AWSRequest("PUT", self._address + quote(key, safe="/~"), headers=headers, data=body)
        request.context["sha256"] = sha256
        _KnownPayload(self._credentials.get_frozen_credentials(), "s3", self._region).add_auth(request)
        prepared: AWSPreparedRequest = request.prepare()
        return prepared

    def _watch(self, request: AWSPreparedRequest, **_: object) -> None:
        """See where the client sends an upload, which endpoint, Region and configuration decide. It sends it itself."""
        if self._address:
            return
        parts = urlsplit(request.url)
        inside = "" if parts.netloc.startswith(f"{self._bucket}.") else f"{self._bucket}/"
        if not parts.path.startswith(f"/{inside}"):
            return
        address = f"{parts.scheme}://{parts.netloc}/{inside}"
        agent = request.headers.get("User-Agent", "")
        self._agent = agent.decode() if isinstance(agent, bytes) else agent
        self._session = URLLib3Session(
            verify=os.environ.get("AWS_CA_BUNDLE") or os.environ.get("REQUESTS_CA_BUNDLE") or True,
            proxies=get_environ_proxies(address),
            timeout=(10, 60),
            max_pool_connections=self._connections,
            # Headers and body go out in two writes; else the second waits for the first to be acknowledged, 40 ms.
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )
        self._address = address


def _headers(options: Mapping[str, Any]) -> dict[str, str]:
    """What the client makes of its parameters."""
    headers = {header: options[name] for name, header in _CONDITIONS.items() if name in options}
    headers |= {f"x-amz-meta-{name}": value for name, value in options.get("Metadata", {}).items()}
    if "SSEKMSKeyId" in options:
        headers["x-amz-server-side-encryption"] = options["ServerSideEncryption"]
        headers["x-amz-server-side-encryption-aws-kms-key-id"] = options["SSEKMSKeyId"]
        headers["x-amz-server-side-encryption-bucket-key-enabled"] = str(options["BucketKeyEnabled"]).lower()
    return headers
