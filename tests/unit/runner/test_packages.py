"""The locked packages."""

import fnmatch
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from mwaa_deploy.errors import AirflowVersionUnknown
from mwaa_deploy.package_data import lock_of_test_tools
from mwaa_deploy.runner.packages import LockedPackages, find_packages, images_folder, pythons_of_mwaa

IMAGES = images_folder({})
VERSIONS = sorted(pythons_of_mwaa(IMAGES))


def pins(text: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==([^\s;\\]+)", text, re.MULTILINE))


def test_the_images_folder_can_be_named():
    assert images_folder({"MWAA_DEPLOY_IMAGES": "/opt/images"}) == Path("/opt/images")
    assert (images_folder({}) / "Dockerfile").is_file()


def test_the_versions_of_the_service_are_known():
    assert {"2.9.2", "2.10.1", "2.10.3", "2.11.0", "2.11.2", "3.0.6", "3.2.1", "3.3.1"} <= set(VERSIONS)
    assert {"2.4.3", "2.5.1", "2.6.3", "2.7.2", "2.8.1"} <= set(VERSIONS)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_has_its_files(version):
    packages = find_packages(IMAGES, version)
    locked = pins(packages.lock.read_text())
    assert locked["apache-airflow"] == version
    assert {"pip", "celery", "watchtower", "apache-airflow-providers-amazon", "statsd", "psycopg2-binary"} <= set(
        locked
    )
    constraints, essential = pins(packages.constraints()), pins(packages.essential_constraints())
    assert constraints == {name: pin for name, pin in locked.items() if name not in {"pip", "setuptools", "wheel"}}
    assert essential.items() <= constraints.items()
    assert {"apache-airflow", "flask", "gunicorn", "celery", "kombu", "sqlalchemy", "watchtower"} <= set(essential)
    assert {"apache-airflow-providers-amazon", "sqlalchemy-redshift", "boto3"}.isdisjoint(essential)


@pytest.fixture
def small(tmp_path):
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks" / "airflow-0.0.1.txt").write_text(
        "# Resolved.\napache-airflow==0.0.1 \\\n    --hash=sha256:00\n"
        "async-timeout==5.0.1 ; python_full_version < '3.11.9' \\\n    --hash=sha256:00\n"
        "celery-types==0.1+local \\\n    --hash=sha256:00\npip==26.0 \\\n    --hash=sha256:00\n"
    )
    (tmp_path / "essential.txt").write_text("# Names.\napache-airflow\ncelery\n")
    return LockedPackages(airflow_version="0.0.1", python="3.11.9", folder=tmp_path)


def test_constraints_are_the_locked_versions_without_hashes_and_markers(small):
    assert small.constraints() == "apache-airflow==0.0.1\nasync-timeout==5.0.1\ncelery-types==0.1+local\n"
    assert small.essential_constraints() == "apache-airflow==0.0.1\n"


def test_no_list_that_the_lock_files_already_hold_is_kept():
    kept = [path for path in IMAGES.rglob("*.txt") if path.parent.name != "locks"]
    assert [path.name for path in kept] == ["essential.txt"]
    assert "==" not in kept[0].read_text()


@pytest.mark.parametrize("path", sorted((IMAGES / "locks").glob("*.txt")), ids=lambda path: path.stem)
def test_every_package_is_locked_by_hash_and_none_by_an_address(path):
    text = path.read_text()
    starts = re.findall(r"^[a-z0-9].*", text, re.MULTILINE)
    assert all("==" in line for line in starts)
    assert len(re.findall(r"^[a-z0-9][^\n]*\\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)) == len(starts)
    assert "://" not in text
    assert "--index-url" not in text
    assert "--find-links" not in text


def test_where_no_bill_of_materials_is_known_the_difference_is_said():
    packages = find_packages(IMAGES, "2.8.1")
    assert packages.resolved_as_of == "2024-01-15"
    assert [line for line in packages.differences if "not published" in line and "newest on 2024-01-15" in line]
    assert find_packages(IMAGES, "2.9.2").differences == ()


def test_the_public_base_has_the_very_python_of_mwaa_and_exists():
    """Images on bookworm came in June 2023 (docker-library/python#822), after Python 3.10.9."""
    assert find_packages(IMAGES, "2.6.3").public_base == "python:3.10.9-slim-bullseye"
    assert find_packages(IMAGES, "2.8.1").public_base == "python:3.11.7-slim-bookworm"


@pytest.mark.parametrize(
    ("version", "command"), [("2.4.3", "upgrade"), ("2.6.3", "upgrade"), ("2.7.2", "migrate"), ("3.0.6", "migrate")]
)
def test_the_database_is_made_by_the_command_that_version_has(version, command):
    assert find_packages(IMAGES, version).migrate_command[-1] == command
    (pattern,) = re.findall(r"in (\S+)\) command=upgrade", (IMAGES / "Dockerfile").read_text())
    assert fnmatch.fnmatch(version, pattern) == (command == "upgrade")


def test_an_unknown_version_is_refused_with_the_known_ones():
    with pytest.raises(AirflowVersionUnknown, match=r"Airflow 2\.10\.4.*2\.10\.3") as raised:
        find_packages(IMAGES, "2.10.4")
    assert "airflow-version:" in raised.value.mend


def test_the_digest_follows_every_file_and_the_base(tmp_path):
    folder = shutil.copytree(IMAGES, tmp_path / "images")
    tools = tmp_path / "tools.txt"
    shutil.copyfile(lock_of_test_tools(), tools)
    packages = replace(find_packages(folder, "2.10.3"), test_tools_lock=tools)
    seen = {packages.digest("base"), packages.digest("another base")}
    for name in packages.files():
        with (tools if name == "test-tools.txt" else folder / name).open("a") as file:
            file.write("\n# changed\n")
        seen.add(packages.digest("base"))
    assert len(seen) == 2 + len(packages.files())


def test_the_image_is_built_from_nothing_but_those_files():
    copied = re.findall(r"^COPY (?:--\S+ )*(.+) \S+$", (IMAGES / "Dockerfile").read_text(), re.MULTILINE)
    words = " ".join(copied).replace("${AIRFLOW_VERSION}", "2.10.3").split()
    assert {"Dockerfile", *words} == set(find_packages(IMAGES, "2.10.3").files())
