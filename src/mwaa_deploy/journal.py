"""What a run has found out so far: filled in by the pipeline, read by the report whether the run ends well or not."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mwaa_deploy.inputs import Mode

if TYPE_CHECKING:
    # A journal is there before a runner is opened, and what it will hold takes a while to import.
    from collections.abc import Iterator
    from pathlib import Path

    from mwaa_deploy.checks.verdicts import CheckReport
    from mwaa_deploy.drift import Drift
    from mwaa_deploy.outcome import Outcome
    from mwaa_deploy.plan import Plan
    from mwaa_deploy.ports import EnvironmentState
    from mwaa_deploy.promotion import Promotion
    from mwaa_deploy.rolled_back import RollBack
    from mwaa_deploy.runner.image_publishing import PublishedImage
    from mwaa_deploy.source.changes import Changes
    from mwaa_deploy.source.project import Project
    from mwaa_deploy.target.state import TargetState


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step that ended, well or not.

    Attributes:
        seconds: wall-clock time.
        failed: whether what it belongs to ended with it.
    """

    name: str
    seconds: float
    failed: bool = False


_WORDS = {
    Mode.CHECK: "passed",
    Mode.PLAN: "planned",
    Mode.IMAGE: "pushed",
    Mode.ROLLBACK: "rolled-back",
    Mode.COMMENT: "commented",
}


@dataclass
class Journal:
    """The facts of one run, each None until it is known.

    Attributes:
        project: where the parts of the project lie.
        target: what people call the target: the stack's name.
        state: the target as it was when the plan was made, if it was looked at.
        environment: the environment as it was in the end, if the target was looked at.
        image: where the runner image was pushed, if that was asked for.
        plan_path: where the plan is to be written besides, if the user named a file.
        outcome: what the deployment did, also when it failed half-way.
        promotion: where the artefacts are taken from, if they are promoted.
        rollback: what was rolled back, if anything was or was to be.
        drift: what differs from the last record, if that was all that was asked for.
        error: what ended the run before its time.
        steps: the run's steps in order, with durations.
        notes: what is worth knowing besides, a sentence each.
        current: the step that goes on, and when it began by the monotonic clock.
        commented: number of the pull request that was commented on, if that was all that was asked for.
    """

    mode: Mode | None = None
    target: str = ""
    run_url: str = ""
    project: Project | None = None
    changes: Changes | None = None
    checks: CheckReport | None = None
    plan: Plan | None = None
    plan_path: Path | None = None
    state: TargetState | None = None
    outcome: Outcome | None = None
    environment: EnvironmentState | None = None
    image: PublishedImage | None = None
    promotion: Promotion | None = None
    rollback: RollBack | None = None
    drift: tuple[Drift, ...] | None = None
    error: BaseException | None = None
    steps: list[Step] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    commented: int | None = None
    current: tuple[str, float] | None = None

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Take the time of what is done inside."""
        began = time.monotonic()
        outer, self.current = self.current, (name, began)
        failed = True
        try:
            yield
            failed = False
        finally:
            self.current = outer
            self.steps.append(Step(name=name, seconds=time.monotonic() - began, failed=failed))

    @property
    def result(self) -> str:
        """The run in one word, as the output `result` gives it."""
        if self.error is not None:
            return "failed"
        word = _WORDS.get(self.mode, "deployed") if self.mode else "deployed"
        if self.mode in {Mode.CHECK, Mode.PLAN}:
            return word
        pushed = self.image is not None and self.image.pushed
        return word if self.deployed or pushed or self.commented else "unchanged"

    @property
    def deployed(self) -> bool:
        """Whether anything at the target was changed, also by a deployment that failed later."""
        return self.outcome is not None and not self.outcome.changed_nothing

    @property
    def rolled_itself_back(self) -> bool:
        """Whether a deployment failed, and what was live before is live again."""
        return self.rollback is not None and self.rollback.automatic and self.rollback.done
