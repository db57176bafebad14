"""The edges of the program, as Protocols, and the frozen data that crosses them.

Everything that talks to the outside is one small class that takes its client as a parameter and fills one of these
Protocols. Each has one stateful fake in tests/fakes, held to the real adapter by a contract test. Every real adapter
raises classes of mwaa_deploy.errors only; SDK exceptions do not cross a port.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Protocol

from mwaa_deploy.checks.verdicts import CheckReport, CheckResult, Severity
from mwaa_deploy.parts import Part

# ------------------------------------------------------------------------------------------------------ the runner


@dataclass(frozen=True, kw_only=True)
class Completed:
    """A command that ended inside the runner.

    Attributes:
        exit_code: its status; 137 or -9 style codes are kept as the runner reports them.
        output: stdout and stderr interleaved, decoded with replacement characters, cut in the middle past 1 MiB.
        seconds: wall-clock time.
        timed_out: whether it was killed, with everything it had started, at its time limit.
        out_of_memory: whether the kernel killed something for lack of memory while it ran.
        results: by absolute path inside the runner, the files that were asked for and that it wrote.
    """

    exit_code: int
    output: str
    seconds: float
    timed_out: bool = False
    out_of_memory: bool = False
    results: Mapping[PurePosixPath, bytes] = field(default_factory=dict, repr=False)


class RunnerFamily(StrEnum):
    """What a runner was made from, found out by looking into it, never by its name."""

    OURS = "mwaa-deploy"
    MWAA_IMAGES = "amazon-mwaa-docker-images"
    LOCAL_RUNNER = "aws-mwaa-local-runner"
    OTHER = "other"


class Runner(Protocol):
    """A place with Airflow in it where the user's code runs: a container or a virtual environment.

    User code in it never sees a token, the engine's socket or an AWS variable. Files go in and out by copy. `home` is
    the AIRFLOW_HOME inside, laid out as in MWAA's containers: dags/, plugins/, requirements/, startup/, and the
    constraint file at .local/etc/airflow_constraints.txt.
    """

    @property
    def description(self) -> str:
        """One line that names it: 'container mwaa-deploy/runner:2.10.3, Airflow 2.10.3, Python 3.11.9'."""

    @property
    def family(self) -> RunnerFamily:
        """What it was made from; our own image and a virtual environment are both OURS."""

    @property
    def differences(self) -> tuple[str, ...]:
        """How it differs from MWAA, a sentence each."""

    @property
    def home(self) -> PurePosixPath:
        """AIRFLOW_HOME inside the runner; dags/, plugins/ and the rest lie in it."""

    @property
    def python(self) -> str:
        """The Python interpreter that has Airflow, as an absolute path inside the runner."""

    @property
    def test_tools(self) -> PurePosixPath | None:
        """Where pytest and what it needs lie, compiled; None unless it brings exactly those that this version wants.

        The user's code cannot change them.
        """

    def put(self, destination: PurePosixPath, source: Path | bytes) -> None:
        """Copy a file's bytes, a file, or a folder with all it holds, to an absolute path inside the runner.

        Parent folders are made; the runner's user owns what arrives. Caches (__pycache__, .git, *.pyc) are left out.
        """

    def put_all(self, files: Mapping[PurePosixPath, Path | bytes]) -> None:
        """Copy many, each as put() does, in one go: by absolute path inside the runner, later ones over earlier."""

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        env: Mapping[str, str] | None = None,
        cwd: PurePosixPath | None = None,
        network: bool = True,
        results: Sequence[PurePosixPath] = (),
    ) -> Completed:
        """Run a command to its end, or kill it after `timeout` seconds; all it started ends with it either way.

        `results` are absolute paths of files to hand back, read once nothing of the command runs any more. What is
        there before it starts is removed. Both happen with the command's own rights. Only a regular file counts, and
        not a link to one.

        cwd defaults to home. Several threads may run a command each at the same time; none ends another's processes.
        A command that will still run when the network is closed is started with network=False, because not every kind
        of runner can cut off what runs; it may reach the network until then, and never does afterwards.
        """

    def read(self, path: PurePosixPath) -> bytes | None:
        """The bytes of one file inside the runner, or None when there is none."""

    def close_network(self) -> None:
        """From now on nothing that is started reaches the network, nor what was started with network=False.

        Loopback stays. Where a host does not allow it, `differences` says so afterwards.
        """


# ------------------------------------------------------------------------------------------------ GitHub and git


@dataclass(frozen=True, kw_only=True)
class WorkflowRun:
    """A run of a workflow that ended well."""

    id: int
    head_sha: str
    url: str


@dataclass(frozen=True, kw_only=True)
class RunSearch:
    """What came of looking for the last success on a branch or tag.

    Attributes:
        branch: where it was looked for.
        job: display name of the job whose success was asked for; '' if it is not known, so that whole runs counted.
        run: the run found, if there is one.
        looked_into: how many runs were looked into for that job.
        gave_up: whether there are more runs, which were not looked into any more.
    """

    branch: str
    job: str = ""
    run: WorkflowRun | None = None
    looked_into: int = 0
    gave_up: bool = False


class Relation(StrEnum):
    """How one commit's history stands to another's."""

    SAME = "same"
    NEWER = "newer"
    OLDER = "older"
    DIVERGED = "diverged"
    ABANDONED = "abandoned"
    """The branch no longer has this one."""

    RESET = "reset"
    """The other descends from this one, and the branch that both came from no longer has the other."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What the histories of a base and a head have in common.

    Attributes:
        relation: of the head to the base: NEWER if it descends from it.
        merge_base: the last commit that both have; None if they have none.
    """

    relation: Relation
    merge_base: str | None


class WorkflowRuns(Protocol):
    """GitHub's memory: of this workflow's runs, and of the history that a shallow clone lacks.

    Raises GitHubUnavailable when the API refuses or does not answer.
    """

    def last_successful(self, *, branch: str) -> RunSearch:
        """The latest run on the branch or tag, other than the present one, in which the present job succeeded.

        A run that was done again counts by its latest attempt. A run of a pull request or merge group never counts.
        """

    def compare(self, *, base: str, head: str) -> Comparison | None:
        """How two commits stand to each other; None if GitHub does not know one of them.

        Args:
            head: a SHA, or the name of a branch or tag.
        """


@dataclass(frozen=True, kw_only=True)
class ChangedFile:
    """One path that differs between base and head, relative to the repository's root.

    Attributes:
        status: A added, M modified, D deleted (a rename counts as D of the old and A of the new path).
    """

    path: str
    status: str


class TreeKind(StrEnum):
    """What a path is in a commit's tree."""

    FILE = "file"
    LINK = "link"
    SUBMODULE = "submodule"


@dataclass(frozen=True, kw_only=True)
class TreeFile:
    """What a commit holds at a path.

    Attributes:
        body: of a file its bytes as git keeps them, of a link where it leads; empty for a submodule.
    """

    kind: TreeKind
    body: bytes


class Repository(Protocol):
    """The user's git checkout; never written to."""

    @property
    def head(self) -> str:
        """The full SHA of the commit checked out."""

    @property
    def parents(self) -> tuple[str, ...]:
        """The full SHAs of the head's parents, first parent first; a shallow clone knows them too."""

    def fetch(self, sha: str) -> bool:
        """Make sure that the commit is at hand, fetching just it when the clone is shallow; False if it can't be."""

    def resolve(self, name: str) -> str | None:
        """The commit that a full SHA, a tag or a branch names, at hand from then on; None if there is none.

        What the checkout has of that name comes first; otherwise the remote is asked.
        """

    def compare(self, base: str) -> Comparison | None:
        """How the head stands to another commit; None if the checkout does not hold the history to tell."""

    def changed_files(self, base: str) -> tuple[ChangedFile, ...]:
        """What differs between the base commit and the head, sorted by path. The base must be at hand."""

    def read_files(self, sha: str, paths: Collection[str]) -> Mapping[str, TreeFile]:
        """What a commit holds at some paths relative to its top, by path; what is not there is left out.

        Raises:
            RepositoryUnreadable: the commit, or what is in it, cannot be had.
        """


# ------------------------------------------------------------------------------------------------------ the target


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """One version of an object in the bucket.

    Attributes:
        version: its version id.
        sha256: hex digest from our own metadata, or None when somebody else wrote it.
        size: bytes.
        etag: changes with every other content; no digest, as S3 makes it in several ways. '' when not told.
        target: whose deployment wrote it, from our own metadata; None where that does not say.
    """

    key: str
    version: str
    sha256: str | None
    size: int
    etag: str = ""
    target: str | None = None


@dataclass(frozen=True, kw_only=True)
class FetchedObject:
    """The latest version of an object with its bytes.

    Attributes:
        etag: as in StoredObject; what a conditional write names.
    """

    body: bytes
    etag: str


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was found at a key when it was looked at, so that S3 itself can tell whether it is still there.

    Attributes:
        etag: as in StoredObject; None if there was no object.
    """

    etag: str | None


@dataclass(frozen=True, kw_only=True)
class Listed:
    """An object as a listing shows it: its latest version.

    Attributes:
        key: whole, with the prefix.
        size: bytes.
        etag: as in StoredObject.
    """

    key: str
    size: int
    etag: str = ""


@dataclass(frozen=True, kw_only=True)
class ObjectVersion:
    """One of all the versions that an object has had.

    Attributes:
        at: when it was written, in UTC.
        size: bytes.
    """

    key: str
    version: str
    at: datetime
    size: int


class Bucket(Protocol):
    """The versioned S3 bucket MWAA reads from."""

    @property
    def name(self) -> str:
        """The bucket's name."""

    def check(self) -> None:
        """Raise if MWAA could not use it.

        BucketMissing, BucketElsewhere, BucketUnversioned, BucketPublic or AwsAccessDenied.
        """

    def head(self, key: str, version: str | None = None) -> StoredObject | None:
        """The latest (or the named) version of an object; None if there is none or a delete marker covers it."""

    def read(self, key: str, version: str | None = None) -> bytes | None:
        """The bytes of an object, or None if there is none."""

    def fetch(self, key: str) -> FetchedObject | None:
        """The bytes of an object, and the token by which put_if() tells that it is still the same; None if none."""

    def put(self, key: str, body: bytes | Path, *, sha256: str, commit: str, seen: Seen | None = None) -> StoredObject:
        """Write a new version, verified by checksum, with digest, commit and the target's name as metadata.

        With `seen`, only if that is what still lies there, however late the request arrives. Raises ObjectChanged if
        not, unless it is by now what was to be written.
        """

    def put_if(self, key: str, body: bytes, *, sha256: str, commit: str, etag: str | None) -> StoredObject:
        """Write a new version only if the object is still the one with this ETag; with None, only if there is none.

        Of several that write at the same time with the same ETag, one succeeds. Raises ObjectChanged for the others.
        """

    def list(self, prefix: str) -> Iterator[Listed]:
        """All objects under a prefix, in key order."""

    def versions_under(self, prefix: str) -> Iterator[ObjectVersion]:
        """All versions of all objects under a prefix, in key order, newest first; delete markers are none."""

    def delete(self, keys: Sequence[str], *, seen: Mapping[str, str] | None = None) -> None:
        """Put a delete marker on each key.

        Args:
            seen: by key, the ETag of the object that is meant, however late the request arrives. Raises ObjectChanged
                if another lies there by now; the other keys are deleted all the same.
        """


@dataclass(frozen=True, kw_only=True)
class StackState:
    """A CloudFormation stack as it is.

    Attributes:
        parameters: present values by key; NoEcho values are '****'.
        environment_name: name of the AWS::MWAA::Environment among its resources, if there is one.
        changed_at: when it was made or last updated; each change of its template moves it.
        tags: its own, without those that AWS adds.
        notification_arns: SNS topics that are told its events.
        protected: whether it is protected from being deleted.
    """

    id: str
    name: str
    status: str
    status_reason: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    environment_name: str | None = None
    changed_at: datetime | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    notification_arns: tuple[str, ...] = ()
    protected: bool = False


@dataclass(frozen=True, kw_only=True)
class StackParameter:
    """A parameter for a change set: a value, or None for UsePreviousValue."""

    key: str
    value: str | None


@dataclass(frozen=True, kw_only=True)
class PropertyChange:
    """A property that a change set changes.

    Attributes:
        path: as in '/Properties/EnvironmentClass'.
        before: its value; None where there is none, or CloudFormation does not tell.
        after: the same.
        recreation: Always, Never or Conditionally; '' where CloudFormation does not tell.
    """

    path: str
    before: str | None
    after: str | None
    recreation: str


@dataclass(frozen=True, kw_only=True)
class ResourceChange:
    """One line of a change set.

    Attributes:
        action: Add, Modify, Remove, Import, Dynamic.
        replacement: True, False, Conditional, or '' when it does not apply.
        details: names of the properties (or 'Parameter X') that change.
        properties: the properties with their values, where CloudFormation tells them.
        policy_action: what becomes of the resource of before: Delete, Retain, Snapshot, or one of these after
            ReplaceAnd; '' when it does not apply.
        physical_id: what the resource is called outside of the stack; '' for one that is not there yet.
        nested: for a nested stack, the lines of its own change set, where CloudFormation tells them.
    """

    action: str
    logical_id: str
    resource_type: str
    replacement: str = ""
    details: tuple[str, ...] = ()
    properties: tuple[PropertyChange, ...] = ()
    policy_action: str = ""
    physical_id: str = ""
    nested: tuple["ResourceChange", ...] = ()


@dataclass(frozen=True, kw_only=True)
class ChangeSet:
    """CloudFormation's own plan for a stack. `changes` is empty when there is nothing to do."""

    id: str
    name: str
    type: str
    changes: tuple[ResourceChange, ...]

    @property
    def empty(self) -> bool:
        """Whether executing it would change nothing."""
        return not self.changes


@dataclass(frozen=True, kw_only=True)
class StackEvent:
    """One event of a stack operation.

    Attributes:
        physical_id: what the resource is called outside of the stack; for a nested stack its ARN.
    """

    at: datetime
    logical_id: str
    resource_type: str
    status: str
    reason: str = ""
    physical_id: str = ""


class Stack(Protocol):
    """One CloudFormation stack."""

    @property
    def name(self) -> str:
        """The stack's name."""

    def state(self) -> StackState | None:
        """The stack as it is; None if it does not exist (or was deleted)."""

    def create_change_set(
        self,
        *,
        template: str,
        parameters: Sequence[StackParameter],
        create: bool,
        description: str,
        revert_drift: bool = False,
    ) -> ChangeSet:
        """Create a change set and wait for it. An empty one is deleted again and returned with no changes.

        With `revert_drift` it also has what puts back what was changed without the stack.
        """

    def template(self) -> str | None:
        """The template it was last brought to, as it was handed in; None if the stack does not exist."""

    def delete_change_set(self, change_set: ChangeSet) -> None:
        """Delete a change set that will not be executed."""

    def execute(
        self,
        change_set: ChangeSet,
        *,
        timeout: float,
        on_event: Callable[[StackEvent], None],
        on_look: Callable[[str], None] | None = None,
    ) -> StackState:
        """Execute a change set and wait until the stack is done, handing over each event once, oldest first.

        While it is not done, `on_look` is told the stack's status after each look; '' before the operation shows.
        """

    def protect(self) -> None:
        """Protect the stack from being deleted; it has to exist."""

    def delete_never_created(
        self,
        *,
        timeout: float,
        on_event: Callable[[StackEvent], None],
        on_look: Callable[[str], None] | None = None,
    ) -> None:
        """Delete a stack whose creation failed, and wait until it is gone, handing over each event once.

        on_look is handed the stack's status at each look.

        Raises StackUnusable if its status says that it ever was, or if it cannot be deleted.
        """


@dataclass(frozen=True, kw_only=True)
class EnvironmentState:
    """An MWAA environment as GetEnvironment tells it.

    Attributes:
        status: one of the 12 statuses of the API.
        versions: S3 object versions the environment runs with; a part it was never given is missing.
        paths: S3 keys of the parts (for dags: the prefix), where known.
        last_update_at: when MWAA began the latest update; None before the first.
        last_update_status: SUCCESS, PENDING or FAILED.
        last_update_error: its error message, if it failed.
        log_groups: ARNs of its CloudWatch log groups by the name of what logs there, as in SchedulerLogs; those that
            are switched off are missing.
        bucket: name of the bucket it reads from; '' where it is not told.
    """

    name: str
    status: str
    versions: Mapping[Part, str] = field(default_factory=dict)
    paths: Mapping[Part, str] = field(default_factory=dict)
    airflow_version: str | None = None
    webserver_url: str | None = None
    last_update_at: datetime | None = None
    last_update_status: str | None = None
    last_update_error: str | None = None
    log_groups: Mapping[str, str] = field(default_factory=dict)
    bucket: str = ""


class Environment(Protocol):
    """MWAA's control plane."""

    def get(self, name: str) -> EnvironmentState | None:
        """The environment as it is; None if it does not exist."""

    def update(
        self, name: str, *, versions: Mapping[Part, str], paths: Mapping[Part, str], worker_replacement: str = ""
    ) -> None:
        """Ask MWAA to begin an update, and do not wait for it; what is not named stays as it is.

        Args:
            versions: the S3 object version of each part that gets one.
            paths: S3 keys; for dags the prefix.
            worker_replacement: GRACEFUL or FORCED; '' leaves the choice to MWAA.

        Raises EnvironmentBusy while something else changes it, EnvironmentMissing where there is none.
        """


@dataclass(frozen=True, kw_only=True)
class LiveDag:
    """A DAG that the live Airflow lists as active.

    Attributes:
        file: the path that Airflow knows it by, usually absolute, such as /usr/local/airflow/dags/sales.py.
        paused: whether its runs wait.
        parsed_at: when its file was read last, by Airflow's clock; None if Airflow does not say.
    """

    id: str
    file: str
    paused: bool = False
    parsed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class LiveImportError:
    """A file that the live Airflow cannot import.

    Attributes:
        file: as in LiveDag; on Airflow 3 it may be relative to the DAG folder.
        message: the traceback.
    """

    file: str
    message: str


class LiveAirflow(Protocol):
    """The REST API of an environment's live Airflow.

    Every method raises LiveAirflowUnreachable when it may not be asked, or can never answer, and AwsUnavailable when
    it does not answer now.
    """

    def import_errors(self) -> tuple[LiveImportError, ...]:
        """What cannot be imported, as of each file's last parse."""

    def dags(self) -> tuple[LiveDag, ...]:
        """The active DAGs, in the order of their ids."""

    def running_tasks(self) -> int:
        """How many task instances run at this moment."""

    def trigger(self, dag: str) -> str:
        """Start a run of a DAG; the run's id.

        Raises SmokeRunFailed when there is no such DAG, or Airflow refuses.
        """

    def run_state(self, dag: str, run: str) -> str:
        """The state of a run, such as queued, running, success or failed; '' if there is no such run."""


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """A line of a log.

    Attributes:
        stream: name of the log stream, which begins with what it is about.
    """

    stream: str
    at: datetime
    text: str


class InstallLogs(Protocol):
    """What an environment's containers said while they installed what they were given: CloudWatch Logs."""

    def lines(self, group: str, prefix: str, since: datetime) -> Iterator[LogLine]:
        """The lines of the streams with a prefix, oldest first; none if there is no such log group.

        `group` is a log group's ARN. Raises AwsAccessDenied or AwsUnavailable.
        """


class Clock(Protocol):
    """Time, so that waits can be tested."""

    def now(self) -> datetime:
        """The present moment in UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


# ---------------------------------------------------------------------------------------------- registries of images


@dataclass(frozen=True, kw_only=True)
class RegistryLogin:
    """What a registry is told about who asks; never printed.

    Attributes:
        registry: host and port of the one registry it is for.
        identity_token: in place of a password where the registry gave one out.
    """

    registry: str
    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)


class Ecr(Protocol):
    """Amazon ECR in one Region, or ECR Public."""

    def login(self) -> RegistryLogin:
        """A login that holds for twelve hours, masked already; its registry is what ECR says it is for.

        Raises AwsAccessDenied, CredentialsMissing, CredentialsRejected, AwsUnavailable or AwsRefused.
        """

    def has_repository(self, name: str) -> bool:
        """Whether the registry has a repository of this name. Raises as `login` does."""

    def create_repository(self, name: str, tags: Mapping[str, str]) -> None:
        """Make a repository; one that is there already is left as it is. Raises as `login` does."""


# ----------------------------------------------------------------------------------------------- pull requests


@dataclass(frozen=True, kw_only=True)
class Comment:
    """A comment on a pull request."""

    id: int
    body: str


class PullRequests(Protocol):
    """The pull requests of one repository on GitHub. Everything here raises GitHubUnavailable or CommentRefused."""

    def number_of(self, *, owner: str, branch: str, sha: str) -> int | None:
        """The open pull request whose branch, in a repository of this owner's, is at this very commit."""

    def own_comments(self, number: int) -> tuple[Comment, ...]:
        """The comments that were written with a token like ours, oldest first."""

    def comment(self, number: int, body: str) -> None:
        """Write a new comment."""

    def change(self, comment: int, body: str) -> None:
        """Give a comment another text."""


# ------------------------------------------------------------------------------------------------------ the log


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """A message GitHub shows on a file and line, or on the run when there is none."""

    severity: Severity
    message: str
    title: str = ""
    file: str | None = None
    line: int | None = None


class Log(Protocol):
    """What is said while the program runs: GitHub's workflow commands there, plain text on a laptop."""

    def info(self, text: str) -> None:
        """Our own words, one or more lines."""

    def group(self, title: str) -> AbstractContextManager[None]:
        """Fold what is said inside under a title. Groups do not nest."""

    def verbatim(self, text: str) -> None:
        """Somebody else's words: printed so that nothing in them can act as a workflow command."""

    def annotate(self, annotation: Annotation) -> None:
        """Show a message on a file and line."""

    def check(self, result: CheckResult) -> None:
        """Say that a check has ended, and what it found."""

    def verdicts(self, report: CheckReport) -> None:
        """Show what all checks found, once they have ended: the failures and warnings, and a count."""

    def mask(self, secret: str) -> None:
        """Never show this value from here on."""

    def output(self, name: str, value: str) -> None:
        """Set an output of the action."""

    def summary(self, markdown: str) -> None:
        """Append to the step summary."""
