"""Names that cannot be shipped are refused with the line that mends them, and the line does."""

import os
import subprocess
from pathlib import Path

import pytest

from mwaa_deploy.bundle.folder import folder_files
from mwaa_deploy.bundle.manifest import read_manifest
from mwaa_deploy.bundle.plugins_zip import write_plugins_zip
from mwaa_deploy.errors import FileRefused

NAMES = {
    b"caf\xe9.py": ("$'dags/caf\\xe9.py'", "dags/caf_.py"),
    b"a b/it's \\ $HOME\xff.py": ("$'dags/a b/it\\x27s \\x5c \\x24HOME\\xff.py'", "'dags/a b/it'\"'\"'s \\ $HOME_.py'"),
    b"ol\xe9/a.py": ("$'dags/ol\\xe9'", "dags/ol_"),
    "für\n".encode() + b"\xff1.py": ("$'dags/f\\xc3\\xbcr\\x0a\\xff1.py'", "'dags/für__1.py'"),
}
"""What lies in dags/: the words of the line that mends it."""


def project(folder: Path, name: bytes) -> Path:
    """A checkout with one file of that name in dags/. The DAG folder."""
    path = os.fsencode(folder / "dags") + b"/" + name
    os.makedirs(os.path.dirname(path))  # noqa: PTH103, PTH120 -- a name pathlib would not take
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(b"1\n")
    for command in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", "-C", folder, *command], check=True)
    return folder / "dags"


def mend_of(dags: Path) -> str:
    with pytest.raises(FileRefused, match="not UTF-8") as caught:
        folder_files(dags)
    return caught.value.mend


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_is_not_utf8_is_refused_with_the_line_that_renames_it(tmp_path, name):
    assert mend_of(project(tmp_path, name)) == "git mv {} {}".format(*NAMES[name])


@pytest.mark.parametrize("name", NAMES)
def test_the_line_makes_the_folder_one_that_can_be_shipped(tmp_path, name):
    dags = project(tmp_path, name)

    subprocess.run(["bash", "-c", mend_of(dags)], cwd=tmp_path, check=True)

    assert [file.path.read_bytes() for file in folder_files(dags)] == [b"1\n"]


def test_the_error_names_the_file_in_characters_that_every_log_shows(tmp_path):
    with pytest.raises(FileRefused) as caught:
        folder_files(project(tmp_path, b"caf\xe9.py"))

    assert f"$'dags/caf\\xe9.py' in {tmp_path} is" in caught.value.what
    assert str(caught.value).isascii()


@pytest.mark.parametrize("ship", [read_manifest, lambda folder: write_plugins_zip(folder, folder.parent / "p.zip")])
def test_dags_and_plugins_are_refused_alike(tmp_path, ship):
    with pytest.raises(FileRefused, match="git mv"):
        ship(project(tmp_path, b"caf\xe9.py"))
