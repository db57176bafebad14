"""Promotion: the very bytes that are live and verified at one target are what another one gets."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from mwaa_deploy.bundle.artefacts import Bundle, require_versions
from mwaa_deploy.bundle.from_record import RecordedFiles
from mwaa_deploy.bundle.keys import part_keys
from mwaa_deploy.bundle.manifest import diff
from mwaa_deploy.errors import PromotionRefused, RollbackImpossible
from mwaa_deploy.parts import VERSIONED_PARTS
from mwaa_deploy.ports import Bucket
from mwaa_deploy.target.record import PromotedFrom, Record, read_record

_SHOWN = 5

NO_CHECKS = "The checks were not run again."


@dataclass(frozen=True, kw_only=True)
class Source:
    """The target that artefacts are taken from.

    Attributes:
        section: its section in the configuration file.
        target: what it is called in its bucket: the stack's name, without one the environment's.
    """

    section: str
    target: str
    bucket: Bucket


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """What is promoted.

    Attributes:
        record: of the source; it is verified, and of the very commit that is deployed.
        files: its files, in the source's bucket.
    """

    source: Source
    record: Record
    files: RecordedFiles

    @property
    def text(self) -> str:
        """Where the artefacts come from: a sentence for people; no Markdown."""
        by = f" by {self.record.run_url}" if self.record.run_url else ""
        return (
            f"Artefacts of commit {self.record.commit[:12]} are promoted from {self.source.section}, "
            f"{self.source.target} in bucket {self.source.bucket.name}, where they were verified live after their "
            f"deployment of {self.record.at:%Y-%m-%d %H:%M} UTC{by}."
        )

    @property
    def origin(self) -> PromotedFrom:
        """The same for the record."""
        return PromotedFrom(target=self.source.target, bucket=self.source.bucket.name, run_url=self.record.run_url)

    @property
    def found_dags(self) -> Mapping[str, tuple[str, ...]] | None:
        """By file in the DAG folder, the DAGs that the source's checks found; None if they did not parse every one."""
        known = self.record.dag_ids.keys() >= self.record.dags.files.keys()
        return self.record.dag_ids if known else None

    def bundle(self, own: Bundle) -> Bundle:
        """The recorded bytes with template and parameters of the checkout. DAG files come when they are fetched.

        Args:
            own: what the checkout would ship.

        Raises:
            PromotionRefused: the record's object versions are gone, or have other content.
            TemplateLacksVersions: the template takes no version of a recorded part.
        """
        with self._refused():
            recorded = self.files.bundle(None, same_target=False)
        # What the project no longer has, but its environment cannot be rid of, is no artefact of this commit.
        keys = part_keys(own.template, own.parameters.values)
        artefacts = {
            part: replace(found, key=keys[part]) for part, found in recorded.artefacts.items() if part in own.artefacts
        }
        if own.template is not None:
            require_versions(own.template, artefacts)
        return replace(recorded, artefacts=artefacts, template=own.template, parameters=own.parameters)

    def notes(self, own: Bundle) -> list[str]:
        """How what is promoted differs from what the checkout would ship; a sentence each."""
        section, parts = self.source.section, self.record.parts
        notes = []
        for part in VERSIONED_PARTS:
            if part in parts and part not in own.artefacts:
                notes.append(f"{section} still has {part}, which the project has no longer; that is not promoted.")
            elif part in own.artefacts and part not in parts:
                notes.append(f"The project has {part}, but {section} runs without; that is not deployed.")
            elif part in own.artefacts and parts[part].sha256 not in {None, own.artefacts[part].sha256}:
                notes.append(f"{part} of {section} has other bytes than the checkout would give; those are deployed.")
        return notes + self._dag_notes(own)

    def _dag_notes(self, own: Bundle) -> list[str]:
        prefix = f"{self.record.dag_prefix}/"
        reserved = frozenset(part.key.removeprefix(prefix) for part in self.record.parts.values())
        found = diff(own.dags.without(reserved), self.record.dags)
        if found.empty:
            return []
        names = sorted((*found.added, *found.changed, *found.removed))
        shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
        section = self.source.section
        return [f"{len(names)} DAG file(s) differ from the checkout: {shown}. What {section} has is deployed."]

    def fetch_dags(self, names: Iterable[str]) -> None:
        """Bring DAG files into the bundle's folder, each with the very bytes that its digest says.

        Raises:
            PromotionRefused: naming every one of them that is gone.
        """
        with self._refused():
            self.files.fetch_dags(names)

    @contextmanager
    def _refused(self) -> Iterator[None]:
        try:
            yield
        except RollbackImpossible as e:
            raise PromotionRefused(e.what, meaning=e.meaning, mend=_again(self.source)) from e


def find_promotion(source: Source, commit: str, folder: Path) -> Promotion:
    """What the source holds, if that is this very commit and was verified.

    Args:
        commit: full SHA of what is deployed.
        folder: a folder of our own, for DAG files.

    Raises:
        PromotionRefused: the source holds another commit, none, or one that was not verified.
        RecordUnreadable: its record is not one of ours.
    """
    record = require_promotable(read_record(source.bucket, source.target), source, commit)
    files = RecordedFiles(record=record, bucket=source.bucket, folder=folder)
    return Promotion(source=source, record=record, files=files)


def require_promotable(record: Record | None, source: Source, commit: str) -> Record:
    """The source's record, if it says that the source has this commit, verified.

    Raises:
        PromotionRefused: it does not, with what the source holds and what to run.
    """
    where = f"{source.section} ({source.target} in bucket {source.bucket.name})"
    if record is None:
        raise PromotionRefused(
            f"{where} has no record, so that there is nothing to promote.",
            meaning="No deployment to it has come to its end, or the section names another stack or bucket.",
            mend=_again(source),
        )
    by = f" by {record.run_url}" if record.run_url else ""
    holds = f"commit {record.commit}, deployed {record.at:%Y-%m-%d %H:%M} UTC{by}"
    if record.commit != commit:
        raise PromotionRefused(
            f"{where} holds {holds}, but this run is of commit {commit}.",
            meaning="That commit has not been deployed there yet, its deployment failed, or a newer one came after it.",
            mend=f"{_again(source)}\nOr run this workflow on the commit that {source.section} holds:\n"
            f"git tag <name> {record.commit} && git push origin <name>",
        )
    if not record.verified:
        raise PromotionRefused(
            f"{where} holds {holds}, but the live Airflow there has not confirmed it.",
            meaning="It was deployed with 'verify: versions', or the live Airflow could not be asked, or had not read "
            "every DAG file again in time.",
            mend=f"targets:\n  {source.section}:\n    verify: live\n{_again(source)}",
        )
    return record


def _again(source: Source) -> str:
    section = source.section
    return f"Deploy this commit to {section} first, in a job that this one needs:\nwith:\n  environment: {section}"
