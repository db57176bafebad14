"""How a command of the user's is kept from the rest of this host when there is no container.

The strongest way that works is chosen once: at best mount and process namespaces of its own, in which the command sees
neither other processes' environments nor this job's files, and of the rest of the host can write nothing. A user who
is not root needs user namespaces for that. Ubuntu forbids them since 23.10, and so do GitHub's hosted runners unless a
step allows them (https://ubuntu.com/blog/ubuntu-23-10-restricted-unprivileged-user-namespaces). In a job, where nothing
weaker than namespaces keeps a command from the job's next steps, there is then no runner.
"""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from mwaa_deploy.errors import RunnerUnconfined
from mwaa_deploy.runner.covers import Mount

MWAA_UID = 1000
"""The uid of MWAA's containers."""

_FIRST_UID, _UIDS = 50_000, 10_000
"""Uids for the user's code where we are root: below 65,536, as some engines map no more, and nobody's by custom."""

_SCRIPT = """
set -eu
while [ "$1" != -- ]; do
  case $1 in
    tmpfs) mount -t tmpfs -o "mode=${3:-0755},nosuid,nodev" tmpfs "$2" ;;
    bind) mkdir -p "$3"; mount --rbind "$2" "$3" ;;
    null) mount --bind /dev/null "$2" ;;
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
class Sandbox:
    """A way to start commands.

    Attributes:
        confinement: how much they are kept from.
        uid: user that they run as on this host, or None for ourselves.
        mounts: what namespaces show and cover.
    """

    confinement: Confinement
    uid: int | None = None
    mounts: tuple[Mount, ...] = ()

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

    def command(self, argv: Sequence[str], cwd: str) -> list[str]:
        """The command to start for a command."""
        operations = [word for mount in self.mounts for word in mount]
        inside = ["/bin/sh", "-c", _SCRIPT, "sh", *operations, "--", cwd]
        other = ["setpriv", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
        other += [f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups"]
        match self.confinement:
            case Confinement.NAMESPACES:
                return ["unshare", *_NAMESPACES, *inside, *other, *argv]
            case Confinement.USER_NAMESPACES:
                # The inner namespace owns none of the mounts, so nothing in it can take a cover away.
                again = ["unshare", "--user", f"--map-user={MWAA_UID}", f"--map-group={MWAA_UID}"]
                no_way_back = ["setpriv", "--no-new-privs"]
                return ["unshare", "--user", "--map-root-user", *_NAMESPACES, *inside, *again, *no_way_back, *argv]
            case Confinement.OTHER_USER:
                return [*other, *argv]
            case Confinement.NONE:
                # At least nobody gets on by sudo.
                return ["setpriv", "--no-new-privs", *argv]

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """Kill what a command left running, or the command itself with all that it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        if self.confinement is Confinement.OTHER_USER:
            for pid in _processes_of(self.uid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def free_uid() -> int | None:
    """A uid that the user's code can run as without being anybody; None where we are not root."""
    return _FIRST_UID + os.getpid() % _UIDS if os.geteuid() == 0 else None


def choose_sandbox(mounts: tuple[Mount, ...], uid: int | None, works: Callable[[Sandbox], bool]) -> Sandbox:
    """The first way to confine commands that works here, from the strongest on.

    Args:
        mounts: what namespaces show and cover.
        uid: user to become, where we are root.
        works: tries a trivial command in a sandbox.
    """
    if uid is not None:
        ways = [
            Sandbox(confinement=Confinement.NAMESPACES, uid=uid, mounts=mounts),
            Sandbox(confinement=Confinement.OTHER_USER, uid=uid),
        ]
    else:
        ways = [Sandbox(confinement=Confinement.USER_NAMESPACES, mounts=mounts)]
    return next((way for way in ways if works(way)), Sandbox(confinement=Confinement.NONE))


def refuse_unconfined(sandbox: Sandbox, env: Mapping[str, str]) -> None:
    """Let no user code run beside a job's files and processes.

    Args:
        sandbox: the strongest that works here.
        env: our own environment; GITHUB_ACTIONS says whether this is a job.

    Raises:
        RunnerUnconfined: this is a job, and the sandbox has no namespaces.
    """
    namespaces = sandbox.confinement in {Confinement.NAMESPACES, Confinement.USER_NAMESPACES}
    if not namespaces and env.get("GITHUB_ACTIONS") == "true":
        what = "This runner does not let the virtual environment keep the project's code from the rest of the job."
        raise RunnerUnconfined(what, meaning=_UNCONFINED_MEANING, mend=_UNCONFINED_MEND)


def _processes_of(uid: int | None) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        # Not the folder's owner: a process can hide that by becoming undumpable.
        with suppress(OSError):
            if f"\nUid:\t{uid}\t" in status.read_text():
                found.append(int(status.parent.name))
    return found
