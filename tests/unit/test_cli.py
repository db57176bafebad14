"""The command line's help, and that it names all there is."""

import dataclasses
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from mwaa_deploy import errors
from mwaa_deploy.cli import COMMANDS, make_parser, parse_command_line
from mwaa_deploy.cli_help import GROUPS, epilog
from mwaa_deploy.inputs import Inputs

ROOT = Path(__file__).parents[2]


def shown(capsys, *argv):
    with pytest.raises(SystemExit) as ended:
        parse_command_line(argv, {})
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_the_texts_of_the_options_are_those_of_the_action():
    done = subprocess.run([sys.executable, ROOT / "scripts" / "input_texts.py", "--check"], check=False)
    assert done.returncode == 0, "run: python scripts/input_texts.py"


def test_every_option_has_its_place_in_the_help():
    placed = [name for names in GROUPS.values() for name in names]
    assert len(placed) == len(set(placed))
    elsewhere = {"mode", "github_token", "docker_engine", "comment", "report"}
    assert set(placed) == {field.name for field in dataclasses.fields(Inputs)} - elsewhere


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_tells_what_it_does_and_shows_it(capsys, command):
    text = shown(capsys, command, "--help")
    assert f"{COMMANDS[command][0].upper()}{COMMANDS[command][1:]}." in " ".join(text.split())
    assert "\nexamples:\n  " in text
    assert ("\nexit codes:\n" in text) == ("\nenvironment:\n" in text) == (command != "completion")


def test_an_option_says_what_the_input_says(capsys):
    text = " ".join(shown(capsys, "deploy", "--help").split())
    assert "--max-deletion-share VALUE Which share of the DAG files a deployment may delete, in percent;" in text
    assert "--verify auto|live|versions How a deployment is verified." in text
    assert "--rollback-on-failure true|false" in text


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_the_examples_are_command_lines_that_are_taken(command):
    lines = re.findall(r"^  (.*mwaa-deploy .*)$", epilog(command).partition("\n\n")[0], re.MULTILINE)
    assert lines
    for line in lines:
        words = shlex.split(re.split(r" [|>#]| +#", line)[0])
        make_parser().parse_args(words[words.index("mwaa-deploy") + 1 :])


def test_the_exit_codes_of_the_help_are_those_of_the_program(capsys):
    text = shown(capsys, "--help")
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.MwaaDeployError)
    ]
    codes = sorted({kind.exit_code for kind in kinds} - {errors.MwaaDeployError.exit_code})
    assert f"one for each cause that can be mended, {codes[0]} to {codes[-1]}:" in text
    assert f"\n  {errors.ChecksFailed.exit_code}        a check failed" in text


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_is_printed_and_nothing_runs(capsys, shell):
    text = shown(capsys, "completion", shell)
    assert "mwaa-deploy" in text.splitlines()[0]
    assert "create-repository" in text
    assert "github-token" not in text, "a secret has no place in a process list"
