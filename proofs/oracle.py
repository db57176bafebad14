"""What must hold after every run, judged by what really lies in the model and not by what the program says of it."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mwaa_deploy.errors import MwaaDeployError
from mwaa_deploy.parts import Part
from mwaa_deploy.target.record import Record
from proofs.universe import RunResult, Universe, digest
from proofs.virtual_time import Crashed


class Violation(AssertionError):
    """Something that must hold does not."""


@dataclass(frozen=True, kw_only=True)
class Before:
    """The target before a run.

    Attributes:
        parts: bytes of what the environment ran with.
        dags: DAG files, by path in the project.
    """

    parts: Mapping[str, bytes | None]
    dags: Mapping[str, bytes]


def look(universe: Universe) -> Before:
    """The target as it is now."""
    return Before(parts=universe.live_parts(), dags=universe.live_dags())


def judge_error(result: RunResult) -> None:
    """A run may only end well, by an error that a user can act on, or with its process."""
    if result.error is not None and not isinstance(result.error, MwaaDeployError | Crashed):
        message = f"run {result.number} ended with {result.error!r}"
        raise Violation(message) from result.error


def judge_green(universe: Universe, sha: str) -> None:
    """The target holds exactly the commit's content."""
    files = universe.commits.commits[sha].files
    wanted = {
        path: text.encode()
        for path, text in files.items()
        if path.startswith("dags/") and path != "dags/requirements.txt"
    }
    _equal(f"DAG files of {sha[-4:]}", universe.live_dags(), wanted)
    parts = universe.live_parts()
    _part(parts, Part.REQUIREMENTS, files.get("dags/requirements.txt"))
    _part(parts, Part.STARTUP_SCRIPT, files.get("startup.sh"))
    plugins = {name.removeprefix("plugins/"): text for name, text in files.items() if name.startswith("plugins/")}
    if plugins:
        body = parts.get(Part.PLUGINS)
        if body is None:
            message = "the environment has no plugins.zip that is there"
            raise Violation(message)
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            _equal("plugins", {name: archive.read(name).decode() for name in archive.namelist()}, plugins)
    state = universe.environment.states["staging"]
    if state.status != "AVAILABLE":
        message = f"a green run leaves the environment {state.status}"
        raise Violation(message)


def judge_red(universe: Universe, results: Sequence[RunResult], before: Before) -> None:
    """Nothing that was live is lost: what a commit does not have may go, nothing else."""
    commits = [universe.commits.commits[result.plan.sha].files for result in results]
    lost = [
        path for path in before.dags if all(path in files for files in commits) and path not in universe.live_dags()
    ]
    number = results[-1].number
    if lost:
        message = f"run {number} was red, and {lost} is gone"
        raise Violation(message)
    gone = [part for part, body in universe.live_parts().items() if body is None]
    if gone:
        message = f"run {number} was red, and the environment's {gone} cannot be read any more"
        raise Violation(message)


def judge_kept(universe: Universe, number: int, before: Before) -> None:
    """A roll-back that failed has lost nothing that the environment runs, nor all of its DAGs."""
    gone = [part for part, body in universe.live_parts().items() if body is None]
    if gone or (before.dags and not universe.live_dags()):
        message = f"run {number} was red, and has lost {gone or 'all DAG files'}"
        raise Violation(message)


def judge_rolled_back(universe: Universe, record: Record) -> None:
    """The target holds exactly what the record says, by its digests."""
    held = {path.removeprefix("dags/"): digest(body) for path, body in universe.live_dags().items()}
    _equal("DAG files", held, {name: file.sha256 for name, file in record.dags.files.items()})
    parts = universe.live_parts()
    for part, found in record.parts.items():
        body = parts.get(part)
        _equal(part, body and digest(body), found.sha256)


def _part(parts: Mapping[str, bytes | None], part: Part, text: str | None) -> None:
    # What MWAA was once given it cannot be told to do without, and a note says so.
    if text is not None:
        _equal(part, parts.get(part), text.encode())


def _equal(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        message = f"{what}: there is {found!r}, not {wanted!r}"
        raise Violation(message)
