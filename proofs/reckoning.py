"""What a roll-back without a name must go back to, reckoned forward from the first record, and not backward."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mwaa_deploy.target.record import fetch_record, record_key
from mwaa_deploy.target.unfinished import unfinished_key
from proofs.universe import Universe


@dataclass(frozen=True, kw_only=True)
class Files:
    """What a record says was shipped: digests by part and by DAG file, and to which folder."""

    parts: frozenset[tuple[str, str]]
    dags: frozenset[tuple[str, str]]
    prefix: str

    def holds(self, meant: "Files") -> bool:
        """Whether all that is meant is there, in whichever folder the environment has by now.

        A part that came later stays, and requirements in the folder of DAGs are no DAG file while they are read there.
        """
        return self.parts >= meant.parts and _of_dags(self) == _of_dags(meant)


@dataclass(frozen=True, kw_only=True)
class Written:
    """A record, and the object version that it was written as."""

    body: bytes
    version: str

    @property
    def record(self) -> dict[str, Any]:
        """As plain data."""
        return dict(json.loads(self.body))


def written(universe: Universe) -> list[Written]:
    """Every record that was ever written, oldest first."""
    versions = universe.bucket.versions.get(record_key(universe.target), ())
    return [Written(body=entry.body, version=entry.id) for entry in versions if entry.body]


def files_of(written: Written) -> Files:
    """What a record says."""
    record = written.record
    return Files(
        parts=frozenset((part, found["sha256"] or found["version"]) for part, found in record["parts"].items()),
        dags=frozenset((name, file["sha256"]) for name, file in record["dags"].items()),
        prefix=record["dag_prefix"],
    )


def _of_dags(files: Files) -> set[tuple[str, str]]:
    return {(name, digest) for name, digest in files.dags if name != "requirements.txt"}


def left_note(universe: Universe) -> dict[str, Any] | None:
    """What a deployment that did not come to its end has left; None if each did, but for taking its note away."""
    body = universe.bucket.read(unfinished_key(universe.target))
    left = None if body is None else dict(json.loads(body))
    return left if left is None or left["record"] == (fetch_record(universe.bucket, universe.target)[1] or "") else None


def notes_left(universe: Universe) -> list[dict[str, Any]]:
    """Every such note that was ever written."""
    versions = universe.bucket.versions.get(unfinished_key(universe.target), ())
    return [dict(json.loads(entry.body)) for entry in versions if entry.body]


def expected(records: Sequence[Written], left: Mapping[str, Any] | None = None) -> Files | None:
    """What the deployment before the last one shipped, if what roll-backs have left behind never was.

    Where the last deployment did not come to its end, its files are in no record: the one before it is the last record.
    A roll-back that did not goes to where it went.

    Args:
        records: oldest first.
        left: see left_note().
    """
    if left is not None and records:
        last = [one for one in records if one.version == left["restores"]] if "restores" in left else records[-1:]
        return files_of(last[-1]) if last else None
    past: list[tuple[Files, set[str]]] = []
    for found in records:
        files, restored = files_of(found), found.record.get("restored_version")
        if any(restored in versions for _, versions in past):
            while restored not in past[-1][1]:
                past.pop()
        if past and past[-1][0] == files:
            past[-1][1].add(found.version)
        else:
            past.append((files, {found.version}))
    return past[-2][0] if len(past) > 1 else None
