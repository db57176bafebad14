"""What the reasons that CloudFormation and MWAA give for a failure usually mean, and what mends it: a table.

AWS has no codes for them, so that a pattern is all there is; the first that fits counts. A reason that none fits is
shown as it is.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Advice:
    """One row of the table.

    Attributes:
        pattern: found in the reason, in any case; its groups fill in meaning and mend by name.
        meaning: what such a reason usually says.
        mend: the line of YAML, IAM or shell that mends it.
    """

    pattern: re.Pattern[str]
    meaning: str
    mend: str


def _row(pattern: str, meaning: str, mend: str) -> Advice:
    return Advice(pattern=re.compile(pattern, re.IGNORECASE), meaning=meaning, mend=mend)


ADVICE: tuple[Advice, ...] = (
    _row(
        r"not authorized to perform:? iam:PassRole(?: on resource:? (?P<resource>\S+))?",
        "Whoever creates an environment hands its execution role to MWAA, and may not.",
        'Allow it to the role that deploys, or to stack-role-arn:\n{{"Effect": "Allow", "Action": "iam:PassRole", '
        '"Resource": "{resource}", "Condition": {{"StringLike": {{"iam:PassedToService": '
        '["airflow.amazonaws.com", "airflow-env.amazonaws.com"]}}}}}}',
    ),
    _row(
        r"not authorized to perform:? (?P<action>[a-z0-9-]+:\w+)(?: on resource:? (?P<resource>\S+))?",
        "CloudFormation acts with the rights of the role that deploys, or of stack-role-arn, which do not allow it.",
        '{{"Effect": "Allow", "Action": "{action}", "Resource": "{resource}"}}',
    ),
    _row(
        r"install.{0,40}requirements|requirements.{0,60}(?:fail|could not|unable|conflict)",
        "A package of requirements.txt could not be installed in the environment, or pip found no versions that fit "
        "together with Airflow's constraints.",
        "Read the streams requirements_install_ip… of the environment's log groups. Pin the versions of the constraint "
        "file:\n--constraint https://raw.githubusercontent.com/apache/airflow/constraints-<version>/"
        "constraints-<python>.txt",
    ),
    _row(
        r"BlockPublicAccess|public access",
        "MWAA takes only a bucket that blocks all public access.",
        "PublicAccessBlockConfiguration: {{BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, "
        "RestrictPublicBuckets: true}}",
    ),
    _row(
        r"sufficient permissions for s3|bucket polic|s3.{0,60}access ?denied|access ?denied.{0,60}s3",
        "The execution role cannot read the bucket: its policy, the bucket's policy or the key's does not allow it, or "
        "the environment is made before the role's policy is.",
        "Let the environment wait for the policy ('DependsOn: ExecutionPolicy'), and let the policy allow "
        "s3:GetObject*, s3:GetBucket* and s3:List* on the bucket and on what is in it.",
    ),
    _row(
        r"versioning",
        "MWAA takes only a bucket that keeps versions.",
        "VersioningConfiguration: {{Status: Enabled}}",
    ),
    _row(
        r"\bkms\b|\bcmk\b|encryption key",
        "The KMS key cannot be used: it is disabled, in another Region, or its policy lacks MWAA, the log groups or "
        "the execution role.",
        "Allow the execution role kms:Decrypt, kms:DescribeKey, kms:GenerateDataKey* and kms:Encrypt, and "
        "logs.<region>.amazonaws.com the same, in the key's policy. An environment's KmsKey cannot be changed later.",
    ),
    _row(
        r"limit ?exceeded|exceeded.{0,40}(?:limit|quota)|(?:limit|quota).{0,60}(?:exceeded|reached)|maximum number of"
        r"|TooMany|NoFreeAddresses|insufficient (?:free )?(?:capacity|addresses)",
        "A quota of the account in this Region is used up.",
        "aws service-quotas list-service-quotas --service-code airflow --output table\n"
        "Ask for more, or delete what is not needed; for the network, the service codes are vpc and ec2.",
    ),
    _row(
        r"security group|self-referenc",
        "The environment's security groups do not let its own parts talk to each other, or belong to another VPC.",
        "A rule that lets a group's own members in, and all traffic out:\nType: AWS::EC2::SecurityGroupIngress\n"
        "Properties: {{GroupId: !Ref Group, IpProtocol: '-1', SourceSecurityGroupId: !Ref Group}}",
    ),
    _row(
        r"INCORRECT_CONFIGURATION|networking components|VPC.{0,40}endpoint|NAT gateway|\bsubnets?\b|route table",
        "The environment's containers reach neither the internet nor the VPC endpoints of the services that MWAA "
        "needs, or its execution role lacks rights. MWAA wants two private subnets in different Availability Zones.",
        "Give each private subnet a route 0.0.0.0/0 to a NAT gateway, or endpoints for s3, sqs, kms, logs, monitoring, "
        "airflow.api, airflow.env and airflow.ops with private DNS. AWS has a script that looks at it all:\n"
        "https://github.com/awslabs/aws-support-tools/tree/master/MWAA",
    ),
    _row(
        r"already exists",
        "Something of this name is there already: another stack's, made by hand, or kept when an earlier stack went.",
        "Give it another name, leave the name to CloudFormation, or import it into the stack.",
    ),
)


def advice_for(reason: str) -> Advice | None:
    """What is known about a reason; the row with its text filled in. None if nothing is."""
    for row in ADVICE:
        if found := row.pattern.search(reason):
            named = {name: (value or "*").rstrip(".,)\"'") for name, value in found.groupdict().items()}
            return Advice(pattern=row.pattern, meaning=row.meaning, mend=row.mend.format(**named))
    return None
