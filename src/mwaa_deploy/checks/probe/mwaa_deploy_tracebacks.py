"""What tracebacks and the stack say about the user's code. For the other scripts in this folder.

Runs inside the runner; standard library only, Python 3.7 and later.
"""

import os
import re
import sys

LONGEST = 20000  # characters of a traceback or message that are kept: the first and the last of them

_FRAME = re.compile(
    r'^[\s|+]*File "(?P<file>.+?|[^"]+?)", line (?P<line>\d+)', re.MULTILINE
)  # names may have line ends
_ESCAPED = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))")
_LATER = re.compile(
    r"^(?:During handling of the above exception, another exception occurred|"
    r"The above exception was the direct cause of the following exception):$",
    re.MULTILINE,
)
_OUTCOME = re.compile(r"^(?P<type>[A-Za-z_][\w.]*)(?:: (?P<message>.*))?$", re.DOTALL)


def in_folders(path, folders):
    """Whether a path lies in one of some folders."""
    return any(path == folder or path.startswith(folder.rstrip(os.sep) + os.sep) for folder in folders)


def home(module):
    """Where a module lies; empty if nobody knows."""
    try:
        file = getattr(module, "__file__", None)
        return file or next(iter(getattr(module, "__path__", None) or ()), "")
    except Exception:
        return ""


def parse_traceback(text, folders):
    """The error that a formatted traceback ends with, at the deepest frame that lies in one of the folders."""
    blocks = _LATER.split(text)
    last = blocks[-1].strip("\n")
    head, message = "Error", last.strip()
    lines = last.split("\n")
    for index, line in enumerate(lines):
        found = _OUTCOME.match(line)
        if found and not line.startswith("Traceback "):
            head = found.group("type").rpartition(".")[2]
            message = "\n".join([found.group("message") or "", *lines[index + 1 :]]).strip()
            break
    own = []
    for block in blocks:
        frames = [(frame.group("file"), int(frame.group("line"))) for frame in _FRAME.finditer(block)]
        own = [frame for frame in frames if in_folders(frame[0], folders)] or own
    file, line = own[-1] if own else (None, None)
    return {"type": head, "message": cut(message), "file": file, "line": line, "traceback": cut(text)}


def parse_fault(text, folders):
    """The deepest frame in the user's code in what faulthandler wrote, where the most recent call comes first.

    It writes what is not printable ASCII as Python does in a literal.
    """
    for found in _FRAME.finditer(text):
        file = found.group("file")
        if in_folders(file, folders):
            plain = _ESCAPED.sub(lambda code: chr(int(code.group(1) or code.group(2) or code.group(3), 16)), file)
            return file if os.path.exists(file) else plain, int(found.group("line"))
    return None, None


def error(kind, message, file=None, line=None, text=""):
    """An error that is not an exception of Python's."""
    return {"type": kind, "message": cut(message), "file": file, "line": line, "traceback": cut(text)}


def cut(text):
    """A text without its middle, if it is too long to be taken out of the runner."""
    if len(text) <= LONGEST:
        return text
    return "%s\n[...]\n%s" % (text[: LONGEST // 4], text[-3 * LONGEST // 4 :])


def own_caller(folders, path=None):
    """File and line of the innermost frame on the stack that is the user's; better still, one in the file `path`."""
    frame, first = sys._getframe(1), None  # noqa: SLF001 -- the quick way
    while frame is not None:
        file = frame.f_code.co_filename
        if file == path:
            return file, frame.f_lineno
        if first is None and in_folders(file, folders):
            first = file, frame.f_lineno
        frame = frame.f_back
    return first or (None, None)
