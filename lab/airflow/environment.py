"""One environment's live Airflow: built aside, then put in the place of the one before."""

import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab import processes
from lab.airflow import services
from lab.airflow.bucket import DagMirror, fetch, unzip
from lab.airflow.children import Children
from lab.airflow.errors import LiveAirflowError, StoppedError
from lab.airflow.installation import USERNAME, install
from lab.airflow.requirements import Requirements
from lab.airflow.running import Build, Running, start
from lab.airflow.services import Keys, Place
from lab.airflow.specification import Specification
from lab.airflow.startup_script import run_startup_script
from lab.clients import aws_client


class LiveEnvironment:
    """Brings up what it was last asked for, in the background.

    Args:
        folder: its own; emptied.
        cache: where installations are kept.
    """

    def __init__(self, name: str, folder: Path, cache: Path) -> None:
        self._name = name
        self._folder = folder
        self._cache = cache
        self._keys = Keys.fresh()
        self._children = Children()
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._generation = 0
        self._state = "starting"
        self._error: str | None = None
        self._running: Running | None = None
        self._mirror: DagMirror | None = None
        processes.remove_folder(folder)
        folder.mkdir(parents=True)

    def deploy(self, specification: Specification) -> int:
        """Begin to bring up an Airflow; the number of the attempt."""
        with self._lock:
            self._generation += 1
            generation = self._generation
            self._state, self._error = "starting", None
        threading.Thread(target=self._attempt, args=(generation, specification), daemon=True).start()
        return generation

    def describe(self) -> dict[str, Any]:
        """How it stands, as the manager's clients see it."""
        with self._lock:
            generation, state, error, running = self._generation, self._state, self._error, self._running
        if state == "ready" and running and not running.alive:
            state, error = "failed", "A process of Airflow ended by itself"
        build = running and running.build
        return {
            "generation": generation,
            "state": state,
            "error": error,
            "webserver": build and build.place.webserver,
            "username": build and USERNAME,
            "password": build and build.installation.password,
            "airflow_version": build and build.installation.airflow_version,
            "log": str(self._log),
        }

    def installation(self) -> list[dict[str, Any]]:
        """What pip and the startup script said in the latest attempt that ran them, by kind of log and component."""
        aside = max(
            self._folder.glob("generation-*"), key=lambda folder: int(folder.name.rpartition("-")[2]), default=None
        )
        if aside is None:
            return []
        logs = [("requirements_install", component, aside / "requirements.log") for component in services.COMPONENTS]
        logs += [
            ("startup_script_execution", component, aside / f"startup-{component}.log")
            for component in services.COMPONENTS
        ]
        return [
            {"kind": kind, "component": component, "lines": log.read_text("utf-8", errors="replace").splitlines()}
            for kind, component, log in logs
            if log.is_file()
        ]

    def delete(self) -> None:
        """End it and remove all it has."""
        self._children.close()
        with self._turn:
            if self._mirror:
                self._mirror.stop()
            processes.remove_folder(self._folder)

    # -- one attempt ----------------------------------------------------------------------------------------------

    def _attempt(self, generation: int, specification: Specification) -> None:
        with self._turn:
            if generation != self._generation or self._children.closed:
                return
            began = time.monotonic()
            self._say(f"Attempt {generation}: Airflow {specification.airflow_version}")
            try:
                running = self._replace(generation, specification)
            except StoppedError:
                return
            except LiveAirflowError as error:
                self._end_attempt(generation, "failed", str(error))
            except Exception as error:  # noqa: BLE001 -- a fault of ours; else nobody would hear of it
                self._end_attempt(generation, "failed", f"{type(error).__name__}: {error}")
            else:
                self._become(running)
                self._end_attempt(generation, "ready", None)
                self._say(f"Ready after {time.monotonic() - began:.1f} s on {running.build.place.webserver}")
            self._forget_others()

    def _become(self, running: Running | None) -> None:
        with self._lock:
            self._running = running

    def _forget_others(self) -> None:
        """Remove the virtual environments that nothing runs from; their logs stay."""
        for venv in self._folder.glob("generation-*/venv"):
            if not self._running or venv.parent != self._running.build.aside:
                processes.remove_folder(venv)

    def _end_attempt(self, generation: int, state: str, error: str | None) -> None:
        if error:
            self._say(f"Failed: {error}")
        with self._lock:
            if generation == self._generation:
                self._state, self._error = state, error

    def _replace(self, generation: int, specification: Specification) -> Running:
        """Build an Airflow aside, and put it in the place of the one before; that one comes back if it fails."""
        before = self._running
        if before and before.alive and before.build.specification == specification and specification.is_exact:
            self._say("It runs already")
            self._mirror_dags(specification)
            return before
        build = self._build(generation, specification)
        if before:
            self._children.end(*before.processes)
        try:
            return start(build, self._children)
        except StoppedError:
            raise
        except LiveAirflowError:
            self._become(self._again(before))
            raise

    def _again(self, before: Running | None) -> Running | None:
        """Start the Airflow before once more, if there was one."""
        if before is None:
            return None
        self._say("The Airflow before is started again")
        try:
            return start(before.build, self._children)
        except LiveAirflowError as error:
            self._say(f"It does not come back: {error}")
            return None

    def _build(self, generation: int, specification: Specification) -> Build:
        aside = self._folder / f"generation-{generation}"
        home = self._folder / "home"
        home.mkdir(exist_ok=True)
        aside.mkdir()
        self._fetch(specification, aside)
        self._mirror_dags(specification)
        installation = install(specification.airflow_version, self._cache)
        installation.copy(aside / "venv")
        place = Place(
            name=self._name,
            home=home,
            database=self._folder / f"airflow-{specification.airflow_version}.db",
            port=processes.free_port(),
        )
        fixed = services.settings(specification, place, self._keys, installation)
        python = aside / "venv" / "bin" / "python"
        basic = {**services.basic_environment(specification, place, python), **fixed}
        left = self._run_startup_script(basic, home, aside)
        environments = {component: {**variables, **fixed} for component, variables in left.items()}
        requirements = aside / "requirements" / "requirements.txt"
        if requirements.is_file():
            installer = Requirements(
                python=python, packages=installation.packages, home=home, folder=aside, say=self._say
            )
            text = requirements.read_text(encoding="utf-8", errors="replace")
            installer.install(text, children=self._children, env=environments["hybrid"])
        return Build(
            specification=specification, aside=aside, installation=installation, place=place, environments=environments
        )

    def _fetch(self, specification: Specification, aside: Path) -> None:
        client = aws_client("s3", specification.aws_endpoint)
        wanted = {
            "plugins.zip": specification.plugins,
            "requirements/requirements.txt": specification.requirements,
            "startup/startup.sh": specification.startup_script,
        }
        for name, stored in wanted.items():
            if stored:
                fetch(client, specification.bucket, stored, aside / name)
        (aside / "plugins").mkdir()
        if specification.plugins:
            unzip(aside / "plugins.zip", aside / "plugins")

    def _mirror_dags(self, specification: Specification) -> None:
        if self._mirror:
            self._mirror.stop()
        self._mirror = DagMirror(
            aws_client("s3", specification.aws_endpoint),
            specification.bucket,
            specification.dags_prefix,
            folder=self._folder / "home" / "dags",
            incoming=self._folder / "incoming",
            say=self._say,
        )
        self._mirror.start()

    def _run_startup_script(self, env: dict[str, str], home: Path, aside: Path) -> dict[str, dict[str, str]]:
        """Run it for each component, if there is one; the environment by component."""
        script = aside / "startup" / "startup.sh"
        if not script.is_file():
            return {component: {**env, "MWAA_AIRFLOW_COMPONENT": component} for component in services.COMPONENTS}
        return {
            component: run_startup_script(
                script,
                component=component,
                children=self._children,
                env=env,
                home=home,
                log=aside / f"startup-{component}.log",
            )
            for component in services.COMPONENTS
        }

    @property
    def _log(self) -> Path:
        return self._folder / "environment.log"

    def _say(self, line: str) -> None:
        if self._folder.is_dir():
            with self._log.open("a", encoding="utf-8") as log:
                print(datetime.now(UTC).strftime("%H:%M:%S"), line, file=log)
