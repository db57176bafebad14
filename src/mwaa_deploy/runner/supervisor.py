"""Runs one command with a time limit, and ends everything it started, however that detached itself.

Runs inside the runner, by `python3 -I -S`, where the user's code can replace neither this file nor the interpreter; in
a container as root with the capabilities to become the runner's user and to kill. Standard library only, Python 3.7
and later, and few imports: it starts with each command. result_reader.py lies beside it.

    supervisor.py SECONDS USERS FOLDER ERRORS NUMBER [NAME=VALUE ...] NUMBER [PATH ...] COMMAND [ARGUMENT ...]

SECONDS is the time limit. USERS are names or numbers, each with a group after a colon if need be, the first that exists
counts; nothing means to stay who we are. ERRORS is `taken` or `dropped`. The NUMBERs say how many variables follow, and
how many absolute paths of files that the command may write; what is there before it starts is removed.

What the command prints goes to our output. Our own errors carry one JSON object, {"code", "timed_out", "out_of_memory",
"killed_all", "left", "results"}, or {"refused"} if nothing was run; then a newline and the bytes of those files, as
result_reader.py has it. The command never holds either of the two.
"""

import ctypes
import grp
import os
import pwd
import select
import signal
import sys
import time

TYPE_CHECKING = False  # typing takes long to import
if TYPE_CHECKING:
    from mwaa_deploy.runner.result_reader import Who, become, read_as, remove, sizes, write_all, write_report
else:
    # After the standard library, of which nothing must come from here.
    sys.path.append(os.path.dirname(os.path.abspath(__file__)))
    from result_reader import Who, become, read_as, remove, sizes, write_all, write_report

_SET_CHILD_SUBREAPER, _SET_NO_NEW_PRIVS = 36, 38  # linux/prctl.h
_CHUNK, _PIPE = 65536, 1 << 20
"""How many bytes are read at a time; the most that a pipe holds when its writers are gone."""

_ONE_BY_ONE, _PATIENCE, _LONGEST = 2.0, 12.0, 50.0
"""Seconds in which each process is looked up and killed; after these, all of the user's at once. We give up when none
has ended for so long, or after the longest time: a thousand take a while on a busy machine."""

_CANNOT_START = 127


def find_user(users: str) -> "Who | None":
    """The first user that exists; LookupError if none does."""
    for text in filter(None, users.split("|")):
        name, _, group = text.partition(":")
        try:
            known = pwd.getpwuid(int(name)) if name.isdigit() else pwd.getpwnam(name)
        except KeyError:
            if not name.isdigit():
                continue
            known = None
        try:
            gid = int(group) if group.isdigit() else grp.getgrnam(group).gr_gid if group else None
        except KeyError:
            continue
        if gid is None:
            gid = known.pw_gid if known else 0
        groups = os.getgrouplist(known.pw_name, gid) if known else [gid]
        return Who(known.pw_uid if known else int(name), gid, groups, known.pw_dir if known else "/")
    if users:
        raise LookupError(users)
    return None


def start(
    command: "list[str]",
    env: "dict[str, str]",
    folder: str,
    who: "Who | None",
    results: "list[str]",
    output: int,
    errors: int,
) -> None:
    """In the child: become the command. Never returns."""
    try:
        os.setsid()
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        os.dup2(output, 1)
        os.dup2(errors, 2)
        # Where memory runs out, it is the user's code that goes, and not what watches it.
        with open("/proc/self/oom_score_adj", "w") as score:
            score.write("1000")
    except OSError:
        pass
    try:
        become(who)
        ctypes.CDLL(None).prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        remove(results)
        os.chdir(folder)
        execute(command, env)
    except BaseException as e:
        text = getattr(e, "strerror", "") or str(e)
        os.write(2, ("%s: %s\n" % (getattr(e, "filename", "") or command[0], text)).encode("utf-8", "replace"))
    finally:
        os._exit(_CANNOT_START)


def execute(command: "list[str]", env: "dict[str, str]") -> None:
    """As os.execvpe, which imports what the runner's user may not be able to read."""
    folders = [""] if "/" in command[0] else env.get("PATH", os.defpath).split(":")
    problem = FileNotFoundError(2, "not found", command[0])  # type: OSError
    for folder in folders:
        try:
            os.execve(os.path.join(folder, command[0]), command, env)
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as e:
            problem = e
    raise problem


def ended(first: int) -> bool:
    """Whether the command itself ended. Reaps all others that did; its own number stays taken."""
    while True:
        try:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return True
        if found is None or found.si_pid == first:
            return found is not None
        os.waitpid(found.si_pid, 0)


def watch(first: int, reading: int, woken: int, deadline: float) -> bool:
    """Pass on what is printed until the command ends, or else, False, its time is over."""
    os.set_blocking(1, False)
    pending, is_open = b"", True
    try:
        while not ended(first):
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            sources = [woken, *([reading] if is_open and not pending else [])]
            ready, writable, _ = select.select(sources, [1] if pending else [], [], left)
            if woken in ready:
                os.read(woken, _CHUNK)
            if reading in ready:
                pending = os.read(reading, _CHUNK)
                is_open = bool(pending)
            if writable or reading in ready:
                try:
                    pending = pending[os.write(1, pending) :] if pending else b""
                except BlockingIOError:
                    pass
        return True
    finally:
        os.set_blocking(1, True)
        write_all(1, pending)


def descendants() -> "list[int]":
    """The process ids of all that descends from this process and still runs."""
    children = {}  # type: dict[int, list[tuple[int, bytes]]]
    for name in filter(str.isdigit, os.listdir("/proc")):
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


def kill_all_of(who: Who) -> None:
    """Kill every process of the user's at once, which none can outrun by forking; other commands' too."""
    os.setresuid(who.uid, who.uid, 0)
    try:
        os.kill(-1, signal.SIGKILL)
    except OSError:
        pass
    finally:
        os.setresuid(0, 0, 0)


def end_all(first: int, who: "Who | None") -> "tuple[int, bool, bool]":
    """Kill the command and all below it: its status, whether all of the user's had to be, whether some are left."""
    status, killed_all = 0, False
    started = last = time.monotonic()
    try:
        os.killpg(first, signal.SIGKILL)
    except OSError:
        pass
    while True:
        try:
            pid, found = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return status, killed_all, False
        if pid == first:
            status = found
        if pid:
            last = time.monotonic()
            continue
        seconds = time.monotonic() - started
        if seconds > _LONGEST or time.monotonic() - last > _PATIENCE:
            return status, killed_all, True
        if seconds > _ONE_BY_ONE and who and os.getuid() == 0:
            killed_all = True
            kill_all_of(who)
        for pid in descendants():
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        time.sleep(0.05 if killed_all else 0.002)  # to look for them takes the core that they need to end


def memory_kills() -> int:
    """How often the kernel killed something here because memory ran out."""
    # Of control groups of version 2, of version 1, and of the whole system where there is neither.
    for path in (b"/sys/fs/cgroup/memory.events", b"/sys/fs/cgroup/memory/memory.oom_control", b"/proc/vmstat"):
        try:
            with open(path, "rb") as file:
                for line in file:
                    if line.startswith(b"oom_kill "):
                        return int(line.split()[1])
        except (OSError, ValueError):
            continue
    return 0


def _drain(reading: int) -> None:
    # No more than can be left of those who are gone: somebody else may have been handed the other end.
    os.set_blocking(reading, False)
    left = _PIPE
    try:
        while left > 0:
            data = os.read(reading, _CHUNK)
            if not data:
                return
            left -= len(data)
            write_all(1, data)
    except BlockingIOError:
        pass


def _code(status: int) -> int:
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _split(words: "list[str]") -> "tuple[list[str], list[str]]":
    end = 1 + int(words[0])
    return words[1:end], words[end:]


def main(arguments: "list[str]") -> None:
    """Run the command and report."""
    seconds, users, folder, errors = arguments[:4]
    variables, rest = _split(arguments[4:])
    results, command = _split(rest)
    try:
        who = find_user(users)
    except LookupError:
        return write_report(2, '{"refused": "no user"}', [])
    if who and who.uid == 0:
        return write_report(2, '{"refused": "root"}', [])
    env = dict(os.environ)
    if who and env.get("HOME") == pwd.getpwuid(os.getuid()).pw_dir:
        env["HOME"] = who.home
    for variable in variables:
        name, _, value = variable.partition("=")
        env[name] = value
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    woken, waking = os.pipe()
    os.set_blocking(waking, False)
    signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    kills = memory_kills()
    reading, writing = os.pipe()
    first = os.fork()
    if first == 0:
        to_errors = writing if errors == "taken" else os.open(os.devnull, os.O_WRONLY)
        start(command, env, folder, who, results, writing, to_errors)
    os.close(writing)
    try:
        in_time = watch(first, reading, woken, time.monotonic() + float(seconds))
    finally:
        status, killed_all, left = end_all(first, who)
    _drain(reading)
    # What still runs could still write.
    found = read_as(who, [] if left else results)
    words = (_code(status), not in_time, memory_kills() > kills, killed_all, left, sizes(found))
    text = '{"code": %d, "timed_out": %s, "out_of_memory": %s, "killed_all": %s, "left": %s, "results": %s}' % words
    return write_report(2, text.replace("True", "true").replace("False", "false"), found)


if __name__ == "__main__":
    main(sys.argv[1:])
