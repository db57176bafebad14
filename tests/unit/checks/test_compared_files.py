"""Which DAG files are compared with the base."""

import pytest

from mwaa_deploy.checks.compared_files import Compared, choose_files
from mwaa_deploy.ports import ChangedFile
from mwaa_deploy.source.project import Project

FILES = {
    "dags/a.py": "import os\n",
    "dags/b.py": "from lib import helper\n",
    "dags/c.py": "import os  # no helper\n",
    "dags/lib/__init__.py": "",
    "dags/lib/helper.py": "",
    "dags/lib/alone.py": "",
    "dags/z.zip": "",
}
EVERY = tuple(FILES)


@pytest.fixture
def make(tmp_path):
    def write(name, files):
        root = tmp_path / name
        for path, text in files.items():
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        plugins = root / "plugins"
        return Project(repository=root, root=root, dags=root / "dags", plugins=plugins if plugins.exists() else None)

    return write


def chosen(make, *paths, now=FILES, then=FILES, **more):
    changed = [ChangedFile(path=path, status="M") for path in paths]
    return choose_files(changed, make("now", now), make("then", then), **more)


@pytest.mark.parametrize("path", ["dags/a.py", "dags/lib/alone.py", "dags/z.zip"])
def test_a_file_that_nobody_imports_is_compared_alone(make, path):
    assert chosen(make, path) == Compared(names=(path,))


@pytest.mark.parametrize("path", ["dags/lib/helper.py", "dags/lib/__init__.py", "dags/q.sql", "plugins/p.py"])
def test_for_what_others_use_all_are_compared_the_changed_ones_first(make, path):
    found = chosen(make, "dags/c.py", path)

    assert found.shared == path
    assert found.names[0] == "dags/c.py"
    assert set(found.names) == set(EVERY)


def test_what_was_imported_at_the_base_alone_counts_too(make):
    now = {**FILES, "dags/b.py": ""}

    assert chosen(make, "dags/lib/helper.py", now=now).shared == "dags/lib/helper.py"


@pytest.mark.parametrize(
    "text",
    ["import importlib\nimportlib.import_module('lib.helper')\n", "open('lib/helper.py')\n", "import helper, (\n"],
)
def test_what_may_import_counts_as_importing(make, text):
    files = {"dags/b.py": text, "dags/lib/helper.py": ""}

    assert chosen(make, "dags/lib/helper.py", now=files, then=files).shared == "dags/lib/helper.py"


@pytest.mark.parametrize("path", ["dags/README.md", "plugins/picture.png"])
def test_documents_change_no_dag(make, path):
    assert chosen(make, path).names == ()


def test_more_than_can_be_compared_are_counted(make):
    found = chosen(make, "dags/c.py", "plugins/p.py", most=3)

    assert (found.names, found.left_out) == (("dags/c.py", "dags/a.py", "dags/b.py"), 4)


def test_files_that_are_gone_and_files_that_are_new_are_compared(make):
    found = chosen(make, "dags/old.py", "dags/new.py", now={"dags/new.py": ""}, then={"dags/old.py": ""})

    assert found == Compared(names=("dags/new.py", "dags/old.py"))
