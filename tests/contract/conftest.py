"""The AWS of the contract tests."""

from tests.fixtures.aws import aws_env, clients, lab_aws, oidc_issuer

__all__ = ["aws_env", "clients", "lab_aws", "oidc_issuer"]
