"""Commands of a terminal: ours are parsed by the program itself, AWS's by what its services take."""

import importlib.util
import io
import re
import shlex
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.exceptions import UnknownServiceError

from mwaa_deploy.bundle.document import load_document
from mwaa_deploy.cli import COMMANDS, parse_command_line
from mwaa_deploy.errors import InputsInvalid
from mwaa_deploy.inputs import read_section
from tests.unit.docs.documents import ROOT

_TARGETS = frozenset(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
_TOP = frozenset(path.name for path in ROOT.iterdir() if not path.name.startswith("."))
_FILE = re.compile(r"[\w.@-]+(/[\w.@-]+)*\.(sh|py|yaml|yml|json|txt|toml|md|lock)")
_SEPARATOR = frozenset({"&&", "||", ";", "|", "&", "(", ")", "then", "do", "{", "}"})
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_CHECKOUT = "../mwaa-deploy/"
"""Where the reader has this repository, beside the own one."""
_EVERY_AWS_OPTION = frozenset({"--query", "--output", "--region", "--profile", "--no-cli-pager", "--endpoint-url"})
_AWS_OWN: Mapping[tuple[str, str], frozenset[str]] = {
    ("cloudformation", "deploy"): frozenset(
        {"--stack-name", "--template-file", "--capabilities", "--parameter-overrides", "--no-fail-on-empty-changeset"}
    ),
    ("s3", "cp"): frozenset({"--recursive", "--version-id"}),
    ("s3", "ls"): frozenset({"--recursive"}),
    ("ecr", "get-login-password"): frozenset(),
}
"""Commands of the AWS CLI that are no operation of a service's API, with the options that we use."""


def split_commands(script: str) -> list[list[str]]:
    """The simple commands of a script, each as its words, without the variables set before it."""
    joined = re.sub(r"\\\n\s*", " ", script)
    found: list[list[str]] = []
    for line in joined.splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split, lexer.commenters = True, "#"
        try:
            words = list(lexer)
        except ValueError:  # a text over several lines; bash itself has judged it
            continue
        current: list[str] = []
        for word in [*words, ";"]:
            if word in _SEPARATOR or set(word) <= set(";|&()"):
                found += [current] if current else []
                current = []
            elif current or not _ASSIGNMENT.fullmatch(word):
                current.append(word)
    return found


def command_problems(words: Sequence[str], folder: Path) -> list[str]:
    """What is wrong with one command.

    Args:
        words: the program and its arguments.
        folder: that its paths are relative to, if not to the repository.
    """
    name, *arguments = words
    if name == "mwaa-deploy":
        return _ours(arguments)
    if name == "make":
        goals = [word for word in arguments if "=" not in word and not word.startswith("-")]
        return [f"the Makefile has no target {goal}" for goal in goals if goal not in _TARGETS]
    words = [word.removeprefix(_CHECKOUT) for word in words]
    name, *arguments = words
    problems = _missing_paths(words, folder)
    if [name, *arguments[:2]] == ["gh", "workflow", "run"]:
        # Its inputs are the workflow's own.
        where = ROOT / ".github" / "workflows" / arguments[2]
        return [] if where.exists() else [f"there is no workflow {arguments[2]}"]
    if name == "aws":
        problems += _aws(arguments)
    if re.fullmatch(r"(.*/)?python[\d.]*", name) and arguments[:1] == ["-m"]:
        problems += _module(arguments[1], arguments[2:])
    return problems


def _ours(arguments: Sequence[str]) -> list[str]:
    said = io.StringIO()
    plain = [re.sub(r"\$\w+|\$\{\w+\}|\$\([^)]*\)", "x", word) for word in arguments]
    try:
        with redirect_stderr(said), redirect_stdout(io.StringIO()):
            env = parse_command_line(plain, {})
    except SystemExit as e:
        return [] if e.code in {0, None} else [f"mwaa-deploy {' '.join(arguments)}: {said.getvalue().splitlines()[-1]}"]
    names = {key.removeprefix("INPUT_").lower().replace("_", "-"): text for key, text in env.items()}
    with suppress(InputsInvalid):
        return list(read_section(names)[1])
    return []


def _module(module: str, arguments: Sequence[str]) -> list[str]:
    if module == "mwaa_deploy":
        return _ours(arguments)
    return [] if importlib.util.find_spec(module) else [f"there is no module {module}"]


def _missing_paths(words: Sequence[str], folder: Path) -> list[str]:
    problems = []
    for at, word in enumerate(words):
        path = word.removeprefix("./").partition("=")[2] or word.removeprefix("./")
        written = at > 0 and words[at - 1] in {">", ">>", "-o", "--output-dir", "--plan-file"}
        if written or "$" in path or "://" in path or path.startswith((".venv/", "/", "~")):
            continue
        ours = "/" in path and path.partition("/")[0] in _TOP
        if (ours or _FILE.fullmatch(path)) and not any(_there(place, path) for place in (folder, ROOT, _EXAMPLE)):
            problems.append(f"there is no {path}")
    return problems


_EXAMPLE = ROOT / "examples" / "hello-mwaa"
"""Stands for the project of who reads."""


def _there(folder: Path, path: str) -> bool:
    return any(folder.glob(path)) if "*" in path else (folder / path).exists()


@cache
def _session() -> Any:
    return botocore.session.Session()


@cache
def _service(name: str) -> Any:
    try:
        return _session().get_service_model({"s3api": "s3"}.get(name, name))
    except UnknownServiceError:
        return None


def _aws(arguments: Sequence[str]) -> list[str]:
    service, operation, *rest = [*arguments, "", ""][: max(2, len(arguments))]
    given = {word.partition("=")[0] for word in rest if word.startswith("--")} - _EVERY_AWS_OPTION
    known = _AWS_OWN.get((service, operation))
    if known is None:
        model = _service(service)
        if model is None:
            return [f"aws has no {service}"]
        operations = {xform_name(name).replace("_", "-"): name for name in model.operation_names}
        if operation not in operations:
            return [f"aws {service} has no {operation}"]
        shape = model.operation_model(operations[operation]).input_shape
        members = shape.members if shape else {}
        known = frozenset(f"--{xform_name(name).replace('_', '-')}" for name in members)
        known |= {option.replace("--", "--no-", 1) for option in known}
    problems = [f"aws {service} {operation} has no {option}" for option in sorted(given - known)]
    return problems + (_parameters(rest) if (service, operation) == ("cloudformation", "deploy") else [])


def _parameters(words: Sequence[str]) -> list[str]:
    if "--template-file" not in words or "--parameter-overrides" not in words:
        return []
    file = words[words.index("--template-file") + 1]
    path = next((place / file for place in (ROOT, _EXAMPLE) if (place / file).exists()), None)
    if path is None:
        return []
    template: Any = load_document(path.read_text(encoding="utf-8"))
    parameters = template["Parameters"]
    after = words[words.index("--parameter-overrides") + 1 :]
    given = [word.partition("=")[0] for word in after if _ASSIGNMENT.fullmatch(word)]
    needed = [name for name, what in parameters.items() if "Default" not in what]
    return [
        *(f"{file} has no parameter {name}" for name in given if name not in parameters),
        *(f"{file} needs the parameter {name}" for name in needed if name not in given),
    ]


def span_problems(code: str) -> list[str]:
    """What is wrong with a `code span`: a command of ours or a target of the Makefile."""
    words = code.split()
    if words[0] == "mwaa-deploy" and len(words) > 1 and words[1] in {*COMMANDS, "--version", "--help"}:
        return command_problems(shlex.split(code), ROOT)
    if words[0] == "make" and len(words) > 1:
        return command_problems(shlex.split(code), ROOT)
    return []
