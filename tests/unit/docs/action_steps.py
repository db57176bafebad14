"""What a step gives to the action: inputs that action.yml has, with values that the program takes."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from mwaa_deploy.errors import InputsInvalid
from mwaa_deploy.inputs import parse_inputs, read_section
from mwaa_deploy.inputs_reader import variable
from tests.unit.docs.documents import ROOT

INPUTS: Mapping[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]
STAND_INS = {
    "role-to-assume": "arn:aws:iam::123456789012:role/mwaa-deploy",
    "bucket": "my-mwaa-bucket",
    "airflow-version": "2.10.3",
}
"""For values that only a job has, such as ${{ vars.… }}."""

_OURS = re.compile(r"([^/@]+/)?mwaa-deploy@.*|\./?")
_REUSABLE = re.compile(r"([^/@]+/)?mwaa-deploy/(?P<file>\.github/workflows/[\w-]+\.yml)@.*")
_EXPRESSION = re.compile(r"\$\{\{.*?\}\}")
_PINNED = re.compile(r"\./.*|docker://.*@sha256:[0-9a-f]{64}|[^@]+@[0-9a-f]{40}")


def step_problems(step: Mapping[str, Any], *, event: str | None) -> list[str]:
    """What is wrong with a step, or with a job that uses a workflow.

    Args:
        step: with `uses`.
        event: that the run is of; None for a step that is shown in part, and whose inputs are judged one by one.
    """
    uses = str(step.get("uses", ""))
    problems = [] if not uses or _PINNED.fullmatch(uses) else [f"uses: {uses} is not pinned to a commit"]
    given = step.get("with") or {}
    if reusable := _REUSABLE.fullmatch(uses):
        problems += _of_reusable(reusable["file"], given)
    elif _OURS.fullmatch(uses):
        problems += input_problems(given, event=event)
    return problems


def input_problems(given: Mapping[str, Any], *, event: str | None) -> list[str]:
    """What is wrong with the action's inputs; see step_problems()."""
    problems = [f"with: {name} is no input of action.yml" for name in given if name not in INPUTS]
    texts = {name: _as_github_has_it(name, value) for name, value in given.items()}
    texts = {name: text for name, text in texts.items() if text}
    # What a section of the configuration file says is not known here.
    if event is None or "environment" in texts or "config-file" in texts:
        return [*problems, *read_section(texts)[1]]
    try:
        parse_inputs({variable(name): text for name, text in texts.items()}, event=event)
    except InputsInvalid as e:
        problems += e.problems
    return problems


def _as_github_has_it(name: str, value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if _EXPRESSION.fullmatch(text.strip()):
        return STAND_INS.get(name, "")
    return _EXPRESSION.sub("x", text)


def _of_reusable(file: str, given: Mapping[str, Any]) -> list[str]:
    path = ROOT / file
    if not path.exists():
        return [f"uses: there is no {file}"]
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    known = workflow.get("on", workflow.get(True))["workflow_call"].get("inputs", {})
    return [f"with: {name} is no input of {file}" for name in given if name not in known]


def span_problems(code: str) -> list[str]:
    """What is wrong with `name: value` in a text, where the name is an input's."""
    name, colon, value = code.partition(": ")
    value = value.strip().strip("\"'")
    if not colon or name not in INPUTS or not value or re.search(r"[<>…{}]|\.\.\.", value):
        return []
    return list(read_section({name: value})[1])
