import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from mwaa_deploy.bundle.artefacts import Artefact, artefact, build_bundle
from mwaa_deploy.errors import TemplateLacksVersions
from mwaa_deploy.parts import Part
from mwaa_deploy.source.project import Project

TEMPLATE = """\
Parameters:
  RequirementsVersion: {Type: String}
  PluginsVersion: {Type: String}
Resources:
  Mwaa:
    Type: AWS::MWAA::Environment
    Properties:
      DagS3Path: my-dags
      RequirementsS3Path: config/requirements.txt
      RequirementsS3ObjectVersion: !Ref RequirementsVersion
      PluginsS3Path: plugins.zip
      PluginsS3ObjectVersion: !Ref PluginsVersion
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "project"
    files = {
        "dags/a.py": "a",
        "plugins/p.py": "p",
        "requirements.txt": "r",
        "startup.sh": "s",
        "template.yaml": TEMPLATE,
        "parameters.json": '{"K": "v"}',
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return Project(
        repository=root,
        root=root,
        dags=root / "dags",
        plugins=root / "plugins",
        requirements=root / "requirements.txt",
        template=root / "template.yaml",
        parameters=root / "parameters.json",
    )


def test_bundle_holds_all_that_the_project_ships(project, tmp_path):
    bundle = build_bundle(project, tmp_path)

    assert set(bundle.artefacts) == {Part.PLUGINS, Part.REQUIREMENTS}
    assert bundle.artefacts[Part.REQUIREMENTS] == Artefact(
        part=Part.REQUIREMENTS,
        key="config/requirements.txt",
        sha256=hashlib.sha256(b"r").hexdigest(),
        size=1,
        body=project.root / "requirements.txt",
    )
    assert list(bundle.dags.files) == ["a.py"]
    assert bundle.parameters.values == {"K": "v"}
    assert bundle.template is not None


def test_values_of_the_input_come_before_those_of_the_parameters_file(project, tmp_path):
    bundle = build_bundle(project, tmp_path, {"K": "w", "L": "x"})

    assert bundle.parameters.values == {"K": "w", "L": "x"}
    assert bundle.parameters.where("L") == "parameter-values"
    assert build_bundle(replace(project, parameters=None), tmp_path, {"K": "w"}).parameters.values == {"K": "w"}


def test_plugins_folder_without_files_ships_nothing(project, tmp_path):
    (project.root / "plugins/p.py").unlink()

    assert set(build_bundle(project, tmp_path).artefacts) == {Part.REQUIREMENTS}


def test_project_of_dags_alone_needs_no_template(project, tmp_path):
    bare = Project(repository=project.root, root=project.root, dags=project.dags)

    bundle = build_bundle(bare, tmp_path)

    assert (bundle.artefacts, bundle.template) == ({}, None)


def test_part_the_template_takes_no_version_for_is_refused_with_the_lines_to_write(project, tmp_path):
    with pytest.raises(TemplateLacksVersions, match="startup-script") as caught:
        build_bundle(replace(project, startup_script=project.root / "startup.sh"), tmp_path)

    assert "  StartupScriptVersion:\n    Type: String" in caught.value.mend
    assert "StartupScriptS3ObjectVersion: !Ref StartupScriptVersion" in caught.value.mend
    assert "  Mwaa:\n" in caught.value.mend


def test_template_without_environment_is_refused_for_versioned_parts(project, tmp_path):
    (project.root / "template.yaml").write_text("Resources: {Topic: {Type: 'AWS::SNS::Topic'}}")

    with pytest.raises(TemplateLacksVersions, match=r"no AWS::MWAA::Environment"):
        build_bundle(project, tmp_path)


def test_bytes_and_file_of_the_same_content_are_the_same_artefact(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"content")
    from_file, from_bytes = artefact(Part.PLUGINS, "k", path), artefact(Part.PLUGINS, "k", b"content")

    assert replace(from_file, body=b"content") == from_bytes
