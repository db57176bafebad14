"""Inputs that do not go together, or that lack another one."""

from typing import TYPE_CHECKING

from mwaa_deploy.input_words import WITHOUT_PROJECT, EngineKind, Mode, RunnerKind, VerifyKind
from mwaa_deploy.inputs_reader import LONGEST_CHAINED_SESSION

if TYPE_CHECKING:
    from mwaa_deploy.inputs import Inputs  # it knows this module


def _missing(inputs: "Inputs", mode: Mode) -> list[str]:
    problems = []
    if mode is Mode.DEPLOY:
        problems += [f"{name}: needed to deploy, but not given" for name in inputs.missing_for_target]
    if mode in WITHOUT_PROJECT:
        # The template is the one that the stack has.
        needed = [name for name in inputs.missing_for_target if name != "template"]
        problems += [f"{name}: needed with 'mode: {mode}', but not given" for name in needed]
    if inputs.rollback_to and mode is not Mode.ROLLBACK:
        problems.append("rollback-to: given without 'mode: rollback'")
    if mode is Mode.COMMENT and not inputs.report:
        problems.append("report: needed with 'mode: comment', but not given")
    if inputs.report and mode is not Mode.COMMENT:
        problems.append("report: given without 'mode: comment'")
    return problems


def _alone(inputs: "Inputs") -> list[str]:
    problems = []
    if inputs.promote_from and inputs.promote_from == inputs.environment:
        problems.append(f"promote-from: {inputs.promote_from!r} is the target itself")
    if not inputs.template:
        given = {"parameters": inputs.parameters, "parameter-values": inputs.parameter_values}
        problems += [f"{name}: given without template, which they would belong to" for name in given if given[name]]
    return problems


def contradictions(inputs: "Inputs", mode: Mode) -> list[str]:
    """Every problem of inputs that are each in order, beginning with an input's name.

    Args:
        inputs: as they were given.
        mode: never `auto`.
    """
    problems = [*_missing(inputs, mode), *_alone(inputs)]
    if inputs.without_stack:
        owned = {"stack-name": inputs.stack_name, "template": inputs.template}
        problems += [
            f"{name}: contradicts 'deploy-with: environment-api', which uses no CloudFormation"
            for name, value in owned.items()
            if value
        ]
    if inputs.role_chain and inputs.role_duration_seconds > LONGEST_CHAINED_SESSION:
        text = f"{inputs.role_duration_seconds} is more than the {LONGEST_CHAINED_SESSION} that AWS gives chained roles"
        problems.append(f"role-duration-seconds: {text}; leave it out, credentials are renewed while the run lasts")
    if mode is Mode.IMAGE and inputs.runner is RunnerKind.VENV:
        problems.append("runner: 'venv' contradicts 'mode: image', which makes an image")
    if inputs.smoke_dags and inputs.verify is VerifyKind.VERSIONS:
        problems.append("smoke-dags: contradicts 'verify: versions', which leaves the live Airflow alone")
    if inputs.plan_file and mode not in {Mode.PLAN, Mode.DEPLOY}:
        problems.append(f"plan-file: contradicts 'mode: {mode}', which neither makes nor carries out a plan")
    if inputs.runner is RunnerKind.VENV:
        if inputs.runner_image:
            problems.append("runner-image: contradicts 'runner: venv', which uses no image")
        if inputs.docker_engine is EngineKind.DIND:
            problems.append("docker-engine: 'dind' contradicts 'runner: venv', which uses no engine")
    return problems
