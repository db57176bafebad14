"""The test world as the program and its tests see it, and how it is started and ended."""

import contextlib
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import requests
from botocore.client import BaseClient

from lab import clients, processes
from lab.engine_trust import bridge_address
from lab.processes import ROOT, Process
from lab.web import LOOPBACK

FOLDER = ROOT / ".lab" / "world"
REPOSITORY = "acme/hello-mwaa"
REGISTRY_USER = "AWS"

_FILE = "world.json"
_START_SECONDS = 60.0
_REQUEST_SECONDS = 30


class WorldBusyError(Exception):
    """A world is already up in the folder."""


@dataclass(frozen=True, kw_only=True)
class World:
    """Where each part listens, and what tests ask of it.

    Attributes:
        folder: of everything the world writes.
        live_airflow_url: of the manager of live Airflows; None if the world has none.
        registry_url: of the container registry; None if the world has none.
        registry_password: of the registry's user, REGISTRY_USER.
        registry_password_file: from which ECR's GetAuthorizationToken is answered.
        processes: what was started, in that order.
    """

    folder: Path
    oidc_url: str = ""
    github_url: str = ""
    aws_url: str = ""
    live_airflow_url: str | None = None
    registry_url: str | None = None
    registry_password: str | None = None
    registry_password_file: str | None = None
    processes: tuple[Process, ...] = ()

    def register_job(self, *, repository: str = REPOSITORY, **claims: str) -> dict[str, str]:
        """Let a job ask for OIDC tokens with these claims; the variables GitHub's runner would give it."""
        return _send("POST", f"{self.oidc_url}/_lab/jobs", {"repository": repository, **claims})

    def add_token(self, permissions: Mapping[str, str], token: str | None = None) -> str:
        """Make a token for GitHub's API with the given permissions; returns it."""
        token = token or f"ghs_{secrets.token_hex(18)}"
        _send("PUT", f"{self.github_url}/_lab/tokens", {"token": token, "permissions": dict(permissions)})
        return token

    def open_pull_request(self, number: int, *, branch: str, sha: str) -> None:
        """Open a pull request in the repository, or bring its branch to another commit."""
        pull = {"owner": REPOSITORY.partition("/")[0], "branch": branch, "sha": sha}
        _send("PUT", f"{self.github_url}/_lab/repos/{REPOSITORY}/pulls/{number}", pull)

    def record_run(  # noqa: PLR0917 -- in the order of the sentence
        self,
        run_id: int,
        workflow: str,
        head_sha: str,
        branch: str,
        event: str,
        conclusion: str | None,
        *,
        repository: str = REPOSITORY,
    ) -> None:
        """Have GitHub remember a workflow run, or how one that it remembers ended.

        Args:
            workflow: name of the workflow's file.
            conclusion: success, failure, …; None while it is in progress.
        """
        run = {"id": run_id, "workflow": workflow, "head_sha": head_sha, "head_branch": branch, "event": event}
        _send("POST", f"{self.github_url}/_lab/repos/{repository}/runs", {**run, "conclusion": conclusion})

    def add_commit(self, sha: str, parents: Sequence[str], *, branch: str = "", repository: str = REPOSITORY) -> None:
        """Have GitHub know a commit, as after a push.

        Args:
            parents: SHAs of what it was made upon.
            branch: the branch that is at it from now on, if one is.
        """
        commit = {"parents": list(parents), "branch": branch}
        _send("PUT", f"{self.github_url}/_lab/repos/{repository}/commits/{sha}", commit)

    def aws_client(self, service: str, region: str = clients.REGION) -> BaseClient:
        """A boto3 client of the lab's AWS."""
        return clients.aws_client(service, self.aws_url, region)

    def live_dags(self, environment_name: str, region: str = clients.REGION) -> dict[str, Any]:
        """What the environment's Airflow answers to GET /dags, asked through MWAA's InvokeRestApi."""
        answer = self.aws_client("mwaa", region).invoke_rest_api(Name=environment_name, Method="GET", Path="/dags")
        document: dict[str, Any] = answer["RestApiResponse"]
        return document

    def write(self) -> None:
        """Keep the world for other commands, in its folder."""
        text = json.dumps(asdict(self), indent=2, default=str)
        partial = self.folder / f"{_FILE}.partial"
        partial.touch(mode=0o600)
        partial.write_text(text, encoding="utf-8")
        partial.replace(self.folder / _FILE)


def read_world(folder: Path) -> World | None:
    """The world of a folder, whether its processes run or not; None if there is none."""
    try:
        document = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    started = tuple(Process(**process) for process in document.pop("processes"))
    return World(**{**document, "folder": Path(document["folder"]), "processes": started})


def stop_world(folder: Path) -> None:
    """End all that runs for a folder's world, and remove what it wrote; nothing to do is fine."""
    world = read_world(folder)
    if world:
        # Last started, first ended: AWS lets go of the live Airflows before their manager ends.
        for process in reversed(world.processes):
            processes.stop([process])
    for name in (_FILE, "logs", "airflow", "registry", "registry-password"):
        path = folder / name
        if path.is_dir():
            processes.remove_folder(path)
        else:
            path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


@contextmanager
def running_world(
    folder: Path,
    *,
    airflow: bool = True,
    registry: bool = False,
    registry_tls: bool = False,
    seconds_per_status: float = 0.3,
) -> Iterator[World]:
    """A world that ends with the block, and with this process, however that ends."""
    started: list[subprocess.Popen[bytes]] = []
    try:
        yield start_world(
            folder,
            airflow=airflow,
            registry=registry,
            registry_tls=registry_tls,
            seconds_per_status=seconds_per_status,
            tied_to=started,
        )
    finally:
        for running in reversed(started):
            processes.end(running)
        stop_world(folder)


def start_world(
    folder: Path,
    *,
    airflow: bool = True,
    registry: bool = False,
    registry_tls: bool = False,
    seconds_per_status: float = 0.3,
    tied_to: "list[subprocess.Popen[bytes]] | None" = None,
) -> World:
    """Start all parts on free ports and wait until each answers.

    Args:
        airflow: whether environments get a live Airflow.
        registry: whether there is a container registry; ECR then gives out its password.
        registry_tls: whether it speaks TLS where containers reach it too, trusted by this machine's engine meanwhile.
        seconds_per_status: how long each passing status of an environment lasts.
        tied_to: a list that takes the processes, so that they end with this process; None lets them outlive it.

    Raises:
        WorldBusyError: a world is up in this folder.
        ProcessFailedError: a part did not start; what had been started is ended again.
    """
    folder = folder.absolute()
    before = read_world(folder)
    if before and any(process.alive for process in before.processes):
        msg = f"A world is already up in {folder}. To end it: python -m lab down --folder {folder}"
        raise WorldBusyError(msg)
    stop_world(folder)
    (folder / "logs").mkdir(parents=True)
    starter = _Starter(World(folder=folder), tied_to)
    try:
        starter.start("oidc", "oidc_url")
        starter.start("github", "github_url")
        if airflow:
            starter.start("airflow", "live_airflow_url", "--folder", str(folder / "airflow"))
        if registry:
            starter.start_registry(tls=registry_tls)
        issuer = starter.world.oidc_url
        options = ["--oidc-issuer", issuer, "--oidc-jwks", f"{issuer}/.well-known/jwks"]
        options += ["--seconds-per-status", str(seconds_per_status)]
        if airflow:
            options += ["--live-airflow", str(starter.world.live_airflow_url)]
        if registry:
            options += ["--registry", str(starter.world.registry_url), "--registry-user", REGISTRY_USER]
            options += ["--registry-password-file", str(starter.world.registry_password_file)]
        starter.start("aws", "aws_url", *options)
        starter.wait()
    except BaseException:
        if tied_to is None:
            stop_world(folder)
        raise
    return starter.world


class _Starter:
    """Starts part after part, keeping the world that has come about so far."""

    def __init__(self, world: World, tied_to: "list[subprocess.Popen[bytes]] | None") -> None:
        self.world = world
        self._tied_to = tied_to
        self._running: list[subprocess.Popen[bytes]] = []
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self._env = {**kept, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")]), "PYTHONUNBUFFERED": "1"}

    def start(self, name: str, field: str, *options: str, origin: str = f"http://{LOOPBACK}") -> None:
        port = processes.free_port()
        url = f"{origin}:{port}"
        log = self.world.folder / "logs" / f"{name}.log"
        argv = [sys.executable, "-m", f"lab.{name}", "--port", str(port), *options]
        running = processes.start(argv, log=log, env=self._env, tied=self._tied_to is not None)
        self._running.append(running)
        if self._tied_to is not None:
            self._tied_to.append(running)
        started = processes.started_at(running.pid)
        process = Process(name=name, pid=running.pid, started=started, url=url, log=str(log))
        # Written before it answers, so that even an interrupted start can be brought down.
        changes: dict[str, Any] = {field: url, "processes": (*self.world.processes, process)}
        self.world = replace(self.world, **changes)
        self.world.write()

    def wait(self) -> None:
        for process, running in zip(self.world.processes, self._running, strict=True):
            log = Path(process.log)
            processes.wait_until_answers(process.url, running, name=process.name, log=log, timeout=_START_SECONDS)

    def start_registry(self, *, tls: bool) -> None:
        password = secrets.token_urlsafe(16)
        file = self.world.folder / "registry-password"
        file.touch(mode=0o600)
        file.write_text(password, encoding="utf-8")
        self.world = replace(self.world, registry_password=password, registry_password_file=str(file))
        kept = ("--user", REGISTRY_USER, "--password-file", str(file), "--folder", str(self.world.folder / "registry"))
        if tls:
            self.start("registry", "registry_url", *kept, "--tls", origin=f"https://{bridge_address()}")
        else:
            self.start("registry", "registry_url", *kept)


def _send(method: str, url: str, body: Mapping[str, Any]) -> dict[str, Any]:
    answer = requests.request(method, url, json=body, timeout=_REQUEST_SECONDS)
    answer.raise_for_status()
    document: dict[str, Any] = answer.json() if answer.content else {}
    return document
