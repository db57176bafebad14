"""What a commit ships, told from its files alone and not by the code that is judged."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

from mwaa_deploy.parts import Part

Plugins = Mapping[str, bytes]


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a commit ships.

    Attributes:
        dags: bytes of each DAG file, by path in the project.
        parts: what the environment is to run with; None for what the commit does not have.
        template: text of the template.
        parameters: text of the parameters file.
    """

    dags: Mapping[str, bytes]
    parts: Mapping[str, bytes | Plugins | None]
    template: str
    parameters: str


def content_of(files: Mapping[str, str]) -> Content:
    """What a tree ships."""
    plugins = {name.removeprefix("plugins/"): text for name, text in files.items() if name.startswith("plugins/")}
    return Content(
        dags={path: text.encode() for path, text in files.items() if is_dag(path)},
        parts={
            Part.REQUIREMENTS: _encoded(files.get("dags/requirements.txt")),
            Part.STARTUP_SCRIPT: _encoded(files.get("startup.sh")),
            Part.PLUGINS: {name: text.encode() for name, text in plugins.items()} or None,
        },
        template=files.get("template.yaml", ""),
        parameters=files.get("parameters.yml", ""),
    )


def is_dag(path: str) -> bool:
    """Whether a path, which is a key too, is in the DAG folder and no artefact of its own."""
    return path.startswith("dags/") and path != "dags/requirements.txt"


DAG_FOLDERS = ("dags", "moved")
"""Where an environment of the model may read its DAG files: as everybody means it, and where somebody leads it."""


def dag_path(key: str) -> str | None:
    """Where a DAG file that lies at a key has its place in the project; None for what is none."""
    folder, _, name = key.partition("/")
    path = f"dags/{name}"
    return path if folder in DAG_FOLDERS and is_dag(path) else None


def plugins_in(body: bytes) -> Plugins:
    """The files of a plugins.zip."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def shown(part: str, body: bytes | None) -> bytes | Plugins | None:
    """The bytes of a part as they can be compared with what a commit has."""
    return plugins_in(body) if part == Part.PLUGINS and body is not None else body


def _encoded(text: str | None) -> bytes | None:
    return None if text is None else text.encode()
