"""Ends whatever user code left running, however it detached itself. For the other scripts in this folder.

Runs inside the runner; standard library only, Python 3.7 and later. Its name is one that no project has, because the
user's own modules are imported beside it.
"""

import ctypes
import os
import signal
import time

_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def adopt():
    """Become the parent of every descendant that loses its own, a new session or a double fork notwithstanding."""
    try:
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except AttributeError:  # not on macOS
        pass


def descendants():
    """The process ids of all that descends from this process and still runs; none where there is no /proc."""
    children = {}
    for name in filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc/self") else ()):
        try:
            with open("/proc/%s/stat" % name, "rb") as file:
                state, parent = file.read().rpartition(b")")[2].split()[:2]
        except (OSError, ValueError):
            continue
        children.setdefault(int(parent), []).append((int(name), state))
    found, waiting = [], [os.getpid()]
    while waiting:
        for pid, state in children.get(waiting.pop(), ()):
            waiting.append(pid)
            if state not in (b"Z", b"X"):
                found.append(pid)
    return found


def kill_descendants(seconds=10.0):
    """Kill them, and what they start meanwhile, until there is none. Whether that was done within the time."""
    deadline = time.monotonic() + seconds
    while True:
        found = descendants()
        if not found:
            return True
        if time.monotonic() > deadline:
            return False
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        time.sleep(0.005)
