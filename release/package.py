"""The Python package: wheel and source archive, built by locked tools and tried before anybody else does."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from release.errors import NotReleasable


def build_package(checkout: Path, output: Path, version: str) -> list[Path]:
    """Build both archives, install the wheel with the locked packages, and ask it for its version.

    Args:
        checkout: of the release commit.
        output: the folder for the archives, which has none yet.

    Raises:
        NotReleasable: a step failed, or the program is of another version.
    """
    constraints = ("--build-constraints", "requirements/dev.txt", "--require-hashes")
    _uv(checkout, "build", "--out-dir", str(output.resolve()), *constraints)
    archives = sorted([*output.glob("*.whl"), *output.glob("*.tar.gz")])
    if [path.suffix for path in archives] != [".whl", ".gz"]:
        message = (
            f"{output} holds {', '.join(path.name for path in archives) or 'nothing'}, not one wheel and one archive"
        )
        raise NotReleasable(message)
    with TemporaryDirectory() as folder:
        _uv(checkout, "venv", "--python", sys.executable, folder)
        install = ("pip", "install", "--python", f"{folder}/bin/python")
        _uv(checkout, *install, "--require-hashes", "--requirement", "requirements/runtime.txt")
        _uv(checkout, *install, "--no-deps", str(archives[0].resolve()))
        said = _run(Path(folder), f"{folder}/bin/mwaa-deploy", "--version").strip()
    if said != f"mwaa-deploy {version}":
        message = f"the program of {archives[0].name} says {said!r}, not 'mwaa-deploy {version}'"
        raise NotReleasable(message)
    return archives


def _uv(folder: Path, *argv: str) -> str:
    return _run(folder, sys.executable, "-m", "uv", argv[0], "--quiet", *argv[1:])


def _run(folder: Path, *argv: str) -> str:
    env = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    done = subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        raise NotReleasable(message)
    return done.stdout
