"""Write README.md's tables of inputs and outputs from action.yml, and docs/checks.md's table of rules from the code.

`--check` only says whether they are up to date.
"""

import sys
from pathlib import Path
from typing import Any

import yaml

from mwaa_deploy.checks.dag_rules import RULES
from mwaa_deploy.inputs import Inputs

ROOT = Path(__file__).parents[1]


def tables(action: dict[str, Any]) -> str:
    """Both tables as Markdown."""
    lines = ["| input | what it says | default |", "| --- | --- | --- |"]
    for name, entry in action["inputs"].items():
        default = "(required)" if entry.get("required") else _cell(str(entry.get("default", _of_program(name))))
        lines.append(f"| `{name}` | {_sentence(entry)} | {default} |")
    lines += ["", "| output | what it says |", "| --- | --- |"]
    lines += [f"| `{name}` | {_sentence(entry)} |" for name, entry in action["outputs"].items()]
    return "\n".join(lines)


def _of_program(name: str) -> str:
    """What counts where neither input nor section of the configuration file says anything."""
    value = getattr(Inputs(), name.replace("-", "_"))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return " ".join(value)
    return "" if value is None else str(value)


def _sentence(entry: dict[str, Any]) -> str:
    return " ".join(str(entry["description"]).split()).replace("|", "\\|")


def _cell(default: str) -> str:
    return f"`{default}`" if default else ""


def rules_table() -> str:
    """The rules about DAGs as Markdown."""
    lines = ["| rule | what it asks | parameters |", "| --- | --- | --- |"]
    for name, kind in RULES.items():
        parameters = [
            f"`{parameter}` ({what.kind}; {_default(what.default)}): {what.help}"
            for parameter, what in kind.parameters.items()
        ]
        lines.append(f"| `{name}` | {kind.question} | {'<br>'.join(parameters)} |")
    return "\n".join(lines)


def _default(value: object) -> str:
    return f"default {value}" if value else "none by default"


def render(text: str, name: str, table: str) -> str:
    """A text with the part between the markers of that name replaced."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    head, _, rest = text.partition(begin)
    _, _, tail = rest.partition(end)
    return f"{head}{begin}\n\n{table}\n\n{end}{tail}"


def main() -> int:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    stale = False
    for file, name, table in (("README.md", "inputs", tables(action)), ("docs/checks.md", "rules", rules_table())):
        path = ROOT / file
        text = path.read_text(encoding="utf-8")
        wanted = render(text, name, table)
        stale = stale or wanted != text
        if "--check" not in sys.argv:
            path.write_text(wanted, encoding="utf-8")
    return int(stale and "--check" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
