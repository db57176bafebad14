"""What is said while the program runs: the only place that speaks workflow commands, through actions-toolkit."""

import os
import secrets
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TextIO

from actions_toolkit import core
from actions_toolkit.command import issue, issue_command
from actions_toolkit.file_command import issue_file_command

from mwaa_deploy.checks.verdicts import CheckReport, CheckResult, Severity
from mwaa_deploy.ports import Annotation, Log
from mwaa_deploy.report.annotations import MAX_ANNOTATIONS, MAX_MESSAGE, check_annotations
from mwaa_deploy.report.plain_text import cut, one_line, printable, scalars
from mwaa_deploy.report.size import cut_markdown
from mwaa_deploy.report.status_line import StatusLine
from mwaa_deploy.report.verdict_text import LEVELS, check_mark, check_title, report_lines, verdict_lines

SUMMARY_LIMIT = 1_000_000
"""A step summary over 1 MiB is dropped whole, so we stay below it with room for what masking adds."""


class ActionsLog:
    """The log of a GitHub Actions step.

    actions-toolkit writes to sys.stdout and to the files that GITHUB_OUTPUT and GITHUB_STEP_SUMMARY name.
    """

    def __init__(self) -> None:
        self._shown: dict[Severity, int] = dict.fromkeys(Severity, 0)
        self._summary_bytes = 0
        self._summary_missed = False

    def info(self, text: str) -> None:
        """Our own words. They may quote names from the user's files, so a line never begins with a command."""
        for line in printable(text).split("\n"):
            core.info(_encodable(_tame(line), sys.stdout))
        sys.stdout.flush()

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """Fold what is said inside."""
        core.start_group(_encodable(one_line(title), sys.stdout))
        try:
            yield
        finally:
            issue("endgroup")
            sys.stdout.flush()

    def verbatim(self, text: str) -> None:
        """Print with workflow commands switched off until a token that nobody could have guessed."""
        text = _encodable(printable(text), sys.stdout)
        if not text:
            return
        token = secrets.token_hex(16)
        issue("stop-commands", token)
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        issue(token)
        sys.stdout.flush()

    def annotate(self, annotation: Annotation) -> None:
        """Show a message on a file and line; past GitHub's limit it is a plain line of the log."""
        self._shown[annotation.severity] += 1
        message = cut(printable(annotation.message), MAX_MESSAGE)
        if self._shown[annotation.severity] > MAX_ANNOTATIONS:
            place = f"{annotation.file}:{annotation.line or 1}: " if annotation.file else ""
            self.info(f"{annotation.severity}: {place}{annotation.title}: {message}")
            return
        command = {Severity.FAIL: "error", Severity.WARN: "warning", Severity.PASS: "notice"}[annotation.severity]
        properties = {
            "title": one_line(annotation.title),
            "file": one_line(annotation.file or ""),
            "line": annotation.line,
        }
        # core.error() would name all six properties, the empty ones too.
        issue_command(command, {name: value for name, value in properties.items() if value}, message)
        sys.stdout.flush()

    def check(self, result: CheckResult) -> None:
        """A group with the check's verdicts and all that its tools printed."""
        with self.group(f"{check_mark(result)} {check_title(result)}"):
            for line in verdict_lines(result):
                self.info(line)
            self.verbatim(result.log)

    def verdicts(self, report: CheckReport) -> None:
        """Annotations for the worst, and a count of the rest."""
        room = {severity: MAX_ANNOTATIONS - shown for severity, shown in self._shown.items()}
        for annotation in check_annotations(report, room):
            self.annotate(annotation)
        self.info(list(report_lines(report))[-1][1])

    def mask(self, secret: str) -> None:
        """Have the runner replace the value wherever it shows up; each line of it by itself."""
        for line in filter(None, map(str.strip, secret.splitlines())):
            core.set_secret(line)
        sys.stdout.flush()

    def output(self, name: str, value: str) -> None:
        """Set an output of the action."""
        core.set_output(name, scalars(value))

    def summary(self, markdown: str) -> None:
        """Append to the step summary, never past its limit; where the step has none, go on without."""
        file = os.environ.get("GITHUB_STEP_SUMMARY")
        # What actions-toolkit refuses with a bare Exception.
        if not (file and Path(file).exists()):
            self._miss_summary("names no file that is there" if file else "is not set")
            return
        room = SUMMARY_LIMIT - self._summary_bytes
        text = cut_markdown(scalars(markdown), room, "(cut: a step summary holds 1 MiB; the report file has all)")
        self._summary_bytes += len(text.encode())
        if self._summary_bytes <= SUMMARY_LIMIT:
            issue_file_command("STEP_SUMMARY", text)

    def _miss_summary(self, why: str) -> None:
        if not self._summary_missed:
            self.info(f"No step summary is written: GITHUB_STEP_SUMMARY {why}.")
        self._summary_missed = True


_COLOURS = {Severity.FAIL: "1;31", Severity.WARN: "1;33", Severity.PASS: "1;32"}


class PlainLog:
    """The log on a laptop: lines as compilers write them, and the worst at the end, where one looks.

    Args:
        stream: where to; standard output if it is not given.
        colour: whether the stream shows colours.
        verbose: whether to show also what the tools of each check printed.
    """

    def __init__(self, stream: TextIO | None = None, *, colour: bool = False, verbose: bool = False) -> None:
        self._stream = stream or sys.stdout
        self._colour = colour
        self._verbose = verbose
        self._status: StatusLine | None = None

    @contextmanager
    def following(self, what: Callable[[], tuple[str, float] | None]) -> Iterator[None]:
        """Say in a terminal's last line what goes on.

        Args:
            what: see StatusLine.
        """
        if not self._stream.isatty() or os.environ.get("TERM") == "dumb":
            yield
            return
        with StatusLine(self._stream, what) as self._status:
            yield
        self._status = None

    def info(self, text: str) -> None:
        """Print, with control characters taken out so that nothing plays with the terminal."""
        for line in printable(text).split("\n"):
            self._print(line)

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """A title and what follows."""
        self.info(f"== {one_line(title)}")
        yield

    def verbatim(self, text: str) -> None:
        """Print in the same way."""
        if text:
            self.info(text.removesuffix("\n"))

    def annotate(self, annotation: Annotation) -> None:
        """Print with file and line in front, as compilers do."""
        place = f"{annotation.file}:{annotation.line or 1}: " if annotation.file else ""
        heading = one_line(f"{place}{LEVELS[annotation.severity]}: {annotation.title}: ")
        first, *rest = printable(annotation.message).split("\n")
        self._print(f"{heading} {first}", annotation.severity)
        for line in rest:
            self._print(line)

    def check(self, result: CheckResult) -> None:
        """One line when a check has ended; the tools' output if it was asked for."""
        self._print(f"{check_mark(result)} {check_title(result)}", None if result.skipped else result.severity)
        if self._verbose:
            self.info("\n".join(f"  {line}" for line in verdict_lines(result)))
            self.verbatim(result.log)

    def verdicts(self, report: CheckReport) -> None:
        """Every failure and warning with its evidence, then the count."""
        self._print("")
        for severity, line in report_lines(report):
            self._print(line, severity)

    def mask(self, secret: str) -> None:
        """Nothing to do: a laptop's log is not published."""

    def output(self, name: str, value: str) -> None:
        """Nothing to do: no later step reads it, and the log has told it."""

    def summary(self, markdown: str) -> None:
        """Nothing to do: the log has told it, and with --output-dir it is a file."""

    def _print(self, line: str, severity: Severity | None = None) -> None:
        # Tamed too: somebody may run the command as a step of a workflow with --json.
        line = _encodable(_tame(line), self._stream)
        if self._colour and severity is not None and line:
            line = f"\x1b[{_COLOURS[severity]}m{line}\x1b[0m"
        with self._status.above() if self._status else nullcontext():
            print(line, file=self._stream, flush=True)


def choose_log(env: Mapping[str, str]) -> Log:
    """The log for where the program runs. With --json the report has standard output to itself."""
    as_json = bool(env.get("MWAA_DEPLOY_JSON"))
    if env.get("GITHUB_ACTIONS") == "true" and not as_json:
        return ActionsLog()
    stream = sys.stderr if as_json else sys.stdout
    # https://no-color.org: set and not empty means none.
    colour = stream.isatty() and not env.get("NO_COLOR") and env.get("TERM") != "dumb"
    return PlainLog(stream, colour=colour, verbose=bool(env.get("MWAA_DEPLOY_VERBOSE")))


def report_unexpected(log: Log, error: BaseException, version: str) -> None:
    """Show a fault of ours: one annotation, and what a bug report needs."""
    log.annotate(
        Annotation(severity=Severity.FAIL, title="Unexpected failure", message=f"{type(error).__name__}: {error}")
    )
    with log.group("For a bug report"):
        frames = "".join(traceback.format_exception(error))
        log.verbatim(f"mwaa-deploy {version}, Python {sys.version.split()[0]}, {os.uname().sysname}\n{frames}")


def _tame(line: str) -> str:
    # The runner reads '::' commands at the start of a line only, and the older '##[' ones anywhere in it
    # (actions/runner, ActionCommand.cs): one character of no width defuses both.
    line = line.replace("##[", "##\u200b[")
    return f"\u200b{line}" if line.lstrip().startswith("::") else line


def _encodable(text: str, stream: TextIO) -> str:
    """Text that the stream can take, whatever the machine's locale is."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)
