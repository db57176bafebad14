"""Write the documents' tables: README.md's of inputs and outputs from action.yml, the others from the code.

docs/checks.md has the rules, docs/configuration.md what a target's keys take, docs/images.md the Airflow versions.
`--check` only says whether all are up to date.
"""

import sys
import tomllib
from pathlib import Path
from typing import Any

import yaml

from mwaa_deploy.checks.dag_rules import RULES
from mwaa_deploy.config_targets import KeyKind, target_keys
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


KINDS = {
    KeyKind.TEXT: "a text",
    KeyKind.FLAG: "true or false",
    KeyKind.WHOLE: "a whole number",
    KeyKind.TEXTS: "a text or a list of texts",
    KeyKind.PAIRS: "a map, or a list of key=value",
}


def target_keys_table() -> str:
    """What each key of a target takes, as Markdown."""
    lines = ["| key | takes | default |", "| --- | --- | --- |"]
    for name, what in target_keys().items():
        takes = KINDS.get(what.kind) or " or ".join(f"`{word}`" for word in what.words)
        lines.append(f"| `{name}` | {takes} | {_cell(_of_program(name))} |")
    return "\n".join(lines)


def versions_table() -> str:
    """The Airflow versions that our own runner image can have, as Markdown."""
    with (ROOT / "images" / "versions.toml").open("rb") as file:
        versions = tomllib.load(file)["airflow"]
    lines = ["| Airflow | Python | packages |", "| --- | --- | --- |"]
    for name, what in versions.items():
        day = what.get("resolved_as_of")
        lines.append(f"| {name} | {what['python']} | {f'as of {day}' if day else 'of the list that AWS publishes'} |")
    return "\n".join(lines)


def render(text: str, name: str, table: str) -> str:
    """A text with the part between the markers of that name replaced."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    head, _, rest = text.partition(begin)
    _, _, tail = rest.partition(end)
    return f"{head}{begin}\n\n{table}\n\n{end}{tail}"


def main() -> int:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    stale = False
    for file, name, table in (
        ("README.md", "inputs", tables(action)),
        ("docs/checks.md", "rules", rules_table()),
        ("docs/configuration.md", "target-keys", target_keys_table()),
        ("docs/images.md", "versions", versions_table()),
    ):
        path = ROOT / file
        text = path.read_text(encoding="utf-8")
        wanted = render(text, name, table)
        stale = stale or wanted != text
        if "--check" not in sys.argv:
            path.write_text(wanted, encoding="utf-8")
    return int(stale and "--check" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
