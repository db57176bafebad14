"""What is wrong with a block, by the language it says it is in. A language that is not here is a fault of the block."""

import json
import re
from collections.abc import Callable, Mapping

from mwaa_deploy.bundle.json_document import read_json
from mwaa_deploy.bundle.lined import DocumentInvalid
from tests.unit.docs.commands import command_problems, split_commands
from tests.unit.docs.documents import Block
from tests.unit.docs.policies import is_statement, policy_problems
from tests.unit.docs.yaml_blocks import yaml_problems

SHELLS = frozenset({"bash", "sh", "console"})
_PROMPT = "$ "


def own_problems(block: Block) -> list[str]:
    """What can be said of a block without another program's help; see linters.py."""
    judge = _JUDGES.get(block.language)
    if judge is None:
        return [f"nothing here can judge {block.language!r}; say what a block is in, or add a judge"]
    return judge(block)


def script(block: Block) -> str:
    """The commands of a block for a shell; those of a terminal stand behind its prompt."""
    if block.language != "console":
        return block.text
    lines, continues = [], False
    for line in block.text.splitlines():
        if line.startswith(_PROMPT) or continues:
            lines.append(line.removeprefix(_PROMPT))
            continues = line.endswith("\\")
    return "\n".join([*lines, ""])


def _shell(block: Block) -> list[str]:
    commands = split_commands(script(block))
    if not commands:
        return ["there is no command in it"]
    return [problem for words in commands for problem in command_problems(words, block.file.parent)]


def _python(block: Block) -> list[str]:
    try:
        compile(block.text, block.name, "exec")
    except SyntaxError as e:
        return [f"line {e.lineno}: {e.msg}"]
    return []


def _json(block: Block) -> list[str]:
    try:
        document = json.loads(block.text)
        read_json(block.text)  # which takes no key twice
    except (DocumentInvalid, ValueError) as e:
        return [f"no JSON: {e}"]
    listed = document if isinstance(document, list) else [document]
    if any(is_statement(one) or (isinstance(one, Mapping) and "Statement" in one) for one in listed):
        return policy_problems(document)
    return []


_HCL_LINE = re.compile(
    r"""\s*(?:
        \#.*                                          # a comment
        | (?P<open>[a-z_]\w*(?:\s+"[\w-]+")*\s*\{)    # a block begins
        | [a-z_]\w*\s*=\s*(?P<list>\[)                # a list over several lines
        | [a-z_]\w*\s*=\s*(?:"[^"]*"|[\w.\[\]()", -]+)  # an argument
        | [\w.]+,                                     # a list's item
        | (?P<close>[}\]])
        )?\s*""",
    re.VERBOSE,
)


def _hcl(block: Block) -> list[str]:
    open_ones: list[str] = []
    for number, line in enumerate(block.text.splitlines(), 1):
        found = _HCL_LINE.fullmatch(line)
        if not found:
            return [f"line {number} is no HCL: {line}"]
        if found["open"] or found["list"]:
            open_ones.append("}" if found["open"] else "]")
        if found["close"] and (not open_ones or open_ones.pop() != found["close"]):
            return [f"line {number} closes what is not open"]
    return ["something is left open"] if open_ones else []


def _by_others(_: Block) -> list[str]:
    return []


_JUDGES: Mapping[str, Callable[[Block], list[str]]] = {
    "yaml": lambda block: yaml_problems(block.text),
    "json": _json,
    "python": _python,
    "hcl": _hcl,
    **dict.fromkeys(SHELLS, _shell),
    "dockerfile": _by_others,  # hadolint
    "mermaid": _by_others,  # drawn in tests/integration/report
    "text": _by_others,  # what the program prints
}
