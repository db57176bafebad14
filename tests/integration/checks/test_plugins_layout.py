"""plugins.zip, unpacked by a real Python in a real runner."""

import io
import zipfile

import pytest

from mwaa_deploy.checks.layout import lay_out, plan_layout
from mwaa_deploy.checks.verdicts import Severity, Verdict
from mwaa_deploy.inputs import RunnerKind
from mwaa_deploy.source.project import Project
from tests.fixtures.runner import running

RUNNERS = [
    pytest.param(RunnerKind.CONTAINER, id="container", marks=[pytest.mark.engine, pytest.mark.airflow]),
    pytest.param(RunnerKind.VENV, id="venv", marks=pytest.mark.airflow),
]


@pytest.fixture(scope="module", params=RUNNERS)
def unpack(request, tmp_path_factory):
    """Lays plugins out in a runner and tells which files are there then, with 'x' for those that can be executed."""
    with running(request.param) as runner:

        def unpack(body: bytes | None = None, **files: str) -> tuple[tuple[Verdict, ...], list[str]]:
            root = tmp_path_factory.mktemp("project")
            (root / "dags").mkdir()
            plugins = root / ("plugins" if body is None else "plugins.zip")
            if body is not None:
                plugins.write_bytes(body)
            for name, text in files.items():
                path = plugins / name.replace("__", "/").replace("_py", ".py")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
                path.chmod(0o755 if text.startswith("#!") else 0o644)
            project = Project(repository=root, root=root, dags=root / "dags", plugins=plugins)
            layout = plan_layout(project, runner.home)
            verdicts = lay_out(layout, runner)
            find = 'cd "$1" && find . -type f -perm /100 -printf "%P x\\n" -o -type f -printf "%P\\n" | sort'
            listed = runner.run(["/bin/sh", "-c", find, "sh", str(layout.plugins)], timeout=30)
            return verdicts, listed.output.splitlines()

        yield unpack


def archive(*names: str) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as made:
        for name in names:
            made.writestr(name, "A = 1\n")
    return body.getvalue()


def test_the_built_zip_lands_where_mwaa_has_it(unpack):
    assert unpack(ours__p_py="A = 1\n", run="#!/bin/sh\n") == ((), ["ours/p.py", "run x"])


def test_a_second_zip_leaves_nothing_of_the_first(unpack):
    unpack(old_py="A = 1\n")

    assert unpack(new_py="A = 1\n") == ((), ["new.py"])


def test_no_entry_of_a_ready_made_zip_leaves_the_folder(unpack):
    verdicts, files = unpack(archive("../dags/evil.py", "/tmp/evil.py", "good.py"))

    assert verdicts == ()
    assert files == ["dags/evil.py", "good.py", "tmp/evil.py"]


@pytest.mark.parametrize(
    "body", [b"", b"no zip", archive("a.py", "b.py")[:-30], archive("a.py").replace(b"A = 1", b"A = 2")]
)
def test_a_zip_that_is_broken_is_a_failure_at_the_zip(unpack, body):
    (verdict,), _ = unpack(body)

    assert verdict.severity is Severity.FAIL
    assert verdict.location
    assert verdict.location.file == "plugins.zip"
    assert "it is no sound zip file" in verdict.message


def test_a_zip_of_the_folder_instead_of_what_is_in_it_is_a_warning(unpack):
    (verdict,), files = unpack(archive("plugins/a.py", "plugins/b/c.py"))

    assert verdict.severity is Severity.WARN
    assert files == ["plugins/a.py", "plugins/b/c.py"]
