"""What goes into a runner."""

import os
import tarfile
from pathlib import PurePosixPath

import pytest

from mwaa_deploy.runner.archive import folders_between, make_archive


def entries(name, source):
    with make_archive({name: source}, uid=1000, gid=1001) as body, tarfile.open(fileobj=body) as archive:
        return {
            entry.name: (entry, file.read() if (file := entry.isreg() and archive.extractfile(entry)) else None)
            for entry in archive
        }


def test_bytes_become_one_file_of_the_runners_user():
    ((name, (entry, body)),) = entries("a.txt", b"text").items()
    assert (name, body, entry.uid, entry.gid, entry.mode) == ("a.txt", b"text", 1000, 1001, 0o644)


def test_a_folder_is_walked_in_order_without_caches(tmp_path):
    for name in ("b.py", "a/c.py", "__pycache__/x.pyc", "a/gone.pyc", "a/.git/config"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    assert list(entries("dags", tmp_path)) == ["dags", "dags/a", "dags/b.py", "dags/a/c.py"]


def test_everything_can_be_read_and_what_was_executable_still_is(tmp_path):
    for name, mode in (("private", 0o600), ("script", 0o700), ("open", 0o666)):
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(mode)
    found = entries("x", tmp_path)
    modes = {name: oct(entry.mode) for name, (entry, _) in found.items() if name != "x"}
    assert modes == {"x/private": "0o644", "x/script": "0o744", "x/open": "0o644"}


def test_links_stay_links_and_sockets_stay_away(tmp_path):
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "folder-link").symlink_to("/etc")
    os.mkfifo(tmp_path / "pipe")
    found = entries("x", tmp_path)
    assert {name: entry.linkname for name, (entry, _) in found.items()} == {
        "x": "",
        "x/link": "/etc/passwd",
        "x/folder-link": "/etc",
    }


def test_a_file_with_two_names_comes_twice(tmp_path):
    (tmp_path / "a").write_text("text")
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    found = entries("x", tmp_path)
    assert (found["x/a"][1], found["x/b"][1]) == (b"text", b"text")


def test_a_link_that_is_put_itself_is_followed(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "dag.py").write_text("dag")
    (tmp_path / "dags").symlink_to(tmp_path / "real")
    assert list(entries("dags", tmp_path / "dags")) == ["dags", "dags/dag.py"]


def test_what_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        make_archive({"x": tmp_path / "missing"}, uid=0, gid=0)


def test_many_files_go_into_one_with_their_folders_first(tmp_path):
    (tmp_path / "b.py").write_text("b")
    files = {"home/dags/a.py": b"a", "home/dags/b.py": tmp_path / "b.py"}
    with make_archive(files, uid=7, gid=8, folders=["home/dags"]) as body, tarfile.open(fileobj=body) as archive:
        found = [(entry.name, entry.isdir(), entry.uid, entry.gid) for entry in archive]
    names = [("home/dags", True), ("home/dags/a.py", False), ("home/dags/b.py", False)]
    assert found == [(name, folder, 7, 8) for name, folder in names]


def test_folders_between_are_those_below_the_base_alone():
    base = PurePosixPath("/usr/local/airflow")
    paths = [base / "dags" / "team" / "a.py", base / "b.txt", PurePosixPath("/tmp/c/d.txt")]
    assert folders_between(base, paths) == [base / "dags", base / "dags" / "team"]
