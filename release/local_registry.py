"""A registry of the lab for a rehearsal, and somebody who is logged in to it."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab import processes
from lab.processes import ROOT
from lab.web import LOOPBACK

_USER = "rehearsal"
_START_SECONDS = 30


@contextmanager
def local_registry(folder: Path) -> Iterator[tuple[str, str]]:
    """A registry with a password on loopback; its name, and the docker configuration of one who is logged in."""
    port, password = processes.free_port(), folder / "password"
    password.touch(mode=0o600)
    password.write_text(secrets.token_urlsafe(16), encoding="utf-8")
    argv = [sys.executable, "-m", "lab.registry", "--port", str(port), "--user", _USER]
    argv += ["--password-file", str(password), "--folder", str(folder / "registry")]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
    log = folder / "registry.log"
    running = processes.start(argv, log=log, env=env, tied=True)
    try:
        name = f"{LOOPBACK}:{port}"
        processes.wait_until_answers(f"http://{name}", running, name="registry", log=log, timeout=_START_SECONDS)
        config = folder / "docker"
        login = ["docker", "login", name, "--username", _USER, "--password-stdin"]
        subprocess.run(
            *(login,),
            env={**os.environ, "DOCKER_CONFIG": str(config)},
            input=password.read_bytes(),
            capture_output=True,
            check=True,
        )
        yield name, str(config)
    finally:
        processes.end(running)
