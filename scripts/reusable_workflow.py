"""Write what .github/workflows/deploy.yml says of action.yml's inputs and outputs, and the copy of action.yml it uses.

`--check` only says whether both are up to date.
"""

import sys
import textwrap
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
FILE = ROOT / ".github" / "workflows" / "deploy.yml"
COPY = ROOT / ".github" / "actions" / "mwaa-deploy" / "action.yml"
LEFT_OUT = frozenset({"create-repository", "github-token"})
"""Inputs that a caller has no use for: the first is of `mode: image`, and the token is the caller's own already."""
OF_THE_JOB = "-file"
"""How the outputs end that name a file, which is gone with the job."""
ROLE = "${{ inputs.role-to-assume || vars.MWAA_DEPLOY_ROLE }}"
"""A caller cannot read the variables of a GitHub environment; the called job can."""


def inputs(action: dict[str, Any]) -> str:
    """Those of workflow_call."""
    lines = []
    for name, entry in action["inputs"].items():
        if name not in LEFT_OUT:
            lines += [f"{name}:", *_description(entry), "  type: string", f"  default: {_quoted(entry)}"]
    return textwrap.indent("\n".join(lines), " " * 6)


def outputs(action: dict[str, Any]) -> str:
    """Those of workflow_call."""
    lines = []
    for name, entry in _outputs(action).items():
        lines += [f"{name}:", *_description(entry), f"  value: ${{{{ jobs.mwaa.outputs.{name} }}}}"]
    return textwrap.indent("\n".join(lines), " " * 6)


def job_outputs(action: dict[str, Any]) -> str:
    """Those of the job."""
    lines = [f"{name}: ${{{{ steps.mwaa.outputs.{name} }}}}" for name in _outputs(action)]
    return textwrap.indent("\n".join(lines), " " * 6)


def given(action: dict[str, Any]) -> str:
    """What the step gives to the action."""
    names = [name for name in action["inputs"] if name not in LEFT_OUT]
    lines = [f"{name}: {ROLE if name == 'role-to-assume' else f'${{{{ inputs.{name} }}}}'}" for name in names]
    return textwrap.indent("\n".join(lines), " " * 10)


def _outputs(action: dict[str, Any]) -> dict[str, Any]:
    return {name: entry for name, entry in action["outputs"].items() if not name.endswith(OF_THE_JOB)}


def _description(entry: dict[str, Any]) -> list[str]:
    text = " ".join(str(entry["description"]).split())
    return ["  description: >-", *textwrap.wrap(text, 108, initial_indent="    ", subsequent_indent="    ")]


def _quoted(entry: dict[str, Any]) -> str:
    default = str(entry.get("default", ""))
    return "'" + default.replace("'", "''") + "'"


def copy(text: str) -> str:
    """action.yml for three folders below the root."""
    moved = text.replace('"$GITHUB_ACTION_PATH/', '"$GITHUB_ACTION_PATH/../../../')
    told = "# A copy of /action.yml for workflows/deploy.yml, made by scripts/reusable_workflow.py."
    return f"{told}\n{moved}"


def render(text: str, name: str, part: str) -> str:
    """A text with the part between the markers of that name replaced."""
    begin, end = f"# begin {name}\n", f"# end {name}\n"
    head, _, rest = text.partition(begin)
    body, _, tail = rest.partition(end)
    indent = body[len(body.rstrip(" ")) :] if body.strip() else head[len(head.rstrip(" ")) :]
    return f"{head}{begin}{part}\n{indent}{end}{tail}"


def main() -> int:
    source = (ROOT / "action.yml").read_text(encoding="utf-8")
    action = yaml.safe_load(source)
    text = FILE.read_text(encoding="utf-8")
    for name, part in (
        ("inputs", inputs(action)),
        ("outputs", outputs(action)),
        ("job outputs", job_outputs(action)),
        ("given", given(action)),
    ):
        text = render(text, name, part)
    wanted = {FILE: text, COPY: copy(source)}
    stale = [path for path, said in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != said]
    if "--check" not in sys.argv:
        for path in stale:
            path.write_text(wanted[path], encoding="utf-8")
    return int(bool(stale) and "--check" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
