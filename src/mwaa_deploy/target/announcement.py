"""A deployment's note of what it is about to change: left before, renewed as more is known, taken away at the end."""

from mwaa_deploy.target.ports_of_target import Deployment
from mwaa_deploy.target.unfinished import BegunChange, Unfinished, clear_unfinished, write_unfinished


class Announcement:
    """The note of one deployment, which takes an earlier one's over.

    Args:
        deployment: whose note it is.
    """

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._made: Unfinished | None = None

    def make(self, change: BegunChange | None = None) -> None:
        """Leave the note of what may be half-done from now on, if it says more than the one that is there.

        Args:
            change: the change of the stack that begins, or has come further; None if the stack is left alone.
        """
        earlier = self._made or self._deployment.state.unfinished
        note = Unfinished(
            stack=change is not None or earlier.touches_stack,
            dags=earlier.dags | frozenset(self._deployment.plan.dags.uploads),
            everything=earlier.everything,
            change=change or earlier.change,
            restores=self._deployment.author.restored_version or earlier.restores,
            record=self._deployment.state.record_etag or "",
        )
        if note == self._made:
            return
        target, commit = self._deployment.target, self._deployment.author.commit
        write_unfinished(target.bucket, target.stack.name, note, commit=commit)
        self._made = note

    def withdraw(self) -> None:
        """Take the note away, whoever left it."""
        if self._made is not None or not self._deployment.state.unfinished.none:
            clear_unfinished(self._deployment.target.bucket, self._deployment.target.stack.name)
