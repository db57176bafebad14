"""Whether an environment's containers could install what they were given, by what they said. Pure.

MWAA's image throws pip's exit code away, so that an environment is AVAILABLE with packages missing. What is known of
its log streams and their words is from its own code (aws/amazon-mwaa-docker-images, mwaa/logging/config.py,
mwaa/utils/user_requirements.py and mwaa/subprocess/subprocess.py): the output of pip and of the startup script is
published whatever the log level, as '[INFO] - ' and the line, to streams that begin with REQUIREMENTS and STARTUP.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mwaa_deploy.ports import LogLine

REQUIREMENTS, STARTUP = "requirements_install", "startup_script"
"""How the names of the log streams begin."""

_LEVEL = re.compile(r"^\[(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)\] - ")
_STOPPED = "is being stopped due to"
_RESOLVER = "ERROR: pip's dependency resolver does not currently take into account"


@dataclass(frozen=True, kw_only=True)
class InstallVerdict:
    """What came of reading the logs.

    Attributes:
        failures: lines that say that something could not be installed, each once.
        conflicts: lines of pip about packages that were installed and do not fit together, each once.
        containers: how many log streams had a line.
    """

    failures: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    containers: int = 0


def judge(lines: Iterable[LogLine]) -> InstallVerdict:
    """Find out what failed.

    Of the startup script only being stopped counts: its other words are the user's own, and may say ERROR in passing.
    """
    failures: dict[str, None] = {}
    conflicts: dict[str, None] = {}
    streams = set()
    for line in lines:
        streams.add(line.stream)
        text = _LEVEL.sub("", line.text.strip())
        if _STOPPED in text or (line.stream.startswith(REQUIREMENTS) and _failed(text)):
            failures[text] = None
        elif line.stream.startswith(REQUIREMENTS) and text.endswith("which is incompatible."):
            conflicts[text] = None
    return InstallVerdict(failures=tuple(failures), conflicts=tuple(conflicts), containers=len(streams))


def _failed(text: str) -> bool:
    """Whether pip says that it failed; what it says of packages that it did install is no failure of its own."""
    return text.startswith("ERROR: ") and not text.startswith(_RESOLVER)
