"""Write README.md's tables of inputs and outputs from action.yml. `--check` only says whether they are up to date."""

import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]


def tables(action: dict[str, Any]) -> str:
    """Both tables as Markdown."""
    lines = ["| input | what it says | default |", "| --- | --- | --- |"]
    for name, entry in action["inputs"].items():
        default = "(required)" if entry.get("required") else _cell(str(entry.get("default", "")))
        lines.append(f"| `{name}` | {_sentence(entry)} | {default} |")
    lines += ["", "| output | what it says |", "| --- | --- |"]
    lines += [f"| `{name}` | {_sentence(entry)} |" for name, entry in action["outputs"].items()]
    return "\n".join(lines)


def _sentence(entry: dict[str, Any]) -> str:
    return " ".join(str(entry["description"]).split()).replace("|", "\\|")


def _cell(default: str) -> str:
    return f"`{default}`" if default else ""


def render(readme: str, action: dict[str, Any]) -> str:
    """The README with the part between the markers replaced."""
    begin, end = "<!-- begin inputs -->", "<!-- end inputs -->"
    head, _, rest = readme.partition(begin)
    _, _, tail = rest.partition(end)
    return f"{head}{begin}\n\n{tables(action)}\n\n{end}{tail}"


def main() -> int:
    path = ROOT / "README.md"
    readme = path.read_text(encoding="utf-8")
    wanted = render(readme, yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8")))
    if "--check" in sys.argv:
        return int(wanted != readme)
    path.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
