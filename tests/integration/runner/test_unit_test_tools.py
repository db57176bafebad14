"""pytest for the user's unit tests, installed on demand from the locked packages."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mwaa_deploy.errors import RunnerBroken
from mwaa_deploy.runner.unit_test_tools import provide_test_tools
from tests.fakes.log import FakeLog


def test_the_folder_that_the_action_brings_along_is_taken():
    log = FakeLog()
    assert provide_test_tools({"MWAA_DEPLOY_TEST_TOOLS": "/opt/tools"}, log) == Path("/opt/tools")
    assert log.lines == []


def test_else_they_are_installed_once_and_kept(tmp_path):
    log = FakeLog()
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    env.pop("MWAA_DEPLOY_TEST_TOOLS", None)
    folder = provide_test_tools(env, log)
    assert folder.is_relative_to(tmp_path)
    code = "import pytest; print(pytest.__file__)"
    isolated = [sys.executable, "-S", "-c", f"import sys; sys.path.insert(0, {str(folder)!r}); {code}"]
    found = subprocess.run(isolated, check=True, capture_output=True, text=True, env={})
    assert Path(found.stdout.strip()).is_relative_to(folder)
    assert provide_test_tools(env, log) == folder
    assert len(log.lines) == 1
    assert [path.name for path in (tmp_path / "mwaa-deploy").iterdir()] == [folder.name]


def test_an_index_that_does_not_answer_is_one_clear_error_and_leaves_nothing(tmp_path):
    env = {
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "UV_CACHE_DIR": str(tmp_path / "uv"),
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "UV_HTTP_TIMEOUT": "1",
    }
    with pytest.raises(RunnerBroken) as refused:
        provide_test_tools(env, FakeLog())
    assert "pytest for the unit tests could not be installed" in refused.value.what
    assert "PIP_INDEX_URL" in refused.value.mend
    assert list((tmp_path / "cache" / "mwaa-deploy").iterdir()) == []
