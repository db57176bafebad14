"""Ends whatever user code left running, however it detached itself. For the other scripts in this folder.

Runs inside the runner; standard library only, Python 3.7 and later. Its name is one that no project has, because the
user's own modules are imported beside it.
"""

import ctypes
import os
import signal
import time

_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_MOST_BURIED = 4096  # in one go: files may make them faster
_OURS, _THEIRS = 500, 1000  # of 1000; every command of the user's has 1000 to begin with


def adopt():
    """Become the parent of every descendant that loses its own, a new session or a double fork notwithstanding."""
    try:
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except AttributeError:  # not on macOS
        pass


def die_with_parent():
    """Ask Linux to kill this process when the parent is killed, which does not reach its process group."""
    try:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    except AttributeError:
        pass


def exit_code(status):
    """What a shell would say of how a process ended: its exit code, or 128 and the signal's number."""
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


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
    """Kill them, and what they start meanwhile, until there is none; give up when they get no fewer for some seconds.

    Returns:
        Whether there is none. A thousand take a while to end on a busy machine.
    """
    fewest, deadline = None, 0.0
    while True:
        found = descendants()
        if not found:
            return True
        if fewest is None or len(found) < fewest:
            fewest, deadline = len(found), time.monotonic() + seconds
        if time.monotonic() > deadline:
            return False
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        time.sleep(0.005)


def bury(spared):
    """Take leave of adopted processes that ended, each of which counts as one still; not of those spared."""
    for _ in range(_MOST_BURIED if hasattr(os, "waitid") else 0):  # not on macOS, where none is adopted
        try:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if found is None or found.si_pid in spared:
            return
        os.waitpid(found.si_pid, 0)


def outlive_descendants():
    """Have the system kill those that die_first(), and not this process, when memory runs out."""
    _set_risk(_OURS)


def die_first():
    """Be one of those that the system kills when memory runs out."""
    _set_risk(_THEIRS)


def _set_risk(score):
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("%d" % score)
    except OSError:  # lower than before, which not every system allows; or not on Linux
        pass
