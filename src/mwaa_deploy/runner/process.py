"""A process in a sandbox, with a time limit."""

import os
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from mwaa_deploy.runner.sandbox import Confinement, Sandbox

_CHUNK = 65536
_STRAGGLERS = 5.0
_CANNOT_START = 127


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a process ended: its status (minus the signal's number for one that was killed) and whether in time."""

    code: int
    timed_out: bool = False


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
    own_cwd = cwd if sandbox.confinement in {Confinement.OTHER_USER, Confinement.NONE} else None
    try:
        process = subprocess.Popen(
            sandbox.command(argv, cwd),
            cwd=own_cwd,
            env=dict(env),
            stdin=stdin if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    except OSError as e:
        take(f"{argv[0]}: {e}\n".encode())
        return Ended(code=_CANNOT_START)
    reader = threading.Thread(target=_read_all, args=(process, take), daemon=True)
    reader.start()
    try:
        process.wait(timeout)
        timed_out = False
    except subprocess.TimeoutExpired:
        timed_out = True
    finally:
        sandbox.end(process)
        process.wait()
        # Without a sandbox something may have slipped away and keep the pipe open.
        reader.join(_STRAGGLERS)
    if process.stdout is not None and not reader.is_alive():
        process.stdout.close()
    return Ended(code=process.returncode, timed_out=timed_out)


def _read_all(process: subprocess.Popen[bytes], take: Callable[[bytes], object]) -> None:
    if process.stdout is None:
        return
    descriptor = process.stdout.fileno()
    while chunk := os.read(descriptor, _CHUNK):
        take(chunk)
