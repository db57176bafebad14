"""Write docs/troubleshooting.md from the code: each failure's exit code, what it says, what it means, how to mend it.

The texts are those that the program raises its errors with, read from its syntax trees. `--check` only says whether the
document is up to date.
"""

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mwaa_deploy import errors
from mwaa_deploy.errors import MwaaDeployError

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "mwaa_deploy"
DOCUMENT = ROOT / "docs" / "troubleshooting.md"
HEAD = """# Troubleshooting

<!-- Written by scripts/troubleshooting.py from the errors that the program raises; do not edit. -->

Every failure that somebody can act on has an exit code of its own, which log, step summary and `report.json` name. Each
says what failed, in bold here, what that usually means, and how to mend it; `…` stands for what is filled in. Exit code
1 is a fault of mwaa-deploy itself, so that the log makes a bug report, 2 a command line that was not understood, and
130 an interruption.

"""


@dataclass(frozen=True, kw_only=True)
class Raised:
    """The texts that an error is raised with in one place; '' for what is not written there."""

    what: str
    meaning: str
    mend: str


def document() -> str:
    """The whole document."""
    found = _raised()
    classes = sorted(_classes(), key=lambda kind: kind.exit_code)
    rows = [f"| [{kind.exit_code}](#{_anchor(kind)}) | {kind.title} |" for kind in classes]
    table = "\n".join(["| exit code | failure |", "| --- | --- |", *rows])
    return HEAD + table + "\n\n" + "\n".join(_section(kind, found.get(kind.__name__, [])) for kind in classes)


def _classes() -> list[type[MwaaDeployError]]:
    return [
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, MwaaDeployError) and kind is not MwaaDeployError
    ]


def _anchor(kind: type[MwaaDeployError]) -> str:
    kept = "".join(sign for sign in kind.title.lower() if sign.isalnum() or sign in " -_")
    return f"{kind.exit_code}-{kept.replace(' ', '-')}"


def _section(kind: type[MwaaDeployError], places: list[Raised]) -> str:
    told = " ".join((inspect.getdoc(kind) or "").partition("\n\n")[0].split())
    return "\n".join([f"## {kind.exit_code} {kind.title}", "", told, *_entries(places)]) + "\n"


def _entries(places: list[Raised]) -> Iterator[str]:
    """A list entry for each text, with what mends it below."""
    for place in dict.fromkeys(places):
        if not place.what.strip("….:\n "):
            continue
        yield ""
        yield f"- **{_cell(place.what)}**" + (f" {_cell(place.meaning)}" if place.meaning else "")
        if place.mend:
            yield ""
            yield from (f"  {line}".rstrip() for line in ("```text", *place.mend.splitlines(), "```"))


def _cell(text: str) -> str:
    """One line in which nothing is markup but for what stands in backticks."""
    line = " ".join(text.split())
    return line.replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_")


def _raised() -> Mapping[str, list[Raised]]:
    names = {kind.__name__ for kind in _classes()}
    found: dict[str, list[Raised]] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                keywords = {keyword.arg: keyword.value for keyword in node.keywords}
                what = next(iter(_texts(node.args[0], constants)), "") if node.args else ""
                meaning, mend = (list(_texts(keywords.get(name), constants)) or [""] for name in ("meaning", "mend"))
                for number in range(max(len(meaning), len(mend))):
                    found.setdefault(node.func.id, []).append(
                        Raised(
                            what=what,
                            meaning=meaning[min(number, len(meaning) - 1)],
                            mend=mend[min(number, len(mend) - 1)],
                        )
                    )
    return found


def _texts(node: ast.expr | None, constants: Mapping[str, ast.expr]) -> Iterator[str]:
    """The texts that an expression may have; what is filled in is '…'."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = (next(_texts(side, constants), "…") for side in (node.left, node.right))
        yield left + right
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body, constants)
        yield from _texts(node.orelse, constants)
    elif isinstance(node, ast.Name) and node.id in constants:
        yield from _texts(constants[node.id], {})


def main() -> int:
    """Write it, or say that it would change."""
    text = document()
    if "--check" in sys.argv[1:]:
        if not DOCUMENT.is_file() or DOCUMENT.read_text(encoding="utf-8") != text:
            print("docs/troubleshooting.md is not up to date: python scripts/troubleshooting.py", file=sys.stderr)
            return 1
        return 0
    DOCUMENT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
