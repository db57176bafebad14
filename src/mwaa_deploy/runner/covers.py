"""What of this host the user's code must not find: worked out from our own environment, as data."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

_RUNNERS = "RUNNER_WORKSPACE"
"""<runner's folder>/_work/<repository>"""
_FOLDERS = (
    *("HOME", "GITHUB_WORKSPACE", "GITHUB_ACTION_PATH", "RUNNER_TEMP", _RUNNERS),
    *("MWAA_DEPLOY_OUTPUT_DIR", "DOCKER_CERT_PATH"),
)
_FILES = (
    *("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE"),
    *("GITHUB_EVENT_PATH", "GOOGLE_APPLICATION_CREDENTIALS", "KUBECONFIG", "SSH_AUTH_SOCK"),
)
_COMMAND_FILES = ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY")

_NEVER = frozenset(
    map(Path, ("/", "/bin", "/dev", "/etc", "/lib", "/lib64", "/opt", "/proc", "/sbin", "/sys", "/usr", "/var"))
) | frozenset(map(Path, ("/usr/bin", "/usr/lib", "/usr/lib64", "/usr/local", "/usr/sbin", "/usr/share", "/var/lib")))
"""Without these nothing would run."""

Mount = tuple[str, str, str]
"""An operation of the sandbox's script and its two operands; see sandbox.py."""


def private_paths(env: Mapping[str, str], home: Path) -> tuple[Path, ...]:
    """Folders and files of this host that hold credentials or that later steps of a job read.

    Args:
        env: our own environment.
        home: home folder of the user we run as.
    """
    named = [Path(env[name]) for name in (*_FOLDERS, *_FILES) if env.get(name)]
    # Whoever can write these files decides over the environment of the job's next steps.
    named += [Path(env[name]).parent for name in _COMMAND_FILES if env.get(name)]
    if env.get(_RUNNERS):
        # In the runner's folder its own credentials lie, and in _work every action's files.
        named += Path(env[_RUNNERS]).parents[:2]
    if env.get("DOCKER_HOST", "").startswith("unix://"):
        named.append(Path(env["DOCKER_HOST"].removeprefix("unix://")))
    return tuple(_outermost({path.resolve() for path in (*named, home) if path.is_absolute() and path.exists()}))


def _outermost(paths: Iterable[Path]) -> Iterator[Path]:
    taken: set[Path] = {Path("/run"), Path("/tmp")}  # noqa: S108 -- covered by themselves
    for path in sorted(set(paths) - _NEVER):
        if not taken & {path, *path.parents}:
            taken.add(path)
            yield path


def mounts(*, root: Path, private: Iterable[Path], kept: Iterable[Path], resolver: str) -> tuple[Mount, ...]:
    """What to mount, in order, so that of this host only what a Python needs can be seen.

    /run with every socket in it, /tmp and the private paths are covered; what is kept shines through again. Nothing can
    be written but the runner's own folder, /tmp and a shared memory of its own.

    Args:
        root: the runner's own folder; its tmp/ becomes /tmp.
        private: what to cover, none inside another.
        kept: what is needed although it may lie under a cover.
        resolver: text of /etc/resolv.conf, which may be a link into /run.
    """
    stash, private, memory = Path("/run/kept"), tuple(private), Path("/dev/shm")  # noqa: S108 -- covered
    covered = {Path("/run"), Path("/tmp"), *private}  # noqa: S108 -- the host's
    # Showing again what no cover hides would take away the covers inside of it.
    kept = (root, *(path for path in kept if covered & {path, *path.parents}))
    return (
        ("tmpfs", "/run", ""),
        *(("bind", str(path), str(stash / str(number))) for number, path in enumerate(kept)),
        *(("tmpfs" if path.is_dir() else "null", str(path), "") for path in private),
        ("bind", str(stash / "0" / "tmp"), "/tmp"),  # noqa: S108 -- a private one
        *(("bind", str(stash / str(number)), str(path)) for number, path in enumerate(kept)),
        *([("tmpfs", str(memory), "1777")] if memory.is_dir() else []),
        ("text", "/etc/resolv.conf", resolver),
        ("readonly", str(root), str(stash / "0")),
    )
