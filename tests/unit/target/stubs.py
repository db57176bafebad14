"""boto3 clients with recorded answers: for what AWS says that no emulator does."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from boto3.session import Session
from botocore.stub import Stubber


@contextmanager
def stubbed(service: str, region: str = "eu-west-1") -> Iterator[tuple[Any, Stubber]]:
    """A client and the stub of its answers; every answer must have been asked for at the end."""
    session = Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=region)
    client = session.client(service)
    with Stubber(client) as stub:
        yield client, stub
        stub.assert_no_pending_responses()
