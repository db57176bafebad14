"""Keeping what requirement lines hold in confidence out of everything that is shown.

An address may carry a user name and password, or a signature in its query. Variables (`${TOKEN}`) are filled in by pip
alone, and probe/install_requirements.py puts their names back into what pip prints.
"""

import re

_USER = re.compile(r"(://)[^\s/'\"<>]*@")
_QUERY = re.compile(r"(://[^\s?#'\"<>]*)\?[^\s#'\"<>]+")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")


def hide(text: str) -> str:
    """The text with every web address in it as it may be shown: without user name, password and query."""
    return _QUERY.sub(r"\1?***", _USER.sub(r"\1", text))


def variables(text: str) -> frozenset[str]:
    """The names of the variables that pip fills in, in the only form it knows (pip, requirements file format)."""
    return frozenset(_VARIABLE.findall(text))
