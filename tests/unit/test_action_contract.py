"""action.yml, launch.sh, the program and the README agree on every name."""

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from mwaa_deploy import errors
from mwaa_deploy.inputs import Inputs
from mwaa_deploy.report.outputs import OUTPUTS

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
LAUNCH = ACTION["runs"]["steps"][0]


def test_every_input_reaches_the_program_by_its_own_name():
    assert LAUNCH["env"] == {
        "INPUT_" + name.upper().replace("-", "_"): f"${{{{ inputs.{name} }}}}" for name in ACTION["inputs"]
    }


def test_inputs_of_the_action_are_the_fields_of_the_program():
    fields = {field.name.replace("_", "-") for field in dataclasses.fields(Inputs)}
    assert set(ACTION["inputs"]) == fields


def test_no_expression_stands_in_a_shell_command():
    assert all("${{" not in step["run"] for step in ACTION["runs"]["steps"])


def test_inputs_and_outputs_are_described_in_sentences():
    for name, entry in {**ACTION["inputs"], **ACTION["outputs"]}.items():
        assert entry["description"].rstrip().endswith("."), name


def test_outputs_are_those_the_program_sets():
    assert set(ACTION["outputs"]) == set(OUTPUTS)
    for name, output in ACTION["outputs"].items():
        assert output["value"] == f"${{{{ steps.launch.outputs.{name} }}}}"


def test_the_readme_lists_every_input_and_output():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in [*ACTION["inputs"], *ACTION["outputs"]]:
        assert f"`{name}`" in readme, name


def test_clean_up_runs_whatever_happens():
    assert ACTION["runs"]["steps"][-1]["if"] == "always()"


def test_passed_variables_are_sorted_and_hold_no_ambient_token():
    lines = (ROOT / "entrypoint" / "passed_env.txt").read_text(encoding="utf-8").splitlines()
    names = [line for line in lines if not line.startswith("#")]
    assert names == sorted(set(names))
    assert "GITHUB_TOKEN" not in names


def test_the_program_reads_no_variable_that_is_not_passed():
    passed = (ROOT / "entrypoint" / "passed_env.txt").read_text(encoding="utf-8").split()
    read = set()
    for file in (ROOT / "src").rglob("*.py"):
        read |= set(
            re.findall(r"""env(?:\.get\(|\[)"((?:GITHUB|ACTIONS|RUNNER)_[A-Z_]+)\"""", file.read_text(encoding="utf-8"))
        )
    read -= {"RUNNER_TOOL_CACHE"}  # only of use on the host itself
    assert read
    assert read <= set(passed)


def _error_classes():
    return [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, errors.MwaaDeployError)]


def test_every_cause_has_its_own_exit_code_and_title():
    classes = _error_classes()
    codes = [c.exit_code for c in classes]
    assert len(codes) == len(set(codes))
    assert len({c.title for c in classes}) == len(classes)
    assert all(0 < code < 126 for code in codes)


@pytest.mark.parametrize("code", [20, 21, 22])
def test_exit_codes_of_launch_are_those_of_the_program(code):
    launch = (ROOT / "entrypoint" / "launch.sh").read_text(encoding="utf-8")
    titles = {c.exit_code: c.title for c in _error_classes()}
    assert f"refuse {code} " in launch
    assert code in titles


def test_the_tables_of_the_readme_are_up_to_date():
    done = subprocess.run([sys.executable, ROOT / "scripts" / "readme_tables.py", "--check"], check=False)
    assert done.returncode == 0, "run: python scripts/readme_tables.py"


def test_the_catalogue_of_failures_is_up_to_date_and_has_every_exit_code():
    done = subprocess.run([sys.executable, ROOT / "scripts" / "troubleshooting.py", "--check"], check=False)
    assert done.returncode == 0, "run: python scripts/troubleshooting.py"

    told = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    headings = [line.removeprefix("## ") for line in told.splitlines() if line.startswith("## ")]
    causes = sorted(kind.exit_code for kind in _error_classes() if kind is not errors.MwaaDeployError)
    assert [int(heading.split()[0]) for heading in headings] == causes
