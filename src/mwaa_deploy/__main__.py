# ruff: noqa: E402, PLC0415 -- no collection before the imports; what is imported late is so while a runner is opened
"""The only place that catches and exits."""

import gc

gc.disable()  # of all that is imported now, nothing is garbage, and looking for it takes a while

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from types import FrameType

from mwaa_deploy import __version__
from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.cli import parse_command_line
from mwaa_deploy.config import Config, read_config
from mwaa_deploy.context import GitHubContext, read_context, workspace_of
from mwaa_deploy.early_runner import early_runner
from mwaa_deploy.errors import ChecksFailed, MwaaDeployError, ReportNotWritten
from mwaa_deploy.inputs import Inputs, config_location, parse_inputs
from mwaa_deploy.journal import Journal
from mwaa_deploy.ports import Annotation, Log
from mwaa_deploy.report.log import PlainLog, choose_log, report_unexpected
from mwaa_deploy.targets import with_section

gc.freeze()
gc.enable()

UNEXPECTED, INTERRUPTED = 1, 130
_PR_SET_DUMPABLE = 4


def main(argv: Sequence[str] | None = None, env: Mapping[str, str] | None = None) -> int:
    """Run a command and return its exit code."""
    env = parse_command_line(sys.argv[1:] if argv is None else argv, os.environ if env is None else env)
    log = choose_log(env)
    journal, asked = Journal(), Asked()
    with log.following(lambda: journal.current) if isinstance(log, PlainLog) else nullcontext():
        code = _exit_code(env, log, journal, asked)
    _comment(env, log, journal, asked)
    from mwaa_deploy.report.publish import publish

    try:
        publish(journal, log, env)
    except OSError as e:
        error = ReportNotWritten(
            f"The report could not be written: {e}",
            meaning="Later steps that read its files would read nothing, or those of another run.",
            mend="Name a folder that can be written: mwaa-deploy check --output-dir mwaa-deploy-report",
        )
        log.annotate(Annotation(severity=Severity.FAIL, title=error.title, message=str(error)))
        return code or error.exit_code
    return code


@dataclass
class Asked:
    """What a run was told, as far as that could be read."""

    inputs: Inputs | None = None
    context: GitHubContext = field(default_factory=GitHubContext)
    config: Config = field(default_factory=Config)


def _exit_code(env: Mapping[str, str], log: Log, journal: Journal, asked: Asked) -> int:
    try:
        context = read_context(env)
        config = read_config(workspace_of(env), config_location(env))
        given = with_section(env, config)
        inputs = parse_inputs(given, event=context.event_name, airflow_version=config.airflow_version)
        asked.inputs, asked.context, asked.config = inputs, context, config
        with early_runner(inputs, config, context, env, log) as early:
            with _uninterrupted():
                import mwaa_deploy.report.publish  # noqa: F401 -- for the end, which an interruption brings on
                from mwaa_deploy.edges import RealEdges
                from mwaa_deploy.pipeline import run

            with RealEdges(inputs, config, context, env, log, early=early) as edges:
                run(inputs, context, edges, log, journal)
    except MwaaDeployError as e:
        journal.error = e
        # A failing check has its own annotations, on the lines that caused it.
        if not isinstance(e, ChecksFailed):
            log.annotate(Annotation(severity=Severity.FAIL, title=e.title, message=str(e)))
        else:
            log.info(str(e))
        return e.exit_code
    except KeyboardInterrupt as e:
        journal.error = e
        log.info("Interrupted; what the run had started is removed.")
        return INTERRUPTED
    except Exception as e:  # noqa: BLE001 -- the one place where a fault of ours ends
        journal.error = e
        report_unexpected(log, e, __version__)
        return UNEXPECTED
    return 0


def _comment(env: Mapping[str, str], log: Log, journal: Journal, asked: Asked) -> None:
    """Tell the pull request, however the run ended."""
    if asked.inputs is None or asked.context.pull_request_number is None:
        return
    try:
        from mwaa_deploy.commenting import comment_after
        from mwaa_deploy.edges import RealEdges

        with RealEdges(asked.inputs, asked.config, asked.context, env, log) as edges:
            comment_after(journal, asked.inputs, asked.context, edges.pull_requests, log)
    except Exception as e:  # noqa: BLE001 -- the run's own result stands
        report_unexpected(log, e, __version__)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Put off what would interrupt an import: a module that was imported half cannot be imported again."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {number: signal.signal(number, lambda n, _: came.append(n)) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        raise KeyboardInterrupt


def _guard_process() -> None:
    """Let no other process of this user read our environment, where tokens may be; and end cleanly when cancelled."""
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)

    def interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


def command() -> None:
    """Run as a program of its own, `mwaa-deploy` or `python -m mwaa_deploy`, and exit."""
    _guard_process()
    code = main()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        sys.exit(code)  # which says what could not be written
    # Nothing of ours is open any more, and to take apart all that was imported takes a tenth of a second.
    os._exit(code)


if __name__ == "__main__":
    command()
