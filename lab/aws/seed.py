"""What must stand in an account before anything can be deployed to it."""

import json

from botocore.client import BaseClient

#: The audience GitHub's tokens carry for AWS (aws-actions/configure-aws-credentials, input audience).
AUDIENCE = "sts.amazonaws.com"


def make_bucket(client: BaseClient, name: str) -> None:
    """Make a bucket MWAA takes: versioned, public access blocked.

    Args:
        client: a boto3 S3 client.
    """
    region = client.meta.region_name
    placed = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    client.create_bucket(Bucket=name, **placed)
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    client.put_public_access_block(
        Bucket=name,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )


def make_oidc_role(iam_client: BaseClient, name: str, issuer: str, repository: str) -> str:
    """Make a role that workflows of a repository may assume, and the OIDC provider for it if there is none.

    Args:
        issuer: the issuer of the tokens, 'https://token.actions.githubusercontent.com' for GitHub's.
        repository: 'OWNER/REPO'; any branch, tag, environment or pull request of it may assume the role.

    Returns:
        The role's ARN.
    """
    host = issuer.partition("://")[2].rstrip("/")
    try:
        provider = iam_client.create_open_id_connect_provider(Url=issuer, ClientIDList=[AUDIENCE])
        provider_arn = provider["OpenIDConnectProviderArn"]
    except iam_client.exceptions.EntityAlreadyExistsException:
        listed = iam_client.list_open_id_connect_providers()["OpenIDConnectProviderList"]
        provider_arn = next(entry["Arn"] for entry in listed if entry["Arn"].endswith(f":oidc-provider/{host}"))
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": provider_arn},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {f"{host}:aud": AUDIENCE},
                    "StringLike": {f"{host}:sub": f"repo:{repository}:*"},
                },
            }
        ],
    }
    role = iam_client.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), MaxSessionDuration=7200)
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam_client.put_role_policy(RoleName=name, PolicyName="deploy", PolicyDocument=json.dumps(everything))
    arn: str = role["Role"]["Arn"]
    return arn
