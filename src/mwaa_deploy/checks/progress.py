"""What probe/pytest_launcher.py noted while the tests ran."""

from dataclasses import dataclass

from mwaa_deploy.checks.result_files import fields, parse_result


@dataclass(frozen=True, kw_only=True)
class At:
    """A test, or a file about to be imported: then `test` is empty. `line` is counted from 1."""

    test: str
    file: str
    line: int | None


@dataclass(frozen=True, kw_only=True)
class Left:
    """A call of os._exit."""

    file: str
    line: int
    status: object


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far the tests got.

    Attributes:
        selected: the number of tests to run; None if that never got known.
        deselected: the number of tests that were found, and are not to be run by arguments or settings.
        finished: the number of tests that ran to their end, whatever their outcome.
        ran: the number of those whose own code was run, or that were skipped or failed before it could be.
        hindered: what pytest was told that keeps tests from being run.
        at: what was begun last.
        left: the call of os._exit that ended them, if one did.
    """

    selected: int | None = None
    deselected: int = 0
    finished: int = 0
    ran: int = 0
    hindered: tuple[str, ...] = ()
    at: At | None = None
    left: Left | None = None

    @property
    def name(self) -> str:
        """Of what was begun last; empty if nothing was."""
        return (self.at.test or self.at.file) if self.at else ""


def parse_progress(document: bytes) -> Progress:
    """Read the progress file.

    Raises:
        ForeignResult: the launcher would not have written that.
    """
    found = fields(
        parse_result(document),
        selected=int | None,
        deselected=int,
        finished=int,
        ran=int,
        hindered=list,
        at=dict | None,
        left=dict | None,
    )
    at = fields(found["at"], test=str, file=str, line=int | None) if found["at"] is not None else None
    left = fields(found["left"], file=str, line=int, status=object) if found["left"] is not None else None
    return Progress(
        selected=found["selected"],
        deselected=found["deselected"],
        finished=found["finished"],
        ran=found["ran"],
        hindered=tuple(map(str, found["hindered"])),
        at=At(**at) if at else None,
        left=Left(**left) if left else None,
    )
