"""Text from users' files and tools, made harmless for terminals, JSON and XML, and cut to length."""

import re

REPLACEMENT = "\ufffd"

# CSI, OSC and the short escape sequences of ECMA-48; whole, so that no "[31m" stays behind.
_ESCAPE = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]")
# What is left of C0 and C1 but tab and line feed, and the characters that change the direction of what follows.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
# What XML 1.0 cannot hold, not even escaped (its production 2, Char).
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NEWLINE = re.compile(r"\r\n?")


def scalars(text: str) -> str:
    """Text that every encoding can hold: Python decodes names that are no UTF-8 into lone surrogates."""
    return _SURROGATE.sub(REPLACEMENT, text)


def printable(text: str) -> str:
    """Lines of text without terminal escapes, control and direction characters; tabs and line feeds stay."""
    return _CONTROL.sub("", _ESCAPE.sub("", _NEWLINE.sub("\n", scalars(text))))


def one_line(text: str) -> str:
    """The same on a single line, with single spaces."""
    return " ".join(printable(text).split())


def xml_text(text: str) -> str:
    """Text that is well-formed in XML 1.0 once its markup is escaped; what cannot be is replaced visibly."""
    return _NOT_XML.sub(REPLACEMENT, _ESCAPE.sub("", _NEWLINE.sub("\n", text)))


def cut(text: str, limit: int) -> str:
    """The beginning of a text, with an ellipsis where it was longer.

    Args:
        text: any text.
        limit: UTF-16 code units, by which GitHub's runner counts (it is written in C#); never less than 1.
    """
    if utf16_length(text) <= limit:
        return text
    data = text.encode("utf-16-le", "surrogatepass")[: 2 * (limit - 1)]
    # Half of a pair at the cut is left out.
    return data.decode("utf-16-le", "ignore") + "…"


def cut_middle(text: str, limit: int) -> str:
    """Beginning and end of a text, and how much was left out between them; limit in characters."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n… {len(text) - 2 * half} characters left out …\n{text[-half:]}"


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text) + sum(ord(character) > 0xFFFF for character in text)  # noqa: PLR2004 -- the end of the BMP
