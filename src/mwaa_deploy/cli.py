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
}


def parse_command_line(argv: Sequence[str], env: Mapping[str, str]) -> Mapping[str, str]:
    """Turn options into the INPUT_* variables they stand for; options win over variables.

    Raises:
        SystemExit: by argparse, for --help, --version and words it does not know.
    """
    parser = argparse.ArgumentParser(
        prog="mwaa-deploy", description="Test, plan and deploy Apache Airflow DAGs to Amazon MWAA."
    )
    parser.add_argument("--version", action="version", version=f"mwaa-deploy {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        if name != "run":
            _add_inputs(command)
    given = vars(parser.parse_args(argv))
    command_name = given.pop("command")
    merged = dict(env)
    merged.update({f"INPUT_{name.upper()}": value for name, value in given.items() if value is not None})
    if command_name != "run":
        merged["INPUT_MODE"] = Mode(command_name).value
    return merged


def _add_inputs(parser: argparse.ArgumentParser) -> None:
    for field in dataclasses.fields(Inputs):
        if field.name not in {"mode", "github_token", "docker_engine"}:
            # A secret has no place in a process list, and an engine of its own is the action's business.
            parser.add_argument(f"--{field.name.replace('_', '-')}", dest=field.name, metavar="VALUE")
