"""ministack, loaded into this process: the lab's one seam to it, together with private_names."""

import importlib
import json
import os
import xml.etree.ElementTree as ET
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol, Self
from urllib.parse import urlencode

from hypercorn.typing import ASGIFramework

from lab.aws.private_names import CLOUDFORMATION, EmulatorMovedError, missing_names, replace

ACCOUNT = "123456789012"
REGION = "eu-west-1"

#: The key of the account's root, with the secret of the same name (ministack, iam_evaluator.is_root_access_key).
_ROOT_KEY = "test"

#: What ministack serves here; the rest stays unloaded.
SERVICES = "airflow,cloudformation,ec2,ecr,iam,kms,logs,monitoring,s3,secretsmanager,sqs,ssm,sts,tagging"

#: Status, headers and body of an answer.
Reply = tuple[int, dict[str, str], bytes]
#: Serves a service: method, path, headers, body and query to a reply.
Handler = Callable[[str, str, Mapping[str, str], bytes, Mapping[str, list[str]]], Awaitable[Reply]]


class ServiceModule(Protocol):
    """What ministack asks of the module behind a service."""

    async def handle_request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Mapping[str, list[str]]
    ) -> Reply:
        """Answer one request."""

    def reset(self) -> None:
        """Forget everything."""

    def get_state(self) -> object:
        """What to keep across restarts."""

    def load_persisted_state(self, data: object) -> None:
        """Take up what was kept."""


class EmulatorRefusedError(RuntimeError):
    """The emulator answered a call of the lab's own with an error.

    Attributes:
        code: AWS's error code, 'NoSuchEntity' say, or the HTTP status when the answer carries none.
    """

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(f"{code}: {message}")


class Scope(NamedTuple):
    """Where a resource lives."""

    account: str
    region: str


@dataclass(frozen=True)
class Answer:
    """What a service of the emulator answered. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def prepare_environment(port: int, folder: Path) -> None:
    """Set the environment variables ministack reads when it is imported.

    DOCKER_HOST names a socket that does not exist, so that no container is ever started or reaped. AUTH makes
    it check signatures and policies. Variables of the caller's own AWS are dropped: they would name another root key.
    """
    for name in [name for name in os.environ if name.startswith(("AWS_", "MINISTACK_", "S3_"))]:
        del os.environ[name]
    os.environ.update(
        AUTH="true",
        BIND_HOST="127.0.0.1",
        DOCKER_HOST="unix:///nonexistent/docker.sock",
        GATEWAY_PORT=str(port),
        IOT_MTLS_ENABLED="0",
        LOG_LEVEL=os.environ.get("LAB_LOG_LEVEL", "ERROR"),
        MINISTACK_ACCOUNT_ID=ACCOUNT,
        MINISTACK_REGION=REGION,
        MINISTACK_HOST="127.0.0.1",
        PERSIST_STATE="0",
        SERVICES=SERVICES,
        SFTP_ENABLED="0",
        STATE_DIR=str(folder),
    )


class Emulator:
    """ministack, loaded into this process."""

    def __init__(self) -> None:
        problems = missing_names()
        if problems:
            raise EmulatorMovedError("; ".join(problems))
        self._app = importlib.import_module("ministack.app")
        self._responses = importlib.import_module("ministack.core.responses")
        self._actions = importlib.import_module("ministack.core.iam_actions")
        self.provisioners = importlib.import_module(f"{CLOUDFORMATION}.provisioners")
        self.stacks = importlib.import_module(f"{CLOUDFORMATION}.stacks")
        self.changesets = importlib.import_module(f"{CLOUDFORMATION}.changesets")
        self.stack_handlers = importlib.import_module(f"{CLOUDFORMATION}.handlers")
        self.stack_helpers = importlib.import_module(f"{CLOUDFORMATION}.helpers")
        self.s3 = importlib.import_module("ministack.services.s3")

    @classmethod
    def load(cls, port: int, folder: Path) -> Self:
        """Import ministack for a port. Once in a process: it reads its environment at import.

        Args:
            folder: where it may write.

        Raises:
            EmulatorMovedError: another release is installed, or its inside is not as expected.
        """
        prepare_environment(port, folder)
        return cls()

    @property
    def asgi(self) -> ASGIFramework:
        """The ASGI application."""
        application: ASGIFramework = self._app.app
        return application

    def handler(self, service: str) -> Handler:
        """What serves a service, after authentication."""
        found: Handler = self._app.SERVICE_HANDLERS[service]
        return found

    def replace_handler(self, service: str, handler: Handler) -> None:
        """Serve a service by another handler."""
        self._app.SERVICE_HANDLERS[service] = handler

    def replace_module(self, name: str, module: ServiceModule) -> None:
        """Serve a service by another module."""
        self._app._loaded_modules[name] = module  # noqa: SLF001

    def extend_resource_arn(self, service: str, name_resource: Callable[[str, str, Scope], str]) -> None:
        """Tell the policy check which resource a request of a service is about.

        Args:
            service: its signing name.
            name_resource: method, path and scope to an ARN, or '*'.
        """
        known = self._actions.extract_resource_arn

        def extract_resource_arn(asked: str, method: str, path: str, *others: str) -> object:
            if asked != service:
                return known(asked, method, path, *others)
            region, account = others[-2:]
            return name_resource(method, path, Scope(account, region))

        replace(self._actions, "extract_resource_arn", extract_resource_arn)

    def scope(self) -> Scope:
        """Account and region of the request being served."""
        return Scope(self._responses.get_account_id(), self._responses.get_region())

    @contextmanager
    def within(self, scope: Scope) -> Iterator[None]:
        """Act for an account and region outside any request."""
        with self._responses.request_scope(scope.account, scope.region):
            yield

    def call(self, service: str, method: str, path: str, *, query: Mapping[str, str] | None = None) -> Answer:
        """Call a service from within, past authentication and the call log. Never from the event loop itself."""
        return self._call(service, method, path, query={name: [value] for name, value in (query or {}).items()})

    def query(self, service: str, action: str, **parameters: str) -> ET.Element:
        """Call a query-protocol service from within. Names of parameters have '__' for '.'.

        Raises:
            EmulatorRefusedError: it answered with an error.
        """
        fields = {"Action": action, **{name.replace("__", "."): value for name, value in parameters.items()}}
        headers = {"content-type": "application/x-www-form-urlencoded"}
        answer = self._call(service, "POST", "/", headers=headers, body=urlencode(fields).encode())
        root = _plain(ET.fromstring(answer.body))  # noqa: S314 (the emulator's own answer)
        if answer.status >= 400:  # noqa: PLR2004
            code = root.findtext(".//Code") or str(answer.status)
            raise EmulatorRefusedError(code, root.findtext(".//Message") or "")
        return root

    def ask(self, service: str, target: str, **parameters: object) -> dict[str, object]:
        """Call a JSON-protocol service from within; target as in 'Logs_20140328.CreateLogGroup'.

        Raises:
            EmulatorRefusedError: it answered with an error.
        """
        headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": target}
        answer = self._call(service, "POST", "/", headers=headers, body=json.dumps(parameters).encode())
        document: dict[str, object] = json.loads(answer.body or b"{}")
        if answer.status >= 400:  # noqa: PLR2004
            code = str(document.get("__type", answer.status)).rpartition("#")[2]
            raise EmulatorRefusedError(code, str(document.get("message", "")))
        return document

    def _call(
        self,
        service: str,
        method: str,
        path: str,
        *,
        query: Mapping[str, list[str]] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        # Root's signature is never checked, but S3 takes a request without any for a stranger's.
        root = f"AWS4-HMAC-SHA256 Credential={_ROOT_KEY}/20260101/{REGION}/{service}/aws4_request"
        signed = {**(headers or {}), "authorization": f"{root}, SignedHeaders=host, Signature=0"}
        status, answered, content = self._app.call_service_handler_sync(
            self.handler(service), method, path, signed, body, dict(query or {}), 60
        )
        content = content.encode() if isinstance(content, str) else content
        return Answer(status, {name.lower(): value for name, value in answered.items()}, content)


def _plain(root: ET.Element) -> ET.Element:
    """The same tree without namespaces."""
    for element in root.iter():
        element.tag = element.tag.rsplit("}", 1)[-1]
    return root
