"""The scripts that run inside the runner."""

import ast

import pytest

from mwaa_deploy.checks.layout import PROBES


@pytest.mark.parametrize("script", sorted(PROBES.glob("*.py")), ids=lambda path: path.name)
def test_a_script_is_understood_by_the_oldest_python_of_mwaa(script):
    ast.parse(script.read_text(encoding="utf-8"), feature_version=(3, 7))


def test_there_are_scripts():
    known = {"dag_probe", "installed_packages", "mwaa_deploy_descendants", "pytest_launcher"}

    assert {script.stem for script in PROBES.glob("*.py")} == known
