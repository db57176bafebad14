from pathlib import Path

from mwaa_deploy.parts import Part
from mwaa_deploy.ports import ChangedFile
from mwaa_deploy.source.changes import Base, classify
from mwaa_deploy.source.project import Project

ROOT = Path("/repo")
PROJECT = Project(
    repository=ROOT,
    root=ROOT / "flows",
    dags=ROOT / "flows/dags",
    plugins=ROOT / "flows/plugins",
    requirements=ROOT / "flows/dags/requirements.txt",
    startup_script=ROOT / "flows/startup/startup.sh",
    template=ROOT / "flows/infra/template.yaml",
    parameters=ROOT / "flows/infra/staging.json",
)


def file(path, status="M"):
    return ChangedFile(path=path, status=status)


def test_files_are_sorted_into_parts():
    changed = [
        file("flows/dags/team/a.py"),
        file("flows/dags/requirements.txt"),
        file("flows/plugins/op.py"),
        file("flows/startup/startup.sh"),
        file("flows/infra/template.yaml"),
        file("flows/infra/staging.json"),
        file("dags/not_ours.py"),
        file("flows/dags2/x.py"),
    ]
    changes = classify(PROJECT, Base(sha="b", reason="r"), "h", changed)
    assert {part: [f.path for f in files] for part, files in changes.files.items()} == {
        Part.DAGS: ["flows/dags/team/a.py"],
        Part.REQUIREMENTS: ["flows/dags/requirements.txt"],
        Part.PLUGINS: ["flows/plugins/op.py"],
        Part.STARTUP_SCRIPT: ["flows/startup/startup.sh"],
        Part.TEMPLATE: ["flows/infra/template.yaml", "flows/infra/staging.json"],
    }
    assert [f.path for f in changes.other] == ["dags/not_ours.py", "flows/dags2/x.py"]


def test_without_a_base_everything_counts_as_changed():
    changes = classify(PROJECT, Base(sha=None, reason="first"), "h", [])
    assert all(changes.changed(part) for part in Part)
