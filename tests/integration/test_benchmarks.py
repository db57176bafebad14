"""The benchmarks still do what they measure: one round on a small folder. The time they take is nobody's verdict."""

import json

import pytest

from benchmarks import base, parse_folder, sync
from benchmarks.git_server import serving_git
from benchmarks.results import as_json
from benchmarks.setting import prepared
from tests.fixtures.git import Remote, git
from tests.fixtures.runner import base_image


@pytest.mark.engine
def test_probe_and_dagbag_parse_the_same_folder(monkeypatch):
    monkeypatch.setenv("MWAA_DEPLOY_BASE_IMAGE", base_image())
    with prepared(print) as setting:
        found = parse_folder.run(setting, rounds=1, names=["parse-1000"], few=6)
    figures = json.loads(as_json(found))["parse-1000"]
    assert figures["ours_s"] > 0
    assert figures["theirs_s"] > 0


@pytest.mark.lab
def test_syncs_send_what_differs_and_nothing_else():
    found = {outcome.name: outcome for outcome in sync.measure(told=print, rounds=1, files=12, changed=5)}
    assert set(found) == set(sync.NAMES)
    for outcome in found.values():
        assert not outcome.shortfalls
        assert outcome.ours > 0
        assert outcome.other > 0
    assert found["sync-unchanged-floor"].notes == ("0 PUTs for unchanged files, 5 for 5 changed ones",)


def test_one_commit_and_the_whole_history_tell_the_same_changes():
    found = base.measure(told=print, rounds=1, commits=60, since_base=20)
    assert (len(found.ours_s), len(found.theirs_s)) == (1, 1)
    assert "MB received, theirs" in found.notes[0]


def test_a_history_is_as_long_as_asked_for_and_names_what_changed_since_its_base(tmp_path):
    history = base.write_history(tmp_path / "history", commits=30, since_base=4)
    listed = git(history.folder, "log", "--format=", "--name-only", f"{history.base}..main").split()
    assert len(git(history.folder, "rev-list", "main").split()) == 30
    assert len(git(history.folder, "rev-list", f"{history.base}..main").split()) == 4
    assert tuple(sorted(set(listed))) == history.changed


def test_the_server_counts_what_it_sends(tmp_path):
    remote = Remote(tmp_path / "remote")
    remote.commit({"small": "1"})
    with serving_git(remote.folder / ".git") as server:
        git(tmp_path, "clone", "--quiet", server.url, "first")
        small, server.sent = server.sent, 0
        remote.commit({"large": "".join(f"{number * 7919:x}" for number in range(50_000))})
        git(tmp_path, "clone", "--quiet", server.url, "second")
    assert (tmp_path / "second" / "large").exists()
    assert 0 < small < 10_000 < server.sent
