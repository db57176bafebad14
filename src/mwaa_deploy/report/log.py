"""What is said while the program runs: the only place that speaks workflow commands, through actions-toolkit."""

import os
import secrets
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

from actions_toolkit import core
from actions_toolkit.command import issue, issue_command
from actions_toolkit.file_command import issue_file_command

from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.ports import Annotation, Log

MAX_ANNOTATIONS = {Severity.FAIL: 10, Severity.WARN: 10, Severity.PASS: 10}
"""GitHub shows ten of each kind a step and drops the rest silently (actions/toolkit, docs/problem-matchers.md)."""

MAX_MESSAGE = 4000
"""GitHub cuts an annotation's message at 4,096 characters."""

SUMMARY_LIMIT = 1_000_000
"""A step summary over 1 MiB is dropped whole, so we stay below it with room for what masking adds."""


class ActionsLog:
    """The log of a GitHub Actions step.

    actions-toolkit writes to sys.stdout and to the files that GITHUB_OUTPUT and GITHUB_STEP_SUMMARY name.
    """

    def __init__(self) -> None:
        self._shown: dict[Severity, int] = dict.fromkeys(Severity, 0)
        self._summary_bytes = 0

    def info(self, text: str) -> None:
        """Our own words. They may quote names from the user's files, so a line never begins with a command."""
        for line in text.splitlines() or [""]:
            core.info(_tame(line))
        sys.stdout.flush()

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """Fold what is said inside."""
        core.start_group(title)
        try:
            yield
        finally:
            issue("endgroup")
            sys.stdout.flush()

    def verbatim(self, text: str) -> None:
        """Print with workflow commands switched off until a token that nobody could have guessed."""
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
        message = annotation.message[:MAX_MESSAGE]
        if self._shown[annotation.severity] > MAX_ANNOTATIONS[annotation.severity]:
            place = f"{annotation.file}:{annotation.line or 1}: " if annotation.file else ""
            self.info(f"{annotation.severity}: {place}{annotation.title}: {message}")
            return
        command = {Severity.FAIL: "error", Severity.WARN: "warning", Severity.PASS: "notice"}[annotation.severity]
        properties = {"title": annotation.title, "file": annotation.file, "line": annotation.line}
        # core.error() would name all six properties, the empty ones too.
        issue_command(command, {name: value for name, value in properties.items() if value}, message)
        sys.stdout.flush()

    def mask(self, secret: str) -> None:
        """Have the runner replace the value wherever it shows up; each line of it by itself."""
        for line in filter(None, map(str.strip, secret.splitlines())):
            core.set_secret(line)
        sys.stdout.flush()

    def output(self, name: str, value: str) -> None:
        """Set an output of the action."""
        core.set_output(name, value)

    def summary(self, markdown: str) -> None:
        """Append to the step summary, never past its limit."""
        data = markdown.encode()
        room = SUMMARY_LIMIT - self._summary_bytes
        if len(data) > room:
            data = data[: max(room - 100, 0)] + b"\n\n(cut: a step summary holds 1 MiB; the report file has all)\n"
        self._summary_bytes += len(data)
        issue_file_command("STEP_SUMMARY", data.decode(errors="ignore"))


class PlainLog:
    """The log on a laptop: plain text, no commands."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout

    def info(self, text: str) -> None:
        """Print."""
        print(text, file=self._stream, flush=True)

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """A title and what follows."""
        self.info(f"== {title}")
        yield

    def verbatim(self, text: str) -> None:
        """Print, with control characters taken out so that nothing plays with the terminal."""
        self.info("".join(c for c in text if c.isprintable() or c in "\n\t"))

    def annotate(self, annotation: Annotation) -> None:
        """Print with file and line in front, as compilers do."""
        place = f"{annotation.file}:{annotation.line or 1}: " if annotation.file else ""
        self.info(f"{place}{annotation.severity}: {annotation.title}: {annotation.message}")

    def mask(self, secret: str) -> None:
        """Nothing to do: a laptop's log is not published."""

    def output(self, name: str, value: str) -> None:
        """Print the output."""
        self.info(f"{name}={value}")

    def summary(self, markdown: str) -> None:
        """Print the summary as it is."""
        self.info(f"\n{markdown}")


def choose_log(env: Mapping[str, str]) -> Log:
    """The log for where the program runs."""
    return ActionsLog() if env.get("GITHUB_ACTIONS") == "true" else PlainLog()


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
