"""The knob that makes a fake fail, and the record of what it was asked to do."""

from dataclasses import dataclass, field


@dataclass
class Knobs:
    """What a fake was called with, and what it shall raise.

    Attributes:
        calls: (method, main argument) of every call, in order, failed ones too.
    """

    calls: list[tuple[str, str]] = field(default_factory=list)
    _failures: dict[str, list[tuple[Exception, int]]] = field(default_factory=dict)

    def fail(self, method: str, error: Exception, *, after: int = 0) -> None:
        """Make a method raise once, after it worked `after` more times."""
        self._failures.setdefault(method, []).append((error, after))

    def called(self, method: str, argument: str = "") -> None:
        """To be the first line of every method of a fake."""
        self.calls.append((method, argument))
        waiting = self._failures.get(method, [])
        for index, (error, after) in enumerate(waiting):
            if after == 0:
                del waiting[index]
                raise error
            waiting[index] = (error, after - 1)

    def count(self, method: str) -> int:
        """How often a method was called."""
        return sum(1 for name, _ in self.calls if name == method)
