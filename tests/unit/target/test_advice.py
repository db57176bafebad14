"""Each row of the table is found by the reasons that AWS gives, and by no other row before it."""

import pytest

from mwaa_deploy.target.advice import ADVICE, advice_for

USER = "User: arn:aws:sts::123456789012:assumed-role/deploy/s is not authorized to perform: "
REASONS = [
    (
        USER + "iam:PassRole on resource: arn:aws:iam::123456789012:role/e.",
        '"Resource": "arn:aws:iam::123456789012:role/e"',
    ),
    (USER + "ec2:CreateVpc on resource: * because no policy allows it", '"Action": "ec2:CreateVpc", "Resource": "*"'),
    (USER + "airflow:TagResource", '"Action": "airflow:TagResource", "Resource": "*"'),
    ("Unable to install the requirements", "requirements_install_ip"),
    ("Requirements file installation failed: could not find a version", "--constraint"),
    (
        "Invalid request provided: Provided bucket does not have BlockPublicAccess set for s3 bucket dags.",
        "RestrictPublicBuckets: true",
    ),
    (
        "Provided role does not have sufficient permissions for s3 location dags/dags",
        "DependsOn: ExecutionPolicy",
    ),
    ("Versioning is not enabled on the bucket", "VersioningConfiguration: {Status: Enabled}"),
    ("The KMS key is disabled", "kms:GenerateDataKey*"),
    ("LimitExceededException: you have 10 environments", "list-service-quotas"),
    ("The maximum number of addresses has been reached.", "list-service-quotas"),
    ("The security group does not allow self-referencing traffic", "SecurityGroupIngress"),
    (
        "INCORRECT_CONFIGURATION: check the execution role permissions and each of the VPC networking components",
        "0.0.0.0/0",
    ),
    ("NAT gateway nat-1 failed", "aws-support-tools"),
    ("Subnets must be in two Availability Zones", "airflow.env"),
    ("/mwaa/dags already exists", "another name"),
]


@pytest.mark.parametrize(("reason", "mend"), REASONS)
def test_a_reason_leads_to_what_mends_it(reason, mend):
    found = advice_for(reason)
    assert found is not None
    assert mend in found.mend
    assert found.meaning.endswith(".")
    assert "{{" not in found.mend


def test_every_row_is_found_by_a_reason():
    found = {advice.pattern for reason, _ in REASONS if (advice := advice_for(reason))}
    assert found == {row.pattern for row in ADVICE}


@pytest.mark.parametrize("reason", ["", "Resource creation cancelled", "Internal Failure", "User Initiated"])
def test_what_is_not_known_gets_no_advice(reason):
    assert advice_for(reason) is None
