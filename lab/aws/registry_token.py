"""GetAuthorizationToken as ECR answers it, for the lab's own registry: ministack's token opens nothing."""

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.aws.emulator import Emulator, Reply

_ACTION = "GetAuthorizationToken"
_SECONDS = 43_200


@dataclass(frozen=True, kw_only=True)
class Registry:
    """A registry that stands in for ECR's.

    Attributes:
        url: its address.
        user: the one it knows.
        password_file: read at each call, so that the password may change.
    """

    url: str
    user: str
    password_file: Path


class RegistryToken:
    """Stands before ministack's ECR, after its authentication and policies."""

    def __init__(self, emulator: Emulator, registry: Registry) -> None:
        self._registry = registry
        self._next = emulator.handler("ecr")

    async def handle_request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Mapping[str, list[str]]
    ) -> Reply:
        """Answer one request to ECR."""
        if headers.get("x-amz-target", "").rpartition(".")[2] != _ACTION:
            return await self._next(method, path, headers, body, query_params)
        password = self._registry.password_file.read_text(encoding="utf-8").strip()
        document = {
            "authorizationToken": base64.b64encode(f"{self._registry.user}:{password}".encode()).decode(),
            "expiresAt": int(time.time()) + _SECONDS,
            "proxyEndpoint": self._registry.url,
        }
        content = json.dumps({"authorizationData": [document]}).encode()
        return 200, {"Content-Type": "application/x-amz-json-1.1"}, content
