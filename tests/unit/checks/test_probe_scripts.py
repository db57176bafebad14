"""The scripts that run inside the runner."""

import ast
import re

import pytest

from mwaa_deploy.checks.scripts import LAUNCHER, PROBES


@pytest.mark.parametrize("script", sorted(PROBES.glob("*.py")), ids=lambda path: path.name)
def test_a_script_is_understood_by_the_oldest_python_of_mwaa(script):
    ast.parse(script.read_text(encoding="utf-8"), feature_version=(3, 7))


def test_every_script_that_is_run_is_there():
    text = "".join(path.read_text(encoding="utf-8") for path in PROBES.parent.glob("*.py"))
    named = set(re.findall(r'\bown / "(\w+\.py)"', text)) | {LAUNCHER}

    assert named >= {"dag_probe.py", "startup_script.py", "unpack_plugins.py", "warm_start.py"}
    assert named <= {script.name for script in PROBES.glob("*.py")}
