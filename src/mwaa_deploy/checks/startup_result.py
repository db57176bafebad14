"""What probe/startup_script.py wrote about a run of the startup script."""

from dataclasses import dataclass
from enum import StrEnum

from mwaa_deploy.checks.result_files import ForeignResult, fields, parse_result


class NoteKind(StrEnum):
    """An event while the script ran."""

    FAILED = "failed"
    SKIPPED = "skipped"
    EXIT = "exit"
    END = "end"


@dataclass(frozen=True, kw_only=True)
class Note:
    """One event.

    Attributes:
        kind: a command failed; a command was not carried out, as this runner lacks it; `exit` was called; the script
            came to its end.
        status: of the command, or of the script.
        line: counted from 1; 0 where there is none.
        depth: of calls, for a command that failed: of a function more than of what called it.
        file: inside the runner.
        options: the shell's single-letter options at that time, such as 'ehB'.
        word: the command that was not carried out.
    """

    kind: NoteKind
    status: int
    line: int
    depth: int
    file: str
    options: str
    word: str

    def follows_from(self, last: "Note | None") -> bool:
        """Whether this is the failure of a call, by a command in it whose own failure was the last event."""
        return (
            last is not None
            and last.kind is self.kind is NoteKind.FAILED
            and last.status == self.status
            and last.depth > self.depth
        )


@dataclass(frozen=True, kw_only=True)
class StartupRun:
    """A run of the script.

    Attributes:
        status: of the shell; minus the signal's number if one ended it.
        notes: in the order they happened.
        exported: names of the variables that reach Airflow.
        protected: names of those that the script changed and MWAA keeps.
        path: whether PATH still leads to /usr/bin.
        left: number of processes that it left running.
    """

    status: int
    timed_out: bool
    seconds: float
    notes: tuple[Note, ...]
    exported: tuple[str, ...]
    protected: tuple[str, ...]
    path: bool
    left: int

    @property
    def end(self) -> Note | None:
        """How the script came to its end; None if the shell ended without that."""
        last = self.notes[-1] if self.notes else None
        return last if last and last.kind in (NoteKind.EXIT, NoteKind.END) else None

    def of_kind(self, kind: NoteKind) -> tuple[Note, ...]:
        """The events of a kind, one for each line, in the order they happened; a failure only where it began."""
        before = (None, *self.notes)
        began = [note for last, note in zip(before, self.notes, strict=False) if not note.follows_from(last)]
        return tuple({(note.file, note.line): note for note in began if note.kind is kind}.values())


def parse_startup_run(document: bytes) -> StartupRun:
    """Read the result file.

    Raises:
        ForeignResult: the script would not have written that.
    """
    found = fields(
        parse_result(document),
        status=int,
        timed_out=bool,
        seconds=int | float,
        notes=list,
        exported=list,
        protected=list,
        path=bool,
        left=int,
    )
    found["notes"] = tuple(_note(note) for note in found["notes"])
    for name in ("exported", "protected"):
        if not all(isinstance(variable, str) for variable in found[name]):
            message = f"'{name}' does not hold names"
            raise ForeignResult(message)
        found[name] = tuple(found[name])
    return StartupRun(**found)


def _note(found: object) -> Note:
    read = fields(found, kind=str, status=int, line=int, depth=int, file=str, options=str, word=str)
    if read["kind"] not in set(NoteKind):
        message = f"an event of kind {read['kind']!r:.100}"
        raise ForeignResult(message)
    return Note(**{**read, "kind": NoteKind(read["kind"])})
