"""The rehearsal of a release: built, pushed, locked by digest, and tried by act from a clone of the release commit."""

import os
import re
import subprocess
import sys

import pytest

from lab.project import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.engine, pytest.mark.lab, pytest.mark.airflow]


def test_the_release_commit_pulls_its_images_by_digest_and_builds_none(base_image):
    before = (ROOT / "entrypoint" / "image.lock").read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "release", "rehearse"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")]), **base_image},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    images = dict(re.findall(r"Image of (\S+): (127\.0\.0\.1:\d+/mwaa-deploy@sha256:[0-9a-f]{64})", done.stdout))
    assert set(images) == {"action", "action-dind"}
    assert len(set(images.values())) == 2
    for target in images:
        assert re.search(rf"rehearsal: {target}: pulled and tried in \d+ s; nothing was built\.", done.stdout)
    assert re.search(
        r"Draft: mwaa_deploy-[\d.]+-py3-none-any\.whl, mwaa_deploy-[\d.]+\.tar\.gz; \d+ lines of notes", done.stdout
    )
    # Nothing is left, neither here nor in the checkout.
    names = subprocess.run(["docker", "image", "ls", "--digests"], capture_output=True, text=True, check=True).stdout
    assert not any(reference.partition("@")[0] in names for reference in images.values())
    assert (ROOT / "entrypoint" / "image.lock").read_bytes() == before
