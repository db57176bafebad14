"""Ends a file that forks without end before nothing else gets a turn. For the other scripts in this folder.

Runs inside the runner; standard library only, Python 3.7 and later.

Whoever watches from outside is one process among a thousand by then and comes too late, and files that are loaded at
the same time run into their limits. So each fork is counted where it happens, in Python; what forks in another way, or
leaves its process group first, runs into the limits of the runner.
"""

import mmap
import os
import signal
import sys
import time

MOST = 128  # processes at a time, of one worker; an eighth of what a runner has by default
TOO_MANY = "Too many processes, forked here (most recent call first):"
_TELLING, _TOLD, _PATIENCE = 1, 2, 1.0
_EVERY = 32  # forks, after which the processes are counted; they may all have ended


def limit_forks(fault):
    """In a process that leads its group: have the group killed once it is too large.

    Args:
        fault: a file, told TOO_MANY and where the last fork was, in faulthandler's form.
    """
    state = mmap.mmap(-1, 9)  # shared with all that is forked

    def count():
        number = int.from_bytes(state[:8], "little") + 1
        state[:8] = number.to_bytes(8, "little")
        if number % _EVERY == 0 and _group_size() > MOST:
            if not state[8]:
                state[8] = _TELLING
                _tell(fault, sys._getframe(1))  # noqa: SLF001 -- the quick way
                state[8] = _TOLD
            until = time.monotonic() + _PATIENCE
            while state[8] != _TOLD and time.monotonic() < until:
                time.sleep(0.005)  # another one is about to tell, and would be killed before it has
            os.killpg(0, signal.SIGKILL)

    os.register_at_fork(after_in_child=count)


def _tell(fault, frame):
    lines = [TOO_MANY]
    while frame is not None:
        lines.append('  File "%s", line %d in %s' % (frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
        frame = frame.f_back
    try:
        os.write(fault.fileno(), "\n".join(lines).encode("utf-8", "surrogateescape"))
    except (OSError, ValueError):  # the user's code closed it
        pass


def _group_size():
    """How many processes are in this one's group; 0 where there is no /proc."""
    group, size = b"%d" % os.getpgrp(), 0
    for name in filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc/self") else ()):
        try:
            with open("/proc/%s/stat" % name, "rb") as file:
                size += file.read().rpartition(b")")[2].split()[2] == group
        except (OSError, IndexError):
            pass
    return size
