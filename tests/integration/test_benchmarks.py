"""The benchmarks still do what they measure: one round on a small folder. The time they take is nobody's verdict."""

import json

import pytest

from benchmarks import parse_folder
from benchmarks.results import as_json
from benchmarks.setting import prepared
from tests.fixtures.runner import base_image


@pytest.mark.engine
def test_probe_and_dagbag_parse_the_same_folder(monkeypatch):
    monkeypatch.setenv("MWAA_DEPLOY_BASE_IMAGE", base_image())
    with prepared(print) as setting:
        found = parse_folder.run(setting, rounds=1, names=["parse-1000"], few=6)
    figures = json.loads(as_json(found))["parse-1000"]
    assert figures["ours_s"] > 0
    assert figures["theirs_s"] > 0
