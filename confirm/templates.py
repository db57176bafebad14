"""Templates of the throw-away stacks: nothing in them costs anything."""

import json
from typing import Any

HANDLE = "AWS::CloudFormation::WaitConditionHandle"
PARAMETER = "AWS::SSM::Parameter"

IN_JSON = (
    '{\n  "Resources" : {"One":{"Type":"AWS::CloudFormation::WaitConditionHandle"}},\n\n "Description": "in JSON"}\n'
)
IN_YAML = f"""\
# a comment, and blanks at the end of a line  \t
Description:   'in YAML'

Resources:
    One: {{Type: {HANDLE}}}
    Two:
        Type: "{HANDLE}"

"""
NOT_ASCII = IN_YAML.replace("a comment", "größer, 大きい").replace("Two", "Three")


_NAMED = {"Type": "String", "Name": {"Fn::Sub": "/${AWS::StackName}/word"}}
"""By the stack's name, so that a policy can name it too."""


def parameter_name(stack: str) -> str:
    """The name of the SSM parameter in a stack."""
    return f"/{stack}/word"


def handles(*names: str) -> str:
    """A template with wait condition handles of these names."""
    return json.dumps({"Resources": {name: {"Type": HANDLE} for name in names}})


def parameter(*, handle: bool = False, **properties: str) -> str:
    """A template with an SSM parameter, and perhaps a handle."""
    resources: dict[str, Any] = {"Word": {"Type": PARAMETER, "Properties": {**_NAMED, **properties}}}
    if handle:
        resources["Handle"] = {"Type": HANDLE}
    return json.dumps({"Resources": resources})


def of_the_same_name() -> str:
    """A template that no stack can be made of: two SSM parameters with one name, the second after the first."""
    word = {"Type": PARAMETER, "Properties": {**_NAMED, "Value": "word"}}
    return json.dumps({"Resources": {"First": word, "Second": {**word, "DependsOn": "First"}}})


def secret() -> str:
    """A template with a parameter that must not be shown: as a property's whole value, and as a part of one."""
    properties = {**_NAMED, "Value": {"Ref": "Secret"}, "Description": {"Fn::Sub": "made of ${Secret}"}}
    return json.dumps(
        {
            "Parameters": {"Secret": {"Type": "String", "NoEcho": True}},
            "Resources": {"Word": {"Type": PARAMETER, "Properties": properties}},
        }
    )
