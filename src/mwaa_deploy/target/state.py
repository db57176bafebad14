"""The target as it is."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from mwaa_deploy.bundle.artefacts import Artefact, Bundle
from mwaa_deploy.bundle.keys import part_keys
from mwaa_deploy.errors import EnvironmentMissing
from mwaa_deploy.parts import VERSIONED_PARTS, Part
from mwaa_deploy.ports import Bucket, Environment, EnvironmentState, Stack, StackState, StoredObject
from mwaa_deploy.target.dag_objects import DagObject, look_at_dags
from mwaa_deploy.target.record import Record, fetch_record
from mwaa_deploy.target.source_bucket import require_live_bucket, require_source_bucket
from mwaa_deploy.target.stack_moves import StackMove, look_for_move
from mwaa_deploy.target.unfinished import Unfinished, read_unfinished

_GONE = frozenset({"CREATE_FAILED", "DELETING", "DELETED"})
_SETTLED = frozenset(
    {
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
    }
)


@dataclass(frozen=True, kw_only=True)
class PartState:
    """A versioned part at the target.

    Attributes:
        live_key: the key the environment reads; None when it reads none.
        live_version: the object version it runs with; None when it has none.
        live_sha256: digest of that version; None when it cannot be told.
        latest: the newest object at the key this deployment would write, if it has been looked for.
    """

    live_key: str | None = None
    live_version: str | None = None
    live_sha256: str | None = None
    latest: StoredObject | None = None


@dataclass(frozen=True, kw_only=True)
class TargetState:
    """The target before a deployment.

    Attributes:
        stack_name: the stack's name, whether it exists or not; without one the environment's.
        stack: None when it does not exist.
        environment: None when it does not exist.
        record: what the last deployment left; None before the first.
        record_etag: tells whether it is still the same; None before the first.
        keys: where each part belongs; for dags the prefix, without slashes at its ends.
        parts: each versioned part.
        dags: every object under the DAG prefix, by path relative to it.
        unfinished: what a deployment that did not come to its end may have changed.
        protected: paths relative to the DAG prefix, and with them all below, that are never deleted.
        without_stack: the environment is another tool's, and is updated directly.
        bucket: name of the bucket that files are uploaded to; '' where it is of no account.
        bucket_doubt: a sentence where nobody can tell yet whether the environment will read from that one; else ''.
        stack_move: what somebody else has made of the stack since the record; None if nobody has updated it.
    """

    stack_name: str
    stack: StackState | None
    environment: EnvironmentState | None
    record: Record | None
    keys: Mapping[Part, str]
    record_etag: str | None = None
    parts: Mapping[Part, PartState] = field(default_factory=dict)
    dags: Mapping[str, DagObject] = field(default_factory=dict)
    unfinished: Unfinished = field(default_factory=Unfinished)
    protected: tuple[str, ...] = ()
    without_stack: bool = False
    bucket: str = ""
    bucket_doubt: str = ""
    stack_move: StackMove | None = None

    @property
    def moves_from(self) -> str:
        """The bucket that the environment reads from now, if that is another one than its template says; else ''."""
        live = "" if self.environment is None else self.environment.bucket
        return live if self.bucket and live != self.bucket else ""

    @property
    def creates_stack(self) -> bool:
        """Whether a change set has to create the stack; one in review is the shell of a change set never executed."""
        return self.stack is None or self.stack.status == "REVIEW_IN_PROGRESS"

    @property
    def stack_parameters(self) -> Mapping[str, str]:
        """The parameters whose values the stack can go on using."""
        return {} if self.stack is None or self.creates_stack else self.stack.parameters

    @property
    def dag_record(self) -> Record | None:
        """The record, if it is about the DAG prefix of now."""
        return self.record if self.record and self.record.dag_prefix == self.keys[Part.DAGS] else None

    def spares(self, name: str) -> bool:
        """Whether a path relative to the DAG prefix is left alone where the project has no such file."""
        return name in self.reserved or any(f"{name}/".startswith(f"{path}/") for path in self.protected)

    @property
    def reserved(self) -> frozenset[str]:
        """Paths relative to the DAG prefix at which another part lies, as dags/requirements.txt often does."""
        prefix = self.keys[Part.DAGS] + "/"
        taken = {self.keys[part] for part in VERSIONED_PARTS}
        taken |= {part.live_key for part in self.parts.values() if part.live_key is not None}
        return frozenset(key.removeprefix(prefix) for key in taken if key.startswith(prefix))


def read_state(
    *,
    bucket: Bucket,
    stack: Stack,
    environments: Environment,
    bundle: Bundle,
    environment_name: str = "",
    protected: tuple[str, ...] = (),
    without_stack: bool = False,
) -> TargetState:
    """Look at the target; nothing is changed.

    Args:
        bucket: the bucket MWAA reads from.
        stack: the stack that owns the environment.
        environments: MWAA's control plane.
        bundle: what would be shipped: digests are only fetched where they decide something.
        environment_name: what the user calls the environment; '' to take the stack's.
        protected: paths relative to the DAG prefix that are never deleted.
        without_stack: the environment is updated directly, so that it must exist.

    Raises:
        BucketElsewhere: the environment reads from another bucket, or would once it is deployed.
        EnvironmentMissing: the stack says that it has an environment which MWAA does not know, or whose name is
            another.
        RecordUnreadable: the record is not one of ours.
        TemplateInvalid: the template's paths cannot be told.
    """
    stack_state = stack.state()
    environment = _environment(stack_state, environments, environment_name)
    doubt = ""
    if without_stack:
        _require_updatable(environment, environment_name, bucket.name)
    else:
        doubt = require_source_bucket(
            bucket.name, bundle, stack=stack_state, stack_name=stack.name, environment=environment
        )
    record, record_etag = fetch_record(bucket, stack.name)
    keys = part_keys(
        bundle.template,
        bundle.parameters.values,
        stack_parameters={} if stack_state is None else stack_state.parameters,
        live_paths={} if environment is None else environment.paths,
    )
    parts = {
        part: _look(
            part, bucket=bucket, key=keys[part], artefact=bundle.artefacts.get(part), live=environment, record=record
        ).state()
        for part in VERSIONED_PARTS
    }
    unfinished = read_unfinished(bucket, stack.name)
    state = TargetState(
        stack_name=stack.name,
        stack=stack_state,
        environment=environment,
        record=record,
        record_etag=record_etag,
        keys=keys,
        parts=parts,
        unfinished=unfinished,
        protected=protected,
        without_stack=without_stack,
        bucket=bucket.name,
        bucket_doubt=doubt,
        stack_move=look_for_move(stack, stack_state, record, unfinished),
    )
    dags = look_at_dags(
        bucket,
        keys[Part.DAGS],
        wanted=bundle.dags,
        record=state.dag_record,
        ignored=state.reserved,
        spares=state.spares,
    )
    return replace(state, dags=dags)


def _environment(stack: StackState | None, environments: Environment, asked: str) -> EnvironmentState | None:
    named = None if stack is None else stack.environment_name
    if stack and named and asked and named != asked:
        raise EnvironmentMissing(
            f"The environment of stack {stack.name} is {named}, not {asked}.",
            mend=f"with:\n  environment-name: {named}",
        )
    name = named or asked
    found = environments.get(name) if name else None
    if found is not None and found.status not in _GONE:
        return found
    if stack and named and stack.status in _SETTLED:
        raise EnvironmentMissing(
            f"Stack {stack.name} has the environment {named}, but MWAA has no such environment.",
            meaning="It was deleted without CloudFormation, which therefore will not create it again.",
            mend=f"Take the resource out of the template and deploy, then put it back and deploy; or\n"
            f"aws cloudformation delete-stack --stack-name {stack.name}",
        )
    return None


def _require_updatable(environment: EnvironmentState | None, name: str, bucket: str) -> None:
    if environment is None:
        raise EnvironmentMissing(
            f"There is no MWAA environment {name}.",
            meaning="With 'deploy-with: environment-api' it is made by who owns it, such as Terraform. One that could "
            "not be made, or is being deleted, counts as none.",
            mend=f"aws mwaa get-environment --name {name}",
        )
    require_live_bucket(bucket, environment)


@dataclass(frozen=True, kw_only=True)
class _Part:
    """A versioned part while it is looked at."""

    bucket: Bucket
    key: str
    artefact: Artefact | None
    live_key: str | None
    live_version: str | None
    recorded: str | None

    def state(self) -> PartState:
        """Its state; the latest object is only looked for when it could be reused."""
        sha256 = self._digest()
        wanted = None if self.artefact is None else self.artefact.sha256
        latest = None
        if wanted is not None and not (wanted == sha256 and self.live_key == self.key):
            latest = self.bucket.head(self.key)
        return PartState(live_key=self.live_key, live_version=self.live_version, live_sha256=sha256, latest=latest)

    def _digest(self) -> str | None:
        """Digest of the live version: from its metadata, else from our record, else from its bytes if they could match.

        Reading the bytes costs seconds; taking equal content for another one costs an environment update.
        """
        if self.live_key is None or self.live_version is None:
            return None
        if self.artefact is None and self.recorded is not None:
            return self.recorded
        stored = self.bucket.head(self.live_key, self.live_version)
        if stored is None:
            return None
        known = stored.sha256 or self.recorded
        if known is not None or self.artefact is None or stored.size != self.artefact.size:
            return known
        body = self.bucket.read(self.live_key, self.live_version)
        return None if body is None else hashlib.sha256(body).hexdigest()


def _look(
    part: Part,
    *,
    bucket: Bucket,
    key: str,
    artefact: Artefact | None,
    live: EnvironmentState | None,
    record: Record | None,
) -> _Part:
    version = None if live is None else live.versions.get(part)
    recorded = None if record is None else record.parts.get(part)
    return _Part(
        bucket=bucket,
        key=key,
        artefact=artefact,
        live_key=None if live is None or version is None else live.paths.get(part, key),
        live_version=version,
        recorded=recorded.sha256 if recorded and recorded.version == version else None,
    )
