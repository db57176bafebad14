"""Changes a stack by change sets, as the program under test does."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class StackDriver:
    """One stack of the test's own."""

    client: Any
    name: str
    template: str
    tags: Mapping[str, str] = field(default_factory=dict)
    statuses: list[str] = field(default_factory=list)

    def change(self, **parameters: str) -> str:
        """Create a change set, execute it and wait; the stack's last status. `statuses` has each one seen."""
        created = self.prepare(**parameters)
        assert created["Status"] == "CREATE_COMPLETE", created["StatusReason"]
        self.client.execute_change_set(ChangeSetName=created["ChangeSetId"])
        return self.wait()

    def prepare(self, **parameters: str) -> dict[str, Any]:
        """Create a change set; its description."""
        exists = any(stack["StackName"] == self.name for stack in self.client.describe_stacks()["Stacks"])
        created = self.client.create_change_set(
            StackName=self.name,
            ChangeSetName=f"change-{time.monotonic_ns()}",
            ChangeSetType="UPDATE" if exists else "CREATE",
            TemplateBody=self.template,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Tags=[{"Key": key, "Value": value} for key, value in self.tags.items()],
        )
        described: dict[str, Any] = self.client.describe_change_set(ChangeSetName=created["Id"])
        return described

    def wait(self) -> str:
        """Wait until the stack is done; its status."""
        self.statuses = []
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            found = self.client.describe_stacks(StackName=self.stack_id)["Stacks"][0]["StackStatus"]
            if found not in self.statuses[-1:]:
                self.statuses.append(found)
            if not found.endswith("_IN_PROGRESS"):
                return str(found)
            time.sleep(0.02)
        raise AssertionError(f"{self.name} was still {self.statuses} after 30 s")

    def delete(self) -> str:
        """Delete the stack and wait; its status."""
        identity = self.stack_id
        self.client.delete_stack(StackName=self.name)
        self.name = identity
        return self.wait()

    @property
    def stack_id(self) -> str:
        """The stack's ARN, which outlives a deletion."""
        return str(self.client.describe_stacks(StackName=self.name)["Stacks"][0]["StackId"])

    def reasons(self, logical_id: str, status: str) -> list[str]:
        """The reasons of a resource's events of one status, newest first."""
        events: Sequence[dict[str, Any]] = self.client.describe_stack_events(StackName=self.name)["StackEvents"]
        return [
            event.get("ResourceStatusReason", "")
            for event in events
            if event["LogicalResourceId"] == logical_id and event["ResourceStatus"] == status
        ]

    def events(self) -> list[tuple[str, str]]:
        """Every event of the last operation as (logical id, status), oldest first."""
        told = self.client.describe_stack_events(StackName=self.name)["StackEvents"]
        started = next(
            index
            for index, event in enumerate(told)
            if event["PhysicalResourceId"] == event["StackId"]
            and event["ResourceStatus"] in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "REVIEW_IN_PROGRESS"}
        )
        return [(event["LogicalResourceId"], event["ResourceStatus"]) for event in reversed(told[: started + 1])]

    def outputs(self) -> dict[str, str]:
        """The stack's outputs by key."""
        found = self.client.describe_stacks(StackName=self.name)["Stacks"][0].get("Outputs", [])
        return {output["OutputKey"]: output["OutputValue"] for output in found}
