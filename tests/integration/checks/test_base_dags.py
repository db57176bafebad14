"""The DAGs of the base, parsed by the same probe in the same runner, from a real git checkout."""

from contextlib import ExitStack
from functools import partial

import pytest

from mwaa_deploy.checks.dag_difference import Change, ValueChange
from mwaa_deploy.source.base_files import find_base_source
from mwaa_deploy.source.changes import Base, classify
from mwaa_deploy.source.project import Project
from mwaa_deploy.source.repository import GitRepository
from tests.fakes.log import FakeLog
from tests.fixtures.git import Remote
from tests.integration.checks.conftest import check, open_venv
from tests.integration.checks.dag_checks import judge_dags_of, write

DAG = """
from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.utils.task_group import TaskGroup
import pendulum

with DAG("{name}", schedule="{schedule}", start_date=pendulum.datetime(2024, 1, 1), default_args={{"owner": "ann"}}):
{tasks}
"""
TASK = '    {0} = BashOperator(task_id="{0}", bash_command="true")\n'
SHARED = "SCHEDULE = '{}'\n"
USER = """
from airflow import DAG
import pendulum
from lib.shared import SCHEDULE

with DAG("user", schedule=SCHEDULE, start_date=pendulum.datetime(2024, 1, 1)):
    pass
"""


def dag(name, *tasks, schedule="@daily", more=""):
    return DAG.format(name=name, schedule=schedule, tasks="".join(map(TASK.format, tasks)) + more)


@pytest.fixture
def compare(tmp_path, fresh_runner):
    """Check a shallow checkout of the second of two commits against the first."""

    def run(before, after):
        remote = Remote(tmp_path / "remote")
        base = remote.commit(before)
        head = remote.commit(after)
        root = remote.checkout(tmp_path / "checkout")
        plugins = root / "plugins"
        project = Project(repository=root, root=root, dags=root / "dags", plugins=plugins if plugins.is_dir() else None)
        with ExitStack() as opened:
            repository = opened.enter_context(GitRepository(root))
            assert repository.fetch(base)
            changed = repository.changed_files(base)
        changes = classify(project, Base(sha=base, reason="the test says so"), head, changed)
        source = find_base_source(project, changes, partial(GitRepository, root))
        return check(project, fresh_runner, base=source, log=FakeLog())

    return run


def test_a_pull_requests_dags_are_compared_with_those_of_its_base(compare):
    group = '    with TaskGroup("load"):\n        t3 = BashOperator(task_id="t3", bash_command="true")\n    t1 >> t3\n'
    report = compare(
        {
            "dags/a.py": dag("a", "t1", "t2", more="    t1 >> t2\n"),
            "dags/b.py": dag("b", "t"),
            "dags/same.py": dag("same", "t"),
        },
        {"dags/a.py": dag("a", "t1", schedule="@hourly", more=group), "dags/b.py": None, "dags/c.py": dag("c", "t")},
    )

    assert not report.failed
    found = report.dag_differences
    assert found is not None
    assert found.notes == ()
    assert found.files == 3
    assert [(one.id, one.change, one.file) for one in found.dags] == [
        ("a", Change.CHANGED, "dags/a.py"),
        ("c", Change.NEW, "dags/c.py"),
        ("b", Change.REMOVED, "dags/b.py"),
    ]
    changed = found.dags[0]
    assert changed.values == (ValueChange(name="schedule", before="@daily", after="@hourly"),)
    assert [(task.id, task.change, task.group) for task in changed.tasks] == [
        ("load.t3", Change.NEW, "load"),
        ("t1", Change.SAME, None),
        ("t2", Change.REMOVED, None),
    ]
    assert [(edge.upstream, edge.downstream, edge.change) for edge in changed.edges] == [
        ("t1", "load.t3", Change.NEW),
        ("t1", "t2", Change.REMOVED),
    ]
    assert {one.name for one in report.dag_files} == {"dags/a.py", "dags/c.py", "dags/same.py"}


def test_a_shared_module_changes_the_dags_that_import_it(compare):
    report = compare(
        {"dags/user.py": USER, "dags/other.py": dag("other", "t"), "plugins/lib/shared.py": SHARED.format("@daily")},
        {"plugins/lib/shared.py": SHARED.format("@weekly")},
    )

    found = report.dag_differences
    assert found is not None
    assert found.files == 2
    assert [(one.id, one.values) for one in found.dags] == [
        ("user", (ValueChange(name="schedule", before="@daily", after="@weekly"),))
    ]


def test_a_base_that_cannot_be_parsed_is_a_note(compare):
    report = compare(
        {
            "dags/a.py": "import nowhere\nfrom airflow import DAG\n",
            "dags/b.py": "import os\n# airflow dag\nos._exit(3)\n",
        },
        {"dags/a.py": dag("a", "t"), "dags/b.py": dag("b", "t")},
    )

    assert not report.failed
    found = report.dag_differences
    assert found is not None
    assert found.dags == ()
    assert found.notes == (
        "At the base dags/a.py, dags/b.py could not be loaded, so that nobody knows the DAGs in there.",
    )


def test_nothing_is_parsed_again_where_no_dag_can_differ(compare):
    report = compare({"dags/a.py": dag("a", "t"), "README.md": "1"}, {"README.md": "2", "dags/notes.md": "3"})

    assert not report.failed
    assert report.dag_differences is None


GROUPS = """
import datetime
from airflow import DAG
try:
    from airflow.operators.empty import EmptyOperator
    from airflow.utils.task_group import TaskGroup
except ImportError:
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import TaskGroup

with DAG("a", start_date=datetime.datetime(2024, 1, 1)):
    first = EmptyOperator(task_id="first")
    with TaskGroup("load") as load:
        EmptyOperator(task_id="store")
        with TaskGroup("inner", prefix_group_id=False):
            EmptyOperator(task_id="check")
    first >> load
"""


@pytest.mark.parametrize("version", ["2.9.2", "3.0.6", "3.3.1"])
def test_the_group_of_a_task_is_told(tmp_path, version):
    with open_venv(version) as runner:
        (file,) = judge_dags_of(write(tmp_path, {"dags/a.py": GROUPS}), runner).files

    (found,) = file.dags
    assert {task.id: (task.group, task.downstream) for task in found.graph} == {
        "first": (None, ("check", "load.store")),
        "load.store": ("load", ()),
        "check": ("load.inner", ()),
    }
