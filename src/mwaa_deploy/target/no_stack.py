"""The stack of a target that has none, because another tool or a person owns the environment."""

from mwaa_deploy.errors import StackUnusable
from mwaa_deploy.ports import ChangeSet, StackState


class NoStack:
    """Fills the Stack port: there is never a stack, and nothing can be done to it.

    Args:
        name: what the target is called, as its record lies under that name: the environment's name.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def state(self) -> StackState | None:
        """None."""
        return None

    def template(self) -> str | None:
        """None."""
        return None

    def create_change_set(self, **_: object) -> ChangeSet:
        """Raises StackUnusable."""
        raise self._unusable()

    def delete_change_set(self, *_: object, **__: object) -> None:
        """Raises StackUnusable."""
        raise self._unusable()

    def execute(self, *_: object, **__: object) -> StackState:
        """Raises StackUnusable."""
        raise self._unusable()

    def protect(self) -> None:
        """Raises StackUnusable."""
        raise self._unusable()

    def delete_never_created(self, *_: object, **__: object) -> None:
        """Raises StackUnusable."""
        raise self._unusable()

    def _unusable(self) -> StackUnusable:
        return StackUnusable(f"The environment {self.name} is deployed to without a stack.")
