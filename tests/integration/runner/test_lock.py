"""The lock files can be made again."""

import shutil
import subprocess
import sys

import pytest

from images.lock import HERE
from mwaa_deploy.runner.packages import find_packages
from tests.fixtures.runner import AIRFLOW


@pytest.mark.airflow
def test_locking_again_without_a_bill_of_materials_keeps_every_version(tmp_path):
    folder = shutil.copytree(HERE, tmp_path / "images")
    subprocess.run([sys.executable, folder / "lock.py", AIRFLOW], check=True)
    assert find_packages(folder, AIRFLOW).files() == find_packages(HERE, AIRFLOW).files()


@pytest.mark.airflow
def test_a_day_gives_the_same_packages_ever_after(tmp_path):
    """Without a bill of materials, the day in versions.toml is all that the lock file comes from."""
    folder = shutil.copytree(HERE, tmp_path / "images")
    find_packages(folder, "2.8.1").lock.unlink()
    subprocess.run([sys.executable, folder / "lock.py", "2.8.1"], check=True)
    assert find_packages(folder, "2.8.1").constraints() == find_packages(HERE, "2.8.1").constraints()


@pytest.mark.airflow
def test_a_bill_of_materials_decides_and_what_is_missing_is_said(tmp_path):
    folder = shutil.copytree(HERE, tmp_path / "images")
    bill = tmp_path / "bill.txt"
    bill.write_text("boto3-stubs==1.43.66\nnot-in-our-list==1.0\n")
    done = subprocess.run(
        [sys.executable, folder / "lock.py", AIRFLOW, "--bom", bill], check=True, capture_output=True, text=True
    )
    assert "boto3-stubs==1.43.66 \\\n" in find_packages(folder, AIRFLOW).lock.read_text()
    assert "only in the bill of materials: not-in-our-list==1.0" in done.stdout
    assert "only in the lock file: apache-airflow==2.10.3" in done.stdout
