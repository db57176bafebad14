"""What is taken on trust of S3."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import ClientError

from confirm.account import Account
from confirm.finding import Confirmation, require
from mwaa_deploy.errors import ObjectChanged
from mwaa_deploy.ports import StoredObject
from mwaa_deploy.target.aws_errors import code_of
from mwaa_deploy.target.bucket import S3Bucket

_AT_ONCE = 8
_COMMIT = "0" * 40


def conditional_writes(account: Account) -> str:
    """Several writers at the same time: for a new object, for a known one, for one that has changed, and one gone."""
    bucket, key = account.bucket, account.scratch.prefix + "lock.json"
    first = _one_of_several(bucket, key, etag=None)
    second = _one_of_several(bucket, key, etag=first.etag)
    refusals = {"an old ETag": _refusal(lambda: _put_if(bucket, key, b"late", etag=first.etag))}
    require(refusals["an old ETag"] == "PreconditionFailed", f"an old ETag is answered with {refusals['an old ETag']}")
    bucket.delete([key])
    refusals["an object that is gone"] = _refusal(lambda: _put_if(bucket, key, b"late", etag=second.etag))
    told = ", ".join(f"{code} for {what}" for what, code in refusals.items())
    return f"1 of {_AT_ONCE} writes at once wins, with If-None-Match and with If-Match; {told}"


def conditional_deletions(account: Account) -> str:
    """A deletion with the ETag of before leaves the object, one with that of now does not, one of nothing is fine."""
    bucket, prefix = account.bucket, account.scratch.prefix + "deleted/"
    changed, same, gone = (prefix + name for name in ("changed", "same", "gone"))
    seen = {key: _put(bucket, key, b"seen").etag for key in (changed, same, gone)}
    _put(bucket, changed, b"written since")
    bucket.delete([gone])
    try:
        bucket.delete(list(seen), seen=seen)
    except ObjectChanged as e:
        told = e.what
    else:
        told = "nothing was refused"
    left = [entry.key for entry in bucket.list(prefix)]
    require(left == [changed], f"of {len(seen)} deletions with ETags these are left: {left}; {told}")
    require(changed in told, f"the deletion of another object: {told}")
    return "an object with another ETag is left, one with the same is deleted, and one that is gone does no harm"


def etags(account: Account, kms_key: str = "") -> str:
    """The ETag of PutObject is that of HeadObject, GetObject and the listing, and stays an old version's."""
    bucket, key = account.bucket_with_key(kms_key), account.scratch.prefix + f"etag-{kms_key.rpartition('/')[2]}"
    old, new = _put(bucket, key, b"old"), _put(bucket, key, b"new")
    head, fetched, before = bucket.head(key), bucket.fetch(key), bucket.head(key, old.version)
    listed = [entry.etag for entry in bucket.list(key)]
    told = [head and head.etag, fetched and fetched.etag, *listed]
    require(old.etag != new.etag, f"two contents have the ETag {new.etag}")
    require(set(told) == {new.etag}, f"PutObject answers {new.etag}, and then it is {told}")
    require(before is not None and before.etag == old.etag, f"the version of before had {old.etag}, and has {before}")
    return f"{new.etag} from PutObject, HeadObject, GetObject and ListObjectsV2"


def etags_with_kms(account: Account) -> str:
    """The same with SSE-KMS, where the ETag is no digest of the content."""
    return etags(account, kms_key="alias/aws/s3")


def version_order(account: Account) -> str:
    """Versions come newest first, keys in the order of their UTF-8 bytes, and a delete marker changes neither."""
    bucket, prefix = account.bucket, account.scratch.prefix + "order/"
    written: dict[str, list[str]] = {}
    for name in ("z", "B", "a", "a/b", "a b", "ä"):
        key = prefix + name
        written[key] = [_put(bucket, key, str(number).encode()).version for number in range(3)]
    bucket.delete([prefix + "a"])
    written[prefix + "a"].append(_put(bucket, prefix + "a", b"again").version)
    found: dict[str, list[str]] = {}
    for version in bucket.versions_under(prefix):
        found.setdefault(version.key, []).append(version.version)
    for keys in (list(found), [entry.key for entry in bucket.list(prefix)]):
        require(keys == sorted(written, key=str.encode), f"keys come as {keys}")
    for key, versions in written.items():
        require(found[key] == versions[::-1], f"versions {versions} of {key} come as {found[key]}")
    return f"{sum(map(len, found.values()))} versions of {len(found)} keys came in order"


def _put(bucket: S3Bucket, key: str, body: bytes) -> StoredObject:
    return bucket.put(key, body, sha256=hashlib.sha256(body).hexdigest(), commit=_COMMIT)


def _put_if(bucket: S3Bucket, key: str, body: bytes, *, etag: str | None) -> StoredObject:
    return bucket.put_if(key, body, sha256=hashlib.sha256(body).hexdigest(), commit=_COMMIT, etag=etag)


def _one_of_several(bucket: S3Bucket, key: str, *, etag: str | None) -> StoredObject:
    """The object of the one write that won."""

    def write(number: int) -> StoredObject | None:
        try:
            return _put_if(bucket, key, f"{etag} {number}".encode(), etag=etag)
        except ObjectChanged:
            return None

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        won = [stored for stored in pool.map(write, range(_AT_ONCE)) if stored]
    condition = "If-None-Match" if etag is None else "If-Match"
    require(len(won) == 1, f"{len(won)} of {_AT_ONCE} writes at once with {condition} won")
    head = bucket.head(key)
    require(head is not None and head.version == won[0].version, f"version {won[0].version} won, and there is {head}")
    return won[0]


def _refusal(write: Callable[[], StoredObject]) -> str:
    """The code that S3 refuses a write with."""
    try:
        stored = write()
    except ObjectChanged as e:
        return code_of(e.__cause__) if isinstance(e.__cause__, ClientError) else "no code"
    return f"version {stored.version}: it was written"


OBJECTS = (
    Confirmation(
        id="s3-conditional-writes",
        row="a PutObject with If-Match or If-None-Match is carried out for one",
        look=conditional_writes,
    ),
    Confirmation(
        id="s3-conditional-deletes",
        row="DeleteObjects with an ETag deletes the object",
        look=conditional_deletions,
    ),
    Confirmation(id="s3-etags", row="an ETag stays what PutObject answered", look=etags),
    Confirmation(id="s3-etags-kms", row="an ETag stays what PutObject answered", look=etags_with_kms),
    Confirmation(id="s3-version-order", row="ListObjectVersions tells the versions of a key", look=version_order),
)
