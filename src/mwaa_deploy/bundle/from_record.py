"""What an earlier deployment shipped, made again out of its record and the bucket's object versions."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from mwaa_deploy.bundle.artefacts import Artefact, Bundle, artefact
from mwaa_deploy.bundle.template import Template
from mwaa_deploy.errors import RollbackImpossible
from mwaa_deploy.parts import Part
from mwaa_deploy.ports import Bucket, ObjectVersion
from mwaa_deploy.target.record import PartRecord, Record

FETCHES_AT_ONCE = 16

_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class RecordedFiles:
    """The files of a record, in the bucket that it is about.

    Attributes:
        bucket: where their object versions lie.
        folder: a folder of our own, for the DAG files that have to be at hand.
        version: the record's own object version; '' if that is not known.
    """

    record: Record
    bucket: Bucket
    folder: Path
    version: str = ""

    def bundle(self, template: Template | None, *, same_target: bool = True) -> Bundle:
        """What a deployment ships that brings the record's content back. DAG files come when they are fetched.

        A part that the template takes no version of is left out: the environment keeps what it has.

        Args:
            template: what the target is brought to; None if there is none.
            same_target: whether the record's object versions can be given to the target's environment.

        Raises:
            RollbackImpossible: the versions are gone, or have other content; all of them are named, DAG files too.
        """
        wanted = {
            part: found
            for part, found in self.record.parts.items()
            if template is None or (part in template.version_parameters and part in template.paths)
        }
        with _pool() as pool:
            read = dict(zip(wanted, pool.map(self._part, wanted.keys(), wanted.values()), strict=True))
        if lost := [_address(wanted[part].key, wanted[part].version) for part, found in read.items() if found is None]:
            raise self._impossible([*lost, *self._missing_dags()])
        artefacts = {part: found for part, found in read.items() if found is not None}
        if not same_target:
            artefacts = {part: replace(found, version=None) for part, found in artefacts.items()}
        return Bundle(
            artefacts=artefacts,
            dags=self.record.dags,
            dag_folder=self.folder,
            template=template,
            whose=f"The record of commit {self.record.commit[:7]}",
        )

    def fetch_dags(self, names: Iterable[str]) -> None:
        """Bring DAG files into the folder, each with the very bytes that its digest says.

        Args:
            names: paths relative to the DAG prefix, all of the record.

        Raises:
            RollbackImpossible: naming every one of them that is gone.
        """
        wanted = sorted(names)
        with _pool() as pool:
            missing = [
                name for name, found in zip(wanted, pool.map(self._fetch_recorded, wanted), strict=True) if not found
            ]
            if missing:
                others = self._other_versions(missing)
                missing = [
                    name
                    for name, found in zip(
                        missing,
                        pool.map(lambda name: self._fetch_any(name, others.get(name, ())), missing),
                        strict=True,
                    )
                    if not found
                ]
        if missing:
            raise self._impossible([self._dag_address(name) for name in missing])

    # ------------------------------------------------------------------------------------------------------- inside

    def _part(self, part: Part, found: PartRecord) -> Artefact | None:
        body = self.bucket.read(found.key, found.version)
        if body is None:
            return None
        made = artefact(part, found.key, body)
        if found.sha256 not in {None, made.sha256}:
            return None
        return replace(made, version=found.version)

    def _fetch_recorded(self, name: str) -> bool:
        token = self.record.objects.get(name)
        return token is not None and self._fetch(name, token.version)

    def _fetch_any(self, name: str, versions: Iterable[ObjectVersion]) -> bool:
        size = self.record.dags.files[name].size
        return any(self._fetch(name, found.version) for found in versions if found.size == size)

    def _fetch(self, name: str, version: str) -> bool:
        body = self.bucket.read(f"{self.record.dag_prefix}/{name}", version)
        if body is None or hashlib.sha256(body).hexdigest() != self.record.dags.files[name].sha256:
            return False
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        return True

    def _path(self, name: str) -> Path:
        """Where a file goes; the record is read from the bucket, and must not lead anywhere else."""
        pure = PurePosixPath(name)
        if pure.is_absolute() or not pure.parts or ".." in pure.parts or "\0" in name:
            raise RollbackImpossible(
                f"The record names the DAG file {name!r}, which is no path inside the DAG folder.",
                meaning="Something else than mwaa-deploy wrote the record.",
            )
        return self.folder / pure

    def _other_versions(self, names: Iterable[str]) -> Mapping[str, list[ObjectVersion]]:
        """All versions of some DAG files: a record of schema 1 names none, and the same bytes may lie in another."""
        start, wanted = f"{self.record.dag_prefix}/", set(names)
        found: dict[str, list[ObjectVersion]] = {}
        for version in self.bucket.versions_under(start):
            name = version.key.removeprefix(start)
            if name in wanted:
                found.setdefault(name, []).append(version)
        return found

    def _missing_dags(self) -> Iterator[str]:
        """The DAG files whose recorded versions are gone, for an error that names all at once."""
        recorded = sorted(self.record.objects.items())
        with _pool() as pool:
            heads = pool.map(
                lambda item: self.bucket.head(f"{self.record.dag_prefix}/{item[0]}", item[1].version), recorded
            )
            yield from (
                self._dag_address(name) for (name, _), stored in zip(recorded, heads, strict=True) if stored is None
            )

    def _dag_address(self, name: str) -> str:
        token = self.record.objects.get(name)
        return _address(f"{self.record.dag_prefix}/{name}", token.version if token else "")

    def _impossible(self, lost: list[str]) -> RollbackImpossible:
        more = [f"and {len(lost) - _SHOWN} more"] if len(lost) > _SHOWN else []
        lines = "\n".join(f"- {line}" for line in [*lost[:_SHOWN], *more])
        return RollbackImpossible(
            f"Of commit {self.record.commit[:12]}, {len(lost)} object version(s) in bucket {self.bucket.name} are gone "
            f"or have other content:\n{lines}\nNothing has been changed.",
            meaning="A lifecycle rule (NoncurrentVersionExpiration) or somebody by hand has deleted them.",
            mend="Deploy that commit from git instead:\n"
            f"git revert --no-edit {self.record.commit[:12]}..HEAD && git push",
        )


def _address(key: str, version: str) -> str:
    return f"{key}, version {version}" if version else f"{key}, any version with that content"


def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(FETCHES_AT_ONCE, thread_name_prefix="record")
