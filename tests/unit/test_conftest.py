"""The rules of tests/conftest.py, tried on small suites of their own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run pytest over a tree of test files that begins with our conftest."""

    def run_pytest(
        files: Mapping[str, str], *, require_all: bool = False, options: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        tests = tmp_path / "tests"
        tests.mkdir()
        shutil.copy(Path(__file__).parents[1] / "conftest.py", tests)
        for name, text in files.items():
            path = tests / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        environment = {"PATH": os.environ["PATH"], "MWAA_DEPLOY_REQUIRE_ALL": "1" if require_all else "0"}
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--import-mode=importlib", *options, "tests"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run_pytest


SKIPS = {
    "integration/test_a.py": "import pytest\n\ndef test_it():\n    pytest.skip('no Docker Engine answers')\n",
    "integration/test_b.py": "import pytest\npytest.skip('no lab', allow_module_level=True)\n",
    "integration/test_c.py": "import pytest\n\n@pytest.mark.xfail\ndef test_it():\n    assert False\n",
}


def test_a_skip_is_a_skip_on_a_machine_that_lacks_a_part(run: Run) -> None:
    result = run(SKIPS)

    assert (result.returncode, "2 skipped, 1 xfailed" in result.stdout) == (0, True), result.stdout


def test_a_skip_is_a_failure_where_everything_is_required(run: Run) -> None:
    result = run(SKIPS, require_all=True, options=("--continue-on-collection-errors",))

    assert result.returncode == 1
    assert "1 failed, 1 xfailed, 1 error" in result.stdout
    assert "no Docker Engine answers" in result.stdout
    assert "no lab" in result.stdout


def test_the_suites_run_from_the_cheapest_to_the_dearest(run: Run) -> None:
    suites = ("e2e", "contract", "unit", "integration")

    result = run({f"{suite}/test_{suite}.py": "def test_it():\n    pass\n" for suite in suites}, options=("-v",))

    ran = [line.split("/")[1] for line in result.stdout.splitlines() if line.startswith("tests/")]
    assert ran == ["unit", "contract", "integration", "e2e"]


CONNECT = """
import socket

def test_it():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.{call}(server.getsockname())
"""


@pytest.mark.parametrize("call", ["connect", "connect_ex"])
def test_a_unit_test_cannot_connect(run: Run, call: str) -> None:
    result = run({"unit/test_a.py": CONNECT.format(call=call), "integration/test_b.py": CONNECT.format(call=call)})

    assert "1 failed, 1 passed" in result.stdout
    assert "a unit test reached for the network" in result.stdout


def test_a_unit_test_cannot_look_up_a_name(run: Run) -> None:
    result = run(
        {"unit/test_a.py": "import socket\n\ndef test_it():\n    socket.create_connection(('localhost', 9))\n"}
    )

    assert "a unit test looked up a name: 'localhost'" in result.stdout


def test_a_unit_test_may_use_a_socket_file(run: Run) -> None:
    result = run(
        {
            "unit/test_a.py": """
import socket

def test_it(tmp_path):
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(str(tmp_path / "s"))
        server.listen()
        client.connect(str(tmp_path / "s"))
"""
        }
    )

    assert "1 passed" in result.stdout
