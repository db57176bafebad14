"""The names inside ministack that the lab holds to, and what to do when a newer release moves them."""

import importlib
import importlib.metadata
import inspect
from types import ModuleType

#: The release whose inside the lab knows.
VERSION = "1.5.33"
CLOUDFORMATION = "ministack.services.cloudformation"

#: module, name, parameters (None: not a function).
PRIVATE_NAMES: tuple[tuple[str, str, tuple[str, ...] | None], ...] = (
    ("ministack.app", "app", ("scope", "receive", "send")),
    ("ministack.app", "AUTH", None),
    ("ministack.app", "SERVICE_HANDLERS", None),
    ("ministack.app", "_loaded_modules", None),
    (
        "ministack.app",
        "call_service_handler_sync",
        ("handler", "method", "path", "headers", "body", "query_params", "timeout"),
    ),
    ("ministack.core.responses", "request_scope", ("account_id", "region")),
    ("ministack.core.responses", "get_account_id", ()),
    ("ministack.core.responses", "get_region", ()),
    (
        "ministack.core.iam_actions",
        "extract_resource_arn",
        ("service", "method", "path", "headers", "body", "query_params", "region", "account_id"),
    ),
    (f"{CLOUDFORMATION}.provisioners", "_RESOURCE_HANDLERS", None),
    (f"{CLOUDFORMATION}.provisioners", "_REPLACING_PROPERTIES", None),
    (f"{CLOUDFORMATION}.provisioners", "_CONDITIONALLY_REPLACING_PROPERTIES", None),
    (f"{CLOUDFORMATION}.provisioners", "_CUSTOM_NAME_REPLACEMENT", None),
    (f"{CLOUDFORMATION}.provisioners", "_STACK_TAG_PROPERTY", None),
    (
        f"{CLOUDFORMATION}.stacks",
        "_add_event",
        (
            "stack_id",
            "stack_name",
            "logical_id",
            "resource_type",
            "status",
            "reason",
            "physical_id",
            "detailed_status",
        ),
    ),
    (
        f"{CLOUDFORMATION}.stacks",
        "_update_resource",
        ("resource_type", "physical_id", "old_props", "new_props", "stack_name", "logical_id", "old_attrs"),
    ),
    (f"{CLOUDFORMATION}.stacks", "_provision_resource", ("resource_type", "logical_id", "props", "stack_name")),
    (f"{CLOUDFORMATION}.stacks", "_runs_on_worker_thread", ("resource_type",)),
    (f"{CLOUDFORMATION}.stacks", "_sends_back_failed_update", ("resource_type",)),
    (
        f"{CLOUDFORMATION}.changesets",
        "_diff_resources",
        ("old_template", "new_template", "resources", "template", "changed_params", "retag"),
    ),
    (f"{CLOUDFORMATION}.changesets", "_find_change_set", ("cs_name", "stack_name")),
    (f"{CLOUDFORMATION}.handlers", "_ACTION_HANDLERS", None),
    (f"{CLOUDFORMATION}.helpers", "_resolve_document", ("params", "body_key", "url_key", "label")),
    ("ministack.services.s3", "_get_object_data", ("bucket_name", "key", "version_id")),
)


class EmulatorMovedError(RuntimeError):
    """The installed ministack is not the one the lab knows."""


def missing_names() -> list[str]:
    """What the installed ministack lacks of PRIVATE_NAMES, a sentence each; empty when all is as expected."""
    found = importlib.metadata.version("ministack")
    problems = [f"ministack {found} is installed, the lab knows {VERSION}"] if found != VERSION else []
    for module, name, parameters in PRIVATE_NAMES:
        value = getattr(importlib.import_module(module), name, None)
        if value is None:
            problems.append(f"{module} has no {name} any more")
        elif parameters is not None and tuple(inspect.signature(value).parameters) != parameters:
            problems.append(f"{module}.{name} takes other parameters: {inspect.signature(value)}")
    return problems


def replace(module: ModuleType, name: str, value: object) -> None:
    """Put another value in the place of a module's own. PRIVATE_NAMES must hold it."""
    if not any((module.__name__, name) == known[:2] for known in PRIVATE_NAMES):
        raise EmulatorMovedError(f"{module.__name__}.{name} is not among the names the lab holds to")
    setattr(module, name, value)
