"""What a roll-back without a name must go back to, reckoned forward from the first record, and not backward."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mwaa_deploy.target.record import record_key
from proofs.universe import Universe


@dataclass(frozen=True, kw_only=True)
class Files:
    """What a record says was shipped: digests by part and by DAG file."""

    parts: frozenset[tuple[str, str]]
    dags: frozenset[tuple[str, str]]


def written(universe: Universe) -> list[bytes]:
    """Every record that was ever written, oldest first."""
    return [entry.body for entry in universe.bucket.versions.get(record_key(universe.target), ()) if entry.body]


def files_of(body: bytes) -> Files:
    """What a record says."""
    record = json.loads(body)
    return Files(
        parts=frozenset((part, found["sha256"] or found["version"]) for part, found in record["parts"].items()),
        dags=frozenset((name, file["sha256"]) for name, file in record["dags"].items()),
    )


def expected(bodies: Iterable[bytes]) -> Files | None:
    """What the deployment before the last one shipped, if what roll-backs have left behind never was.

    Args:
        bodies: records, oldest first.
    """
    past: list[Files] = []
    for body in bodies:
        record: dict[str, Any] = json.loads(body)
        files = files_of(body)
        if record.get("restores") and files in past:
            while past[-1] != files:
                past.pop()
        elif not past or past[-1] != files:
            past.append(files)
    return past[-2] if len(past) > 1 else None
