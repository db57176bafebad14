"""A requirements file and what it brings in."""

import zipfile
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mwaa_deploy.checks.project_files import MWAA_HOME, ProjectFiles, SeenFiles
from mwaa_deploy.checks.requirement_files import Arrival, in_runner, named_path
from mwaa_deploy.checks.requirement_lines import parse_requirements
from mwaa_deploy.source.project import Project
from tests.unit.checks.trees import tree_of

DAGS = "/usr/local/airflow/dags"


def arrivals(text: str, files: dict[str, str | bytes] | None = None) -> list[Arrival]:
    return [reference.arrival for reference in tree_of(text, files).references]


def test_files_are_read_in_the_order_in_which_pip_reads_them():
    files: dict[str, str | bytes] = {
        "dags/a.txt": "one\n-r sub/b.txt\n",
        "dags/sub/b.txt": "two\n-c ../c.txt\n",
        "dags/c.txt": "x==1",
    }

    tree = tree_of(f"zero\n-r {DAGS}/a.txt\nthree\n", files)

    assert [file.name for file in tree.files] == ["requirements.txt", "dags/a.txt", "dags/sub/b.txt", "dags/c.txt"]
    assert [(file.name, line.text) for file, line in tree.asking] == [
        ("requirements.txt", "zero"),
        ("requirements.txt", "three"),
        ("dags/a.txt", "one"),
        ("dags/sub/b.txt", "two"),
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"-r {DAGS}/none.txt", Arrival.ABSENT),
        ("-r more.txt", Arrival.ABSENT),
        ("-c ../plugins/none.txt", Arrival.ABSENT),
        ("-r /opt/more.txt", Arrival.UNKNOWN),
        (f"-c file://{DAGS}/c.txt", Arrival.READ),
        (f'--constraint "{DAGS}/c.txt"', Arrival.READ),
        ("-r requirements.txt", Arrival.LOOP),
    ],
)
def test_it_is_told_whether_a_file_is_there(line, expected):
    assert arrivals(line, {"dags/c.txt": "x==1"}) == [expected]


@pytest.mark.parametrize("line", ["-c https://x.example/c.txt", "-r ${HOME}/c.txt", "-c file://[", "six", "-c a\0b"])
def test_what_is_no_path_is_no_reference(line):
    assert arrivals(line) == []


def test_a_ring_of_files_comes_to_an_end():
    files: dict[str, str | bytes] = {"dags/a.txt": "-r b.txt\n", "dags/b.txt": "-r a.txt\n"}

    assert arrivals(f"-r {DAGS}/a.txt", files) == [Arrival.READ, Arrival.READ, Arrival.LOOP]


def test_files_that_double_at_each_step_come_to_an_end():
    files: dict[str, str | bytes] = {f"dags/{n}.txt": f"-r {n + 1}.txt\n-r {n + 1}.txt\n" for n in range(30)}

    assert len(tree_of(f"-r {DAGS}/0.txt", files).files) == 100


@given(st.text(), st.text())
def test_any_text_is_read(text, more):
    tree = tree_of(f"-r {DAGS}/a.txt\n{text}".encode(errors="replace"), {"dags/a.txt": more.encode(errors="replace")})

    assert tree.root.name == "requirements.txt"


def test_a_path_on_mwaa_is_told_in_a_runner_with_another_home():
    assert in_runner(MWAA_HOME / "dags" / "c.txt", PurePosixPath("/tmp/home")) == PurePosixPath("/tmp/home/dags/c.txt")
    assert in_runner(PurePosixPath("/opt/c.txt"), PurePosixPath("/tmp/home")) == PurePosixPath("/opt/c.txt")


def test_what_is_relative_belongs_to_the_folder_of_the_file():
    (line,) = parse_requirements("-r ../x/./y.txt").lines

    assert named_path(line, MWAA_HOME / "dags" / "a" / "b.txt") == MWAA_HOME / "dags" / "x" / "y.txt"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "repository"
    (root / "dags" / "sub").mkdir(parents=True)
    (root / "dags" / "c.txt").write_text("x==1")
    (root / "requirements.txt").write_text("six")
    (tmp_path / "secret.txt").write_text("secret")
    (root / "dags" / "link.txt").symlink_to(tmp_path / "secret.txt")
    return Project(repository=root, root=root, dags=root / "dags", requirements=root / "requirements.txt")


@pytest.mark.parametrize(
    ("path", "body", "there"),
    [
        ("dags/c.txt", b"x==1", True),
        ("dags/sub", None, True),
        ("dags/none.txt", None, False),
        ("dags/link.txt", None, False),
        ("dags/" + "x" * 5000, None, False),
        ("plugins", None, True),
        ("plugins/c.txt", None, False),
        ("requirements/requirements.txt", b"six", True),
        ("requirements/other.txt", None, False),
        ("config/x", None, None),
    ],
)
def test_the_project_tells_what_is_on_mwaa(project, path, body, there):
    files = ProjectFiles(project)

    assert (files.read(MWAA_HOME / path), files.exists(MWAA_HOME / path)) == (body, there)


def test_a_ready_made_plugins_zip_is_looked_into(project, tmp_path):
    archive = project.root / "plugins.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("wheels/a.txt", "six")
    files = ProjectFiles(Project(repository=project.root, root=project.root, dags=project.dags, plugins=archive))

    found = [files.exists(MWAA_HOME / "plugins" / name) for name in ("wheels", "wheels/a.txt", "none")]
    assert found == [True, True, False]
    assert files.read(MWAA_HOME / "plugins" / "wheels" / "a.txt") == b"six"


def test_a_startup_script_may_have_put_more_there(project):
    files = SeenFiles(ProjectFiles(project, more=True))
    paths = [MWAA_HOME / "dags" / name for name in ("made.txt", "none.txt", "c.txt")]

    before = [files.exists(path) for path in paths]
    files.learn({paths[0]: True, paths[1]: False})

    assert before == [None, None, True]
    assert files.unknown == set(paths[:2])
    assert [files.exists(path) for path in paths] == [True, False, True]
