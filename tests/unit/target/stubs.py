"""boto3 clients with recorded answers: for what AWS says that no emulator does."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from boto3.session import Session
from botocore.stub import Stubber


@cache
def _session(region: str) -> Session:
    """One for all tests: it reads the services' models once, and each client has its own event handlers."""
    return Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=region)


@contextmanager
def stubbed(service: str, region: str = "eu-west-1") -> Iterator[tuple[Any, Stubber]]:
    """A client and the stub of its answers; every answer must have been asked for at the end."""
    client = _session(region).client(service)
    with Stubber(client) as stub:
        yield client, stub
        stub.assert_no_pending_responses()


def answer_events(client: Any, stub: Stubber, operation: str, looks: list[list[dict[str, Any]]]) -> None:
    """Let each look at a stack's events find these besides those of before, with the token that the operation got."""
    asked: dict[str, Any] = {}
    told: list[dict[str, Any]] = []

    def tokenise(parsed: dict[str, Any], **_: object) -> None:
        for event in parsed.get("StackEvents", ()):
            event["ClientRequestToken"] = asked["ClientRequestToken"]

    events = client.meta.events
    events.register(f"provide-client-params.cloudformation.{operation}", lambda params, **_: asked.update(params))
    events.register("after-call.cloudformation.DescribeStackEvents", tokenise)
    for look in looks:
        told = [*look, *told]
        stub.add_response("describe_stack_events", {"StackEvents": [dict(event) for event in told]})
