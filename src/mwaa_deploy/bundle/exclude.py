"""Patterns of files that are not shipped, in the words of .gitignore."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

_CLASS = re.compile(r"\[[!^]?+(?:\]|\\.|[^]\\])(?:\\.|[^]\\])*\]")
_NEVER = "(?!)"


@dataclass(frozen=True)
class _Pattern:
    regex: re.Pattern[str]
    folders_only: bool
    includes: bool


@dataclass(frozen=True)
class Exclude:
    """What is left out of a folder, with .gitignore's rules: the last pattern that matches decides.

    A pattern with a slash before its end counts from the folder itself, any other at every depth; one that ends in a
    slash is about folders only; `**` stands for any number of folders; `!` takes back, but not out of a folder that is
    left out. `?` and brackets stand for a character, where git takes a byte; classes such as [:alpha:] match nothing.

    Attributes:
        patterns: one each; nothing is a comment.
    """

    patterns: tuple[str, ...] = ()

    @cached_property
    def _compiled(self) -> tuple[_Pattern, ...]:
        return tuple(_compile(pattern) for pattern in self.patterns)

    def leaves_out(self, name: str, *, folder: bool = False) -> bool:
        """Whether a file or folder is left out; whoever asks does not look into a folder that is.

        Args:
            name: path relative to the folder, with forward slashes.
            folder: whether it is a folder.
        """
        for pattern in reversed(self._compiled):
            if (folder or not pattern.folders_only) and pattern.regex.fullmatch(name):
                return not pattern.includes
        return False

    def leaves_out_file(self, name: str) -> bool:
        """Whether a file is left out by itself or with a folder that it lies in."""
        parts = name.split("/")
        above = ("/".join(parts[:count]) for count in range(1, len(parts)))
        return any(self.leaves_out(folder, folder=True) for folder in above) or self.leaves_out(name)


def _compile(pattern: str) -> _Pattern:
    includes = pattern.startswith("!")
    pattern = pattern.removeprefix("!")
    folders_only = pattern.endswith("/")
    pattern = pattern.removesuffix("/")
    anchored = "/" in pattern
    pattern = pattern.removeprefix("/")
    regex = "".join(_translate(pattern)) if pattern else _NEVER
    return _Pattern(re.compile(regex if anchored else f"(?:.*/)?{regex}", re.DOTALL), folders_only, includes)


def _translate(pattern: str) -> Iterable[str]:
    position = 0
    while position < len(pattern):
        rest = pattern[position:]
        begins = position == 0 or pattern[position - 1] == "/"
        if begins and rest.startswith("**/"):
            token, taken = "(?:.*/)?", 3
        elif begins and rest == "**":
            token, taken = ".+", 2
        elif rest[0] == "*":
            token, taken = "[^/]*", 1
        elif rest[0] == "?":
            token, taken = "[^/]", 1
        elif rest[0] == "[":
            found = _CLASS.match(rest)
            token, taken = (_class(found.group()), found.end()) if found else (_NEVER, len(rest))
        elif rest[0] == "\\":
            token, taken = (re.escape(rest[1]), 2) if len(rest) > 1 else (_NEVER, 1)
        else:
            token, taken = re.escape(rest[0]), 1
        yield token
        position += taken


def _class(text: str) -> str:
    """A bracket expression; never a slash."""
    inside = text[1:-1]
    if "[:" in inside:
        return _NEVER
    negated = inside[0] in "!^"
    body = re.sub(r"(\\.)|([\[\]&~|^])", lambda found: found.group(1) or "\\" + found.group(2), inside[negated:])
    try:
        re.compile(f"[{body}]")
    except re.error:
        return _NEVER
    return f"(?!/)[{'^' if negated else ''}{body}]"
