"""What pip says it would install, as a requirements file."""

import json
from typing import Any

import pytest

from mwaa_deploy.checks.result_files import ForeignResult
from mwaa_deploy.checks.tests_packages import wanted_lines


def entry(name: str, *, direct: bool = False, **download: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "version": "1.2"},
        "is_direct": direct,
        "download_info": {"url": f"https://example.com/{name}.whl", **download},
    }


def lines(*entries: object) -> tuple[str, ...]:
    return wanted_lines(json.dumps({"version": "1", "install": entries}).encode())


def test_each_is_pinned_with_its_hash():
    new = entry("a", archive_info={"hash": "sha256=0a", "hashes": {"sha256": "0a"}})
    old = entry("b", archive_info={"hash": "sha256=0b"})

    assert lines(new, old) == ("a==1.2 --hash=sha256:0a", "b==1.2 --hash=sha256:0b")
    assert lines() == ()


def test_without_every_hash_there_is_none():
    commit = {"vcs": "git", "commit_id": "c0ffee"}
    found = lines(
        entry("a", archive_info={"hashes": {"sha256": "0a"}}),
        entry("b", direct=True, vcs_info=commit, url="https://example.com/b"),
        entry("c", direct=True, dir_info={"editable": True}, url="file:///project"),
        entry("d", archive_info={"hash": "md5=0d"}),
    )

    assert found == ("a==1.2", "b @ git+https://example.com/b@c0ffee", "c @ file:///project", "d==1.2")


@pytest.mark.parametrize(
    "report",
    [b"", b"[]", b'{"install": 1}', b'{"install": [1]}', b'{"install": [{"metadata": {}, "is_direct": false}]}'],
)
def test_another_report_is_none_of_pips(report):
    with pytest.raises(ForeignResult):
        wanted_lines(report)
