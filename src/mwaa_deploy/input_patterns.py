"""The forms that inputs have."""

import re

ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")
ROLE_WANTED = "a role's ARN such as arn:aws:iam::123456789012:role/mwaa-deploy"
SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
"""RoleSessionName (STS API Reference, AssumeRole)."""
SESSION_NAME_WANTED = "2 to 64 letters, digits and characters of _+=,.@-"
TOPIC_ARN = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}")
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
ACCOUNT = re.compile(r"\d{12}")
ACCOUNT_WANTED = "the 12 digits of an AWS account, in quotes"
KMS_KEY = re.compile(r"(arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:)?((key/|alias/)[\w/-]+)|[\w-]{32,40}")
STACK = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
ENVIRONMENT = re.compile(r"[a-zA-Z][0-9a-zA-Z_-]{0,79}")
REVISION = re.compile(r"(?![-+/.])(?!.*(?:\.\.|@\{|//|/\.))[^\x00-\x20\x7f~^:?*\[\\]*[^\x00-\x20\x7f~^:?*\[\\/.]")
"""What git takes as a name (git check-ref-format), and nothing that it could take for an option or an expression."""
RECORD = re.compile(r"[\x21-\x7e]{1,1024}")
VERSION_WANTED = 'an exact version in quotes, such as "2.10.3"'
AIRFLOW_VERSION = re.compile(r"\d+\.\d+\.\d+")
WORDS_APART = re.compile(r"[\s,]+")
"""What stands between the words of a list on one line or more."""
LINES_APART = re.compile(r"\s*\n\s*")
SECTION = re.compile(r"[a-zA-Z0-9][\w.-]{0,63}", re.ASCII)
SECTION_WANTED = "the name of a section under targets in mwaa-deploy.yml"
