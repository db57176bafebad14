"""Which of the user's arguments pytest may get: those that leave our report as it is."""

from collections.abc import Sequence
from itertools import pairwise

_OURS = "It would take the report away that the check reads."
_NOTHING_RUNS = "With it pytest runs no test."
_NO_CACHE = "It needs what pytest remembers of the run before, and each runner is a new one."
_ASKS = "It waits for somebody at a keyboard."

_REFUSED = {
    **dict.fromkeys(("--junitxml", "--junit-xml", "--junitprefix", "--junit-prefix", "--rootdir", "--"), _OURS),
    **dict.fromkeys(("-c", "--config-file", "--inifile"), _OURS),
    **dict.fromkeys(("--collect-only", "--collectonly", "--co", "--setup-plan", "--setup-only"), _NOTHING_RUNS),
    **dict.fromkeys(("--fixtures", "--funcargs", "--fixtures-per-test", "--markers", "--cache-show"), _NOTHING_RUNS),
    **dict.fromkeys(("--version", "-V", "-h", "--help"), _NOTHING_RUNS),
    **dict.fromkeys(("--lf", "--last-failed", "--ff", "--failed-first", "--nf", "--new-first"), _NO_CACHE),
    **dict.fromkeys(("--sw", "--stepwise", "--sw-skip", "--stepwise-skip", "--cache-clear"), _NO_CACHE),
    **dict.fromkeys(("--pdb", "--trace", "--usepdb"), _ASKS),
}
_NEEDED = frozenset(
    {"junitxml", "terminal", "terminalreporter", "runner", "main", "python", "unittest", "reports", "skipping"}
)
"""Plug-ins of pytest's own, without which there is no report, or not every test in it."""

_JUNIT_SETTINGS = ("junit_family", "junit_suite_name", "junit_logging", "junit_duration_report")
_UNREADABLE_TRACEBACKS = ("no", "line")
_LOOKS_BEHIND = ("-p", "-o", "--override-ini", "--tb")


def argument_problems(arguments: Sequence[str]) -> tuple[str, ...]:
    """What keeps arguments from being passed on to pytest, a sentence or two for each.

    Args:
        arguments: as in ('-m', 'not slow', '-p', 'no:warnings').
    """
    found = []
    for argument, after in pairwise((*arguments, "")):
        name, has_value, value = argument.partition("=")
        # Of the short options that take a value, pytest allows the value to follow at once.
        short = next((option for option in ("-c", "-p", "-o") if argument.startswith(option)), None)
        if short:
            name, value = short, argument[2:] or after
        elif name in _LOOKS_BEHIND and not has_value:
            value = after
        if why := _REFUSED.get(name) or _refused_value(name, value):
            found.append(f"pytest's argument {argument!r} cannot be used here. {why}")
    return tuple(found)


def _refused_value(name: str, value: str) -> str:
    if name == "-p" and value.removeprefix("no:") != value and value.removeprefix("no:") in _NEEDED:
        return _OURS
    if name in ("-o", "--override-ini") and value.partition("=")[0].strip() in _JUNIT_SETTINGS:
        return _OURS
    if name == "--tb" and value in _UNREADABLE_TRACEBACKS:
        return "Without a traceback no failure has a line."
    return ""
