"""Which Python of the host is taken."""

import sys
from pathlib import Path

import pytest

from mwaa_deploy.errors import PythonMissing
from mwaa_deploy.runner.pythons import find_python


def install(folder: Path, version: str, *, name: str | None = None) -> Path:
    """A program that answers as a Python of that version does."""
    path = folder / (name or "python" + version.rpartition(".")[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"""#!/bin/sh\necho '["{version}", "{path}", "{folder.parent}"]'\n""")
    path.chmod(0o755)
    return path


def test_the_very_version_is_taken_before_a_nearer_one(tmp_path):
    install(tmp_path / "bin", "3.11.2")
    exact = install(tmp_path / "tools" / "Python" / "3.11.9" / "x64" / "bin", "3.11.9")
    env = {"PATH": f"{tmp_path}/bin", "RUNNER_TOOL_CACHE": f"{tmp_path}/tools", "HOME": f"{tmp_path}"}
    found = find_python("3.11.9", env)
    assert (found.executable, found.version) == (exact, "3.11.9")
    assert found.prefix == exact.parent.parent


def test_the_first_of_the_minor_release_is_taken_otherwise(tmp_path):
    install(tmp_path / "a", "3.12.1", name="python3")
    first = install(tmp_path / "b", "3.11.2", name="python3")
    install(tmp_path / "pyenv" / "versions" / "3.11.7" / "bin", "3.11.7")
    env = {"PATH": f"{tmp_path}/a::{tmp_path}/b", "PYENV_ROOT": f"{tmp_path}/pyenv"}
    assert find_python("3.11.9", env).executable == first


@pytest.mark.parametrize(
    ("folder", "variable", "root"),
    [
        ("tools/Python/3.11.7/x64/bin", "RUNNER_TOOL_CACHE", "tools"),
        (".pyenv/versions/3.11.7/bin", "", ""),
        (".local/share/uv/python/cpython-3.11.7-linux-x86_64-gnu/bin", "", ""),
        ("own/cpython-3.11.7-linux-x86_64-gnu/bin", "UV_PYTHON_INSTALL_DIR", "own"),
    ],
)
def test_it_is_found_where_tools_put_it(tmp_path, folder, variable, root):
    there = install(tmp_path / folder, "3.11.7")
    env = {"PATH": "", "HOME": f"{tmp_path}", **({variable: f"{tmp_path / root}"} if variable else {})}
    assert find_python("3.11.9", env).executable == there


def test_one_that_does_not_run_is_passed_over(tmp_path):
    broken = install(tmp_path / "bin", "3.11.2")
    broken.write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(PythonMissing, match=r"No Python 3\.11 was found") as raised:
        find_python("3.11.9", {"PATH": f"{tmp_path}/bin", "HOME": f"{tmp_path}", "RUNNER_TOOL_CACHE": f"{tmp_path}"})
    assert "uses: actions/setup-python@v6" in raised.value.mend
    assert 'python-version: "3.11"' in raised.value.mend


def test_the_python_beneath_a_virtual_environment_is_taken():
    wanted = "{}.{}.{}".format(*sys.version_info[:3])
    found = find_python(wanted, {"PATH": str(Path(sys.executable).parent), "HOME": "/nonexistent"})
    assert found.prefix == Path(sys.base_prefix).resolve()
    assert found.version == wanted
