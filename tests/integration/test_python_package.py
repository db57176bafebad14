"""Wheel and source archive: built by uv, installed into fresh virtual environments, and run."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from mwaa_deploy import __version__

pytestmark = pytest.mark.airflow

ROOT = Path(__file__).parents[2]


def run(*argv, **options):
    env = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    done = subprocess.run(list(map(str, argv)), env=env, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    constraints = ("--build-constraints", ROOT / "requirements" / "dev.txt", "--require-hashes")
    run("uv", "build", "--quiet", "--out-dir", folder, *constraints, ROOT)
    return folder


@pytest.fixture(scope="module", params=["whl", "tar.gz"])
def program(request, built, tmp_path_factory):
    """The program's command, installed from one of the two."""
    (archive,) = built.glob(f"*.{request.param}")
    venv = tmp_path_factory.mktemp("venv")
    run("uv", "venv", "--quiet", "--clear", "--python", sys.executable, venv)
    python = venv / "bin" / "python"
    run("uv", "pip", "install", "--quiet", "--python", python, archive)
    return venv / "bin" / "mwaa-deploy"


def test_it_runs_and_helps_from_anywhere(program, tmp_path):
    assert run(program, "--version", cwd=tmp_path) == f"mwaa-deploy {__version__}\n"
    assert "examples:" in run(program, "--help", cwd=tmp_path)
    assert "--airflow-version" in run(program, "check", "--help", cwd=tmp_path)
    assert "_mwaa_deploy()" in run(program, "completion", "bash", cwd=tmp_path)


def test_it_has_the_files_that_its_checks_need(program, tmp_path):
    code = (
        "from mwaa_deploy import package_data as data; "
        "print(data.images_data(), data.lock_of_test_tools(), data.lock_of_postgresql())"
    )
    images, *locks = map(Path, run(program.with_name("python"), "-c", code, cwd=tmp_path).split())
    assert all(path.is_relative_to(program.parents[1]) for path in (images, *locks))
    assert (images / "locks" / "airflow-2.10.3.txt").is_file()
    assert all(path.is_file() for path in locks)


def test_the_archives_hold_what_they_should_and_nothing_of_this_machine(built):
    (wheel,) = built.glob("*.whl")
    (source,) = built.glob("*.tar.gz")
    packed = zipfile.ZipFile(wheel).namelist()
    assert all(name.startswith(("mwaa_deploy/", f"mwaa_deploy-{__version__}.dist-info/")) for name in packed)
    with tarfile.open(source) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    assert {"pyproject.toml", "README.md", "LICENSE", "src/mwaa_deploy/cli.py"} <= set(names)
    unwanted = (".venv", "node_modules", ".lab", ".git/", "dist/")
    assert [name for name in names if name.startswith(unwanted)] == []
