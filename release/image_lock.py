"""entrypoint/image.lock: which images a checkout of the action runs in. launch.sh reads it. Pure."""

import re
from collections.abc import Mapping

from release.errors import NotReleasable

TARGETS = ("action", "action-dind")
"""Stages of the Dockerfile that a release has images of."""
FILE = "entrypoint/image.lock"

_REFERENCE = re.compile(r"[a-z0-9][a-z0-9._:/-]*@sha256:[0-9a-f]{64}")


def render(version: str, references: Mapping[str, str]) -> str:
    """The file of a release.

    Args:
        references: by target, NAME@sha256:DIGEST.

    Raises:
        NotReleasable: not one reference by digest for each target.
    """
    if set(references) != set(TARGETS):
        message = f"{FILE} takes an image for each of {', '.join(TARGETS)}, not for {', '.join(sorted(references))}"
        raise NotReleasable(message)
    wrong = [f"{target}: {text!r} is no NAME@sha256:DIGEST" for target, text in references.items() if not _is_one(text)]
    if wrong:
        raise NotReleasable("\n".join(wrong))
    lines = [f"# The images of v{version}, by digest; on other branches they are built from the checkout."]
    return "\n".join([*lines, *(f"{target} {references[target]}" for target in TARGETS)]) + "\n"


def parse(text: str) -> dict[str, str]:
    """The references by target that `render` wrote.

    Raises:
        NotReleasable: anything else is in the file, such as `build`.
    """
    lines = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    references = {words[0]: words[1] for words in lines if len(words) == 2}  # noqa: PLR2004 -- target and reference
    if len(references) != len(lines) or set(references) != set(TARGETS) or not all(map(_is_one, references.values())):
        message = f"{FILE} does not name an image by digest for each of {', '.join(TARGETS)}"
        raise NotReleasable(message)
    return references


def _is_one(reference: str) -> bool:
    return _REFERENCE.fullmatch(reference) is not None
