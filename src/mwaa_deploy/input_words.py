"""The words that inputs take, and what a mode means."""

from enum import StrEnum


class Mode(StrEnum):
    """What a run does."""

    AUTO = "auto"
    CHECK = "check"
    PLAN = "plan"
    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    DRIFT = "drift"
    IMAGE = "image"
    COMMENT = "comment"


class DeployWith(StrEnum):
    """What brings new versions to the environment."""

    CLOUDFORMATION = "cloudformation"
    ENVIRONMENT_API = "environment-api"


class WorkerReplacement(StrEnum):
    """What an update does with tasks that run on the old workers; MWAA's own words. UNSAID leaves it to MWAA."""

    UNSAID = ""
    GRACEFUL = "GRACEFUL"
    FORCED = "FORCED"


class RunnerKind(StrEnum):
    """Where the checks run."""

    AUTO = "auto"
    CONTAINER = "container"
    VENV = "venv"


class ChecksKind(StrEnum):
    """Which checks run."""

    CHANGED = "changed"
    ALL = "all"


class EngineKind(StrEnum):
    """Which Docker Engine runs the runner image."""

    HOST = "host"
    DIND = "dind"


class VerifyKind(StrEnum):
    """How a deployment is verified in the end."""

    AUTO = "auto"
    LIVE = "live"
    VERSIONS = "versions"


class CommentKind(StrEnum):
    """Whether pull requests get a comment."""

    AUTO = "auto"
    NEVER = "never"


WITHOUT_PROJECT = frozenset({Mode.ROLLBACK, Mode.DRIFT})
"""Modes that look at the target and its records alone, and need neither checkout nor Airflow version."""

MODES_OF_PROPOSALS = frozenset({"pull_request", "pull_request_target", "merge_group"})
"""Events that propose a change, which is planned and never deployed."""


def effective_mode(mode: Mode, event: str) -> Mode:
    """What `auto` means for an event: proposals are planned, all else is deployed."""
    if mode is not Mode.AUTO:
        return mode
    return Mode.PLAN if event in MODES_OF_PROPOSALS else Mode.DEPLOY
