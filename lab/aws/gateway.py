"""The ASGI application before ministack: the lab's own endpoints, the call log and checks that ministack lacks."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from lab.aws.call_log import Call, CallLog
from lab.aws.control import Control
from lab.aws.emulator import ACCOUNT
from lab.aws.operations import Request, operation, signing_name

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

_ACCESS_KEY = re.compile(r"Credential=([^/]+)/")
_OWNER_HEADERS = ("x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner")
#: The operations that carry no credentials because they give them.
_FOR_STRANGERS = "AssumeRoleWith"
_ACCESS_DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


class Gateway:
    """Takes every request first.

    Args:
        inner: the ASGI application behind.
    """

    def __init__(self, inner: Application, *, control: Control, calls: CallLog) -> None:
        self._inner = inner
        self._control = control
        self._calls = calls

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http" or scope["path"].startswith("/_ministack/"):
            await self._inner(scope, receive, send)
            return
        request, receive = await _read(scope, receive)
        if request.path.startswith("/_lab/"):
            status, document = await asyncio.to_thread(
                self._control.answer, request.method, request.path, request.query, request.body
            )
            await _send(send, status, "application/json", json.dumps(document).encode())
            return
        watch = _StatusWatch(send)
        service = signing_name(request)
        named = operation(request, service)
        unsigned = not service and not named.startswith(_FOR_STRANGERS)
        foreign = any(request.headers.get(name, ACCOUNT) != ACCOUNT for name in _OWNER_HEADERS)
        if unsigned or foreign:
            await _send(watch, 403, "application/xml", b"" if request.method == "HEAD" else _ACCESS_DENIED)
        else:
            await self._inner(scope, receive, watch)
        self._log(request, service, named, watch.status)

    def _log(self, request: Request, service: str, named: str, status: int) -> None:
        key = _ACCESS_KEY.search(request.headers.get("authorization", ""))
        self._calls.add(
            Call(
                method=request.method,
                path=request.path,
                service=service or ("sts" if named.startswith(_FOR_STRANGERS) else ""),
                operation=named,
                status=status,
                access_key=key.group(1) if key else "",
            )
        )


class _StatusWatch:
    """Passes messages on and remembers the status of the answer."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)


async def _read(scope: Message, receive: Receive) -> tuple[Request, Receive]:
    """The request; the body is read ahead, and put back, only where it tells what is asked for."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    body = b""
    if scope["path"].startswith("/_lab/") or "x-www-form-urlencoded" in headers.get("content-type", ""):
        messages: list[Message] = []
        while not messages or messages[-1].get("more_body"):
            messages.append(await receive())
        body = b"".join(message.get("body", b"") for message in messages)
        receive = _replay(messages, receive)
    request = Request(
        method=scope["method"],
        path=(scope.get("raw_path") or scope["path"].encode()).decode("latin-1"),
        query=parse_qs(scope["query_string"].decode(), keep_blank_values=True),
        headers=headers,
        body=body,
    )
    return request, receive


def _replay(messages: list[Message], receive: Receive) -> Receive:
    waiting = iter(messages)

    async def again() -> Message:
        message = next(waiting, None)
        return await receive() if message is None else message

    return again


async def _send(send: Send, status: int, content_type: str, body: bytes) -> None:
    headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
