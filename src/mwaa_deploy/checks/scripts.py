"""Our own scripts that run inside the runner, and what they leave there."""

from pathlib import Path

PROBES = Path(__file__).with_name("probe")
"""The folder with all of them."""

OWN = ".mwaa-deploy"
"""The folder below home that they are copied to."""

LAUNCHER = "pytest_launcher.py"
"""Runs the unit tests."""

TEST_RESULTS = ("tests.xml", "tests.json", "coverage.json")
"""Names of what it and pytest leave in the folder."""

PROBE_OUTPUT = "dag-probe.json"
"""Name of what a DAG probe leaves there that was started by warm_start.py."""
