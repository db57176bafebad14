"""The AWS of the integration tests."""

from tests.fixtures.aws import aws_env, clients, lab_aws, oidc_issuer

__all__ = ["aws_env", "clients", "lab_aws", "oidc_issuer"]
