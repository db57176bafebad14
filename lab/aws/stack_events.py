"""Stack events as CloudFormation tells them: silence about unchanged resources, CREATE for new ones.

ministack says UPDATE_IN_PROGRESS and UPDATE_COMPLETE of every resource of an updated stack.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from lab.aws.emulator import Emulator
from lab.aws.private_names import replace

_STACK = "AWS::CloudFormation::Stack"


class _Started(NamedTuple):
    """The event that would have said UPDATE_IN_PROGRESS."""

    stack_id: str
    stack_name: str
    logical_id: str
    resource_type: str
    physical_id: str


class StackEvents:
    """Stands between a stack's operation and its events.

    The first event of a resource is held back until it is known what becomes of the resource.
    """

    def __init__(self, emulator: Emulator) -> None:
        stacks = emulator.stacks
        self._add: Callable[..., None] = stacks._add_event  # noqa: SLF001
        self._update: Callable[..., Any] = stacks._update_resource  # noqa: SLF001
        self._provision: Callable[..., Any] = stacks._provision_resource  # noqa: SLF001
        self._held: dict[tuple[str, str], _Started] = {}
        self._new: set[tuple[str, str]] = set()
        replace(stacks, "_add_event", self._on_event)
        replace(stacks, "_update_resource", self._on_update)
        replace(stacks, "_provision_resource", self._on_provision)

    def _on_event(  # noqa: PLR0917 (ministack's own signature)
        self,
        stack_id: str,
        stack_name: str,
        logical_id: str,
        resource_type: str,
        status: str,
        reason: str = "",
        physical_id: str = "",
        detailed_status: str = "",
    ) -> None:
        resource = stack_name, logical_id
        if status == "UPDATE_IN_PROGRESS" and resource_type != _STACK and not reason:
            self._held[resource] = _Started(stack_id, stack_name, logical_id, resource_type, physical_id)
            return
        if status == "UPDATE_COMPLETE" and resource in self._held:
            del self._held[resource]
            return
        self._release(resource, "UPDATE_IN_PROGRESS")
        if resource in self._new and status.startswith("UPDATE_"):
            self._new.discard(resource)
            status = status.replace("UPDATE_", "CREATE_")
        self._add(stack_id, stack_name, logical_id, resource_type, status, reason, physical_id, detailed_status)

    def _on_update(  # noqa: PLR0917 (ministack's own signature)
        self,
        resource_type: str,
        physical_id: str,
        old_props: dict[str, Any],
        new_props: dict[str, Any],
        stack_name: str,
        logical_id: str,
        old_attrs: dict[str, Any] | None = None,
    ) -> object:
        if old_props != new_props:
            self._release((stack_name, logical_id), "UPDATE_IN_PROGRESS")
        return self._update(resource_type, physical_id, old_props, new_props, stack_name, logical_id, old_attrs)

    def _on_provision(self, resource_type: str, logical_id: str, props: dict[str, Any], stack_name: str) -> object:
        if (stack_name, logical_id) in self._held:
            self._new.add((stack_name, logical_id))
            self._release((stack_name, logical_id), "CREATE_IN_PROGRESS")
        return self._provision(resource_type, logical_id, props, stack_name)

    def _release(self, resource: tuple[str, str], status: str) -> None:
        if started := self._held.pop(resource, None):
            *identity, physical_id = started
            self._add(*identity, status, "", physical_id)
