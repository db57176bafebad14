import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mwaa_deploy.bundle.exclude import Exclude
from mwaa_deploy.bundle.manifest import FileDigest, Manifest, ManifestDiff, diff, read_manifest
from mwaa_deploy.errors import DagFolderEmpty, FileRefused

DIGESTS = st.builds(FileDigest, sha256=st.sampled_from(["a" * 64, "b" * 64, "c" * 64]), size=st.integers(0, 3))
MANIFESTS = st.builds(Manifest, st.dictionaries(st.sampled_from("abcdefgh"), DIGESTS))


@given(old=MANIFESTS, new=MANIFESTS)
def test_difference_applied_to_the_old_gives_the_new(old, new):
    found = diff(old, new)
    files = {name: file for name, file in old.files.items() if name not in found.removed}
    files |= {name: new.files[name] for name in found.added + found.changed}

    assert files == new.files
    assert not set(found.added) & set(old.files)
    assert all(old.files[name] != new.files[name] for name in found.changed)
    assert found.empty == (old.files == new.files)


@given(manifest=MANIFESTS, other=MANIFESTS)
def test_equal_digests_mean_equal_content(manifest, other):
    def content(m):
        return {name: file.sha256 for name, file in m.files.items()}

    assert (manifest.digest == other.digest) == (content(manifest) == content(other))
    assert manifest.digest == Manifest(dict(reversed(manifest.files.items()))).digest


def test_difference_of_an_example():
    a, b = FileDigest(sha256="a", size=1), FileDigest(sha256="b", size=1)

    assert diff(Manifest({"x": a, "y": a, "z": a}), Manifest({"y": b, "z": a, "w": a})) == ManifestDiff(
        added=("w",), changed=("y",), removed=("x",)
    )


def test_all_files_are_read_but_caches(tmp_path):
    for name in (".airflowignore", "team a/dag für alle.py", "sql/q.sql", "__pycache__/x.pyc", "y.pyc", ".git/HEAD"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)

    manifest = read_manifest(tmp_path)

    assert set(manifest.files) == {".airflowignore", "team a/dag für alle.py", "sql/q.sql"}
    assert manifest.files["sql/q.sql"] == FileDigest(sha256=hashlib.sha256(b"sql/q.sql").hexdigest(), size=9)


def test_what_is_excluded_is_not_read(tmp_path):
    for name in ("a.py", "tests/test_a.py", "notes.md", "sql/q.sql"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "tests/broken").symlink_to("/nowhere")
    (tmp_path / "broken.md").symlink_to("/nowhere")

    assert set(read_manifest(tmp_path, Exclude(("tests/", "*.md"))).files) == {"a.py", "sql/q.sql"}
    with pytest.raises(DagFolderEmpty, match="but for those excluded"):
        read_manifest(tmp_path, Exclude(("*",)))


def test_folder_without_files_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()

    with pytest.raises(DagFolderEmpty, match="delete every DAG"):
        read_manifest(tmp_path)


def test_link_out_of_the_folder_is_refused(tmp_path):
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags/users.txt").symlink_to("/etc/passwd")

    with pytest.raises(FileRefused, match=r"users\.txt"):
        read_manifest(tmp_path / "dags")
