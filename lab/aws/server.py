"""Puts the lab's AWS together and serves it."""

import asyncio
import signal
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from hypercorn.asyncio import serve as serve_asgi
from hypercorn.config import Config
from hypercorn.typing import ASGIFramework

from lab.aws import mwaa_api, stack_types
from lab.aws.call_log import CallLog
from lab.aws.change_sets import complete_change_sets
from lab.aws.clock import StatusClock
from lab.aws.control import Control
from lab.aws.deployment import Deployment
from lab.aws.emulator import Emulator
from lab.aws.environments import Environments
from lab.aws.gateway import Application, Gateway
from lab.aws.history import History
from lab.aws.live_airflow import LiveAirflow
from lab.aws.mwaa_api import MwaaApi
from lab.aws.registry_token import Registry, RegistryToken
from lab.aws.rest_faults import RestFaults
from lab.aws.stack_environment import StackEnvironment
from lab.aws.stack_events import StackEvents
from lab.aws.web_identity import WebIdentity

HOST = "127.0.0.1"
_CONNECT_SECONDS = 0.02


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How the lab's AWS is to run.

    Attributes:
        port: where to listen on loopback; 0 picks a free port.
        oidc_issuer: the issuer whose tokens STS takes, as in their `iss`.
        oidc_jwks: where its keys are; by default <issuer>/.well-known/jwks.
        live_airflow: the service that runs real Airflows; None leaves environments to the clock alone.
        registry: the registry that ECR gives tokens for; None leaves ECR to ministack.
        seconds_per_status: how long each passing environment status lasts.
    """

    port: int
    oidc_issuer: str
    oidc_jwks: str | None = None
    live_airflow: str | None = None
    registry: Registry | None = None
    seconds_per_status: float = 0.3


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Prints 'listening on <url>' once requests are answered.

    Raises:
        EmulatorMovedError: the installed ministack is not the one the lab knows.
        OSError: the port is taken.
    """
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, settings.port))
    port = listener.getsockname()[1]
    clock = StatusClock(settings.seconds_per_status)
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.5  # clients keep their connections open; nothing is worth waiting for
    config.loglevel = "ERROR"
    with tempfile.TemporaryDirectory(prefix="lab-aws-") as folder:
        gateway = _build(settings, clock, port, Path(folder))
        asyncio.run(_serve(gateway, config, clock, port))


def _build(settings: Settings, clock: StatusClock, port: int, folder: Path) -> Gateway:
    emulator = Emulator.load(port, folder)
    history, calls, faults = History(), CallLog(), RestFaults()
    endpoint = f"http://{HOST}:{port}"
    live = LiveAirflow(settings.live_airflow, aws_endpoint=endpoint, clock=clock) if settings.live_airflow else None
    deployment = Deployment(emulator, live)
    environments = Environments(deployment, clock, history)
    stack_types.add_types(emulator, StackEnvironment(emulator, environments))
    complete_change_sets(emulator)
    StackEvents(emulator)
    emulator.replace_module("mwaa", MwaaApi(emulator, environments, faults))
    emulator.extend_resource_arn("airflow", mwaa_api.name_resource)
    jwks = settings.oidc_jwks or f"{settings.oidc_issuer.rstrip('/')}/.well-known/jwks"
    web_identity = WebIdentity(emulator, issuer=settings.oidc_issuer, jwks=jwks)
    emulator.replace_handler("sts", web_identity.handle_request)
    if settings.registry:
        emulator.replace_handler("ecr", RegistryToken(emulator, settings.registry).handle_request)
    control = Control(
        emulator,
        calls=calls,
        history=history,
        clock=clock,
        deployment=deployment,
        environments=environments,
        faults=faults,
    )
    return Gateway(cast("Application", emulator.asgi), control=control, calls=calls)


async def _serve(gateway: Gateway, config: Config, clock: StatusClock, port: int) -> None:
    stop = asyncio.Event()

    def end() -> None:
        # Threads that wait for an environment would keep the loop from ending.
        clock.stop()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end)
    announcing = asyncio.create_task(_announce(port))
    await serve_asgi(cast("ASGIFramework", gateway), config, shutdown_trigger=stop.wait)
    announcing.cancel()


async def _announce(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection(HOST, port)
        except OSError:
            await asyncio.sleep(_CONNECT_SECONDS)
            continue
        writer.close()
        print(f"listening on http://{HOST}:{port}", flush=True)
        return
