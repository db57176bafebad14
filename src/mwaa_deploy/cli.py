"""The command line: the action's words, for a laptop."""

import argparse
import dataclasses
from collections.abc import Mapping, Sequence

from mwaa_deploy import __version__
from mwaa_deploy.inputs import Inputs, Mode

COMMANDS = {
    "run": "do what the INPUT_* variables say, as a step of a workflow",
    "check": "check the project; AWS is not touched",
    "plan": "check the project and say what a deployment would do",
    "deploy": "check the project and deploy it",
    "rollback": "bring an earlier deployment back, out of the records at the target",
    "drift": "say what somebody else has changed at the target since the last deployment",
    "image": "make the runner image, and push it to a registry of your own",
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
        SystemExit: by argparse, for --help, --version and words it does not know.
    """
    given = vars(_parser().parse_args(argv))
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mwaa-deploy", description="Test, plan and deploy Apache Airflow DAGs to Amazon MWAA."
    )
    parser.add_argument("--version", action="version", version=f"mwaa-deploy {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    every_input = [field.name for field in dataclasses.fields(Inputs) if field.name not in _ELSEWHERE]
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        if name == "image":
            _add_image_commands(command)
        elif name != "run":
            _add_inputs(command, [name for name in every_input if name != "create_repository"])
            command.add_argument("--json", action="store_true", help="print the report as JSON, all else to stderr")
            command.add_argument("--verbose", action="store_true", help="show also what the tools of each check print")
            command.add_argument("--output-dir", metavar="FOLDER", help="write report, JUnit XML and SARIF there")
    return parser


def _add_image_commands(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="what", required=True, metavar="COMMAND")
    for name, text in IMAGE_COMMANDS.items():
        command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        _add_inputs(command, ("airflow_version", "config_file") if name == "build" else _OF_IMAGES)


def _add_inputs(parser: argparse.ArgumentParser, names: Sequence[str]) -> None:
    for name in names:
        option = f"--{name.replace('_', '-')}"
        if name == "create_repository":
            parser.add_argument(option, dest=name, action="store_const", const="true", help="make it if it is missing")
        else:
            parser.add_argument(option, dest=name, metavar="VALUE")
