"""Write src/mwaa_deploy/input_texts.py, what the command line says of its options, from action.yml.

`--check` only says whether it is up to date.
"""

import json
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
FILE = ROOT / "src" / "mwaa_deploy" / "input_texts.py"
HEAD = '''# ruff: noqa: E501 -- sentences of action.yml
"""What each input says, for the command line's help. Written from action.yml by scripts/input_texts.py."""

TEXTS = {
'''


def render() -> str:
    """The module."""
    inputs = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]
    lines = [f"    {json.dumps(name)}: {_quoted(entry['description'])},\n" for name, entry in inputs.items()]
    return HEAD + "".join(lines) + "}\n"


def _quoted(text: str) -> str:
    """As ruff formats it: with the quotes that need fewer escapes."""
    text = " ".join(str(text).split())
    if text.count('"') > text.count("'"):
        inner = text.replace("'", "\\'")
        return f"'{inner}'"
    return json.dumps(text, ensure_ascii=False)


def main() -> int:
    wanted = render()
    if "--check" in sys.argv:
        return int(not FILE.exists() or FILE.read_text(encoding="utf-8") != wanted)
    FILE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
