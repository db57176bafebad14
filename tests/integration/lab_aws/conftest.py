"""The lab's AWS for a whole session, with an issuer of its own, and what each test needs to call it."""

import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from lab.aws.process import RunningAws, start_aws
from lab.aws.seed import make_bucket
from tests.integration.lab_aws.issuer import Issuer
from tests.integration.lab_aws.stacks import StackDriver

REGION = "eu-west-1"
SECONDS_PER_STATUS = 0.05

_numbers = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs the lab."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.lab)


def client_for(url: str, service: str, **credentials: str) -> Any:
    """A client of the lab's AWS: root's, unless credentials are given."""
    root = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        # The SDK must not refuse by itself what the lab shall refuse.
        config=Config(
            inject_host_prefix=False,
            parameter_validation=False,
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path"},
        ),
        **(credentials or root),
    )


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    with Issuer() as issuer:
        yield issuer


@pytest.fixture(scope="session")
def aws(issuer: Issuer) -> Iterator[RunningAws]:
    with start_aws(oidc_issuer=issuer.url, seconds_per_status=SECONDS_PER_STATUS) as running:
        yield running


@pytest.fixture(scope="session")
def client(aws: RunningAws) -> Callable[..., Any]:
    return lambda service, **credentials: client_for(aws.url, service, **credentials)


@pytest.fixture(scope="session")
def mwaa(client: Callable[..., Any]) -> Any:
    return client("mwaa")


@pytest.fixture(scope="session")
def s3(client: Callable[..., Any]) -> Any:
    return client("s3")


@pytest.fixture
def name() -> str:
    """A name nobody else has."""
    return f"env-{next(_numbers)}"


@pytest.fixture
def bucket(s3: Any, name: str) -> str:
    """A source bucket with a requirements file in it."""
    made = f"bucket-{name}"
    make_bucket(s3, made)
    put_requirements(s3, made, "pendulum\n")
    return made


@pytest.fixture
def stack(client: Callable[..., Any], name: str) -> StackDriver:
    template = Path(__file__).with_name("environment-template.yaml").read_text()
    return StackDriver(client("cloudformation"), f"stack-{name}", template)


@pytest.fixture
def create(mwaa: Any, name: str, bucket: str) -> Callable[..., str]:
    """Create the test's environment, with fields added or replaced; its name."""

    def create(**fields: Any) -> str:
        required = {
            "Name": name,
            "SourceBucketArn": f"arn:aws:s3:::{bucket}",
            "DagS3Path": "dags",
            "ExecutionRoleArn": "arn:aws:iam::123456789012:role/execution",
            "NetworkConfiguration": {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]},
        }
        given = {**required, **fields}
        mwaa.create_environment(**{field: value for field, value in given.items() if value is not None})
        return name

    return create


def put_requirements(s3: Any, bucket: str, text: str) -> str:
    """Write a requirements file; its version id."""
    return str(s3.put_object(Bucket=bucket, Key="requirements.txt", Body=text.encode())["VersionId"])


def wait_until(look: Callable[[], Any], wanted: Any) -> None:
    """Look again and again until it is as wanted, for 20 s."""
    deadline = time.monotonic() + 20
    while (seen := look()) != wanted:
        assert time.monotonic() < deadline, f"still {seen!r}, not {wanted!r}"
        time.sleep(0.01)
