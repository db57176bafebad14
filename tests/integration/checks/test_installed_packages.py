"""The script that lists what is installed."""

import subprocess
import sys
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from mwaa_deploy.checks import layout
from mwaa_deploy.checks.installed import parse_installed


def test_the_script_lists_what_this_interpreter_has(tmp_path: Path):
    output = tmp_path / "installed.json"

    subprocess.run([sys.executable, layout.PROBES / "installed_packages.py", output], check=True)

    found = parse_installed(output.read_bytes())
    assert found.python == ".".join(map(str, sys.version_info[:3]))
    assert found.packages[canonicalize_name("pytest")].version == pytest.__version__
    assert found.environment["sys_platform"] == sys.platform
