"""Run one command so that nothing of it outlives whoever started it: `python guard.py COMMAND [ARGUMENT...]`.

Standard input is the lifeline: when its other end closes, however that came about, the command is ended with everything
it started, in whatever session or process group. So it is on SIGTERM and SIGINT, and when the command itself ends. The
exit code is the command's, 128 + n if signal n ended it. Runs on its own, without the package around it.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

GRACE_SECONDS = 8.0
_SET_DEATH_SIGNAL = 1
_SET_CHILD_SUBREAPER = 36


def main(argv: list[str]) -> int:
    """Run the command to its end, or end it."""
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    _prctl(_SET_CHILD_SUBREAPER, 1)
    # preexec_fn is safe here: no thread has been started yet.
    child = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        process_group=0,
        preexec_fn=lambda: _prctl(_SET_DEATH_SIGNAL, signal.SIGKILL),  # noqa: PLW1509
    )

    def lifeline() -> None:
        while os.read(0, 1):
            pass
        over.set()

    def ended() -> None:
        child.wait()
        over.set()

    for watch in (lifeline, ended):
        threading.Thread(target=watch, daemon=True).start()
    over.wait()
    _end(child)
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def _end(child: "subprocess.Popen[bytes]") -> None:
    if child.poll() is None:
        _signal_group(child.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(GRACE_SECONDS)
    _signal_group(child.pid, signal.SIGKILL)
    child.wait()
    # What left the group is ours now, because orphans are handed to the nearest subreaper. Killing a parent hands
    # over its children, hence the rounds.
    for _ in range(100):
        left = _children()
        if not left:
            return
        for pid in left:
            _kill(pid)
        _reap()
        time.sleep(0.02)


def _children() -> list[int]:
    own = str(os.getpid())
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[1] == own:
            found.append(int(stat.parent.name))
    return found


def _signal_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _prctl(option: int, value: int) -> None:
    # Linux only; elsewhere the lifeline and the process group have to do.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
