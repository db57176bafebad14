"""What a block of YAML is, and what is wrong with it by itself; linters.py asks the tools that start a process."""

import json
import re
from collections.abc import Callable, Mapping
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jsonschema
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema  # type: ignore[import-untyped]
from ruamel.yaml import YAML

from mwaa_deploy.bundle.document import load_document
from mwaa_deploy.bundle.lined import DocumentInvalid
from mwaa_deploy.config import parse_config
from mwaa_deploy.errors import ConfigInvalid
from tests.unit.docs.action_steps import input_problems, step_problems
from tests.unit.docs.commands import command_problems
from tests.unit.docs.documents import ROOT
from tests.unit.docs.policies import is_statement, policy_problems

CONFIG_SCHEMA = json.loads((ROOT / "schema" / "mwaa-deploy.schema.json").read_text(encoding="utf-8"))
_CONFIG_KEYS = frozenset(CONFIG_SCHEMA["properties"])
_JOB_KEYS = frozenset(
    {"runs-on", "permissions", "steps", "needs", "environment", "concurrency", "timeout-minutes", "if"}
)
_STEP_KEYS = frozenset({"uses", "with", "env", "run", "id", "name", "if", "shell"})
_OPENINGS = {"pull_request": "pull_request", "push": "push", "schedule": "schedule", "workflow_dispatch": ""}
_JOB_HEAD = "on: push\npermissions: {}\njobs:\n  shown:\n    runs-on: ubuntu-latest\n    timeout-minutes: 9\n"


def kind_of(document: Any) -> str:
    """Which of the kinds below a document is; '' for none of them."""
    if isinstance(document, list) and document and all(isinstance(step, Mapping) for step in document):
        if all(is_statement(one) for one in document):
            return "policy"
        return "steps" if all({"uses", "run"} & step.keys() for step in document) else ""
    if not isinstance(document, Mapping) or not document:
        return ""
    keys = set(document)
    for kind, fits in (
        ("workflow", "jobs" in keys),
        ("events", keys == {"on"}),
        ("hooks", keys == {"repos"}),
        ("dependabot", keys == {"version", "updates"}),
        ("configuration", keys <= _CONFIG_KEYS),
        ("step", keys <= _STEP_KEYS and not keys >= {"steps"}),
        ("job", keys <= _JOB_KEYS),
        ("policy", is_statement(document) or "Statement" in keys),
        ("template", "Resources" in keys or all(_is_resource(value) for value in document.values())),
    ):
        if fits:
            return kind
    return ""


def _is_resource(value: Any) -> bool:
    return isinstance(value, Mapping) and str(value.get("Type", "")).startswith(("AWS::", "Custom::"))


def yaml_problems(text: str) -> list[str]:
    """Everything that is wrong with a block of YAML, but for what linters say of it."""
    try:
        document = load_document(text)
    except DocumentInvalid as e:
        return [f"line {e.line}: {e.problem}"]
    kind = kind_of(document)
    return _JUDGES[kind](document, text) if kind else ["this YAML is of no kind that is known here"]


def as_workflow(text: str) -> str | None:
    """The workflow that a block is, or stands in; None for other kinds."""
    kind = kind_of(load_document(text))
    inner = _indent(text, 6 if kind == "steps" else 4)
    match kind:
        case "workflow":
            return text
        case "events":
            return (
                f"{text}permissions: {{}}\njobs:\n  shown:\n    runs-on: ubuntu-latest\n    steps: [{{run: 'true'}}]\n"
            )
        case "steps":
            return f"{_JOB_HEAD}    steps:\n{inner}"
        case "job":
            head = "".join(
                line
                for line in _JOB_HEAD.splitlines(keepends=True)
                if line.strip().partition(":")[0] not in _keys(text)
            )
            return head + inner + ("" if "steps" in _keys(text) else "    steps: [{run: 'true'}]\n")
        case "step":
            lines = _indent(text, 8).splitlines(keepends=True)
            act = "" if _keys(text) & {"uses", "run"} else "        uses: ./\n"
            return f"{_JOB_HEAD}    steps:\n      - name: shown\n{act}{''.join(lines)}"
    return None


def _keys(text: str) -> frozenset[str]:
    document: Any = load_document(text)
    return frozenset(document if isinstance(document, Mapping) else ())


def _indent(text: str, by: int) -> str:
    return "".join(f"{' ' * by}{line}" if line.strip() else line for line in text.splitlines(keepends=True))


def is_whole_workflow(text: str) -> bool:
    """Whether a block is a workflow as it stands, which zizmor can judge as well."""
    return kind_of(load_document(text)) == "workflow" and "on" in _keys(text)


def _workflow(document: Any, text: str) -> list[str]:
    problems = [] if "on" not in document else _by_schema("vendor.github-workflows", text)
    events = document.get("on", ["workflow_dispatch"])
    names = [events] if isinstance(events, str) else list(events)
    for job in document["jobs"].values():
        for step in job.get("steps", [job]):
            for event in names:
                problems += step_problems(step, event=_OPENINGS.get(event, event))
    return sorted(set(problems))


def _by_schema(name: str, text: str) -> list[str]:
    document = YAML(typ="safe", pure=True).load(StringIO(text))
    validator = jsonschema.Draft7Validator(get_builtin_schema(name))
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(document)]


def _steps(document: Any, _: str) -> list[str]:
    return [problem for step in document for problem in step_problems(step, event=None)]


def _job(document: Any, _: str) -> list[str]:
    return _steps(document.get("steps", []), _)


def _step(document: Any, _: str) -> list[str]:
    if "uses" in document:
        return step_problems(document, event=None)
    return input_problems(document.get("with") or {}, event=None)


def _hooks(document: Any, _: str) -> list[str]:
    ours = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
    problems = []
    for repository in document["repos"]:
        if not str(repository.get("repo", "")).endswith("/mwaa-deploy"):
            continue
        if not re.fullmatch(r"v\d+\.\d+\.\d+|[0-9a-f]{40}", repository.get("rev", "")):
            problems.append(f"rev: {repository.get('rev')} is no release")
        for hook in repository["hooks"]:
            if hook["id"] not in ours:
                problems.append(f"there is no hook {hook['id']}")
            problems += command_problems(["mwaa-deploy", "check", *hook.get("args", [])], ROOT)
    return problems


def _configuration(document: Any, text: str) -> list[str]:
    given = YAML(typ="safe", pure=True).load(StringIO(text))
    errors = jsonschema.Draft202012Validator(CONFIG_SCHEMA).iter_errors(given)
    problems = [f"{error.json_path}: {error.message[:200]}" for error in errors]
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for name in re.findall(r"^ +(?:variables|connections|pools|requirements): (\S+)", text, re.MULTILINE):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).touch()
        for name in re.findall(r"^ +custom-rules: (\S+)", text, re.MULTILINE):
            (root / name).mkdir(parents=True, exist_ok=True)
        try:
            parse_config(document, root=root.resolve(), workspace=root.resolve())
        except ConfigInvalid as e:
            problems.append(str(e))
    return problems


def _dependabot(_: Any, text: str) -> list[str]:
    return _by_schema("vendor.dependabot", text)


def _nothing_more(_: Any, __: str) -> list[str]:
    return []


_JUDGES: Mapping[str, Callable[[Any, str], list[str]]] = {
    "workflow": _workflow,
    "events": _nothing_more,
    "steps": _steps,
    "job": _job,
    "step": _step,
    "hooks": _hooks,
    "dependabot": _dependabot,
    "configuration": _configuration,
    "policy": lambda document, _: policy_problems(document),
    "template": _nothing_more,
}
