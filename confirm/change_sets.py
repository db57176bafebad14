"""What is taken on trust of CloudFormation's change sets."""

import hashlib
import json
import secrets
import time
from typing import Any

from confirm import templates
from confirm.account import Account
from confirm.finding import Confirmation, DoesNotHold, NotTried, require
from confirm.stacks import TIMEOUT, bring
from mwaa_deploy.errors import AwsAccessDenied, ChangeSetFailed
from mwaa_deploy.ports import PropertyChange, StackParameter
from mwaa_deploy.target.change_set_status import CHANGE_SET_STATUSES, Course, change_set_status
from mwaa_deploy.target.change_sets import ChangeSetOptions
from mwaa_deploy.target.stack import CloudFormationStack
from mwaa_deploy.target.template_upload import MAX_BODY_BYTES, TemplatePlace, template_url

_MOMENT = 60
"""Seconds that a change set may be CREATE_COMPLETE and not yet AVAILABLE."""


def secrets_masked(account: Account) -> str:
    """DescribeChangeSet shows no value of a NoEcho parameter: not by itself, and not within a property."""
    stack, template = account.new_stack(), templates.secret()
    old, new = (secrets.token_hex(16) for _ in range(2))
    bring(stack, template, [StackParameter(key="Secret", value=old)], create=True)
    change_set = stack.create_change_set(
        template=template, parameters=[StackParameter(key="Secret", value=new)], create=False, description=""
    )
    answer = account.cloudformation.describe_change_set(
        StackName=stack.name, ChangeSetName=change_set.id, IncludePropertyValues=True
    )
    shown = [entry["ParameterValue"] for entry in answer["Parameters"]]
    require(not any(value.strip("*") for value in shown), "the parameter's own value is shown")
    leaks = [
        f"{target.get('Path') or target.get('Name')} ({side})"
        for change in answer["Changes"]
        for target in (detail["Target"] for detail in change["ResourceChange"].get("Details", ()))
        for side in ("BeforeValue", "AfterValue")
        if any(secret in target.get(side, "") for secret in (old, new))
    ]
    told = any(secret in repr(change_set) for secret in (old, new))
    ours = "and so would the plan" if told else "which the plan masks"
    require(not leaks, f"CloudFormation shows the value in {', '.join(leaks)}, {ours}")
    return f"the parameter is told as {shown[0]}, and no property tells its value"


def property_values(account: Account) -> str:
    """A change set tells each property's path and values, and what becomes of a resource that goes."""
    stack = account.new_stack()
    bring(stack, templates.parameter(Value="one", handle=True), create=True)
    change_set = stack.create_change_set(
        template=templates.parameter(Value="two"), parameters=(), create=False, description=""
    )
    changes = {change.logical_id: change for change in change_set.changes}
    require(changes.keys() == {"Word", "Handle"}, f"it tells of {sorted(changes)}")
    expected = PropertyChange(path="/Properties/Value", before="one", after="two", recreation="Never")
    require(changes["Word"].properties == (expected,), f"it tells {changes['Word'].properties}")
    require(changes["Handle"].policy_action == "Delete", f"PolicyAction is {changes['Handle'].policy_action!r}")
    return "/Properties/Value from one to two, PolicyAction Delete"


def large_template(account: Account) -> str:
    """TemplateURL takes what is too large for a request, and reads the version that it names, not the latest."""
    place = _OverwrittenTemplate(bucket=account.bucket, region=account.clients.region, name=account.scratch.prefix)
    stack = account.new_stack(ChangeSetOptions(template_place=place))
    document = json.loads(templates.handles("Right"))
    template = json.dumps({**document, "Metadata": {"Padding": "x" * MAX_BODY_BYTES}})
    change_set = stack.create_change_set(template=template, parameters=(), create=True, description="")
    stack.delete_change_set(change_set)
    found = [change.logical_id for change in change_set.changes]
    require(found == ["Right"], f"the change set makes {found}")
    return f"{len(template):,} bytes were read by version, while the latest was another template"


class _OverwrittenTemplate(TemplatePlace):
    """Puts a template below the confirmations' own prefix, and another one over it; `name` is that prefix."""

    def put(self, template: str) -> str:
        key = f"{self.name}template.yaml"
        versions = [
            self.bucket.put(key, body, sha256=hashlib.sha256(body).hexdigest(), commit="").version
            for body in (template.encode(), templates.handles("Wrong").encode())
        ]
        return template_url(self.bucket.name, key, versions[0], region=self.region, partition=self.partition)


def validation_events(account: Account) -> str:
    """What CloudFormation's own validation finds in a change set is told by DescribeEvents."""
    stack = account.new_stack()
    try:
        stack.create_change_set(
            template=templates.parameter(Value="one", Type="Nonsense"), parameters=(), create=True, description=""
        )
    except ChangeSetFailed as e:
        reason, *findings = e.what.split("\n- ")
        require(bool(findings), f"DescribeEvents told nothing beside: {reason}")
        return "; ".join(findings)
    raise NotTried("CloudFormation made a change set of a template that cannot work, so that there is nothing to ask")


def statuses(account: Account) -> str:
    """Each status on a change set's way is in the table, and its end is CREATE_COMPLETE and AVAILABLE."""
    client, name = account.cloudformation, account.scratch.new_stack_name()
    made = client.create_change_set(
        StackName=name, ChangeSetName=name, ChangeSetType="CREATE", TemplateBody=templates.handles("One")
    )
    seen: dict[tuple[str, str], float] = {}
    started = time.monotonic()
    while True:
        answer = client.describe_change_set(StackName=name, ChangeSetName=made["Id"])
        status = answer["Status"], answer["ExecutionStatus"]
        seen.setdefault(status, time.monotonic() - started)
        require(status[1] in CHANGE_SET_STATUSES.get(status[0], {}), f"{' and '.join(status)} is in no table")
        course = change_set_status(*status).course
        told = ", ".join(f"{' and '.join(status)} after {at:.1f} s" for status, at in seen.items())
        if course is not Course.WAIT:
            break
        unavailable = seen.get(("CREATE_COMPLETE", "UNAVAILABLE"))
        long = unavailable is not None and time.monotonic() - started - unavailable > _MOMENT
        require(not long and time.monotonic() - started < TIMEOUT, told)
        account.clock.sleep(0.2)
    require(course is Course.READY, told)
    return told


def tags(account: Account) -> str:
    """A change set with tags is made with the rights that these credentials have."""
    stack = account.new_stack(ChangeSetOptions(tags={"mwaa-deploy": "confirm"}))
    try:
        made = stack.create_change_set(template=templates.handles("One"), parameters=(), create=True, description="")
    except AwsAccessDenied as e:
        raise DoesNotHold(e.what) from e
    stack.delete_change_set(made)
    return "a change set with a tag was made"


def tags_alone(account: Account) -> str:
    """A change set that has nothing new but a tag is not empty."""
    stack, template = account.new_stack(), templates.parameter(Value="right")
    bring(stack, template, create=True)
    tagged = account.stack(stack.name, ChangeSetOptions(tags={"mwaa-deploy": "confirm"}))
    made = tagged.create_change_set(template=template, parameters=(), create=False, description="")
    require(not made.empty, "a change set with nothing new but a tag is empty")
    tagged.delete_change_set(made)
    return f"a change set with a tag alone has {len(made.changes)} change(s)"


def drift_put_back(account: Account) -> str:
    """REVERT_DRIFT: a change set of the same template puts back what somebody has changed by hand."""
    stack = account.new_stack()
    name, template = templates.parameter_name(stack.name), templates.parameter(Value="right")
    bring(stack, template, create=True)
    ssm: Any = account.clients.client("ssm")
    ssm.put_parameter(Name=name, Value="wrong", Overwrite=True)
    bold: CloudFormationStack = account.stack(stack.name, ChangeSetOptions(revert_drift=True))
    change_set = bold.create_change_set(template=template, parameters=(), create=False, description="")
    require(not change_set.empty, "a change set with REVERT_DRIFT is empty, although a value was changed by hand")
    bold.execute(change_set, timeout=TIMEOUT, on_event=lambda _: None)
    value = ssm.get_parameter(Name=name)["Parameter"]["Value"]
    require(value == "right", f"the value is {value}")
    return "the value that was changed by hand was put back"


CHANGE_SETS = (
    Confirmation(id="cfn-noecho", row="the values of NoEcho parameters are masked", look=secrets_masked),
    Confirmation(
        id="cfn-property-values", row="DescribeChangeSet with IncludePropertyValues tells Path", look=property_values
    ),
    Confirmation(id="cfn-template-url", row="TemplateURL takes the address of an object's", look=large_template),
    Confirmation(id="cfn-validation-events", row="DescribeEvents tells what the validation", look=validation_events),
    Confirmation(id="cfn-change-set-statuses", row="a change set is CREATE_COMPLETE and UNAVAILABLE", look=statuses),
    Confirmation(id="cfn-tags", row="tags on a change set take no more than", look=tags),
    Confirmation(id="cfn-tags-alone", row="tags or topics alone make a change set", look=tags_alone),
    Confirmation(id="cfn-revert-drift", row="a change set that compares with what really is", look=drift_put_back),
)
