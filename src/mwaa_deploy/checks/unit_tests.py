"""The check that the project's own unit tests pass, in pytest's or in unittest's style."""

import re
from collections.abc import Sequence

from mwaa_deploy.checks.junit import JUnitUnreadable, TestCase, frames, parse_junit
from mwaa_deploy.checks.layout import Layout
from mwaa_deploy.checks.progress import Progress, parse_progress
from mwaa_deploy.checks.result_files import ForeignResult
from mwaa_deploy.checks.verdicts import Severity, Verdict
from mwaa_deploy.ports import Completed

NAME = "unit-tests"
NO_TESTS = "The project has no folder of unit tests."

_SETTINGS_FAULT = re.compile(
    r"^ERROR: (?P<file>\S+\.(?:ini|toml|cfg)):(?P<line>\d{1,9})?:? .*?(?:\(at line (?P<other>\d{1,9})|$)", re.MULTILINE
)
"""How pytest says that a file with its settings cannot be read."""

_OK, _USAGE, _NONE_COLLECTED, _NO_PYTEST = 0, 4, 5, 70


def judge_tests(
    completed: Completed, report: bytes | None, progress: bytes | None, layout: Layout
) -> tuple[Verdict, ...]:
    """Turn a run of pytest into verdicts.

    Args:
        completed: how pytest ended.
        report: its JUnit XML, if it got to write one.
        progress: what the launcher noted on the way.
        layout: where the project lies in the runner.
    """
    try:
        state = parse_progress(progress) if progress else Progress()
    except ForeignResult as error:
        return (_stopped(_foreign("tests.json", error), Progress(), completed, layout),)
    if progress is None and completed.exit_code == _OK:
        message = "The launcher of the tests ended with 0 and without its note, tests.json, so nothing is known."
        return (_stopped(message, state, completed, layout),)
    if completed.timed_out:
        return (_stopped(f"The tests were not done after {completed.seconds:.0f} s.", state, completed, layout),)
    try:
        cases = parse_junit(report) if report is not None else None
    except JUnitUnreadable as error:
        return (_stopped(_foreign("tests.xml", error), state, completed, layout),)
    verdicts = [_judge_case(case, layout) for case in cases or ()]
    if cases is None or completed.exit_code not in (_OK, _NONE_COLLECTED):
        if not any(verdict.severity is Severity.FAIL for verdict in verdicts):
            verdicts.append(_stopped(_crash(completed, state, str(layout.checkout)), state, completed, layout))
    elif not any(verdict.severity is Severity.FAIL for verdict in verdicts):
        verdicts.extend(_judge_count(cases, state, completed, layout))
    return tuple(verdicts)


def _foreign(file: str, error: ValueError) -> str:
    return f"The result file {file} is not one of ours: {error}. Something in the tests wrote to it."


def _judge_count(cases: Sequence[TestCase], state: Progress, completed: Completed, layout: Layout) -> list[Verdict]:
    """What a report without failures may still hide: that nothing, or not everything, was run."""
    selected, finished = state.selected or 0, state.finished
    folder = layout.location(str(layout.tests))
    subject = folder.file if folder else NAME
    if state.hindered or state.ran < finished:
        keep = "keep" if len(state.hindered) > 1 else "keeps"
        told = f"{' and '.join(state.hindered)} {keep}" if state.hindered else "Something in their settings keeps"
        message = (
            f"{told} tests from being run: {state.ran} of {selected} were. Take it out of pytest's settings (addopts), "
            "PYTEST_ADDOPTS and the arguments."
        )
        return [_stopped(message, state, completed, layout)]
    if finished < selected:
        message = f"Only {finished} of {selected} tests were run to their end; something in them ended pytest."
        return [_stopped(message, state, completed, layout)]
    if not cases and state.deselected:
        message = (
            f"None of {state.deselected} tests was selected, so nothing is known. Look for a mistake in the markers "
            "and names (-m, -k, --deselect) of the arguments, pytest's settings (addopts) and PYTEST_ADDOPTS."
        )
        return [Verdict(subject=subject, severity=Severity.FAIL, message=message, location=folder)]
    if not cases:
        message = "No test was found. Files are looked for as test*.py and *_test.py, tests as test_* in them."
        return [Verdict(subject=subject, severity=Severity.WARN, message=message, location=folder)]
    if all(case.outcome == "skipped" for case in cases):
        message = "Every test was skipped, so nothing is known."
        return [Verdict(subject=subject, severity=Severity.WARN, message=message, location=folder)]
    return []


def _judge_case(case: TestCase, layout: Layout) -> Verdict:
    begin = layout.location(case.file, case.line)
    if case.outcome in ("passed", "skipped"):
        message = (
            f"Passed in {case.seconds:.2f} s."
            if case.outcome == "passed"
            else f"Skipped: {case.message or 'no reason given'}"
        )
        return Verdict(subject=case.name, severity=Severity.PASS, message=message, location=begin)
    places = [place for file, line in frames(case.text) if (place := layout.location(file, line))]
    # A file that cannot be collected has no begin; pytest names it by its module, as in 'tests.test_x'.
    named = layout.location(case.name.removeprefix("::").replace(".", "/") + ".py")
    location = next(iter((*reversed(places), *((begin,) if begin else ()), *((named,) if named else ()))), None)
    return Verdict(
        subject=case.name,
        severity=Severity.FAIL,
        message=_told(case),
        location=location,
        evidence=case.text,
    )


def _told(case: TestCase) -> str:
    return exception_in(case.text) or case.message.strip() or "It failed without a message."


def exception_in(text: str) -> str:
    """The exception that a traceback of pytest's ends with; empty when it shows none."""
    said: list[str] = re.findall(r"^E\s+(\S.*)$", text, re.MULTILINE) or text.splitlines()
    errors = [line.strip() for line in said if re.match(r"\s*[\w.]+(?:Error|Exception|Exit|Interrupt|Warning)\b", line)]
    marked = said[0] if text.startswith("E ") or "\nE " in text else ""
    return errors[-1] if errors else marked


def _crash(completed: Completed, state: Progress, checkout: str) -> str:
    if state.left:
        return f"os._exit({state.left.status}) was called while the tests ran, so none of them counts."
    if completed.exit_code == _NO_PYTEST:
        return "There is no pytest in the runner, and none was brought along."
    if completed.exit_code == _USAGE:
        errors = re.findall(r"^(?:.*?: )?(?:ERROR|error): (.+)$", completed.output, re.MULTILINE)
        why = exception_in(completed.output) or "".join(errors[-1:]) or "see the log"
        return f"pytest refused to start: {why.replace(f'{checkout}/', '')}."
    return f"pytest ended with exit code {completed.exit_code} and no full report."


def _stopped(message: str, state: Progress, completed: Completed, layout: Layout) -> Verdict:
    """A failure of the whole run, at the place it had got to."""
    at = layout.location(state.at.file, state.at.line) if state.at else None
    traced = [place for file, line in frames(completed.output) if (place := layout.location(file, line))]
    settings = _SETTINGS_FAULT.search(completed.output) if completed.exit_code == _USAGE else None
    if state.left:
        location = layout.location(state.left.file, state.left.line)
    elif settings:
        location = layout.location(settings["file"], int(settings["line"] or settings["other"] or 0) or None)
    elif completed.timed_out or completed.exit_code == _OK:
        location = at
    else:
        location = next(reversed(traced), None) or at
    return Verdict(
        subject=state.name or "pytest",
        severity=Severity.FAIL,
        message=f"{message} It was at {state.name}." if state.name else message,
        location=location or layout.location(str(layout.tests)),
        evidence=completed.output,
    )
