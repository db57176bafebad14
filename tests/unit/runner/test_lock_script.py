"""The script that makes the lock files: what needs no package index."""

import subprocess
import sys
import tomllib
from pathlib import Path

from images.lock import HERE, canonical, pins
from mwaa_deploy.runner.packages import find_packages


def test_names_are_compared_as_package_indexes_do():
    assert canonical("Flask_SQLAlchemy.Utils") == "flask-sqlalchemy-utils"


def test_pins_are_read_from_bills_constraints_and_lock_files():
    text = "# a==1\nFlask==2.2.5\nasync-timeout==5.0.1 ; python_version < '3.11' \\\n    --hash=sha256:00\nb>=2\n"
    assert pins(text) == {"flask": "2.2.5", "async-timeout": "5.0.1"}


def test_every_version_asks_for_packages_by_name_alone():
    """The bill of materials decides the versions; what it does not tell is pinned with a reason."""
    table = tomllib.loads((HERE / "versions.toml").read_text())
    assert not [line for line in table["everywhere"]["requirements"] if "=" in line]
    pinned = {line for entry in table["airflow"].values() for line in entry.get("requirements", []) if "=" in line}
    assert pinned == {"setuptools==65.5.0"}


def test_what_has_no_wheel_is_locked_as_source_too():
    for version, entry in tomllib.loads((HERE / "versions.toml").read_text())["airflow"].items():
        locked = pins(find_packages(HERE, version).lock.read_text())
        assert set(entry.get("sources", [])) <= set(locked)


def test_the_script_says_what_it_takes():
    script = Path(HERE, "lock.py")
    shown = subprocess.run([sys.executable, script, "--help"], capture_output=True, text=True, check=True)
    assert "--bom" in shown.stdout
