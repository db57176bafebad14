"""How many DAG files a deployment may delete."""

from dataclasses import dataclass

DEFAULT_COUNT = 100
DEFAULT_SHARE = 50
SHARE_COUNTS_FROM = 10
"""Files in the DAG folder from which on a share of them says something."""


@dataclass(frozen=True, kw_only=True)
class DeletionLimits:
    """How many DAG files a deployment may delete.

    Attributes:
        count: at most; None if the user did not say, which means DEFAULT_COUNT, and on the first deployment to a DAG
            folder none that others put there.
        share: at most, in percent of the files that are there, from SHARE_COUNTS_FROM files on.
    """

    count: int | None = None
    share: int = DEFAULT_SHARE
