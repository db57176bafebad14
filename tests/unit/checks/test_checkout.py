"""What unit tests see of a project, and what they do not."""

from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from mwaa_deploy.checks.checkout import Checkout, checkout_files, find_checkout
from mwaa_deploy.checks.layout import plan_layout
from mwaa_deploy.source.project import Project
from tests.fakes.runner import FakeRunner

HOME = PurePosixPath("/usr/local/airflow")
CHECKOUT = HOME / ".mwaa-deploy/unit-tests/project"


def project(root: Path, files: str, **parts: str) -> Project:
    for name in files.split():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    found: dict[str, Any] = {name: root / path for name, path in {"dags": "dags", "tests": "tests", **parts}.items()}
    return Project(repository=root, root=root, **found)


def copied(found: Project, checkout: Checkout) -> tuple[set[str], dict[str, str]]:
    """Names of files, and links with what they say, both as in the checkout."""
    files, links, runner = set(), {}, FakeRunner()
    with checkout_files(plan_layout(found, runner.home), checkout) as placed:
        for place, source in placed.items():
            assert isinstance(source, Path)
            if place == CHECKOUT.parent:
                inside = [*source.rglob("*")]
                links = {
                    path.relative_to(source / "project").as_posix(): str(path.readlink())
                    for path in inside
                    if path.is_symlink()
                }
            elif place.is_relative_to(CHECKOUT):
                files.add(str(place.relative_to(CHECKOUT)))
    return files, links


def test_tests_see_the_projects_files_and_dags_and_plugins_as_they_are_shipped(tmp_path):
    files = "src/dags/a.py src/dags/sql/q.sql src/lib/l.py plugins/p.py sql/q.sql conftest.py tests/test_a.py"
    found = project(tmp_path, files, dags="src/dags", plugins="plugins")

    assert copied(found, find_checkout(found)) == (
        {"src/lib/l.py", "sql/q.sql", "conftest.py", "tests/test_a.py"},
        {"src/dags": "../../../../dags", "dags": "../../../dags", "plugins": "../../../plugins"},
    )


def test_another_folder_where_mwaa_has_the_dags_stays_what_it_is(tmp_path):
    found = project(tmp_path, "etl/dags/a.py dags/other.py tests/test_a.py", dags="etl/dags")

    assert copied(found, find_checkout(found)) == (
        {"dags/other.py", "tests/test_a.py"},
        {"etl/dags": "../../../../dags"},
    )


def test_tests_among_the_dags_need_no_copy(tmp_path):
    found = project(tmp_path, "dags/a.py dags/tests/test_a.py conftest.py", tests="dags/tests")

    assert copied(found, find_checkout(found)) == ({"conftest.py"}, {"dags": "../../../dags"})


def test_a_project_that_is_all_dags_is_seen_as_it_is_shipped(tmp_path):
    found = project(tmp_path, "a.py tests/test_a.py conftest.py", dags=".")

    assert copied(found, find_checkout(found)) == (set(), {".": "../../dags"})


def test_links_stay_links_and_nothing_is_written_through_one(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    root = tmp_path / "project"
    found = project(root, "dags/a.py tests/test_a.py lib/l.py")
    (root / "host").symlink_to("/etc")
    (root / "tests" / "lib").symlink_to("../lib")
    (root / "gone").symlink_to("nowhere")

    files, links = copied(found, find_checkout(found))

    assert files == {"lib/l.py", "tests/test_a.py"}
    assert links == {"host": "/etc", "tests/lib": "../lib", "gone": "nowhere", "dags": "../../../dags"}
    behind = Checkout(links={"a": tmp_path / "elsewhere", "a/b": Path("x"), "dags": Path("y")})
    assert copied(found, behind) == (set(), {"a": str(tmp_path / "elsewhere"), "dags": "../../../dags"})
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_files_outside_of_the_project_are_no_concern_but_for_the_tests(tmp_path):
    found = project(tmp_path, "etl/dags/a.py etl/x.py qa/test_a.py other/y.py", dags="etl/dags", tests="qa")
    within = Project(repository=tmp_path, root=tmp_path / "etl", dags=found.dags, tests=tmp_path / "etl" / ".." / "qa")

    assert copied(within, find_checkout(within))[0] == {"x.py", "qa/test_a.py"}
    layout = plan_layout(within, HOME)
    assert layout.tests == CHECKOUT / "qa"


@pytest.mark.parametrize(
    ("most", "left_out"), [(10_000, {}), (5_000, {"data/large": 4_000}), (1_100, {"data/large": 4_000, "z": 100})]
)
def test_what_is_too_large_is_left_out_by_name_but_for_the_tests(tmp_path, most, left_out):
    found = project(tmp_path, "dags/a.py data/large a/b z tests/large")
    for name, size in {"data/large": 4_000, "z": 100, "tests/large": 90_000}.items():
        (tmp_path / name).write_text("x" * size)

    checkout = find_checkout(found, most=most)

    assert checkout.left_out == left_out
    assert set(checkout.files) == {"a/b", "data/large", "z", "tests/large"} - set(left_out)
    assert checkout.tests == {"tests/large"}


def test_without_tests_there_is_none(tmp_path):
    found = project(tmp_path, "dags/a.py x.py")

    assert find_checkout(Project(repository=tmp_path, root=tmp_path, dags=found.dags)) == Checkout()
