"""The script that makes the lock files: what needs no package index."""

import subprocess
import sys
import tomllib
from pathlib import Path

from images.lock import HERE, asked_for, canonical, options_for, pins
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
    for entry in table["airflow"].values():
        pinned = {line for line in entry.get("requirements", []) if "=" in line}
        providers = {line for line in pinned if line.startswith("apache-airflow-providers-")}
        assert pinned - providers <= {"setuptools==65.5.0"}
        assert bool(providers) == ("resolved_as_of" in entry)


def test_nothing_is_newer_than_the_day_a_version_is_resolved_for_but_airflow_itself_and_what_has_its_own_day():
    entry = {"sources": ["unicodecsv"], "resolved_as_of": "2024-01-15", "later": {"pycurl": "2024-03-15"}}
    assert options_for(entry) == [
        *("--no-binary", "unicodecsv", "--exclude-newer", "2024-01-15"),
        *("--exclude-newer-package", "apache-airflow=false", "--exclude-newer-package", "pycurl=2024-03-15"),
    ]
    assert options_for({"python": "3.11.9"}) == []


def test_a_version_asks_for_what_every_image_has_but_what_it_lacks():
    table = {
        "everywhere": {"requirements": ["statsd", "celery[sqs]"]},
        "airflow": {"2.4.3": {"without": ["celery[sqs]"], "requirements": ["celery"]}},
    }
    assert asked_for(table, "2.4.3") == ["apache-airflow==2.4.3", "statsd", "celery"]


def test_what_a_version_lacks_is_on_the_common_list():
    table = tomllib.loads((HERE / "versions.toml").read_text())
    common = set(table["everywhere"]["requirements"])
    assert all(set(entry.get("without", [])) <= common for entry in table["airflow"].values())


def test_what_has_no_wheel_is_locked_as_source_too():
    for version, entry in tomllib.loads((HERE / "versions.toml").read_text())["airflow"].items():
        locked = pins(find_packages(HERE, version).lock.read_text())
        assert set(entry.get("sources", [])) <= set(locked)


def test_the_script_says_what_it_takes():
    script = Path(HERE, "lock.py")
    shown = subprocess.run([sys.executable, script, "--help"], capture_output=True, text=True, check=True)
    assert "--bom" in shown.stdout
