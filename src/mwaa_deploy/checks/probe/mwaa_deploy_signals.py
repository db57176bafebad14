"""Keeps files from killing what loads them: all of it runs as one user. For the other scripts in this folder.

Runs inside the runner; standard library only, Python 3.7 and later.

The kernel refuses a process, and all that it starts, the signals to those it descends from (seccomp_filter, see
https://docs.kernel.org/userspace-api/seccomp_filter.html). So os.kill() raises PermissionError in the line that calls
it. Where there is no seccomp, it works as it always did.
"""

import ctypes
import os
import platform
import struct

_SET_SECCOMP, _SET_NO_NEW_PRIVS, _MODE_FILTER = 22, 38, 2  # linux/prctl.h, linux/seccomp.h
_LOAD, _IF_EQUAL, _RETURN = 0x20, 0x15, 0x06  # linux/bpf_common.h: BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 1  # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO with EPERM
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # in struct seccomp_data, little endian

# linux/audit.h, and the numbers of kill, tkill, tgkill, rt_sigqueueinfo and rt_tgsigqueueinfo, whose first argument
# says whom.
_SYSTEMS = {
    "x86_64": (0xC000003E, (62, 200, 234, 129, 297)),
    "aarch64": (0xC00000B7, (129, 130, 131, 138, 240)),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def spare_ancestors():
    """From now on no signal of this process, or of what it starts, reaches those it descends from, or everybody."""
    architecture, calls = _SYSTEMS.get(platform.machine(), (0, ()))
    if not calls:
        return
    spared = [-1] + [number for pid in _ancestors() for number in (pid, -pid)]
    code = _program(architecture, calls, spared)
    try:
        prctl = ctypes.CDLL(None).prctl
        prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        prctl(_SET_SECCOMP, _MODE_FILTER, ctypes.byref(_Program(len(code) // 8, code)), 0, 0)
    except AttributeError:  # not on macOS
        pass


def _program(architecture, calls, spared):
    """Machine code of the filter. A jump says how many steps it skips if equal, and if not."""
    whom = [(_IF_EQUAL, len(spared) - n, 0, number & 0xFFFFFFFF) for n, number in enumerate(spared)]  # to the refusal
    which = [(_IF_EQUAL, len(calls) - n, 0, number) for n, number in enumerate(calls)]  # to the look at whom
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_IF_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _ALLOW),
        (_LOAD, 0, 0, _NUMBER),
        *which,
        (_RETURN, 0, 0, _ALLOW),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        *whom,
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def _ancestors():
    """This process's parent, and so on up to the first process that is not to be seen."""
    found, pid = [], os.getppid()
    while pid > 0:
        found.append(pid)
        try:
            with open("/proc/%d/stat" % pid, "rb") as file:
                pid = int(file.read().rpartition(b")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            break
    return found
