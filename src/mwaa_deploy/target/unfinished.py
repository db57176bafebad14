"""The note a deployment leaves before it changes what is live, and takes away after it has written the record.

Where one is found, a deployment did not come to its end. The record then still tells the state before it, and equal
sizes in a listing do not prove equal content: what the note names counts as unknown, so that even a return to the
recorded commit is carried out.
"""

import hashlib
import json
from dataclasses import dataclass

from mwaa_deploy.ports import Bucket


@dataclass(frozen=True, kw_only=True)
class Unfinished:
    """What a deployment was about to change.

    Attributes:
        stack: whether it executed a change set.
        dags: paths relative to the DAG prefix that it was to upload.
        everything: the note cannot be read, so nothing is known.
    """

    stack: bool = False
    dags: frozenset[str] = frozenset()
    everything: bool = False

    def touches_dag(self, name: str) -> bool:
        """Whether a DAG file's content in the bucket is unknown."""
        return self.everything or name in self.dags

    @property
    def touches_stack(self) -> bool:
        """Whether the stack's template is unknown."""
        return self.everything or self.stack

    @property
    def none(self) -> bool:
        """Whether the last deployment came to its end."""
        return not (self.stack or self.dags or self.everything)


def unfinished_key(stack: str) -> str:
    """Where the note lies in the bucket."""
    return f"mwaa-deploy/{stack}/unfinished.json"


def read_unfinished(bucket: Bucket, stack: str) -> Unfinished:
    """What a deployment that did not come to its end may have changed; an unreadable note means everything."""
    body = bucket.read(unfinished_key(stack))
    if body is None:
        return Unfinished()
    try:
        plain = json.loads(body)
        return Unfinished(stack=bool(plain["stack"]), dags=frozenset(map(str, plain["dags"])))
    except (ValueError, TypeError, KeyError, RecursionError):
        return Unfinished(everything=True)


def write_unfinished(bucket: Bucket, stack: str, unfinished: Unfinished, *, commit: str) -> None:
    """Leave the note, before anything it names is changed."""
    plain = {"stack": unfinished.touches_stack, "dags": sorted(unfinished.dags)}
    body = (json.dumps(plain, indent=1, ensure_ascii=False) + "\n").encode()
    bucket.put(unfinished_key(stack), body, sha256=hashlib.sha256(body).hexdigest(), commit=commit)


def clear_unfinished(bucket: Bucket, stack: str) -> None:
    """Take the note away, after the record was written."""
    bucket.delete([unfinished_key(stack)])
