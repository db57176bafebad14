"""pytest and what it needs, in a folder.

Our own runners bring them. For others the action brings them along; else they are installed once on this host.
"""

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from uv import find_uv_bin

from mwaa_deploy.errors import RunnerBroken
from mwaa_deploy.package_data import lock_of_test_tools
from mwaa_deploy.ports import Log
from mwaa_deploy.runner.environment import SYSTEM_PATH, cache_folder, installer_environment

_MARKER = "lock.sha256"
"""A file in a runner's folder of tools; its first word is the digest of the lock file that they were made of."""

_TIMEOUT = 300.0
_LAST_LINES = 20
_MEND = """\
name the package index that this host can reach:
  PIP_INDEX_URL=https://my-index.example/simple mwaa-deploy check"""


def digest_of_lock() -> str:
    """SHA-256 of the lock file with the tools that are wanted."""
    return hashlib.sha256(lock_of_test_tools().read_bytes()).hexdigest()


def provide_test_tools(env: Mapping[str, str], log: Log) -> Path:
    """A folder to copy into a runner that lacks the tools.

    It is the one that MWAA_DEPLOY_TEST_TOOLS names, as in the action; else one of the locked packages, kept for later.

    Args:
        env: our own environment: where the cache is, and how to reach the package index.
        log: told what is installed.

    Raises:
        RunnerBroken: they cannot be installed.
    """
    given = env.get("MWAA_DEPLOY_TEST_TOOLS")
    if given:
        return Path(given)
    kept = cache_folder(env) / f"test-tools-{digest_of_lock()[:16]}"
    if kept.is_dir():
        return kept
    log.info("Installing pytest for the unit tests (kept for the next time).")
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix="making-") as folder:
        made = Path(folder, "test-tools")
        _install(made, sys.executable, env)
        # Somebody else may have made the same in the meantime; either will do.
        with suppress(OSError):
            made.rename(kept)
    return kept


def install_compiled(target: Path, python: str, env: Mapping[str, str]) -> None:
    """Make the folder that runners of one interpreter share, with the file that names the lock.

    Args:
        target: where; it does not exist yet.
        python: the interpreter that will import them.
        env: our own environment: how to reach the package index.

    Raises:
        RunnerBroken: they cannot be installed.
    """
    _install(target, python, env, "--compile-bytecode")
    (target / _MARKER).write_text(digest_of_lock() + "\n", encoding="utf-8")


def _install(target: Path, python: str, env: Mapping[str, str], *more: str) -> None:
    argv = [
        *(find_uv_bin(), "pip", "install", "--quiet", "--no-config", "--require-hashes", "--no-deps", *more),
        *("--only-binary", ":all:", "--python", python, "--target", str(target)),
        *("--requirements", str(lock_of_test_tools())),
    ]
    what = "pytest for the unit tests could not be installed"
    try:
        done = subprocess.run(
            argv,
            env={"PATH": SYSTEM_PATH, **installer_environment(env)},
            timeout=_TIMEOUT,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
    except (OSError, subprocess.TimeoutExpired) as e:
        raise RunnerBroken(f"{what}: {e}", mend=_MEND) from e
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-_LAST_LINES:])
        raise RunnerBroken(f"{what}: exit code {done.returncode}", meaning=last, mend=_MEND)
