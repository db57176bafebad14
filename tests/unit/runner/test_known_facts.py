"""What is remembered of images."""

import dataclasses
from pathlib import Path

from mwaa_deploy.runner import known_facts
from mwaa_deploy.runner.known_facts import KnownFacts
from tests.unit.runner.test_facts import AS_MWAA

IMAGE = "sha256:" + "ab" * 32
FACTS = dataclasses.replace(AS_MWAA, psycopg2=None, other_pythons=("/usr/bin/python3",))


def test_what_is_kept_is_found_as_it_was(tmp_path):
    KnownFacts(tmp_path / "images").keep(IMAGE, FACTS)
    assert KnownFacts(tmp_path / "images").find(IMAGE) == FACTS


def test_another_image_is_not_known(tmp_path):
    known = KnownFacts(tmp_path)
    known.keep(IMAGE, FACTS)
    assert known.find("sha256:" + "cd" * 32) is None


def test_a_probe_that_looks_for_something_else_looks_anew(tmp_path, monkeypatch):
    known = KnownFacts(tmp_path)
    known.keep(IMAGE, FACTS)
    monkeypatch.setattr(known_facts, "TEST_TOOLS", "/elsewhere")
    assert known.find(IMAGE) is None


def test_a_broken_file_is_none_and_is_replaced(tmp_path):
    known = KnownFacts(tmp_path)
    known.keep(IMAGE, FACTS)
    (file,) = tmp_path.iterdir()
    file.write_text("{", encoding="utf-8")
    assert known.find(IMAGE) is None
    known.keep(IMAGE, dataclasses.replace(FACTS, gid=7))
    assert known.find(IMAGE) == dataclasses.replace(FACTS, gid=7)
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_a_cache_that_cannot_be_written_is_none(tmp_path):
    Path(tmp_path, "file").write_text("", encoding="utf-8")
    known = KnownFacts(tmp_path / "file" / "images")
    known.keep(IMAGE, FACTS)
    assert known.find(IMAGE) is None
