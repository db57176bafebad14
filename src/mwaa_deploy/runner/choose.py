"""Which runner: the container if an engine answers, else the virtual environment, or the one that was asked for."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from mwaa_deploy.errors import EngineUnavailable
from mwaa_deploy.inputs import Inputs, RunnerKind
from mwaa_deploy.ports import Log, Runner
from mwaa_deploy.runner.container import ContainerRunner, ContainerSettings
from mwaa_deploy.runner.engine import Engine, connect
from mwaa_deploy.runner.environment import cache_folder, network_environment
from mwaa_deploy.runner.home import HomeTemplates
from mwaa_deploy.runner.images import RunnerImages
from mwaa_deploy.runner.known_facts import KnownFacts
from mwaa_deploy.runner.packages import find_packages, images_folder, pythons_of_mwaa
from mwaa_deploy.runner.pythons import find_python
from mwaa_deploy.runner.registry_access import RegistryAccess, access_without_aws
from mwaa_deploy.runner.sandbox import Limits
from mwaa_deploy.runner.venv import VenvRunner


@dataclass(frozen=True, kw_only=True)
class RunnerLimits:
    """What the user's code may have of this machine.

    Attributes:
        memory: bytes; None for three quarters of what there is.
        processes: how many processes and threads at a time.
    """

    memory: int | None = None
    processes: int = Limits().processes

    def of_sandbox(self) -> Limits:
        """The same for a virtual environment."""
        given = {} if self.memory is None else {"memory": self.memory}
        return Limits(processes=self.processes, **given)


@contextmanager
def open_runner(
    inputs: Inputs,
    env: Mapping[str, str],
    log: Log,
    access: RegistryAccess | None = None,
    limits: RunnerLimits = RunnerLimits(),
) -> Iterator[Runner]:
    """A runner with the asked Airflow, gone afterwards.

    Args:
        inputs: airflow-version, runner and runner-image are read.
        env: our own environment: DOCKER_HOST and the like, MWAA_DEPLOY_BASE_IMAGE, MWAA_DEPLOY_IMAGES and
            MWAA_DEPLOY_RUN_LABEL; none of it reaches the user's code but proxies and pip's index settings.
        log: told what is pulled, built or installed.
        access: finds logins for registries; by default only what `docker login` has left.
        limits: what the user's code may have of this machine.

    Raises:
        AirflowVersionUnknown: no packages are locked for it, and no image was named.
        EngineUnavailable: a container was asked for, and no engine answers.
        PythonMissing: there is no Python for the virtual environment.
        RunnerBroken: the runner cannot be started.
        RunnerImageUnusable: the image cannot be had, or holds another Airflow.
        RunnerUnconfined: this is a job, and nothing keeps a virtual environment's code from the rest of it.
    """
    engine = _engine(inputs, env, log)
    if engine is None:
        packages = find_packages(images_folder(env), inputs.airflow_version)
        python = find_python(packages.python, env)
        with VenvRunner(packages, python, HomeTemplates(env, log), env=env, limits=limits.of_sandbox()) as runner:
            yield runner
        return
    with engine:
        images = RunnerImages(engine, access or access_without_aws(env, log), log)
        with _container(engine, _settings(images, inputs, env, limits), env) as runner:
            yield runner


@contextmanager
def open_container_at_hand(
    inputs: Inputs,
    env: Mapping[str, str],
    log: Log,
    limits: RunnerLimits,
    scripts: Mapping[str, Path],
    *,
    starting: Callable[[], object] = lambda: None,
) -> Iterator[ContainerRunner | None]:
    """What open_runner() would give, if that is a container whose image is there already; else None, and no message.

    Args: those of open_runner(), what is to lie in its home from the start, and what is called when it is about to be
        started.

    Raises:
        MwaaDeployError: whatever open_runner() would raise, too.
    """
    if inputs.runner is RunnerKind.VENV:
        yield None
        return
    with connect(env, env.get("MWAA_DEPLOY_RUN_LABEL") or "local") as engine:
        images = RunnerImages(engine, access_without_aws(env, log), log)
        if inputs.runner_image:
            there = images.has(inputs.runner_image)
        else:
            packages = find_packages(images_folder(env), inputs.airflow_version)
            there = images.has_own(packages, base=env.get("MWAA_DEPLOY_BASE_IMAGE", ""))
        if not there:
            yield None
            return
        settings = replace(_settings(images, inputs, env, limits, scripts), starting=starting)
        with _container(engine, settings, env) as runner:
            yield runner


def _container(engine: Engine, settings: ContainerSettings, env: Mapping[str, str]) -> ContainerRunner:
    return ContainerRunner(engine, settings, KnownFacts(cache_folder(env) / "images"))


def _engine(inputs: Inputs, env: Mapping[str, str], log: Log) -> Engine | None:
    if inputs.runner is RunnerKind.VENV:
        return None
    try:
        return connect(env, env.get("MWAA_DEPLOY_RUN_LABEL") or "local")
    except EngineUnavailable as e:
        # An image that was named can only be meant for an engine.
        if inputs.runner is RunnerKind.CONTAINER or inputs.runner_image:
            raise
        log.info(f"No Docker Engine answers, so the checks run in a virtual environment. ({e.what})")
        return None


def _settings(
    images: RunnerImages,
    inputs: Inputs,
    env: Mapping[str, str],
    limits: RunnerLimits,
    scripts: Mapping[str, Path] = MappingProxyType({}),
) -> ContainerSettings:
    folder = images_folder(env)
    differences: tuple[str, ...] = ()
    if inputs.runner_image:
        image = images.named(inputs.runner_image, inputs.airflow_version)
    else:
        packages = find_packages(folder, inputs.airflow_version)
        differences = packages.differences
        image = images.own(packages, base=env.get("MWAA_DEPLOY_BASE_IMAGE", ""))
    return ContainerSettings(
        image=image,
        airflow_version=inputs.airflow_version,
        mwaa_python=pythons_of_mwaa(folder).get(inputs.airflow_version),
        environment=network_environment(env),
        memory=limits.memory,
        processes=limits.processes,
        differences=differences,
        scripts=scripts,
    )
