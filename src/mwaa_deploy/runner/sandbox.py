"""How a command of the user's is kept from the rest of this host when there is no container.

The strongest way that works is chosen once: at best mount and process namespaces of its own, in which the command sees
neither other processes' environments nor this job's files, and of the rest of the host can write nothing. A user who
is not root needs user namespaces for that. Ubuntu forbids them since 23.10, and so do GitHub's hosted runners unless a
step allows them (https://ubuntu.com/blog/ubuntu-23-10-restricted-unprivileged-user-namespaces). In a job, where nothing
weaker than namespaces keeps a command from the job's next steps, there is then no runner.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

from mwaa_deploy.errors import RunnerUnconfined
from mwaa_deploy.runner.covers import Mount
from mwaa_deploy.runner.environment import SYSTEM_PATH

MWAA_UID = 1000
"""The uid of MWAA's containers."""

_FIRST_UID, _UIDS = 50_000, 10_000
"""Uids for the user's code where we are root: below 65,536, as some engines map no more, and nobody's by custom."""

_LOOPBACK = """
import _socket, fcntl, struct
fcntl.ioctl(_socket.socket(), 0x8914, struct.pack("16sH14x", b"lo", 0x41))
"""
"""SIOCSIFFLAGS with IFF_UP and IFF_RUNNING: a new network namespace starts with its loopback down."""

_SCRIPT = """
set -eu
echo 1000 >/proc/self/oom_score_adj # where memory runs out, it is the user's code that goes
while [ "$1" != -- ]; do
  case $1 in
    tmpfs) mount -t tmpfs -o "mode=${3:-0755},nosuid,nodev" tmpfs "$2" ;;
    bind) mkdir -p "$3"; mount --rbind "$2" "$3" ;;
    null) mount --bind /dev/null "$2" ;;
    loopback) "$2" -I -S -c "$3" ;;
    text) [ -e "$2" ] || { target=$(readlink -m "$2"); mkdir -p "${target%/*}"; printf %s "$3" >"$target"; } ;;
    readonly) sed s/%/%%/g /proc/self/mountinfo | while read -r _ _ _ _ place options _; do
      place=$(printf "$place.") # the kernel writes blanks as octal numbers
      place=${place%.}
      case $place in "$2" | "$3" | /proc | /proc/* | /tmp | /dev/shm) continue ;; esac
      case $options in
        # With the flags it has: an inherited one cannot be taken away. What lies under a cover cannot be reached.
        rw*) mount -o "remount,bind,ro${options#rw}" none "$place" 2>/dev/null || [ "$place" != / ] ;;
      esac
    done ;;
  esac
  shift 3
done
shift
cd "$1"
shift
"$@" || exit $?
exit 0
"""
"""The shell stays: as first process of its namespace it reaps orphans, and all of them end when it does."""

_LIMITED = """
ulimit -c 0
ulimit -d "$1" # kilobytes
ulimit -u "$2" 2>/dev/null || ulimit -p "$2" # as bash calls it, and as dash does
shift 2
exec env -i "$@"
"""
"""The variables come last: a path or a library to preload that the user's code chose must rule no step before."""

_UNCONFINED_MEANING = (
    "Mount and process namespaces cannot be made here, as on Ubuntu 23.10 and later for users who are not root. "
    "Without them DAGs and tests could read the job's credentials and change what its later steps run."
)
_UNCONFINED_MEND = """\
with a Docker Engine on the runner:
  with:
    runner: container
or, in a step before this one:
  - run: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"""

_NAMESPACES = ("--mount", "--pid", "--ipc", "--fork", "--kill-child", "--mount-proc")


class Confinement(Enum):
    """From the strongest to none."""

    NAMESPACES = "namespaces and another user"
    USER_NAMESPACES = "user namespaces"
    OTHER_USER = "another user"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a command may take.

    Attributes:
        memory: bytes of each process; by default three quarters of this host's.
        processes: how many processes and threads its user may have at a time.
    """

    memory: int = field(default_factory=lambda: os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 3 // 4)
    processes: int = 1024


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """A way to start commands.

    Attributes:
        confinement: how much they are kept from.
        uid: user that they run as on this host, or None for ourselves.
        mounts: what namespaces show and cover.
        limits: what they may take.
        network: whether they reach the network; only namespaces can keep them from it.
        python: an interpreter that they cannot change.
        path: where the tools are that make the sandbox.
    """

    confinement: Confinement
    uid: int | None = None
    mounts: tuple[Mount, ...] = ()
    limits: Limits = Limits()
    network: bool = True
    python: str = sys.executable
    path: str = SYSTEM_PATH

    @property
    def namespaced(self) -> bool:
        """Whether commands have namespaces of their own, which end with them."""
        return self.confinement in {Confinement.NAMESPACES, Confinement.USER_NAMESPACES}

    @property
    def difference(self) -> str | None:
        """What this means for the user, in a sentence; None when there is nothing to say."""
        match self.confinement:
            case Confinement.NAMESPACES | Confinement.USER_NAMESPACES:
                return None
            case Confinement.OTHER_USER:
                return (
                    "The project's code ran as another user of this host, without namespaces of its own: it could read "
                    "what everybody may read."
                )
            case Confinement.NONE:
                return (
                    "The project's code was not kept from the rest of this host: it could read this user's files, and "
                    "the environment of its other processes."
                )

    def limited(self, argv: Sequence[str], env: Mapping[str, str]) -> list[str]:
        """The command within its limits and with its own variables."""
        processes = self.limits.processes
        if self.confinement is Confinement.NONE:
            # Those that this user has anyway count too.
            processes += _threads_of(os.geteuid())
        limits = [str(self.limits.memory // 1024), str(processes)]
        return ["/bin/sh", "-c", _LIMITED, "sh", *limits, *(f"{name}={value}" for name, value in env.items()), *argv]

    def command(self, argv: Sequence[str], cwd: str, env: Mapping[str, str]) -> list[str]:
        """The command to start for a command in namespaces; to be started with `path` as its only variable."""
        operations = [word for mount in self.mounts for word in mount]
        if not self.network:
            operations = ["loopback", self.python, _LOOPBACK, *operations]
        namespaces = [*_NAMESPACES, *([] if self.network else ["--net"])]
        inside = ["/bin/sh", "-c", _SCRIPT, "sh", *operations, "--", cwd]
        limited = self.limited(argv, env)
        if self.confinement is Confinement.NAMESPACES:
            other = ["setpriv", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
            other += [f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups"]
            return ["unshare", *namespaces, *inside, *other, *limited]
        # The inner namespace owns none of the mounts, so nothing in it can take a cover away.
        again = ["unshare", "--user", f"--map-user={MWAA_UID}", f"--map-group={MWAA_UID}"]
        no_way_back = ["setpriv", "--no-new-privs"]
        return ["unshare", "--user", "--map-root-user", *namespaces, *inside, *again, *no_way_back, *limited]


def free_uid() -> int | None:
    """A uid that the user's code can run as without being anybody; None where we are not root."""
    return _FIRST_UID + os.getpid() % _UIDS if os.geteuid() == 0 else None


def choose_sandbox(
    mounts: tuple[Mount, ...],
    uid: int | None,
    works: Callable[[Sandbox], bool],
    *,
    python: str = sys.executable,
    path: str = SYSTEM_PATH,
    limits: Limits = Limits(),
) -> Sandbox:
    """The first way to confine commands that works here, from the strongest on.

    Args:
        mounts: what namespaces show and cover.
        uid: user to become, where we are root.
        works: tries a trivial command in a sandbox.
        python: an interpreter that commands cannot change.
        path: where the tools are that make a sandbox.
        limits: what commands may take.
    """
    none = Sandbox(confinement=Confinement.NONE, python=python, path=path, limits=limits)
    if uid is not None:
        ways = [
            replace(none, confinement=Confinement.NAMESPACES, uid=uid, mounts=mounts),
            replace(none, confinement=Confinement.OTHER_USER, uid=uid),
        ]
    else:
        ways = [replace(none, confinement=Confinement.USER_NAMESPACES, mounts=mounts)]
    return next((way for way in ways if works(way)), none)


def refuse_unconfined(sandbox: Sandbox, env: Mapping[str, str]) -> None:
    """Let no user code run beside a job's files and processes.

    Args:
        sandbox: the strongest that works here.
        env: our own environment; GITHUB_ACTIONS says whether this is a job.

    Raises:
        RunnerUnconfined: this is a job, and the sandbox has no namespaces.
    """
    if not sandbox.namespaced and env.get("GITHUB_ACTIONS") == "true":
        what = "This runner does not let the virtual environment keep the project's code from the rest of the job."
        raise RunnerUnconfined(what, meaning=_UNCONFINED_MEANING, mend=_UNCONFINED_MEND)


def _threads_of(uid: int) -> int:
    found = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        with suppress(OSError, IndexError, ValueError):
            text = status.read_text(errors="replace")
            if f"\nUid:\t{uid}\t" in text:
                found += int(text.split("\nThreads:\t")[1].split()[0])
    return found
