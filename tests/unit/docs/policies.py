"""IAM policies and their statements, by their structure and by the actions that AWS's services have."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cfnlint  # type: ignore[import-untyped]

_ACTIONS: Mapping[str, Any] = json.loads(
    (Path(cfnlint.__file__).parent / "data" / "AdditionalSpecs" / "Policies.json").read_text(encoding="utf-8")
)
_KEYS = frozenset({"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "Condition"})
_RESOURCE = re.compile(r"\*|arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9*-]*:(\d{12}|\*)?:.+")


def is_statement(value: Any) -> bool:
    """Whether this is meant as a statement of a policy."""
    return isinstance(value, Mapping) and "Effect" in value


def policy_problems(document: Any) -> list[str]:
    """What is wrong with a policy, a list of its statements or one of them."""
    if isinstance(document, Mapping) and "Statement" in document:
        problems = [] if document.get("Version") == "2012-10-17" else ["a policy's Version is 2012-10-17"]
        return [*problems, *policy_problems(document["Statement"])]
    statements = document if isinstance(document, list) else [document]
    return [problem for statement in statements for problem in _statement_problems(statement)]


def _statement_problems(statement: Any) -> list[str]:
    if not is_statement(statement):
        return ["a statement has no Effect"]
    problems = [f"a statement has no key {key}" for key in statement if key not in _KEYS]
    if statement["Effect"] not in {"Allow", "Deny"}:
        problems.append(f"Effect is no {statement['Effect']}")
    actions = _listed(statement.get("Action"))
    if not actions and "NotAction" not in statement:
        problems.append("a statement has no Action")
    problems += [f"AWS has no action {action}" for action in actions if not _is_action(action)]
    resources = _listed(statement.get("Resource"))
    if not resources and "Principal" not in statement and "NotResource" not in statement:
        problems.append("a statement has neither Resource nor Principal")
    if "Principal" not in statement:
        problems += [f"{one} is no ARN" for one in resources if isinstance(one, str) and not _RESOURCE.fullmatch(one)]
    return problems


def _listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _is_action(action: Any) -> bool:
    service, _, name = str(action).lower().partition(":")
    known = _ACTIONS.get(service, {}).get("Actions", {})
    return bool(known) and (
        name in known or ("*" in name and any(re.fullmatch(name.replace("*", ".*"), k) for k in known))
    )
