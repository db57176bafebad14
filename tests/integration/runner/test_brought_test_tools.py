"""The tools for unit tests that our own runners bring: compiled, out of the user's reach, and used where they are."""

import hashlib
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from mwaa_deploy.checks.layout import Layout
from mwaa_deploy.checks.settings import CheckSettings, UnitTestSettings
from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.inputs import RunnerKind
from mwaa_deploy.package_data import lock_of_test_tools
from mwaa_deploy.ports import Runner, RunnerFamily
from mwaa_deploy.runner.container import ContainerRunner, ContainerSettings
from mwaa_deploy.runner.container_look import TEST_TOOLS
from mwaa_deploy.runner.engine import Engine, connect
from mwaa_deploy.runner.images import own_tag
from mwaa_deploy.runner.packages import find_packages, images_folder
from mwaa_deploy.source.project import Project
from tests.fixtures.runner import AIRFLOW, our_environment, running
from tests.fixtures.standin_images import standin_image
from tests.integration.checks.conftest import laid_out, run_unit_tests, test_tools

__all__ = ["test_tools"]

pytestmark = pytest.mark.airflow

KINDS = [pytest.param(RunnerKind.CONTAINER, id="container", marks=pytest.mark.engine)]
KINDS += [pytest.param(RunnerKind.VENV, id="venv")]

TEST = """import pathlib
import sys

import pytest

def test_a():
    tools = str(pathlib.Path(pytest.__file__).parents[1])
    assert tools == sys.path[-1]
    assert tools == {tools!r}
    assert ("coverage" in sys.modules) is {coverage}
"""


@pytest.fixture(scope="module", params=KINDS)
def runner(request: pytest.FixtureRequest) -> Iterator[Runner]:
    with running(request.param) as opened:
        yield opened


@pytest.fixture
def engine() -> Iterator[Engine]:
    with connect(our_environment(), "test-brought-tools") as engine:
        yield engine


def not_wanted() -> Path:
    raise AssertionError("tools were asked for")


def project(root: Path, text: str) -> Project:
    for name, body in {"tests/test_a.py": text, "dags/d.py": "x = 1\n"}.items():
        (root / name).parent.mkdir()
        (root / name).write_text(body)
    return Project(repository=root, root=root, dags=root / "dags", tests=root / "tests")


def copied(layout: Layout, runner: Runner) -> bool:
    return runner.read(layout.own / "test-tools" / "pytest" / "__init__.py") is not None


def test_our_own_runners_bring_the_ones_that_are_wanted(runner):
    marker = runner.read(runner.test_tools / "lock.sha256")
    assert marker.split()[0].decode() == hashlib.sha256(lock_of_test_tools().read_bytes()).hexdigest()


def test_they_are_imported_from_their_compiled_form(runner):
    tools = str(runner.test_tools)
    code = f"import sys; sys.path.append({tools!r}); import pytest, _pytest.config, _pytest.terminal, coverage.control"
    # -v says what each module was loaded from.
    said = runner.run([runner.python, "-v", "-c", code], timeout=60)
    assert said.exit_code == 0, said.output[-2000:]
    loaded = [
        line.split("'")[1] for line in said.output.splitlines() if line.startswith(f"# code object from '{tools}")
    ]
    assert f"{tools}/pytest/__pycache__/__init__" in {path.split(".cpython-")[0] for path in loaded}
    assert f"{tools}/coverage/__pycache__/control" in {path.split(".cpython-")[0] for path in loaded}
    assert [path for path in loaded if not path.endswith(".pyc")] == []


@pytest.mark.parametrize(
    "change",
    [
        'echo "x = 1" > "$1/sitecustomize.py"',
        'echo "x = 1" >> "$1/pytest/__init__.py"',
        'rm "$1/lock.sha256"',
        'mv "$1" "$1.away"',
        'chmod u+w "$1"',
        'touch "${1%/*}/other"',
    ],
)
def test_the_users_code_cannot_change_them(runner, change):
    done = runner.run(["/bin/sh", "-c", change, "sh", str(runner.test_tools)], timeout=60)
    assert done.exit_code != 0
    assert runner.read(runner.test_tools / "lock.sha256")


@pytest.mark.parametrize("coverage", [False, True])
def test_unit_tests_run_with_them_where_they_are(runner, tmp_path, coverage):
    asked = project(tmp_path, TEST.format(tools=str(runner.test_tools), coverage=coverage))
    layout = laid_out(asked, runner)
    settings = CheckSettings(tests=UnitTestSettings(coverage=coverage))

    result = run_unit_tests(layout, runner, not_wanted, settings=settings)

    assert result.failures == (), result.log
    assert "1 passed" in result.log
    assert not copied(layout, runner)


def changed_image(engine: Engine, member: tarfile.TarInfo, body: bytes) -> str:
    """Our own image, with one file or folder put over what it has."""
    container = engine.client.containers.create(own_tag(find_packages(images_folder({}), AIRFLOW)))
    try:
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as file:
            file.addfile(member, io.BytesIO(body))
        container.put_archive("/", archive.getvalue())
        return str(container.commit("mwaa-deploy/test", "brought-tools").id)
    finally:
        container.remove()


def of_another_lock() -> tuple[tarfile.TarInfo, bytes]:
    body = b"0" * 64 + b"  -\n"
    member = tarfile.TarInfo(f"{TEST_TOOLS.lstrip('/')}/lock.sha256")
    member.size = len(body)
    return member, body


def of_the_user() -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(TEST_TOOLS.lstrip("/"))
    member.type, member.mode, member.uid, member.gid = tarfile.DIRTYPE, 0o755, 1000, 1000
    return member, b""


@pytest.mark.engine
@pytest.mark.parametrize("kind", [of_another_lock, of_the_user])
def test_tools_of_another_lock_or_within_the_users_reach_do_not_count(engine, kind):
    with running(RunnerKind.CONTAINER) as ours:
        assert ours.test_tools == PurePosixPath(TEST_TOOLS)
    image = changed_image(engine, *kind())
    try:
        with ContainerRunner(engine, ContainerSettings(image=image, airflow_version=AIRFLOW, environment={})) as runner:
            assert runner.family is RunnerFamily.OURS
            assert runner.test_tools is None
    finally:
        engine.client.images.remove(image, force=True)


@pytest.mark.engine
def test_a_runner_of_another_family_gets_them_copied(engine, tmp_path, test_tools):
    image = standin_image(RunnerFamily.MWAA_IMAGES, AIRFLOW)
    with ContainerRunner(engine, ContainerSettings(image=image, airflow_version=AIRFLOW, environment={})) as runner:
        assert runner.test_tools is None
        tools = "/usr/local/airflow/.mwaa-deploy/test-tools"
        layout = laid_out(project(tmp_path, TEST.format(tools=tools, coverage=False)), runner)

        result = run_unit_tests(layout, runner, test_tools)

        assert result.severity is Severity.PASS, result.log
        assert copied(layout, runner)
