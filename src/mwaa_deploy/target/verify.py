"""Whether what is live is what was deployed."""

from collections.abc import Callable, Iterable, Mapping

from mwaa_deploy.bundle.manifest import FileDigest, Manifest
from mwaa_deploy.errors import VerificationFailed
from mwaa_deploy.parts import Part
from mwaa_deploy.ports import Bucket, Environment, Listed
from mwaa_deploy.target.dag_objects import list_dags
from mwaa_deploy.target.environment_wait import require_alive
from mwaa_deploy.target.record import ObjectToken

_SHOWN = 20


def verify_versions(
    environments: Environment, name: str, versions: Mapping[Part, str], *, paths: Mapping[Part, str], bucket: str
) -> None:
    """Check that the environment runs the object versions it was given, and reads from where all was uploaded to.

    Args:
        environments: MWAA's control plane.
        name: the environment's name.
        versions: what it should run, by part.
        paths: from where it should read, by part; what MWAA does not tell is not compared.
        bucket: name of the bucket.

    Raises:
        VerificationFailed: naming each part that differs.
        EnvironmentUpdateFailed: it is broken.
    """
    found = environments.get(name)
    if found is None:
        raise VerificationFailed(f"There is no MWAA environment {name} any more.")
    require_alive(found)
    if found.bucket and found.bucket != bucket:
        raise VerificationFailed(
            f"The environment {name} reads from bucket {found.bucket}, not from {bucket}, to which all was uploaded.",
            meaning="Its SourceBucketArn could not be told before, or somebody has changed it without the stack.",
            mend=f"with:\n  bucket: {found.bucket}",
        )
    differing = [
        f"{part}: runs {found.versions.get(part, 'none')}, not {version}"
        for part, version in versions.items()
        if found.versions.get(part) != version
    ]
    differing += [
        f"{part}: is read from {read}, not from {path}"
        for part, path in paths.items()
        if (read := found.paths.get(part)) and read.strip("/") != path.strip("/")
    ]
    if differing:
        raise VerificationFailed(
            f"The environment {name} does not run what was deployed:\n" + _lines(differing),
            meaning="Somebody updated it without the stack, or the template does not hand the version parameter on.",
            mend=f"aws mwaa get-environment --name {name}",
        )


def verify_dags(
    bucket: Bucket,
    prefix: str,
    manifest: Manifest,
    objects: Mapping[str, ObjectToken],
    *,
    ignored: Callable[[str], bool],
) -> None:
    """Check that the DAG prefix holds the very uploads of the manifest's files, and no other file.

    Args:
        bucket: the bucket MWAA reads from.
        prefix: the DAG prefix, without slashes at its ends.
        manifest: what should be there.
        objects: the uploads that brought it there.
        ignored: tells which paths relative to the prefix are no business of ours if the manifest lacks them.

    Raises:
        VerificationFailed: naming what is missing, differs or is too much.
    """
    wanted = manifest.files
    found = {name: entry for name, entry in list_dags(bucket, prefix).items() if name in wanted or not ignored(name)}
    wrong = [
        *(f"missing: {name}" for name in sorted(wanted.keys() - found.keys())),
        *(
            f"{difference}: {name}"
            for name in sorted(wanted.keys() & found.keys())
            if (difference := _difference(found[name], wanted[name], objects.get(name)))
        ),
        *(f"not deleted: {name}" for name in sorted(found.keys() - wanted.keys())),
    ]
    if wrong:
        raise VerificationFailed(
            f"s3://{bucket.name}/{prefix}/ does not hold what was deployed:\n" + _lines(wrong),
            meaning="Something else writes to the DAG prefix. Only one deployment at a time may, and nothing besides.",
            mend=f"aws s3 ls --recursive s3://{bucket.name}/{prefix}/",
        )


def _difference(found: Listed, wanted: FileDigest, upload: ObjectToken | None) -> str:
    if found.size != wanted.size:
        return f"{found.size} instead of {wanted.size} bytes"
    return "" if upload and upload.etag == found.etag else "overwritten"


def _lines(problems: Iterable[str]) -> str:
    found = list(problems)
    more = [f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    return "\n".join(f"- {line}" for line in [*found[:_SHOWN], *more])
