"""Plain data that remembers the lines it was written on."""

from typing import Any


class DocumentInvalid(ValueError):
    """A text is neither YAML nor JSON.

    Attributes:
        line: counted from 1, or None when it is not known.
    """

    def __init__(self, problem: str, line: int | None) -> None:
        self.problem = problem
        self.line = line
        super().__init__(problem)


class LinedDict(dict[Any, Any]):
    """A mapping that knows where it was written.

    Attributes:
        line: where it begins, counted from 1.
        lines: where each key stands.
    """

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[Any, int] = {}


class LinedList(list[Any]):
    """A sequence that knows where its items were written, lines counted from 1."""

    def __init__(self, lines: list[int]) -> None:
        super().__init__()
        self.lines = lines
