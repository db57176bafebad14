"""The bytes of a requirements file as text, decoded as pip does it (pip, req/req_file.py)."""

import codecs
import re
from dataclasses import dataclass

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
)
"""The longer ones first: UTF-16's is how UTF-32's begins."""

_CODING = re.compile(rb"coding[:=]\s*([-\w.]+)")
_MOST = 8 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class DecodedText:
    """A file's text.

    Attributes:
        text: as far as it can be read; what cannot is replaced.
        encoding: what to write it in so that pip reads it again.
        fault: why pip cannot read it, without a full stop; empty if it can.
        line: the number of the line at fault.
    """

    text: str
    encoding: str = "utf-8"
    fault: str = ""
    line: int | None = None


def decode(body: bytes) -> DecodedText:
    """Read the bytes. Whatever they are, there is a text."""
    if len(body) > _MOST:
        return DecodedText(text="", fault="it is larger than 8 MiB, which is no list of requirements")
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return _decode(body[len(mark) :], encoding, written="utf-8")
    for line in body.split(b"\n")[:2]:
        if line.startswith(b"#") and (named := _CODING.search(line)):
            encoding = named[1].decode("ascii", errors="replace")
            return _decode(body, encoding, written=encoding)
    return _decode(body, "utf-8", written="utf-8")


def _decode(body: bytes, encoding: str, *, written: str) -> DecodedText:
    try:
        return DecodedText(text=body.decode(encoding), encoding=written)
    except UnicodeDecodeError as error:
        before = body[: error.start].decode(encoding, errors="replace")
        fault = f"it holds bytes that are no {encoding.upper()}"
        text = body.decode(encoding, errors="replace")
        return DecodedText(text=text, fault=fault, line=len(f"{before}x".splitlines()))
    except (LookupError, UnicodeError, ValueError):
        fault = f"it says that its encoding is {encoding}, which Python does not know"
        return DecodedText(text=body.decode("utf-8", errors="replace"), fault=fault, line=1)
