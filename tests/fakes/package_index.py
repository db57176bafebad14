"""A package index in memory."""

from collections.abc import Collection, Sequence


class FakePackageIndex:
    """Fills the PackageIndex port.

    Args:
        known: the names it has.
        silent: whether it gives no answer.

    Attributes:
        asked: every name it was asked for.
    """

    def __init__(self, known: Collection[str] = (), *, silent: bool = False) -> None:
        self._known = frozenset(known)
        self._silent = silent
        self.asked: list[str] = []

    def unknown(self, names: Sequence[str]) -> frozenset[str]:
        self.asked += names
        return frozenset() if self._silent else frozenset(names) - self._known
