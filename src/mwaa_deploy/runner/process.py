"""A process in a sandbox, with a time limit."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from mwaa_deploy.runner.sandbox import Sandbox
from mwaa_deploy.runner.supervision import GRACE, SUPERVISOR, Ended, parse_report, supervised

_CHUNK = 65536
_STRAGGLERS = 5.0
_CANNOT_START = 127
_UNWATCHED = 128 + signal.SIGKILL


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
) -> Ended:
    """Run a process to its end or its time limit; nothing it started outlives it.

    In namespaces all of them end with the first; elsewhere a supervisor ends them.

    Args:
        argv: the command, without the sandbox around it.
        sandbox: what to start it in.
        cwd: its working folder.
        env: its whole environment.
        timeout: seconds.
        take: given each piece of what it prints.
        stdin: an open file that it may read; default: nothing.
        errors: subprocess.STDOUT to take what it prints as errors too, or subprocess.DEVNULL.
    """
    if sandbox.namespaced:
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
    timed_out = not _wait(process, limit, take, watched=not sandbox.namespaced)
    if not sandbox.namespaced:
        return _reported(process)
    code = process.returncode if process.returncode >= 0 else 128 - process.returncode
    return Ended(code=code, timed_out=timed_out, out_of_memory=_memory_kills() > kills)


def _wait(process: subprocess.Popen[bytes], limit: float, take: Callable[[bytes], object], *, watched: bool) -> bool:
    reader = threading.Thread(target=_read_all, args=(process, take), daemon=True)
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
        reader.join(_STRAGGLERS)
        if process.stdout is not None and not reader.is_alive():
            process.stdout.close()
    return True


def _reported(process: subprocess.Popen[bytes]) -> Ended:
    """What the supervisor said; a failure if it did not come to that, whatever the command may have done."""
    if process.stderr is None:
        return Ended(code=_UNWATCHED)
    with process.stderr:
        report = parse_report(process.stderr.read(_CHUNK))
    return report if isinstance(report, Ended) and not report.left else Ended(code=_UNWATCHED)


def _memory_kills() -> int:
    with suppress(OSError, ValueError):
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


def _read_all(process: subprocess.Popen[bytes], take: Callable[[bytes], object]) -> None:
    if process.stdout is None:
        return
    descriptor = process.stdout.fileno()
    while chunk := os.read(descriptor, _CHUNK):
        take(chunk)
