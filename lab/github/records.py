"""What this GitHub remembers: tokens, repositories, workflows, runs. Frozen records in one locked store."""

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath

WORKFLOW_FOLDER = PurePosixPath(".github/workflows")


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A repository, known from the first run or commit recorded for it."""

    owner: str
    name: str
    created_at: datetime
    default_branch: str = "main"

    @property
    def full_name(self) -> str:
        """owner/name."""
        return f"{self.owner}/{self.name}"

    @property
    def id(self) -> int:
        """A number that is the same whenever the name is."""
        return number_of(self.full_name)


@dataclass(frozen=True, kw_only=True)
class Commit:
    """A commit, as far as it matters here.

    Attributes:
        parents: first parent first.
    """

    made: datetime
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job of a workflow run.

    Attributes:
        name: as it is displayed: with the values of its matrix, and after the name of the job that called its workflow.
        status: queued, in_progress, completed, …
        conclusion: success, failure, skipped, …; None until completed.
        runner_name: of the machine; '' for a job that never got one.
        attempt: of the run, that it belongs to.
        number: tells jobs of the same name apart.
    """

    name: str
    status: str
    conclusion: str | None
    runner_name: str = ""
    attempt: int = 1
    number: int = 0


@dataclass(frozen=True, kw_only=True)
class Run:
    """A workflow run.

    Attributes:
        path: of the workflow file, from the repository's root.
        number: counts the workflow's runs from 1.
        status: queued, in_progress, completed, …
        conclusion: success, failure, …; None until completed.
        created_at: when it was first started.
        started_at: when its latest attempt began.
        jobs: of all attempts.
    """

    id: int
    path: str
    name: str
    number: int
    head_sha: str
    head_branch: str
    event: str
    status: str
    conclusion: str | None
    created_at: datetime
    started_at: datetime
    updated_at: datetime
    actor: str
    attempt: int = 1
    jobs: tuple[Job, ...] = ()

    @property
    def workflow_id(self) -> int:
        """The id of the workflow the run is of."""
        return number_of(self.path)


@dataclass(frozen=True, kw_only=True)
class Workflow:
    """A workflow file."""

    path: str
    name: str
    created_at: datetime

    @property
    def id(self) -> int:
        """A number that is the same whenever the path is."""
        return number_of(self.path)

    @property
    def file_name(self) -> str:
        """Its name without folders."""
        return PurePosixPath(self.path).name


@dataclass
class _Shelf:
    repository: Repository
    runs: dict[int, Run] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)


class Records:
    """All that is remembered, safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shelves: dict[str, _Shelf] = {}
        self._tokens: dict[str, Mapping[str, str]] = {}
        self._logins: dict[str, str] = {}

    def permit(self, token: str, permissions: Mapping[str, str], *, login: str = "") -> None:
        """Make a token good for the given permissions, such as {"actions": "read"}; a job's own if it is nobody's."""
        with self._lock:
            self._tokens[token] = dict(permissions)
            self._logins[token] = login

    def login(self, token: str) -> str:
        """Whose a token is; '' for a job's own."""
        with self._lock:
            return self._logins.get(token, "")

    def permissions(self, token: str) -> Mapping[str, str] | None:
        """What a token may do; None if there is no such token."""
        with self._lock:
            return self._tokens.get(token)

    def add_repository(self, owner: str, name: str) -> Repository:
        """Remember a repository; the one already known by the name, if there is one."""
        with self._lock:
            made = Repository(owner=owner, name=name, created_at=now())
            return self._shelves.setdefault(made.full_name.lower(), _Shelf(made)).repository

    def repository(self, owner: str, name: str) -> Repository | None:
        """A repository by name, in any spelling."""
        with self._lock:
            shelf = self._shelves.get(f"{owner}/{name}".lower())
            return shelf.repository if shelf else None

    def add_commit(self, repository: Repository, sha: str, parents: tuple[str, ...] = (), *, branch: str = "") -> None:
        """Remember that a commit exists, what it was made upon, and which branch is at it from now on, if one is."""
        with self._lock:
            shelf = self._shelf(repository)
            commits = shelf.commits
            if branch:
                shelf.branches[branch] = sha
            known = commits.get(sha)
            if known is None or parents:
                commits[sha] = Commit(made=known.made if known else now(), parents=parents)

    def commit(self, repository: Repository, sha: str) -> Commit | None:
        """A commit; None if it is not known."""
        with self._lock:
            return self._shelf(repository).commits.get(sha)

    def commits(self, repository: Repository) -> Mapping[str, Commit]:
        """All commits, by SHA."""
        with self._lock:
            return dict(self._shelf(repository).commits)

    def named(self, repository: Repository, name: str) -> str | None:
        """The SHA of a known commit that a SHA or a branch names."""
        with self._lock:
            shelf = self._shelf(repository)
            sha = shelf.branches.get(name, name)
            return sha if sha in shelf.commits else None

    def save(self, repository: Repository, run: Run) -> Run:
        """Remember a run, and its commit. A new one gets its workflow's next number, a known one keeps its own.

        A known one that says that it is a later attempt keeps the jobs of the earlier ones too.
        """
        with self._lock:
            shelf = self._shelf(repository)
            known = shelf.runs.get(run.id)
            if known:
                earlier = tuple(job for job in known.jobs if job.attempt < run.attempt)
                started_at = known.started_at if run.attempt == known.attempt else run.started_at
                jobs = (*earlier, *(job for job in run.jobs if job.attempt == run.attempt))
                run = replace(run, number=known.number, created_at=known.created_at, started_at=started_at, jobs=jobs)
            else:
                run = replace(run, number=1 + sum(other.path == run.path for other in shelf.runs.values()))
            shelf.runs[run.id] = run
            shelf.commits.setdefault(run.head_sha, Commit(made=run.created_at))
            return run

    def run(self, repository: Repository, run_id: int) -> Run | None:
        """A run by id."""
        with self._lock:
            return self._shelf(repository).runs.get(run_id)

    def runs(self, repository: Repository) -> tuple[Run, ...]:
        """All runs, newest first."""
        with self._lock:
            found = self._shelf(repository).runs.values()
            return tuple(sorted(found, key=lambda run: (run.created_at, run.id), reverse=True))

    def workflow(self, repository: Repository, key: str) -> Workflow | None:
        """A workflow by id or file name; known from its runs."""
        for run in reversed(self.runs(repository)):
            workflow = Workflow(path=run.path, name=run.name, created_at=run.created_at)
            if key in {str(workflow.id), workflow.file_name}:
                return workflow
        return None

    def _shelf(self, repository: Repository) -> _Shelf:
        return self._shelves[repository.full_name.lower()]


def number_of(text: str) -> int:
    """A positive id derived from a text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) >> 1 or 1


def now() -> datetime:
    """The present moment, to the second, as GitHub keeps it."""
    return datetime.now(UTC).replace(microsecond=0)
