"""The processes the lab is made of: started in a session of their own, known again later, and ended."""

import http.client
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from lab.web import LOOPBACK

ROOT = Path(__file__).resolve().parent.parent
_GUARD = Path(__file__).with_name("guard.py")
_GRACE_SECONDS = 15.0
_LOG_LINES = 15


class ProcessFailedError(Exception):
    """A process ended, or did not answer in time; the message carries the end of its log."""


@dataclass(frozen=True, kw_only=True)
class Process:
    """A process as it can be known again, by anybody, later.

    Attributes:
        pid: also the id of its process group.
        started: the kernel's word for when it started; together with the pid it is unique.
        url: where it listens.
        log: file of what it prints.
    """

    name: str
    pid: int
    started: str
    url: str
    log: str

    @property
    def alive(self) -> bool:
        """Whether this very process still runs."""
        return started_at(self.pid) == self.started


def started_at(pid: int) -> str:
    """When a process started, in a form only good for comparison; empty if it is gone or a zombie."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            return ""
        return "" if fields[0] in "ZX" else fields[19]
    ps = shutil.which("ps") or "/bin/ps"
    shown = subprocess.run([ps, "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, started = shown.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else started.strip()


def start(
    argv: Sequence[str], *, log: Path, env: Mapping[str, str], cwd: Path | None = None, tied: bool
) -> "subprocess.Popen[bytes]":
    """Start a command in a session of its own, its output going to the end of a log file.

    Args:
        tied: whether it and all it starts must end with this process, even if this one is killed. The one who starts
            it keeps the Popen; closing its stdin ends the command.
    """
    command = [sys.executable, "-I", str(_GUARD), *argv] if tied else list(argv)
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE if tied else subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
        )


def end(*running: "subprocess.Popen[bytes]") -> None:
    """End what `start` returned, with all it started, and wait for it."""
    for process in running:
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + _GRACE_SECONDS
    for process in running:
        try:
            process.wait(max(deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdin:
            process.stdin.close()


def stop(processes: Sequence[Process]) -> None:
    """End processes that may have been started by another command, and only those."""
    for process in processes:
        _signal(process, signal.SIGTERM)
    deadline = time.monotonic() + _GRACE_SECONDS
    while time.monotonic() < deadline and any(process.alive for process in processes):
        time.sleep(0.05)
    for process in processes:
        _signal(process, signal.SIGKILL)


def _signal(process: Process, number: signal.Signals) -> None:
    if process.alive:
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return


def free_port() -> int:
    """A port on loopback that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def answers(url: str, timeout: float = 2.0) -> bool:
    """Whether a web server answers there, with whatever status. Never asks a proxy."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        # Whether something answers is asked, not who.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            parts.netloc, timeout=timeout, context=context
        )
    else:
        connection = http.client.HTTPConnection(parts.netloc, timeout=timeout)
    try:
        connection.request("GET", parts.path or "/")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def wait_until_answers(url: str, running: "subprocess.Popen[bytes]", *, name: str, log: Path, timeout: float) -> None:
    """Return once a web server answers.

    Raises:
        ProcessFailedError: it ended, or did not answer within `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while not answers(url):
        if running.poll() is not None:
            msg = f"{name} ended with exit code {running.returncode} before it answered:\n{log_end(log)}"
            raise ProcessFailedError(msg)
        if time.monotonic() > deadline:
            msg = f"{name} did not answer on {url} within {timeout:.0f} s:\n{log_end(log)}"
            raise ProcessFailedError(msg)
        time.sleep(0.05)


def log_end(log: Path) -> str:
    """The last lines of a log file."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return "\n".join(text.splitlines()[-_LOG_LINES:])


def remove_folder(folder: Path) -> None:
    """Remove a folder and all in it, if it is there. A virtual environment's 15,000 files are rm's own business."""
    subprocess.run(["rm", "-rf", "--", str(folder)], check=False)
