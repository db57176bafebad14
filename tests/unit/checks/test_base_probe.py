"""The DAGs of the base, in a runner with scripted answers: whatever goes wrong is a note."""

import json
from contextlib import nullcontext
from pathlib import PurePosixPath
from typing import Any

import pytest

from mwaa_deploy.checks.base_probe import MOST_SECONDS, compare_with_base
from mwaa_deploy.checks.base_requirements import packages_of
from mwaa_deploy.checks.dag_difference import Change
from mwaa_deploy.checks.installed import Installed
from mwaa_deploy.checks.layout import plan_layout
from mwaa_deploy.checks.requirements import Installation
from mwaa_deploy.parts import Part
from mwaa_deploy.source.base_files import find_base_source
from mwaa_deploy.source.changes import Base, Changes
from mwaa_deploy.source.project import Project
from tests.fakes.dag_files import dag_file
from tests.fakes.log import FakeLog
from tests.fakes.repository import Commits, FakeRepository
from tests.fakes.runner import FakeRunner

HOME = PurePosixPath("/usr/local/airflow")
EMPTY = ("/bin/sh", "-c")
PYTHON = f"{HOME}/.local/bin/python"


def load(path, *dags):
    return {
        "file": path,
        "seconds": 0.1,
        "dags": list(dags),
        **{name: [] for name in ("errors", "warnings", "breaches", "rule_errors")},
    }


def dag(name):
    found = {"id": name, "file": None, "line": None, "tasks": 0, "edges": 0, "tags": [], "catchup": False}
    schedule = {"kind": "none", "text": "", "seconds": None}
    rest: dict[str, Any] = {
        "description": None,
        "doc": False,
        "max_active_runs": None,
        "kinds": [],
        "graph": [],
        "schedule": schedule,
    }
    return {**found, **rest}


class Case:
    """A checkout with one commit before it, and a runner in which all checks have ended."""

    def __init__(self, root):
        self.root = root
        self.commits = Commits()
        self.base = self.commits.commit({"dags/a.py": "1", "dags/old.py": "1", "requirements.txt": "pandas==1\n"})
        (root / "dags").mkdir()
        (root / "requirements.txt").write_text("pandas==2\n")
        self.runner = FakeRunner()
        self.runner.close_network()
        self.runner.answer(*EMPTY)
        self.runner.answer(PYTHON)

    def write(self, files):
        for name, text in files.items():
            (self.root / "dags" / name).write_text(text)
        after = {"dags/a.py": None, "dags/old.py": None, **{f"dags/{name}": text for name, text in files.items()}}
        self.head = self.commits.commit({**after, "requirements.txt": "pandas==2\n"}, parents=[self.base])
        return self

    def source(self):
        root = self.root
        project = Project(repository=root, root=root, dags=root / "dags", requirements=root / "requirements.txt")
        repository = FakeRepository(self.commits, self.head)
        repository.fetch(self.base)
        changed = repository.changed_files(self.base)
        files = {
            Part.DAGS: tuple(file for file in changed if file.path.startswith("dags/")),
            Part.REQUIREMENTS: tuple(file for file in changed if not file.path.startswith("dags/")),
        }
        changes = Changes(base=Base(sha=self.base, reason="x"), head=self.head, files=files)
        return find_base_source(project, changes, lambda: nullcontext(repository))

    def compare(self, *files):
        source = self.source()
        layout = plan_layout(source.project, HOME)
        log = FakeLog()
        return compare_with_base(source, layout, self.runner, files, log, network=False, dag_file_limit=30)

    def says(self, *loads, exit_code=0, document=None, timed_out=False):
        found = {"airflow": "2.10.3", "python": "3.11.9", "rules": None, "plugins": load(None), "files": list(loads)}
        body = json.dumps(found).encode() if document is None else document
        writes = {plan_layout(self.source().project, HOME).own / "base-dags.json": body} if body else {}
        probe = str(plan_layout(self.source().project, HOME).own / "dag_probe.py")
        self.runner.answer(PYTHON, probe, exit_code=exit_code, timed_out=timed_out, writes=writes)


@pytest.fixture
def case(tmp_path):
    return Case(tmp_path)


def test_the_base_takes_the_place_of_what_was_checked_and_is_compared(case):
    case.write({"a.py": "2", "b.py": "1"})
    case.says(load(f"{HOME}/dags/a.py", dag("a")), load(f"{HOME}/dags/old.py", dag("old")))

    found = case.compare(dag_file("dags/a.py", "a"), dag_file("dags/b.py", "b"))

    assert [(one.id, one.change, one.file) for one in found.dags] == [
        ("b", Change.NEW, "dags/b.py"),
        ("old", Change.REMOVED, "dags/old.py"),
    ]
    assert (found.base, found.files, found.notes) == (case.base, 3, ())
    assert case.runner.files[HOME / "dags" / "a.py"] == b"1"
    assert HOME / "dags" / "b.py" not in case.runner.files
    emptied, *_, probed = case.runner.commands
    assert emptied[-2:] == (f"{HOME}/dags", f"{HOME}/plugins")
    assert probed[probed.index("--limit") + 1] == str(MOST_SECONDS)
    assert case.runner.offline[-1] == probed
    only = json.loads(case.runner.files[PurePosixPath(probed[probed.index("--only") + 1])])
    assert only == ["plugins", f"{HOME}/dags/a.py", f"{HOME}/dags/old.py"]


def test_where_the_base_has_none_of_the_files_nothing_is_parsed(case):
    case.base = case.commits.commit({"README.md": "1"})
    (case.root / "dags" / "b.py").write_text("1")
    case.head = case.commits.commit({"dags/b.py": "1"}, parents=[case.base])

    found = case.compare(dag_file("dags/b.py", "b"))

    assert [(one.id, one.change) for one in found.dags] == [("b", Change.NEW)]
    assert case.runner.commands == []


ENDS: dict[str, tuple[dict[str, Any], str]] = {
    "too late": ({"exit_code": 5, "document": b""}, "the probe ended with exit code 5, or not within 120 s."),
    "killed by the runner": ({"timed_out": True}, "the probe ended with exit code 0, or not within 120 s."),
    "nothing written": ({"document": b""}, "the probe ended with exit code 0, or not within 120 s."),
    "foreign": ({"document": b"{}"}, "'airflow' is None"),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_probe_that_goes_wrong_is_a_note(case, end):
    how, why = ENDS[end]
    case.write({"a.py": "2"})
    case.says(**how)

    found = case.compare(dag_file("dags/a.py", "a"))

    assert found.dags == ()
    (note,) = found.notes
    assert note.startswith("The DAGs could not be compared with those of the base: ")
    assert note.endswith(why)


def test_a_runner_that_cannot_be_emptied_is_a_note(case):
    case.write({"a.py": "2"})
    case.runner.answer(*EMPTY, exit_code=1)

    assert "cannot be removed" in case.compare(dag_file("dags/a.py", "a")).notes[0]


def test_a_base_that_cannot_be_read_is_a_note_and_no_requirements_were_asked_before(case):
    case.write({"a.py": "2"})
    source = case.source()
    del case.commits.commits[case.base]
    layout = plan_layout(source.project, HOME)

    # The checkout had the commit, and has lost it meanwhile.
    repository = FakeRepository(case.commits, case.head)
    source = type(source)(**{**vars(source), "open_repository": lambda: nullcontext(repository)})
    found = compare_with_base(source, layout, case.runner, (), FakeLog(), network=False, dag_file_limit=30)

    assert found is not None
    assert "cannot be fetched" in found.notes[0]
    there = Installed(python="3.11.9", environment={}, packages={})
    installation = Installation(before=there, after=there, asked="pandas==2\n")
    packages = packages_of(installation, source)
    assert packages is not None
    assert packages.base == ""


def test_the_requirements_of_the_base_are_compared(case):
    there = Installed(python="3.11.9", environment={}, packages={})
    installation = Installation(before=there, after=there, asked="pandas==2\n")
    packages = packages_of(installation, case.write({"a.py": "2"}).source())

    assert packages is not None
    assert [(one.name, one.asked_before, one.asked_now) for one in packages.packages] == [("pandas", "==1", "==2")]
    assert packages_of(None, case.source()) is None
    unknown = packages_of(installation, None)
    assert unknown is not None
    assert unknown.packages == ()
