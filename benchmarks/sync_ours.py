"""What of a deployment is about DAG files, as a process: `python -m benchmarks.sync_ours FOLDER BUCKET`.

AWS is where boto3's variables say. Prints how many files went up.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mwaa_deploy.bundle.artefacts import Bundle
from mwaa_deploy.bundle.manifest import read_manifest
from mwaa_deploy.clock import SystemClock
from mwaa_deploy.outcome import Progress
from mwaa_deploy.parts import VERSIONED_PARTS, Part
from mwaa_deploy.planner import make_plan
from mwaa_deploy.release import record_after
from mwaa_deploy.report.log import PlainLog
from mwaa_deploy.target.bucket import S3Bucket
from mwaa_deploy.target.credentials import AwsClients, aws_session
from mwaa_deploy.target.dag_objects import look_at_dags
from mwaa_deploy.target.dag_sync import UPLOADS_AT_ONCE, sync_dags
from mwaa_deploy.target.direct_put import DirectPut
from mwaa_deploy.target.record import fetch_record, write_record
from mwaa_deploy.target.sign_in import SignIn
from mwaa_deploy.target.state import PartState, TargetState

REGION = "eu-west-1"
STACK = "benchmark"
_KEYS = {
    Part.DAGS: "dags",
    Part.PLUGINS: "plugins.zip",
    Part.REQUIREMENTS: "requirements.txt",
    Part.STARTUP_SCRIPT: "startup.sh",
}
_COMMIT = "a" * 40


@dataclass(frozen=True, kw_only=True)
class Synced:
    """What was done.

    Attributes:
        uploaded: DAG files that were sent.
        same: DAG files that are there already.
    """

    uploaded: int
    same: int


def connect(region: str = REGION) -> AwsClients:
    """Clients with the credentials that boto3 finds."""
    return aws_session(SignIn(), region=region, env={}, clock=SystemClock(), log=PlainLog())


def open_bucket(clients: AwsClients, name: str) -> S3Bucket:
    """A bucket as a deployment has it."""
    s3 = clients.client("s3")
    direct = DirectPut(s3, name, clients.credentials, connections=UPLOADS_AT_ONCE)
    return S3Bucket(s3, name, PlainLog(), direct=direct)


def sync(folder: Path, bucket: S3Bucket) -> Synced:
    """Digest the folder, compare it with record and listing, upload what differs, and write the record."""
    bundle = Bundle(artefacts={}, dags=read_manifest(folder), dag_folder=folder)
    record, etag = fetch_record(bucket, STACK)
    dags = look_at_dags(bucket, _KEYS[Part.DAGS], wanted=bundle.dags, record=record, ignored=())
    parts = {part: PartState() for part in VERSIONED_PARTS}
    state = TargetState(
        stack_name=STACK, stack=None, environment=None, record=record, keys=_KEYS, parts=parts, dags=dags
    )
    plan = make_plan(bundle, state, base=None, base_reason="", files={})
    uploaded = sync_dags(
        plan.dags,
        bucket=bucket,
        prefix=_KEYS[Part.DAGS],
        folder=folder,
        manifest=bundle.dags,
        found=dags,
        commit=_COMMIT,
        log=PlainLog(),
        synced=Progress(SystemClock()),
    )
    if uploaded:
        write_record(
            bucket, record_after(bundle, state, {}, environment=None, uploaded=uploaded, commit=_COMMIT), etag=etag
        )
    return Synced(uploaded=len(uploaded), same=len(bundle.dags.files) - len(uploaded))


def main(argv: Sequence[str]) -> int:
    """Sync once."""
    folder, bucket = argv
    print(sync(Path(folder), open_bucket(connect(), bucket)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
