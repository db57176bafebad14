"""The pictures in the documentation are there, small, and of every situation."""

import importlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_every_situation_has_its_picture_in_the_documentation():
    done = subprocess.run(
        [sys.executable, "-m", "scripts.pictures", "--check"], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, ""), "run: make pictures"


def test_what_is_missing_too_large_or_left_over_is_told(tmp_path, monkeypatch):
    pictures = importlib.import_module("scripts.pictures")
    monkeypatch.setattr(pictures, "FOLDER", tmp_path)
    (tmp_path / "summary-gone-light.png").touch()
    (tmp_path / "summary-drift-light.png").write_bytes(bytes(pictures.MAX_BYTES + 1))
    found = pictures.faults()
    assert "summary-first-deploy-light.png is missing" in found
    assert "summary-gone-light.png shows no situation any more" in found
    assert f"summary-drift-light.png has {pictures.MAX_BYTES + 1} bytes" in found
