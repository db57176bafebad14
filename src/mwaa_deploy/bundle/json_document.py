"""JSON read into plain data that remembers its lines."""

import json
import re

from mwaa_deploy.bundle.lined import DocumentInvalid, LinedDict, LinedList

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[][{}]|[^][{},:"\s]+|\r\n?|\n')
_LITERALS = {"true": True, "false": False, "null": None}


def read_json(text: str) -> object:
    """Read a text that json.loads takes; a number stays text as it was written.

    YAML's own reader would not do: it takes no key of more than 1,024 characters, no tab between tokens, and folds some
    characters that JSON leaves alone.

    Raises:
        DocumentInvalid: an object has a key twice, or a text holds half of a character.
    """
    reader = _Reader()
    line = 1
    for piece in _TOKEN.findall(text):
        if piece.isspace():
            line += 1
        else:
            reader.take(piece, line)
    return reader.root[0]


class _Reader:
    """Takes one token after the other; where commas and colons are is known, as it is JSON."""

    def __init__(self) -> None:
        self.root = LinedList([])
        self._open: list[LinedDict | LinedList] = [self.root]
        self._keys: list[str] = []  # those whose values are still to come, the innermost last

    def take(self, piece: str, line: int) -> None:
        within = self._open[-1]
        if piece in "]}":
            self._open.pop()
        elif piece.startswith('"') and isinstance(within, LinedDict) and len(within.lines) == len(within):
            self._keys.append(_key(_text(piece, line), within, line))
        elif piece in "[{":
            opened = LinedDict(line) if piece == "{" else LinedList([])
            self._add(opened, line)
            self._open.append(opened)
        else:
            self._add(_text(piece, line) if piece.startswith('"') else _LITERALS.get(piece, piece), line)

    def _add(self, value: object, line: int) -> None:
        within = self._open[-1]
        if isinstance(within, LinedDict):
            within[self._keys.pop()] = value
        else:
            within.append(value)
            within.lines.append(line)


def _key(key: str, within: LinedDict, line: int) -> str:
    if key in within:
        raise DocumentInvalid(f"the key {key} stands twice, first on line {within.lines[key]}", line)
    within.lines[key] = line
    return key


def _text(piece: str, line: int) -> str:
    found: str = json.loads(piece)
    try:
        found.encode()
    except UnicodeEncodeError as e:
        raise DocumentInvalid("a text holds half of a character that is written as two escapes", line) from e
    return found
