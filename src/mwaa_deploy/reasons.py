"""Why something is deployed, or is not, in plain words: content decides, git explains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mwaa_deploy.parts import Part
from mwaa_deploy.ports import ChangedFile

_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class GitView:
    """What git says.

    Attributes:
        base: SHA that git compared with; None if there was none.
        base_reason: why that one, or why none, without a full stop.
        files: what differs, by part.
    """

    base: str | None
    base_reason: str
    files: Mapping[Part, tuple[ChangedFile, ...]] = field(default_factory=dict)

    @property
    def short(self) -> str:
        """The base as people write it."""
        return (self.base or "")[:7]

    def changed(self, part: Part) -> str:
        """'plugins/a.py and 2 more changed since 1a2b3c4'; '' if git shows no change or cannot tell."""
        paths = [file.path for file in self.files.get(part, ())]
        if self.base is None or not paths:
            return ""
        return f"{listed(paths)} changed since {self.short}"


def listed(names: list[str] | tuple[str, ...]) -> str:
    """The first few names and how many more there are."""
    if len(names) <= _SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[: _SHOWN - 1])} and {len(names) - _SHOWN + 1} more"


def lines_of(names: Sequence[str], most: int) -> str:
    """The first names on a line each, and how many more there are."""
    more = [f"and {len(names) - most} more"] if len(names) > most else []
    return "\n".join(f"- {line}" for line in [*names[:most], *more])


def sentence(text: str) -> str:
    """Our own words as a sentence; not for texts that begin with a name of the user's."""
    return f"{text[:1].upper()}{text[1:]}."


def why_shipped(git: GitView, part: Part, evidence: str) -> str:
    """Why a part is shipped whose content differs from the target's.

    Args:
        evidence: what was found at the target, without a full stop.
    """
    if git.base is None:
        return sentence(f"{evidence}; {git.base_reason}")
    if changed := git.changed(part):
        return f"{changed}; {evidence}."
    return (
        f"Git shows no change since {git.short}, but {evidence}. "
        "That is drift, a lost update, a re-run or a roll-back; the content counts."
    )


def why_kept(git: GitView, part: Part) -> str:
    """Why a part is not shipped whose content equals the target's."""
    if git.base is None:
        return "The target has exactly this content already."
    if changed := git.changed(part):
        return f"{changed}, but the target has exactly this content already; the content counts."
    return f"Unchanged since {git.short}."
