"""Everything of a project that is shipped, ready to be compared with the target."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mwaa_deploy.bundle.keys import part_keys
from mwaa_deploy.bundle.manifest import Manifest, digest_file, read_manifest
from mwaa_deploy.bundle.parameters import GivenParameters, read_parameters, with_values
from mwaa_deploy.bundle.plugins_zip import write_plugins_zip
from mwaa_deploy.bundle.template import PATH_PROPERTIES, VERSION_PROPERTIES, Template, read_template
from mwaa_deploy.errors import TemplateLacksVersions
from mwaa_deploy.parts import VERSIONED_PARTS, Part
from mwaa_deploy.source.project import Project


@dataclass(frozen=True, kw_only=True)
class Artefact:
    """The bytes shipped for a part.

    Attributes:
        key: where they go, as far as the project alone can tell; the target's state may know better.
        sha256: hex digest.
        size: bytes.
        body: the bytes, or the file that holds them.
        version: the object version at the key that is known to have these bytes; None if none is.
    """

    part: Part
    key: str
    sha256: str
    size: int
    body: Path | bytes
    version: str | None = None


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """What a commit ships.

    Attributes:
        artefacts: of the versioned parts that the project has.
        dags: manifest of the DAG folder.
        dag_folder: where the DAG files lie.
        template: the CloudFormation template, if one was named.
        parameters: what the parameters file gives.
        whose: who ships it, to begin a sentence with.
    """

    artefacts: Mapping[Part, Artefact]
    dags: Manifest
    dag_folder: Path
    template: Template | None = None
    parameters: GivenParameters = field(default_factory=GivenParameters)
    whose: str = "The project"

    def content(self, no_dags: frozenset[str] = frozenset()) -> Mapping[Part, str]:
        """A SHA-256 of what is shipped of each part: of the artefact, of the template, of the DAG files' manifest.

        Args:
            no_dags: paths relative to the DAG folder that are no DAG files at the target.
        """
        found = {part: shipped.sha256 for part, shipped in self.artefacts.items()}
        found[Part.DAGS] = self.dags.without(no_dags).digest
        return found if self.template is None else found | {Part.TEMPLATE: self.template.sha256}


def artefact(part: Part, key: str, body: Path | bytes) -> Artefact:
    """Digest the bytes of a part."""
    if isinstance(body, bytes):
        return Artefact(part=part, key=key, sha256=hashlib.sha256(body).hexdigest(), size=len(body), body=body)
    found = digest_file(body)
    return Artefact(part=part, key=key, sha256=found.sha256, size=found.size, body=body)


def build_bundle(project: Project, work: Path, parameter_values: Mapping[str, str] | None = None) -> Bundle:
    """Make the artefacts of a project.

    Args:
        project: where its parts lie.
        work: an existing folder outside of the project, for plugins.zip.
        parameter_values: of the template's parameters, before those of the parameters file.

    Raises:
        DagFolderEmpty, FileRefused, TemplateInvalid, ParametersInvalid: see the readers.
        TemplateLacksVersions: the template gives a part of the project no object version.
    """
    template = None if project.template is None else read_template(project.template)
    given = GivenParameters() if project.parameters is None else read_parameters(project.parameters)
    given = with_values(given, parameter_values or {})
    keys = part_keys(template, given.values)
    bodies = {
        Part.PLUGINS: project.plugins and write_plugins_zip(project.plugins, work / "plugins.zip"),
        Part.REQUIREMENTS: project.requirements,
        Part.STARTUP_SCRIPT: project.startup_script,
    }
    artefacts = {part: artefact(part, keys[part], body) for part in VERSIONED_PARTS if (body := bodies[part])}
    if template is not None:
        require_versions(template, artefacts)
    return Bundle(
        artefacts=artefacts,
        dags=read_manifest(project.dags, project.exclude),
        dag_folder=project.dags,
        template=template,
        parameters=given,
    )


def require_versions(template: Template, artefacts: Mapping[Part, Artefact]) -> None:
    """Make sure that the template takes an object version of each.

    Raises:
        TemplateLacksVersions: it does not, with what to put into it.
    """
    lacking = [p for p in artefacts if p not in template.version_parameters or p not in template.paths]
    if not lacking:
        return
    resource = template.environment or "Environment"
    names = {part: VERSION_PROPERTIES[part].replace("S3Object", "") for part in lacking}
    properties = "\n".join(
        f"      {PATH_PROPERTIES[part]}: {artefacts[part].key}\n      {VERSION_PROPERTIES[part]}: !Ref {names[part]}"
        for part in lacking
    )
    parameters = "\n".join(f"  {name}:\n    Type: String" for name in names.values())
    raise TemplateLacksVersions(
        f"The project has {' and '.join(lacking)}, but the template takes no path and object version for it."
        if template.environment
        else f"The project has {' and '.join(lacking)}, but the template has no AWS::MWAA::Environment to take it.",
        meaning="MWAA goes on with the version it has until the environment is given another one.",
        mend=f"Parameters:\n{parameters}\nResources:\n  {resource}:\n    Type: AWS::MWAA::Environment\n"
        f"    Properties:\n{properties}",
    )
