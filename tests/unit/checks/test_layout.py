"""Where a project lies in the runner, and the way back."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from mwaa_deploy.bundle.exclude import Exclude
from mwaa_deploy.bundle.folder import folder_files
from mwaa_deploy.checks.layout import lay_out, plan_layout
from mwaa_deploy.checks.plugins_folder import judge_unpacking
from mwaa_deploy.checks.pytest_config import find_pytest_config, names_test_files
from mwaa_deploy.checks.verdicts import Location, Severity
from mwaa_deploy.source.project import Project
from tests.fakes.runner import FakeRunner

HOME = PurePosixPath("/usr/local/airflow")
CHECKOUT = HOME / ".mwaa-deploy/unit-tests/project"


def project(repository: Path, files: str, **parts: str) -> Project:
    for name in files.split():
        path = repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    root = repository / parts.pop("root", "")
    found: dict[str, Any] = {name: root / path for name, path in parts.items()}
    dags = found.pop("dags", root / "dags")
    return Project(repository=repository, root=root, dags=dags, **found)


def test_each_part_goes_where_mwaa_has_it(tmp_path):
    layout = plan_layout(
        project(
            tmp_path,
            "etl/src/dags/a.py etl/plug/p.py etl/req.txt etl/boot.sh etl/tests/unit/test_a.py",
            root="etl",
            dags="src/dags",
            plugins="plug",
            requirements="req.txt",
            startup_script="boot.sh",
            tests="tests/unit",
        ),
        HOME,
    )

    assert {str(p.destination.relative_to(HOME)): p.source.relative_to(tmp_path).as_posix() for p in layout.placed} == {
        "dags": "etl/src/dags",
        "plugins": "etl/plug",
        "requirements/requirements.txt": "etl/req.txt",
        "startup/startup.sh": "etl/boot.sh",
    }
    assert layout.tests == CHECKOUT / "tests/unit"


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        ("/usr/local/airflow/dags/team/a.py", "etl/src/dags/team/a.py"),
        ("dags/a.py", "etl/src/dags/a.py"),
        ("/usr/local/airflow/dags", "etl/src/dags"),
        ("requirements/requirements.txt", "etl/req.txt"),
        ("tests/test_a.py", "etl/tests/test_a.py"),
        ("sql/q.sql", "etl/sql/q.sql"),
        ("src/dags/a.py", "etl/src/dags/a.py"),
        (f"{CHECKOUT}/sql/q.sql", "etl/sql/q.sql"),
        (f"{CHECKOUT}/src/dags/a.py", "etl/src/dags/a.py"),
        (f"{CHECKOUT}/dags/a.py", "etl/src/dags/a.py"),
        (f"{CHECKOUT}/../conftest.py", None),
        ("/usr/local/airflow/dags_of_others/a.py", None),
        ("/usr/lib/python3.11/json/__init__.py", None),
        ("/usr/local/airflow/sql/q.sql", None),
        ("", None),
    ],
)
def test_a_path_in_the_runner_is_found_in_the_repository(tmp_path, inside, outside):
    files = "etl/src/dags/a.py etl/req.txt etl/tests/test_a.py"
    layout = plan_layout(
        project(tmp_path, files, root="etl", dags="src/dags", requirements="req.txt", tests="tests"), HOME
    )

    assert layout.location(inside, 7) == (Location(file=outside, line=7) if outside else None)


def test_tests_inside_the_dag_folder_stay_there(tmp_path):
    layout = plan_layout(project(tmp_path, "dags/tests/test_a.py", tests="dags/tests"), HOME)

    assert layout.tests == CHECKOUT / "dags/tests"
    assert [placed.destination for placed in layout.placed] == [HOME / "dags"]
    assert [(led.source, led.destination) for led in layout.led] == [(tmp_path / "dags", CHECKOUT / "dags")]


def test_settings_of_pytest_are_taken_from_the_project_and_not_from_above(tmp_path):
    found = project(tmp_path, "etl/dags/a.py etl/tests/test_a.py conftest.py pytest.ini", root="etl", tests="tests")
    assert plan_layout(found, HOME).pytest_config is None
    (tmp_path / "etl" / "setup.cfg").write_text("[tool:pytest]\n")
    assert plan_layout(found, HOME).pytest_config == CHECKOUT / "setup.cfg"


@pytest.mark.parametrize(
    ("name", "text", "counts"),
    [
        ("pytest.ini", "", True),
        (".pytest.ini", "", True),
        ("pyproject.toml", "[tool.pytest.ini_options]\n", True),
        ("pyproject.toml", "[tool.pytest]\n", True),
        ("pyproject.toml", "[tool.ruff]\n", False),
        ("tox.ini", "[pytest]\n", True),
        ("tox.ini", "[tox]\n", False),
        ("setup.cfg", "[tool:pytest]\n", True),
        ("setup.cfg", "[metadata]\n", False),
    ],
)
def test_settings_count_where_pytest_reads_them(tmp_path, name, text, counts):
    (tmp_path / "tests").mkdir()
    (tmp_path / name).write_text(text)

    assert find_pytest_config(tmp_path / "tests", tmp_path) == (tmp_path / name if counts else None)


def test_settings_nearest_to_the_tests_win(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "pytest.ini").touch()
    (tmp_path / "tests" / "pytest.ini").write_text("[pytest]\npython_files = check_*.py\n")

    found = find_pytest_config(tmp_path / "tests", tmp_path)

    assert found == tmp_path / "tests" / "pytest.ini"
    assert names_test_files(found)
    assert not names_test_files(tmp_path / "pytest.ini")
    assert not names_test_files(None)


def test_plugins_are_laid_out_by_their_zip_and_found_again_in_their_folder(tmp_path):
    found = project(tmp_path, "dags/a.py plugins/ours/p.py plugins/.DS_Store", plugins="plugins")
    runner = FakeRunner()
    layout = plan_layout(found, runner.home)
    runner.answer(
        runner.python, writes={layout.own / "plugins.json": b'{"problem": null, "files": 1, "top": ["ours"]}'}
    )

    assert lay_out(layout, runner) == ()

    with zipfile.ZipFile(io.BytesIO(runner.files[layout.own / "plugins.zip"])) as archive:
        assert archive.namelist() == ["ours/p.py"]
    assert not any(path.is_relative_to(layout.plugins) for path in runner.files)
    assert runner.files[runner.home / "dags/a.py"] == b""
    assert layout.own / "dag_probe.py" in runner.files
    assert layout.location(str(layout.plugins / "ours/p.py"), 3) == Location(file="plugins/ours/p.py", line=3)


def test_a_ready_made_zip_is_itself_the_place_of_all_in_it(tmp_path):
    layout = plan_layout(project(tmp_path, "dags/a.py plugins.zip", plugins="plugins.zip"), HOME)

    assert layout.location("plugins/ours/p.py", 3) == Location(file="plugins.zip")


def test_a_built_zip_is_taken_as_it_is(tmp_path):
    found = project(tmp_path, "dags/a.py plugins/p.py", plugins="plugins")
    (tmp_path / "built.zip").write_bytes(b"built")
    runner = FakeRunner()
    layout = plan_layout(found, runner.home, plugins_zip=tmp_path / "built.zip")

    lay_out(layout, runner)

    assert runner.files[layout.own / "plugins.zip"] == b"built"


def test_the_runner_gets_no_dag_file_that_is_not_shipped(tmp_path):
    found = project(tmp_path, "dags/a.py dags/helpers/h.py dags/notes/n.py dags/b.md")
    runner = FakeRunner()

    lay_out(plan_layout(replace(found, exclude=Exclude(("notes/", "*.md"))), runner.home), runner)

    dags = {str(path.relative_to(runner.home)) for path in runner.files if path.is_relative_to(runner.home / "dags")}
    assert dags == {"dags/a.py", "dags/helpers/h.py"}


def test_the_runner_gets_the_dag_files_that_are_shipped_and_nothing_else(tmp_path):
    found = project(
        tmp_path, "dags/a.py dags/cached.pyc dags/helpers/h.py dags/helpers/__pycache__/h.pyc dags/.DS_Store"
    )
    (tmp_path / "dags" / "empty").mkdir()
    (tmp_path / "dags" / "led.py").symlink_to(tmp_path / "dags" / "helpers" / "h.py")
    runner = FakeRunner()

    lay_out(plan_layout(found, runner.home), runner)

    dags = {str(path.relative_to(runner.home)) for path in runner.files if path.is_relative_to(runner.home / "dags")}
    assert dags == {f"dags/{file.name}" for file in folder_files(found.dags)}
    assert dags == {"dags/a.py", "dags/helpers/h.py", "dags/led.py"}


def test_a_dag_folder_that_cannot_be_shipped_is_judged_all_the_same(tmp_path):
    found = project(tmp_path, "dags/a.py")
    (tmp_path / "dags" / "out.py").symlink_to("/etc/hostname")
    runner = FakeRunner()

    lay_out(plan_layout(found, runner.home), runner)

    assert runner.home / "dags/a.py" in runner.files


def test_unit_tests_among_the_dags_are_run_although_they_are_not_shipped(tmp_path):
    found = project(tmp_path, "dags/a.py dags/tests/test_a.py dags/tests/data/x.md dags/b.md", tests="dags/tests")
    runner = FakeRunner()

    lay_out(plan_layout(replace(found, exclude=Exclude(("tests/", "*.md"))), runner.home), runner)

    dags = {str(path.relative_to(runner.home)) for path in runner.files if path.is_relative_to(runner.home / "dags")}
    assert dags == {"dags/a.py", "dags/tests/test_a.py", "dags/tests/data/x.md"}


def test_the_users_rules_lie_beside_our_scripts(tmp_path):
    found = project(tmp_path, "dags/a.py rules/names.py")
    runner = FakeRunner()
    layout = plan_layout(found, runner.home, rules_folder=tmp_path / "rules")

    lay_out(layout, runner)

    assert layout.rules / "names.py" in runner.files
    assert layout.location(str(layout.rules / "names.py"), 2) == Location(file="rules/names.py", line=2)


@pytest.mark.parametrize(
    ("document", "severity", "words"),
    [
        (None, Severity.FAIL, "did not come to an end"),
        (b"[]", Severity.FAIL, "did not come to an end"),
        (b'{"problem": "it is no sound zip file", "files": 0, "top": []}', Severity.FAIL, "no sound zip file"),
        (b'{"problem": null, "files": 2, "top": ["plugins"]}', Severity.WARN, "plugins/plugins/"),
    ],
)
def test_a_zip_that_mwaa_cannot_use_is_told(document, severity, words):
    (verdict,) = judge_unpacking(document, "", Location(file="plugins.zip"))

    assert verdict.severity is severity
    assert words in verdict.message
