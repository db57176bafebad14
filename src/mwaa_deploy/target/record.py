"""The record: what the last deployment left at the target."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from mwaa_deploy.bundle.manifest import FileDigest, Manifest
from mwaa_deploy.errors import RecordUnreadable
from mwaa_deploy.parts import Part
from mwaa_deploy.ports import Bucket, StoredObject
from mwaa_deploy.target.plain_values import moment, moment_or_none, number, text, text_or_none

SCHEMA = 2
"""1: without the tokens of the DAG objects; still read."""


@dataclass(frozen=True, kw_only=True)
class PartRecord:
    """The object version that a part went live with.

    Attributes:
        sha256: hex digest; None when it was not our upload and its content is unknown.
    """

    key: str
    version: str
    sha256: str | None


@dataclass(frozen=True, kw_only=True)
class ObjectToken:
    """Tells our own upload of an object from anybody else's.

    Attributes:
        version: its version id.
        etag: what a listing shows for as long as nobody overwrites it with something else; no digest.
        target: the other target whose deployment uploaded it, with the very content that ours would have; None if it
            was ours, or nobody's that is known.
    """

    version: str
    etag: str
    target: str | None = None


@dataclass(frozen=True, kw_only=True)
class PromotedFrom:
    """Where promoted artefacts were taken from.

    Attributes:
        target: what that target is called in its bucket.
        run_url: address of the workflow run that deployed them there; '' if it was none.
    """

    target: str
    bucket: str
    run_url: str = ""


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a deployment that ended well left behind.

    Attributes:
        commit: full SHA.
        run_url: address of the workflow run; '' on a laptop.
        at: when it was written, in UTC.
        parts: the versioned parts that the environment runs.
        dags: manifest of the DAG files under the prefix.
        objects: for each of them, which upload has this content; records of schema 1 do not tell.
        dag_prefix: their prefix in the bucket, without slashes at its ends.
        template_sha256: digest of the template; None if there was none.
        stack: the stack's name.
        environment: the environment's name; None if there is none.
        dag_ids: by DAG file, the DAGs that a run found in it; a file that no run has parsed is missing.
        verified: whether the live Airflow was asked in the end, and had all of it.
        restores: the commit that a roll-back went back to, which is then `commit` too; None after a deployment.
        restored_version: the object version of the record that it went back to; '' if that is not known.
        promoted_from: where the artefacts were taken from; None if they were made of the checkout.
        ref: the branch or tag that the commit was deployed from, as 'refs/heads/main'; '' if that is not known.
        stack_changed_at: when the stack was last updated, as it was once the deployment had ended; None if there is no
            stack, and in records of before it was kept.
    """

    commit: str
    run_url: str
    at: datetime
    parts: Mapping[Part, PartRecord] = field(default_factory=dict)
    dags: Manifest = field(default_factory=Manifest)
    objects: Mapping[str, ObjectToken] = field(default_factory=dict)
    dag_prefix: str = "dags"
    template_sha256: str | None = None
    stack: str = ""
    environment: str | None = None
    dag_ids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    verified: bool = False
    restores: str | None = None
    restored_version: str = ""
    promoted_from: PromotedFrom | None = None
    ref: str = ""
    stack_changed_at: datetime | None = None
    schema: int = SCHEMA

    def same_content(self, other: "Record | None") -> bool:
        """Whether both describe the same content at the target, whichever commit and run brought it there."""
        return other is not None and _content(self) == _content(other)

    @property
    def paths(self) -> Mapping[Part, str]:
        """From where the environment reads each part, the DAG files among them."""
        return {part: found.key for part, found in self.parts.items()} | {Part.DAGS: self.dag_prefix}

    @property
    def files_digest(self) -> str:
        """Equal for records with the same plugins, requirements, startup script and DAGs, in any object versions."""
        parts = sorted((part, found.sha256 or found.version) for part, found in self.parts.items())
        return hashlib.sha256(json.dumps([parts, self.dags.digest, self.dag_prefix]).encode()).hexdigest()


def _content(record: Record) -> dict[str, Any]:
    described = _to_plain(replace(record, dag_ids={}, restores=None, restored_version="", promoted_from=None, ref=""))
    return {key: value for key, value in described.items() if key not in ("commit", "run_url", "at", "verified")}


def record_key(stack: str) -> str:
    """Where the record of a stack lies in the bucket."""
    return f"mwaa-deploy/{stack}/record.json"


def encode_record(record: Record) -> bytes:
    """The same bytes for the same record."""
    return (json.dumps(_to_plain(record), sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()


def _to_plain(record: Record) -> dict[str, Any]:
    optional: dict[str, Any] = {"verified": True} if record.verified else {}
    if record.restores is not None:
        optional["restores"] = record.restores
    if record.restored_version:
        optional["restored_version"] = record.restored_version
    if record.promoted_from is not None:
        optional["promoted_from"] = asdict(record.promoted_from)
    if record.ref:
        optional["ref"] = record.ref
    if record.stack_changed_at is not None:
        optional["stack_changed_at"] = record.stack_changed_at.isoformat()
    return optional | {
        "schema": record.schema,
        "commit": record.commit,
        "run_url": record.run_url,
        "at": record.at.isoformat(),
        "parts": {
            str(part): {"key": found.key, "version": found.version, "sha256": found.sha256}
            for part, found in record.parts.items()
        },
        "dags": {
            name: _plain_dag(file, record.objects.get(name), record.dag_ids.get(name))
            for name, file in record.dags.files.items()
        },
        "dag_prefix": record.dag_prefix,
        "template_sha256": record.template_sha256,
        "stack": record.stack,
        "environment": record.environment,
    }


def _plain_dag(file: FileDigest, token: ObjectToken | None, ids: tuple[str, ...] | None) -> dict[str, Any]:
    plain: dict[str, Any] = {"sha256": file.sha256, "size": file.size}
    if token is not None:
        plain |= {"etag": token.etag, "version": token.version}
        plain |= {} if token.target is None else {"target": token.target}
    return plain if ids is None else plain | {"ids": list(ids)}


def decode_record(body: bytes, *, where: str) -> Record:
    """Read a record's bytes.

    Args:
        body: what lies at its key.
        where: its address, for the error: 's3://bucket/key'.

    Raises:
        RecordUnreadable: it is not a record, or one of a newer schema.
    """
    try:
        plain = json.loads(body)
        schema = number(plain["schema"])
    except (ValueError, TypeError, KeyError, RecursionError) as e:
        raise _unreadable(where, e) from e
    if schema > SCHEMA:
        raise RecordUnreadable(
            f"The record {where} has schema {schema}; this mwaa-deploy knows up to {SCHEMA}.",
            meaning="A newer mwaa-deploy deployed to this target.",
            mend="uses: OWNER/mwaa-deploy@<the newer version's SHA>",
        )
    try:
        return _from_plain(plain)
    except (ValueError, TypeError, KeyError, AttributeError) as e:
        raise _unreadable(where, e) from e


def _unreadable(where: str, error: Exception) -> RecordUnreadable:
    return RecordUnreadable(
        f"The record {where} cannot be read: {type(error).__name__}: {error}.",
        meaning="Something else wrote to that key. Without a record everything counts as changed, which is safe.",
        mend=f"aws s3 rm '{where}'",
    )


def _from_plain(plain: Mapping[str, Any]) -> Record:
    return Record(
        schema=plain["schema"],
        commit=text(plain["commit"]),
        run_url=text(plain["run_url"]),
        at=moment(plain["at"]),
        parts={
            Part(part): PartRecord(
                key=text(found["key"]), version=text(found["version"]), sha256=text_or_none(found["sha256"])
            )
            for part, found in plain["parts"].items()
        },
        dags=Manifest(
            {
                name: FileDigest(sha256=text(file["sha256"]), size=number(file["size"]))
                for name, file in plain["dags"].items()
            }
        ),
        objects={
            name: ObjectToken(
                version=text(file["version"]), etag=text(file["etag"]), target=text_or_none(file.get("target"))
            )
            for name, file in plain["dags"].items()
            if "etag" in file
        },
        dag_prefix=text(plain["dag_prefix"]),
        template_sha256=text_or_none(plain["template_sha256"]),
        stack=text(plain["stack"]),
        environment=text_or_none(plain["environment"]),
        dag_ids={name: tuple(map(text, file["ids"])) for name, file in plain["dags"].items() if "ids" in file},
        verified=plain.get("verified") is True,
        restores=text_or_none(plain.get("restores")),
        restored_version=text(plain.get("restored_version", "")),
        promoted_from=_promoted_from(plain.get("promoted_from")),
        ref=text(plain.get("ref", "")),
        stack_changed_at=moment_or_none(plain.get("stack_changed_at")),
    )


def _promoted_from(plain: Mapping[str, Any] | None) -> PromotedFrom | None:
    if plain is None:
        return None
    names = ("target", "bucket", "run_url")
    return PromotedFrom(**{name: text(plain[name]) for name in names})


def read_record(bucket: Bucket, stack: str) -> Record | None:
    """The record of the last deployment to a stack; None before the first.

    Raises:
        RecordUnreadable: there is something else, or a record of a newer schema.
    """
    return fetch_record(bucket, stack)[0]


def fetch_record(bucket: Bucket, stack: str) -> tuple[Record | None, str | None]:
    """The record of the last deployment, and the ETag that tells whether it is still the same; None for both if none.

    Raises:
        RecordUnreadable: there is something else, or a record of a newer schema.
    """
    key = record_key(stack)
    found = bucket.fetch(key)
    return (None, None) if found is None else (decode_record(found.body, where=f"s3://{bucket.name}/{key}"), found.etag)


def write_record(bucket: Bucket, record: Record, *, etag: str | None) -> StoredObject:
    """Leave the record at the target.

    Args:
        etag: of the record that it takes the place of; None for the first.

    Raises:
        ObjectChanged: there is another one by now.
    """
    body, sha256 = encode_record(record), hashlib.sha256(encode_record(record)).hexdigest()
    return bucket.put_if(record_key(record.stack), body, sha256=sha256, commit=record.commit, etag=etag)
