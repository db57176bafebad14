"""boto3 clients of the lab's AWS."""

import boto3
from botocore.client import BaseClient
from botocore.config import Config

REGION = "eu-west-1"


def aws_client(service: str, endpoint: str, region: str = REGION) -> BaseClient:
    """A boto3 client that signs with the lab's credentials, which are good nowhere else."""
    client: BaseClient = boto3.client(  # type: ignore[no-untyped-call]
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106
        config=Config(  # type: ignore[no-untyped-call]
            s3={"addressing_style": "path"},
            # MWAA's model puts api. and env. before the host, which no loopback address has.
            inject_host_prefix=False,
            retries={"total_max_attempts": 3, "mode": "standard"},
        ),
    )
    return client
