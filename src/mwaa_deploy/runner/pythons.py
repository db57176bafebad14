"""A Python of MWAA's version on this host."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mwaa_deploy.errors import PythonMissing

_ASK = (
    "import json, sys; base = getattr(sys, '_base_executable', sys.executable);"
    "print(json.dumps(['%d.%d.%d' % sys.version_info[:3], base, sys.base_prefix]))"
)
_TIMEOUT = 20.0


@dataclass(frozen=True, kw_only=True)
class HostPython:
    """An interpreter of this host, outside of any virtual environment.

    Attributes:
        version: as in '3.11.9'.
        prefix: folder that holds its standard library and all else it needs.
    """

    executable: Path
    version: str
    prefix: Path


def find_python(wanted: str, env: Mapping[str, str]) -> HostPython:
    """The Python nearest to an exact version: that very one, else the first of its minor release.

    Looked for on PATH, in GitHub's tool cache, among pyenv's and among uv's own.

    Args:
        wanted: exact version, as in '3.11.9'.
        env: PATH, HOME, RUNNER_TOOL_CACHE, PYENV_ROOT and UV_PYTHON_INSTALL_DIR say where.

    Raises:
        PythonMissing: there is none of the minor release.
    """
    minor = wanted.rpartition(".")[0]
    nearest: HostPython | None = None
    for candidate in _candidates(minor, env):
        found = _asked(candidate)
        if found is None or found.version.rpartition(".")[0] != minor:
            continue
        if found.version == wanted:
            return found
        nearest = nearest or found
    if nearest is None:
        what = f"No Python {minor} was found on this host, and MWAA runs this Airflow on Python {wanted}."
        mend = f'- uses: actions/setup-python@v6\n  with:\n    python-version: "{minor}"\nin a step before this one.'
        raise PythonMissing(what, meaning="The virtual environment needs the same Python as MWAA.", mend=mend)
    return nearest


def _candidates(minor: str, env: Mapping[str, str]) -> Iterator[Path]:
    for name in (f"python{minor}", "python3"):
        for on_path in filter(None, env.get("PATH", "").split(":")):
            found = shutil.which(name, path=on_path)
            if found:
                yield Path(found)
    home = Path(env.get("HOME") or "/nonexistent")
    data = Path(env.get("XDG_DATA_HOME") or home / ".local" / "share")
    places: tuple[tuple[str | Path, str], ...] = (
        (env.get("RUNNER_TOOL_CACHE") or "/opt/hostedtoolcache", f"Python/{minor}.*/*/bin/python{minor}"),
        (env.get("PYENV_ROOT") or home / ".pyenv", f"versions/{minor}.*/bin/python{minor}"),
        (env.get("UV_PYTHON_INSTALL_DIR") or data / "uv" / "python", f"cpython-{minor}.*/bin/python{minor}"),
    )
    for folder, pattern in places:
        yield from sorted(Path(folder).glob(pattern), reverse=True)


def _asked(candidate: Path) -> HostPython | None:
    try:
        answer = subprocess.run(
            [candidate, "-I", "-c", _ASK], capture_output=True, check=True, env={}, timeout=_TIMEOUT
        )
        version, executable, prefix = json.loads(answer.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return HostPython(executable=Path(executable), version=version, prefix=Path(prefix).resolve())
