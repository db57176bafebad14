"""The command line: the action's words, for a laptop."""

import argparse
import dataclasses
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum

from mwaa_deploy import __version__
from mwaa_deploy.cli_help import GROUPS, epilog
from mwaa_deploy.completion import FILES, FOLDERS, SHELLS, script
from mwaa_deploy.input_texts import TEXTS
from mwaa_deploy.inputs import Inputs, Mode

COMMANDS = {
    "run": "do what the INPUT_* variables say, as a step of a workflow",
    "check": "check the project; AWS is not touched",
    "plan": "check the project and say what a deployment would do",
    "deploy": "check the project and deploy it",
    "rollback": "bring an earlier deployment back, out of the records at the target",
    "drift": "say what somebody else has changed at the target since the last deployment",
    "image": "make the runner image, and push it to a registry of your own",
    "completion": "print what makes a shell complete this command line",
}
IMAGE_COMMANDS = {
    "build": "build the runner image of an Airflow version on the Docker Engine here",
    "push": "build it if need be, and push it under the name that --runner-image gives",
}

_OF_IMAGES = (
    *("airflow_version", "runner_image", "create_repository", "aws_region", "config_file"),
    *("role_to_assume", "role_chain", "allowed_account_ids", "role_session_name", "role_duration_seconds"),
)
_ELSEWHERE = frozenset({"mode", "github_token", "docker_engine", "comment", "report"})
"""A secret has no place in a process list; an engine of its own and comments are the action's business."""

JSON = "MWAA_DEPLOY_JSON"
"""Variable that asks for the report on standard output, and for everything else on standard error."""
VERBOSE = "MWAA_DEPLOY_VERBOSE"
"""Variable that asks a laptop's log for what the tools print."""
OUTPUT_DIR = "MWAA_DEPLOY_OUTPUT_DIR"
"""Variable with the folder for the report's files; nothing is written without it."""


def parse_command_line(argv: Sequence[str], env: Mapping[str, str]) -> Mapping[str, str]:
    """Turn options into the variables they stand for; options win over variables.

    Raises:
        SystemExit: for --help, --version and words that it does not know, and once a completion is printed.
    """
    parser = make_parser()
    given = vars(parser.parse_args(argv))
    if given["command"] == "completion":
        print(script(given["shell"], parser), end="")
        sys.exit(0)
    command, what = given.pop("command"), given.pop("what", None)
    merged = dict(env)
    if given.pop("json", False):
        merged[JSON] = "1"
    if given.pop("verbose", False):
        merged[VERBOSE] = "1"
    if folder := given.pop("output_dir", None):
        merged[OUTPUT_DIR] = folder
    merged.update({f"INPUT_{name.upper()}": value for name, value in given.items() if value is not None})
    if command != "run":
        merged["INPUT_MODE"] = Mode(command).value
    if what == "build":
        merged["INPUT_RUNNER_IMAGE"] = ""
    return merged


def make_parser() -> argparse.ArgumentParser:
    """The command line's own parser."""
    about = "Test, plan and deploy Apache Airflow DAGs to Amazon MWAA."
    parser = _Parser(prog="mwaa-deploy", description=about, formatter_class=_Help)
    parser.add_argument("--version", action="version", version=f"mwaa-deploy {__version__}", help="print the version")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    every_input = [field.name for field in dataclasses.fields(Inputs) if field.name not in _ELSEWHERE]
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=_sentence(text), formatter_class=_Help)
        command.usage = None if name in {"image", "completion"} else "%(prog)s [OPTION ...]"
        if name == "image":
            _add_image_commands(command)
        elif name == "completion":
            command.add_argument("shell", choices=SHELLS, help="the shell to print it for")
        elif name != "run":
            command.add_argument("--json", action="store_true", help="print the report as JSON, all else to stderr")
            command.add_argument("--verbose", action="store_true", help="show also what the tools of each check print")
            command.add_argument("--output-dir", metavar=FOLDERS, help="write report, JUnit XML and SARIF there")
            _add_inputs(command, [name for name in every_input if name != "create_repository"])
    return parser


class _Help(argparse.RawDescriptionHelpFormatter):
    """Help whose examples keep their lines."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=34)


class _Parser(argparse.ArgumentParser):
    """A parser that makes the end of its help only where that is asked for; its commands are of the same class."""

    def format_help(self) -> str:
        self.epilog = epilog("".join(self.prog.split()[1:2]))
        return super().format_help()


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _add_image_commands(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="what", required=True, metavar="COMMAND")
    for name, text in IMAGE_COMMANDS.items():
        command = commands.add_parser(name, help=text, description=_sentence(text), formatter_class=_Help)
        command.usage = "%(prog)s [OPTION ...]"
        _add_inputs(command, ("airflow_version", "config_file") if name == "build" else _OF_IMAGES)


def _add_inputs(parser: argparse.ArgumentParser, names: Sequence[str]) -> None:
    kinds = {field.name: field.type for field in dataclasses.fields(Inputs)}
    for title, members in GROUPS.items():
        chosen = [name for name in members if name in names]
        group = parser.add_argument_group(title) if chosen else parser
        for name in chosen:
            option, text = f"--{name.replace('_', '-')}", TEXTS[name.replace("_", "-")].replace("%", "%%")
            if name == "create_repository":
                group.add_argument(
                    option, dest=name, action="store_const", const="true", help="make it if it is missing"
                )
            else:
                group.add_argument(option, dest=name, metavar=_metavar(name, kinds[name]), help=text)


def _metavar(name: str, kind: object) -> str:
    """What stands for a value in the help, and says what a shell completes."""
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return "|".join(filter(None, kind))
    if kind is bool:
        return "true|false"
    if name.endswith("_dir"):
        return FOLDERS
    return FILES if name.endswith("_file") or name in _PATHS else "VALUE"


_PATHS = frozenset({"template", "parameters", "startup_script"})
