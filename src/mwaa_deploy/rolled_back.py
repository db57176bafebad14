"""A roll-back, as the report tells it."""

from dataclasses import dataclass

from mwaa_deploy.outcome import Outcome
from mwaa_deploy.target.record import Record


@dataclass(frozen=True, kw_only=True)
class RollBack:
    """What was, or was to be, rolled back.

    Attributes:
        to: the record whose content is brought back.
        since: the commit that was live, or half-way live, before; None if nobody knows.
        automatic: whether it followed on a failed deployment.
        done: whether it came to its end.
        outcome: what it did, where it followed on a failed deployment, which has its own.
    """

    to: Record
    since: str | None = None
    automatic: bool = False
    done: bool = False
    outcome: Outcome | None = None

    @property
    def text(self) -> str:
        """A sentence for people; no Markdown."""
        of = f"commit {self.to.commit[:12]}, deployed {self.to.at:%Y-%m-%d %H:%M} UTC"
        by = f" by {self.to.run_url}" if self.to.run_url else ""
        since = f" from commit {self.since[:12]}" if self.since else ""
        if self.done:
            return f"Rolled back{since} to {of}{by}."
        return f"The roll-back{since} to {of}{by} did not come to its end."
