"""The options that pip takes in a requirements file, as it reads them.

Those of pip 22 to 26 together (pip, req/req_file.py): an option that only some versions know is left to pip.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_WITH_VALUE = {
    **dict.fromkeys(("-i", "--index-url", "--pypi-url"), "index-url"),
    "--extra-index-url": "extra-index-url",
    **dict.fromkeys(("-c", "--constraint"), "constraint"),
    **dict.fromkeys(("-r", "--requirement"), "requirement"),
    **dict.fromkeys(("-e", "--editable"), "editable"),
    **dict.fromkeys(("-f", "--find-links"), "find-links"),
    "--no-binary": "no-binary",
    "--only-binary": "only-binary",
    "--all-releases": "all-releases",
    "--only-final": "only-final",
    "--trusted-host": "trusted-host",
    "--use-feature": "use-feature",
    "--uploaded-prior-to": "uploaded-prior-to",
    "--hash": "hash",
    "--global-option": "global-option",
    "--install-option": "install-option",
    **dict.fromkeys(("-C", "--config-settings", "--config-setting"), "config-settings"),
}
_ALONE = {
    "--no-index": "no-index",
    "--prefer-binary": "prefer-binary",
    "--require-hashes": "require-hashes",
    "--no-require-hashes": "no-require-hashes",
    "--pre": "pre",
    "--process-dependency-links": "process-dependency-links",
    **dict.fromkeys(("-Z", "--always-unzip"), "always-unzip"),
}
_HASH = re.compile(r"(sha256|sha384|sha512):.+")


class OptionFault(ValueError):
    """Words that pip would refuse; the message says why, without a full stop."""


@dataclass(frozen=True, kw_only=True)
class PipOption:
    """One option. `name` is its long name without dashes; `value` is empty where it takes none."""

    name: str
    value: str = ""


def parse_options(text: str) -> tuple[PipOption, ...]:
    """Read the options of one line.

    Raises:
        OptionFault: pip would refuse them.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        message = f"its quotation marks do not match ({error})"
        raise OptionFault(message) from error
    return tuple(_read(words))


def _read(words: Sequence[str]) -> Iterator[PipOption]:
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-") or word == "-":
            continue  # pip passes over words that belong to no option
        spelling, value = _split(word)
        if value is None and spelling in _WITH_VALUE:
            if not rest:
                message = f"{spelling} needs a value"
                raise OptionFault(message)
            value = rest.pop(0)
        if spelling in _ALONE and value is not None:
            message = f"{spelling} takes no value"
            raise OptionFault(message)
        if spelling == "--hash" and not _HASH.fullmatch(value or ""):
            message = "a hash is written --hash=sha256:..., or with sha384 or sha512"
            raise OptionFault(message)
        yield PipOption(name=_WITH_VALUE.get(spelling) or _ALONE[spelling], value=value or "")


def _split(word: str) -> tuple[str, str | None]:
    """The option's full spelling, and the value that hangs on it."""
    if word.startswith("--"):
        given, equals, value = word.partition("=")
        known = (*_WITH_VALUE, *_ALONE)
        meant = [given] if given in known else [option for option in known if option.startswith(given)]
        names = {_WITH_VALUE.get(option) or _ALONE[option] for option in meant}
        if len(given) > len("--") and len(names) == 1:
            return meant[0], value if equals else None
    elif word[:2] in _WITH_VALUE:
        return word[:2], word[2:] or None
    elif word in _ALONE:
        return word, None
    message = f"no such option: {word}"
    raise OptionFault(message)
