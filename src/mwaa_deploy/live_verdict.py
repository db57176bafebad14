"""What the live Airflow should have, compared with what it has. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mwaa_deploy.ports import LiveDag, LiveImportError
from mwaa_deploy.target.record import Record


@dataclass(frozen=True, kw_only=True)
class ExpectedDags:
    """What a deployment brings.

    Attributes:
        files: every file under the DAG prefix, relative to it.
        ids: by file, the DAGs that it is known to have; files without any may be missing.
        known: whether that is known of every file.
    """

    files: frozenset[str] = frozenset()
    ids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    known: bool = False

    @property
    def dags(self) -> Mapping[str, str]:
        """The file of each DAG, by its id."""
        return {dag: file for file, dags in self.ids.items() for dag in dags}


def expect_dags(record: Record) -> ExpectedDags:
    """What a deployment brings that leaves this record."""
    files = frozenset(record.dags.files)
    return ExpectedDags(
        files=files,
        ids={name: ids for name, ids in record.dag_ids.items() if ids},
        known=files <= record.dag_ids.keys(),
    )


def await_parses(expected: ExpectedDags, changed: Collection[str], *, everything: bool) -> frozenset[str]:
    """Ids of the DAGs whose files have to be read again before it is known whether their new content can be imported.

    A DAG of a new file needs no such proof: that it is listed is one.

    Args:
        expected: what the deployment brings.
        changed: files that were there before with other content.
        everything: whether the environment was updated too, with all that the DAGs may import.
    """
    # What is no DAG file of its own is imported or read by others, and nobody knows by which.
    if everything or any(name not in expected.ids for name in changed):
        return frozenset(expected.dags)
    return frozenset(dag for name in changed for dag in expected.ids[name])


@dataclass(frozen=True, kw_only=True)
class LiveVerdict:
    """How the live Airflow stands.

    Attributes:
        missing: DAGs that it does not list although their file can be imported; the file by id.
        broken: files of the deployment that it cannot import; the traceback by file.
        unread: ids of DAGs whose files it has not read again yet.
        foreign: files that are not the deployment's and cannot be imported, as Airflow calls them.
        stale: ids of DAGs that it lists although no file of the deployment has them.
        listed: how many of the expected DAGs it lists.
    """

    missing: Mapping[str, str] = field(default_factory=dict)
    broken: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    listed: int = 0

    @property
    def good(self) -> bool:
        """Whether all is there, and nothing is waited for."""
        return not (self.missing or self.broken or self.unread)


def compare(
    expected: ExpectedDags,
    dags: Iterable[LiveDag],
    errors: Iterable[LiveImportError],
    *,
    awaited: Collection[str],
    since: datetime,
    deleted: Collection[str] = (),
) -> LiveVerdict:
    """Compare what should be live with what is.

    Args:
        expected: what the deployment brings.
        dags: what the live Airflow lists.
        errors: what it cannot import.
        awaited: ids of DAGs whose files must have been read since.
        since: when the new content was there to be read, by Airflow's clock.
        deleted: files that the deployment has removed.
    """
    listed = {dag.id: dag for dag in dags}
    broken, foreign = {}, []
    for error in errors:
        if (file := file_of(error.file, expected.files)) is None:
            foreign.append(error.file)
        else:
            broken[file] = error.message
    wanted = expected.dags
    missing = {dag: file for dag, file in wanted.items() if dag not in listed and file not in broken}
    unread = [
        dag
        for dag in awaited
        if dag in listed and wanted.get(dag) not in broken and (at := listed[dag].parsed_at) is not None and at < since
    ]
    stale = []
    if expected.known:
        ours = expected.files.union(deleted)
        stale = [dag.id for dag in listed.values() if dag.id not in wanted and file_of(dag.file, ours) is not None]
    return LiveVerdict(
        missing=dict(sorted(missing.items())),
        broken=dict(sorted(broken.items())),
        unread=tuple(sorted(unread)),
        foreign=tuple(sorted(foreign)),
        stale=tuple(sorted(stale)),
        listed=len(wanted.keys() & listed.keys()),
    )


def file_of(path: str, files: Collection[str]) -> str | None:
    """The file of the deployment that Airflow means by a path; None if it means none of them.

    Airflow knows files by where its containers have them, or relative to the DAG folder, and what is inside of a zip
    file by a path that goes on behind its name. Only the path's own parts say where the DAG folder begins.
    """
    parts = path.split("/")
    beginnings = [0, *(index + 1 for index, part in enumerate(parts) if part == "dags")]
    for begin in beginnings:
        for end in range(len(parts), begin, -1):
            candidate = "/".join(parts[begin:end])
            if candidate in files and (end == len(parts) or candidate.endswith(".zip")):
                return candidate
    return None
