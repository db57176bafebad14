"""What a run of the startup script means on MWAA: pure."""

import re
from collections.abc import Iterator

from mwaa_deploy.checks.layout import Layout
from mwaa_deploy.checks.startup_environment import COMPONENT
from mwaa_deploy.checks.startup_result import Note, NoteKind, StartupRun
from mwaa_deploy.checks.verdicts import Location, Severity, Verdict

_SLOW = 0.6
"""Share of the time limit from which on a script is warned about."""

_MOST_NAMES, _MOST_LINES = 30, 10

_SYNTAX = re.compile(r"^(?P<file>/\S.*): line (?P<line>\d{1,9}): (?P<words>syntax error|unexpected EOF|unexpected end)")
_FATAL = re.compile(r"^(?P<file>/\S.*): line (?P<line>\d{1,9}): (?P<words>.*(?:unbound variable|bad substitution).*)$")
_UNKNOWN = re.compile(r"\b(sudo|yum|dnf): (?:command )?not found")
_EXEC = re.compile(r"^\s*exec\s+[^\s<>&\d{]")
_NAME = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)

_UNHEALTHY = "MWAA then finds no exported variables, marks the container as unhealthy and starts no Airflow in it."


def judge_startup(run: StartupRun, output: str, text: str, layout: Layout, *, limit: float) -> tuple[Verdict, ...]:
    """Turn a run into verdicts.

    Args:
        run: what became of it.
        output: what the script printed.
        text: the script.
        layout: where the project lies in the runner.
        limit: seconds that it may take.
    """
    judge = _Judge(run, output, text, layout, limit)
    verdicts = tuple(judge.verdicts())
    if any(verdict.severity is Severity.FAIL for verdict in verdicts):
        return verdicts
    return (*verdicts, judge.passed())


class _Judge:
    def __init__(self, run: StartupRun, output: str, text: str, layout: Layout, limit: float) -> None:
        self._run = run
        self._output = output
        self._lines = text.splitlines()
        self._layout = layout
        self._limit = limit
        self._skipped = bool(run.of_kind(NoteKind.SKIPPED)) or _UNKNOWN.search(output) is not None

    def verdicts(self) -> Iterator[Verdict]:
        yield from self._ending()
        if self._run.end and not self._run.path:
            message = f"PATH no longer leads to /usr/bin, where MWAA's own wrapper looks for its tools. {_UNHEALTHY}"
            yield self._verdict(Severity.FAIL, "path", f"{message} Add to it: PATH=...:$PATH", self._set_at("PATH"))
        yield from self._failed_commands()
        for note in self._run.of_kind(NoteKind.SKIPPED)[:_MOST_LINES]:
            message = (
                f"{note.word} is not to be had in this runner, so the command was taken as done without being run. "
                "Whether it works, only MWAA can tell."
            )
            yield self._verdict(Severity.WARN, "not-run", message, self._at(note))
        yield from self._environment()

    def passed(self) -> Verdict:
        names = [name for name in self._run.exported if _NAME.match(name)]
        exported = f"It exports {_listed(names)}." if names else "It exports no variable."
        message = f"It ran as on MWAA's {COMPONENT} (MWAA_AIRFLOW_COMPONENT={COMPONENT}) in {self._run.seconds:.1f} s."
        return self._verdict(Severity.PASS, "exported", f"{message} {exported}", None, evidence="")

    def _ending(self) -> Iterator[Verdict]:
        run, end = self._run, self._run.end
        if run.timed_out:
            last = run.of_kind(NoteKind.FAILED)[-1:]
            message = (
                f"It was not done after {self._limit:.0f} s, when MWAA ends it. Move what takes so long into "
                "requirements.txt or plugins.zip, or skip it where it is not needed: MWAA_AIRFLOW_COMPONENT says where."
            )
            yield self._verdict(Severity.FAIL, "time", message, self._at(last[0]) if last else None)
            return
        if run.seconds >= _SLOW * self._limit:
            message = f"It took {run.seconds:.0f} s; MWAA ends it after {self._limit:.0f} s, and may be slower."
            yield self._verdict(Severity.WARN, "time", message, None)
        if found := self._found(_SYNTAX):
            message = f"bash cannot read it: {found['words']}. Nothing from there on is run."
            yield self._verdict(Severity.FAIL, "syntax", message, self._place(found["file"], int(found["line"])))
        elif end is None:
            yield self._aborted()
        elif end.kind is NoteKind.EXIT and end.status:
            message = f"It calls exit {end.status}. MWAA takes no notice and starts Airflow with what was done so far."
            yield self._failure(message, self._at(end))
        elif end.status and not self._tolerated():
            message = f"Its last command ended with status {end.status}. MWAA takes no notice of that."
            yield self._verdict(Severity.WARN, "exit-status", message, None)

    def _aborted(self) -> Verdict:
        run, failed = self._run, self._run.of_kind(NoteKind.FAILED)
        if run.status < 0:
            return self._failure(f"It was killed by signal {-run.status}. {_UNHEALTHY}", None)
        if found := self._found(_FATAL):
            place = self._place(found["file"], int(found["line"]))
            return self._failure(f"It ended at an error of the shell: {found['words']}. {_UNHEALTHY}", place)
        if failed and failed[-1].status == run.status and "e" in failed[-1].options:
            message = f"A command failed with status {run.status}, and set -e ended the script there. {_UNHEALTHY}"
            return self._failure(message, self._at(failed[-1]))
        number = next((number for number, line in enumerate(self._lines, 1) if _EXEC.match(line)), None)
        by = "exec replaced the shell" if number else "The shell was ended past the script's end, as by set -e or exec"
        place = self._place(str(self._layout.startup_script), number)
        return self._failure(f"{by}; the status was {run.status}. {_UNHEALTHY}", place)

    def _failure(self, message: str, place: Location | None) -> Verdict:
        """A failure, unless something that this runner lacks may have led to it."""
        if not self._skipped:
            return self._verdict(Severity.FAIL, "exit-status", message, place)
        message += " sudo, yum or dnf did nothing in this runner before; only MWAA can tell whether it happens there."
        return self._verdict(Severity.WARN, "exit-status", message, place)

    def _tolerated(self) -> bool:
        return bool(self._run.of_kind(NoteKind.FAILED))

    def _failed_commands(self) -> Iterator[Verdict]:
        failed = list(self._run.of_kind(NoteKind.FAILED))
        if self._run.timed_out or (self._run.end is None and failed and "e" in failed[-1].options):
            failed = failed[:-1]
        for note in failed[:_MOST_LINES]:
            message = f"A command ended with status {note.status}. MWAA takes no notice, and goes on after it."
            yield self._verdict(Severity.WARN, "failed-command", message, self._at(note))

    def _environment(self) -> Iterator[Verdict]:
        if self._run.protected:
            message = f"MWAA does not let a startup script change {_listed(self._run.protected)}; it keeps its own."
            place = next((at for name in self._run.protected if (at := self._set_at(name))), None)
            yield self._verdict(Severity.WARN, "protected", message, place, evidence="")
        if self._run.left:
            message = (
                f"It left {self._run.left} process(es) running. They were ended here, so what runs later finds none."
            )
            yield self._verdict(Severity.WARN, "processes", message, None)

    def _found(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        for line in self._output.splitlines():
            if (found := pattern.match(line)) and self._layout.location(found["file"]):
                return found
        return None

    def _set_at(self, name: str) -> Location | None:
        """Where the script gives a variable its value."""
        pattern = re.compile(rf"(?<![\w$]){re.escape(name)}\+?=")
        number = next((number for number, line in enumerate(self._lines, 1) if pattern.search(line)), None)
        return self._place(str(self._layout.startup_script), number)

    def _at(self, note: Note) -> Location | None:
        return self._place(note.file, note.line)

    def _place(self, file: str, line: int | None) -> Location | None:
        return self._layout.location(file, line or None)

    def _verdict(
        self, severity: Severity, rule: str, message: str, place: Location | None, *, evidence: str | None = None
    ) -> Verdict:
        script = self._layout.location(str(self._layout.startup_script))
        return Verdict(
            subject=script.file if script else "startup.sh",
            severity=severity,
            message=message,
            location=place or script,
            evidence=self._output if evidence is None else evidence,
            rule=rule,
        )


def _listed(names: tuple[str, ...] | list[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
