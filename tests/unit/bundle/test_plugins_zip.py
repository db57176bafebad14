import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mwaa_deploy.bundle.plugins_zip import write_plugins_zip
from mwaa_deploy.errors import FileRefused

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1).filter(
    lambda name: (
        name not in {".", "..", "__pycache__", ".git", ".DS_Store"}
        and not name.endswith(".pyc")
        and len(name.encode()) < 200
    )
)
TREES = st.dictionaries(NAMES, st.binary(max_size=100), min_size=1, max_size=8)


def digest(path: Path | None) -> str:
    assert path is not None
    return hashlib.sha256(path.read_bytes()).hexdigest()


def folder(root: Path, files: dict[str, bytes], *, when: int = 0) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (when, when))
    return root


def test_known_files_have_known_bytes(tmp_path):
    """The digest was taken once; another machine, Python or zlib must come to the same."""
    source = folder(tmp_path / "plugins", {"operators/greet.py": b"class Greet: ...\n" * 50, "ä b.txt": b"x"})
    (source / "run.sh").write_bytes(b"#!/bin/sh\n")
    (source / "run.sh").chmod(0o744)

    made = write_plugins_zip(source, tmp_path / "plugins.zip")

    assert digest(made) == "6a98219f0e4ade58a90d26e2b193153102445bfa3137da2ceaccbf4b8a83dbc6"


@given(files=TREES)
@settings(max_examples=50, deadline=None)
def test_order_of_creation_and_times_do_not_matter(files):
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        one = folder(root / "one", files, when=1_000_000_000)
        other = folder(root / "other", dict(reversed(files.items())), when=1_700_000_000)

        first = write_plugins_zip(one, root / "one.zip")
        second = write_plugins_zip(other, root / "other.zip")

        assert digest(first) == digest(second)
        with zipfile.ZipFile(root / "one.zip") as archive:
            assert {entry.filename: archive.read(entry) for entry in archive.infolist()} == files


def test_umask_does_not_matter(tmp_path):
    write = (
        "import os, sys, pathlib; os.umask(int(sys.argv[1], 8));"
        "from mwaa_deploy.bundle.plugins_zip import write_plugins_zip as w;"
        "s = pathlib.Path(sys.argv[2]); s.mkdir(); (s / 'a.py').write_text('a'); w(s, s.with_suffix('.zip'))"
    )
    for umask in ("000", "077", "022"):
        subprocess.run([sys.executable, "-c", write, umask, str(tmp_path / f"u{umask}")], check=True)

    assert len({digest(path) for path in tmp_path.glob("*.zip")}) == 1
    assert len({path.stat().st_mode for path in tmp_path.glob("u*/a.py")}) > 1


def test_execute_bit_is_kept_and_counts(tmp_path):
    source = folder(tmp_path / "plugins", {"run.sh": b"#!/bin/sh\n"})
    plain = digest(write_plugins_zip(source, tmp_path / "plain.zip"))
    (source / "run.sh").chmod(0o755)

    executable = digest(write_plugins_zip(source, tmp_path / "executable.zip"))

    assert plain != executable
    with zipfile.ZipFile(tmp_path / "executable.zip") as archive:
        assert archive.getinfo("run.sh").external_attr >> 16 == 0o100755


def test_caches_stay_out_and_entries_lie_at_the_root(tmp_path):
    source = folder(
        tmp_path / "plugins",
        {
            "a.py": b"",
            "b/c.py": b"",
            "b/__pycache__/c.cpython-311.pyc": b"",
            "old.pyc": b"",
            ".git/HEAD": b"",
            ".DS_Store": b"",
            ".keep": b"",
        },
    )

    made = write_plugins_zip(source, tmp_path / "plugins.zip")

    assert made is not None
    with zipfile.ZipFile(made) as archive:
        assert archive.namelist() == [".keep", "a.py", "b/c.py"]


def test_large_tree_unpacks_with_unzip(tmp_path):
    """Another implementation than our own reads it."""
    source = folder(tmp_path / "plugins", {f"package/module_{n}.py": b"x" * n for n in range(300)})
    made = write_plugins_zip(source, tmp_path / "plugins.zip")

    subprocess.run([sys.executable, "-m", "zipfile", "-e", str(made), str(tmp_path / "out")], check=True)

    assert {p.name: p.read_bytes() for p in (tmp_path / "out/package").iterdir()} == {
        p.name: p.read_bytes() for p in (source / "package").iterdir()
    }


def test_folder_without_files_makes_no_zip(tmp_path):
    (tmp_path / "plugins/__pycache__").mkdir(parents=True)

    assert write_plugins_zip(tmp_path / "plugins", tmp_path / "plugins.zip") is None
    assert not (tmp_path / "plugins.zip").exists()


def test_ready_made_zip_is_shipped_as_it_is(tmp_path):
    ready = tmp_path / "plugins.zip"
    ready.write_bytes(b"PK whatever")

    assert write_plugins_zip(ready, tmp_path / "other.zip") == ready


def test_link_that_stays_inside_is_followed(tmp_path):
    source = folder(tmp_path / "plugins", {"real/a.py": b"a"})
    (source / "alias").symlink_to("real")
    (source / "b.py").symlink_to("real/a.py")

    made = write_plugins_zip(source, tmp_path / "plugins.zip")

    assert made is not None
    with zipfile.ZipFile(made) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "alias/a.py": b"a",
            "b.py": b"a",
            "real/a.py": b"a",
        }


@pytest.mark.parametrize(
    ("target", "words"),
    [("../secret.txt", "leaves the folder"), ("..", "leaves the folder"), ("nowhere", "broken"), (".", "leads back")],
)
def test_link_that_leaves_or_loops_is_refused(tmp_path, target, words):
    source = folder(tmp_path / "plugins", {"a.py": b""})
    (tmp_path / "secret.txt").write_text("secret")
    (source / "link").symlink_to(target)

    with pytest.raises(FileRefused, match=words) as caught:
        write_plugins_zip(source, tmp_path / "plugins.zip")

    assert "link" in caught.value.what


def test_name_that_is_not_utf8_is_refused(tmp_path):
    source = tmp_path / "plugins"
    source.mkdir()
    with open(os.fsencode(source) + b"/\xff.py", "wb"):  # noqa: PTH123 -- a name pathlib would not take
        pass

    with pytest.raises(FileRefused, match="not UTF-8"):
        write_plugins_zip(source, tmp_path / "plugins.zip")


def test_special_file_is_refused(tmp_path):
    source = folder(tmp_path / "plugins", {"a.py": b""})
    os.mkfifo(source / "pipe")

    with pytest.raises(FileRefused, match="neither a file nor a folder"):
        write_plugins_zip(source, tmp_path / "plugins.zip")
