import os

import pytest

from mwaa_deploy.errors import DagFolderEmpty, DagFolderMissing, FileRefused, ProjectFileMissing, RepositoryUnreadable
from mwaa_deploy.inputs import Inputs
from mwaa_deploy.source.find_project import find_project


def make(folder, *names):
    folder.mkdir(exist_ok=True)
    (folder / ".git").mkdir(exist_ok=True)
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x", encoding="utf-8")


def inputs(**fields):
    return Inputs(airflow_version="2.10.3", **fields)


def test_parts_are_found_where_users_keep_them(tmp_path):
    make(
        tmp_path,
        "dags/a.py",
        "plugins/op.py",
        "requirements/requirements.txt",
        "startup_script/startup.sh",
        "test/t.py",
    )
    project = find_project(tmp_path, inputs())
    found = [project.plugins, project.requirements, project.startup_script, project.tests]
    assert [project.in_repository(p) for p in found if p] == [
        "plugins",
        "requirements/requirements.txt",
        "startup_script/startup.sh",
        "test",
    ]


def test_a_project_in_a_folder_keeps_paths_of_the_repository(tmp_path):
    make(tmp_path, "team/dags/a.py", "team/requirements.txt")
    project = find_project(tmp_path, inputs(project_dir="team"))
    assert project.repository == tmp_path
    assert project.in_repository(project.dags) == "team/dags"


def test_an_empty_plugins_folder_is_no_part(tmp_path):
    make(tmp_path, "dags/a.py")
    (tmp_path / "plugins").mkdir()
    assert find_project(tmp_path, inputs()).plugins is None


def test_all_missing_files_are_named_together(tmp_path):
    make(tmp_path, "dags/a.py")
    with pytest.raises(ProjectFileMissing) as caught:
        find_project(tmp_path, inputs(template="t.yaml", parameters="p.json", requirements_file="r.txt"))
    assert all(
        name in str(caught.value) for name in ("template: t.yaml", "parameters: p.json", "requirements-file: r.txt")
    )


def test_a_missing_and_an_empty_dag_folder_are_two_causes(tmp_path):
    make(tmp_path, "readme.md")
    with pytest.raises(DagFolderMissing, match="dags-dir"):
        find_project(tmp_path, inputs())
    make(tmp_path, "dags/readme.md")
    with pytest.raises(DagFolderEmpty, match="delete every DAG"):
        find_project(tmp_path, inputs())


def test_a_workspace_without_checkout_is_refused(tmp_path):
    (tmp_path / "dags").mkdir()
    with pytest.raises(RepositoryUnreadable):
        find_project(tmp_path, inputs())


def test_a_link_out_of_the_workspace_is_not_followed(tmp_path):
    outside = tmp_path / "outside.txt"
    outside.write_text("secret", encoding="utf-8")
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    make(workspace, "dags/a.py")
    (workspace / "requirements.txt").symlink_to(outside)
    assert find_project(workspace, inputs()).requirements is None


@pytest.mark.parametrize("link", ["dags", "team"])
def test_neither_dags_nor_project_may_be_a_link_out_of_the_workspace(tmp_path, link):
    outside, workspace = tmp_path / "outside", tmp_path / "workspace"
    make(outside, "dags/a.py")
    workspace.mkdir()
    (workspace / ".git").mkdir()
    (workspace / link).symlink_to(outside / "dags" if link == "dags" else outside)
    with pytest.raises(ProjectFileMissing, match="link out of the workspace"):
        find_project(workspace, inputs(project_dir="team" if link == "team" else "."))


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("requirements.txt", {}),
        ("requirements/requirements.txt", {}),
        ("startup/startup.sh", {}),
        ("infra/t.yaml", {"template": "infra/t.yaml"}),
        ("p.json", {"parameters": "p.json"}),
        ("dev", {"requirements_file": "dev"}),
    ],
)
def test_a_folder_where_a_file_has_to_be_is_refused_by_name(tmp_path, name, fields):
    make(tmp_path, "dags/a.py", f"{name}/x")
    with pytest.raises(FileRefused, match=f"{name} in .* is a folder; it has to be a file"):
        find_project(tmp_path, inputs(**fields))


def test_a_pipe_is_no_file_either(tmp_path):
    make(tmp_path, "dags/a.py")
    os.mkfifo(tmp_path / "requirements.txt")
    with pytest.raises(FileRefused, match="is no regular file"):
        find_project(tmp_path, inputs())


@pytest.mark.parametrize("name", ["dags_dir", "plugins_dir", "tests_dir", "requirements_file", "project_dir"])
def test_a_name_that_no_file_can_have_does_not_exist(tmp_path, name):
    make(tmp_path, "dags/a.py")
    with pytest.raises((ProjectFileMissing, DagFolderMissing)):
        find_project(tmp_path, inputs(**{name: "a" * 5000}))
