"""A process in a sandbox, with a time limit."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from mwaa_deploy.runner.sandbox import Sandbox
from mwaa_deploy.runner.supervision import (
    GRACE,
    READER,
    SUPERVISOR,
    Ended,
    longest_report,
    parse_report,
    parse_results,
    supervised,
)

_CHUNK = 65536
_STRAGGLERS = 5.0
_CANNOT_START = 127
_UNWATCHED = 128 + signal.SIGKILL

_REMOVE = """
number=$1
shift
while [ "$number" -gt 0 ]; do
  /bin/rm -f -- "$1" 2>/dev/null
  shift
  number=$((number - 1))
done
exec "$@"
"""
"""Removes as many files as the first word says, then becomes the command."""


def run_process(
    argv: Sequence[str],
    *,
    sandbox: Sandbox,
    cwd: str,
    env: Mapping[str, str],
    timeout: float,
    take: Callable[[bytes], object],
    stdin: IO[bytes] | None = None,
    errors: int = subprocess.STDOUT,
    results: Sequence[PurePosixPath] = (),
) -> Ended:
    """Run a process to its end or its time limit; nothing it started outlives it.

    In namespaces all of them end with the first; elsewhere a supervisor ends them, and reads the results.

    Args:
        argv: the command, without the sandbox around it.
        sandbox: what to start it in.
        cwd: its working folder.
        env: its whole environment.
        timeout: seconds.
        take: given each piece of what it prints.
        stdin: an open file that it may read; default: nothing.
        errors: subprocess.STDOUT to take what it prints as errors too, or subprocess.DEVNULL.
        results: absolute paths of the files to hand back.

    Raises:
        RunnerBroken: a result is too large.
    """
    if sandbox.namespaced:
        if results:
            argv = ["/bin/sh", "-c", _REMOVE, "sh", str(len(results)), *map(str, results), *argv]
        command, limit, to_errors = sandbox.command(argv, cwd, env), timeout, errors
    else:
        command = supervised(
            sandbox.limited(argv, env),
            python=sandbox.python,
            script=str(SUPERVISOR),
            seconds=timeout,
            users="" if sandbox.uid is None else f"{sandbox.uid}:{sandbox.uid}",
            folder=cwd,
            errors_taken=errors == subprocess.STDOUT,
            results=results,
        )
        limit, to_errors = timeout + GRACE, subprocess.PIPE
    kills = _memory_kills()
    try:
        process = subprocess.Popen(
            command,
            env={"PATH": sandbox.path},
            stdin=stdin if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=to_errors,
            start_new_session=True,
        )
    except OSError as e:
        take(f"{command[0]}: {e}\n".encode())
        return Ended(code=_CANNOT_START)
    report = bytearray()
    timed_out = not _wait(process, limit, take, report)
    if not sandbox.namespaced:
        return _reported(bytes(report), results)
    code = process.returncode if process.returncode >= 0 else 128 - process.returncode
    ended = Ended(code=code, timed_out=timed_out, out_of_memory=_memory_kills() > kills)
    return replace(ended, results=_results(sandbox, results)) if results else ended


def _results(sandbox: Sandbox, paths: Sequence[PurePosixPath]) -> Mapping[PurePosixPath, bytes]:
    """What a command left in files, read in the sandbox that it ran in."""
    printed = bytearray()
    # Its text, not its path: the sandbox may hide where it lies.
    argv = [sandbox.python, "-I", "-S", "-c", READER.read_text(encoding="utf-8"), *map(str, paths)]
    run_process(
        argv,
        sandbox=sandbox,
        cwd="/",
        env={},
        timeout=GRACE,
        take=partial(_keep, printed, longest_report(paths)),
        errors=subprocess.DEVNULL,
    )
    return parse_results(bytes(printed), paths)


def _keep(kept: bytearray, most: int, piece: bytes) -> None:
    if len(kept) < most:
        kept.extend(piece)


def _wait(process: subprocess.Popen[bytes], limit: float, take: Callable[[bytes], object], report: bytearray) -> bool:
    watched = process.stderr is not None
    streams = ((process.stdout, take), (process.stderr, report.extend))
    readers = [threading.Thread(target=_read_all, args=(stream, use), daemon=True) for stream, use in streams if stream]
    for reader in readers:
        reader.start()
    try:
        process.wait(limit)
    except subprocess.TimeoutExpired:
        return False
    finally:
        if process.poll() is None and watched:
            # Let it end what it watches.
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_STRAGGLERS)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        # Without a sandbox something may have slipped away and keep the pipe open.
        for reader in readers:
            reader.join(_STRAGGLERS)
    return True


def _reported(text: bytes, results: Sequence[PurePosixPath]) -> Ended:
    """What the supervisor said; a failure if it did not come to that, whatever the command may have done."""
    report = parse_report(text, results)
    return report if isinstance(report, Ended) and not report.left else Ended(code=_UNWATCHED)


def _memory_kills() -> int:
    with suppress(OSError, ValueError):
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


def _read_all(stream: IO[bytes], take: Callable[[bytes], object]) -> None:
    with stream:
        while chunk := os.read(stream.fileno(), _CHUNK):
            take(chunk)
