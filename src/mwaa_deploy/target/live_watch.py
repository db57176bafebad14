"""Watching the live Airflow until it has read what was deployed."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from mwaa_deploy.errors import (
    AwsUnavailable,
    DagsBrokenLive,
    DagsMissingLive,
    LiveAirflowUnreachable,
)
from mwaa_deploy.live_report import LiveReport
from mwaa_deploy.live_verdict import ExpectedDags, LiveVerdict, await_parses, compare, file_of
from mwaa_deploy.ports import Clock, LiveAirflow, LiveImportError, Log
from mwaa_deploy.target.heartbeat import Heartbeat
from mwaa_deploy.target.live_check import LiveCheck

_SHOWN = 20


class LiveWatch:
    """Looks at the live Airflow again and again.

    Args:
        live: the live Airflow.
        expected: what the deployment brings.
        clock: for the wait.
        log: told how it stands.
        check: how long to wait.
        before: (file, traceback) of what could not be imported before the deployment, as Airflow calls it.
        changed: files that were there before with other content.
        deleted: files that are gone.
        everything: whether the environment was updated too.
    """

    def __init__(
        self,
        live: LiveAirflow,
        expected: ExpectedDags,
        *,
        clock: Clock,
        log: Log,
        check: LiveCheck,
        before: Collection[tuple[str, str]] = (),
        changed: Collection[str] = (),
        deleted: Collection[str] = (),
        everything: bool = False,
    ) -> None:
        self._live = live
        self._expected = expected
        self._clock = clock
        self._log = log
        self._check = check
        self._before = frozenset(before)
        self._changed = changed
        self._deleted = deleted
        self._everything = everything
        self._seen: dict[tuple[str, str], datetime] = {}
        self._latest: LiveVerdict | None = None

    def wait(self) -> LiveVerdict:
        """Wait until all is there, a failure is certain, or time is up; how the live Airflow then stands.

        Raises:
            LiveAirflowUnreachable: it may not be asked, or did not answer when time was up.
        """
        started, heartbeat = self._clock.now(), Heartbeat(self._log, self._clock)
        since = started + timedelta(seconds=self._check.sync)
        awaited = await_parses(self._expected, self._changed, everything=self._everything)
        # Where nobody knows which DAGs to expect, an error still needs its time to show.
        earliest = started if self._expected.known and not awaited else since
        while True:
            now = self._clock.now()
            over = (now - started).total_seconds() >= self._check.timeout
            try:
                verdict = self._look(awaited, since)
            except AwsUnavailable as e:
                if over:
                    raise LiveAirflowUnreachable(e.what, meaning=e.meaning, mend="Run the job again later.") from e
                heartbeat.beat("The live Airflow does not answer yet")
            else:
                if over or self._certain(now) or (verdict.good and now >= earliest):
                    return verdict
                heartbeat.beat(_state(verdict))
            self._clock.sleep(self._check.interval)

    def require_good(self, verdict: LiveVerdict, name: str) -> None:
        """Raise for what is missing or broken.

        Raises:
            DagsBrokenLive: files of the deployment cannot be imported.
            DagsMissingLive: DAGs of the deployment are not listed.
        """
        missing = [f"{dag} of {file}" for dag, file in verdict.missing.items()]
        if verdict.broken:
            tracebacks = "\n\n".join(f"{file}:\n{message}" for file, message in verdict.broken.items())
            self._log.verbatim(tracebacks)
            lines = [f"{file}: {_cause(message)}" for file, message in verdict.broken.items()]
            more = f"\nIt does not list, besides:\n{_lines(missing)}" if missing else ""
            raise DagsBrokenLive(
                f"The live Airflow of {name} cannot import {len(lines)} DAG file(s):\n{_lines(lines)}{more}",
                meaning="If the checks could import them, the environment lacks what they had: a Variable, a "
                "connection, a package, a right or a way through the network.",
                mend=f"aws mwaa invoke-rest-api --name {name} --method GET --path /importErrors",
            )
        if missing:
            minutes = f"{self._check.timeout / 60:.0f} minutes"
            raise DagsMissingLive(
                f"The live Airflow of {name} does not list {len(missing)} DAG(s) after {minutes}:\n{_lines(missing)}",
                meaning="Their files are in the bucket and it names no import error. It may need longer to read them, "
                "or a DAG is only made where the checks run, as from a Variable that they are given.",
                mend="with:\n  verify-timeout-minutes: 30",
            )

    def notes(self, verdict: LiveVerdict) -> list[str]:
        """What is worth knowing although it is no failure, a sentence each."""
        notes = []
        if verdict.unread:
            notes.append(
                f"{len(verdict.unread)} DAG(s) were not read again within {self._check.timeout / 60:.0f} minutes, so "
                f"that their new content is not proven: {_some(verdict.unread)}."
            )
        known = {file for file, _ in self._before}
        for those, words in (
            ([file for file in verdict.foreign if file in known], "could not be imported before either"),
            ([file for file in verdict.foreign if file not in known], "cannot be imported since this deployment"),
        ):
            if those:
                notes.append(f"{len(those)} file(s) that are not the project's {words}: {_some(those)}.")
        if verdict.stale:
            notes.append(f"{len(verdict.stale)} DAG(s) that are gone are still listed: {_some(verdict.stale)}.")
        if not self._expected.known:
            notes.append("DAG files were not parsed in this run, so that not all DAGs to expect are known.")
        return notes

    def report(self, report: LiveReport) -> LiveReport:
        """A report with what was seen last."""
        verdict = self._latest
        if verdict is None:
            return report
        return replace(
            report,
            reached=True,
            expected=len(self._expected.dags),
            listed=verdict.listed,
            missing=verdict.missing,
            broken=verdict.broken,
            unread=verdict.unread,
        )

    def _look(self, awaited: frozenset[str], since: datetime) -> LiveVerdict:
        errors = self._live.import_errors()
        dags = self._live.dags()
        self._remember(errors)
        self._latest = compare(self._expected, dags, errors, awaited=awaited, since=since, deleted=self._deleted)
        return self._latest

    def _remember(self, errors: tuple[LiveImportError, ...]) -> None:
        """Keep since when each error of ours is there; one that was there before may be about content that is gone."""
        now, earlier = self._clock.now(), self._seen
        ours = {(e.file, e.message) for e in errors if file_of(e.file, self._expected.files)} - self._before
        self._seen = {error: earlier.get(error, now) for error in ours}

    def _certain(self, now: datetime) -> bool:
        """Whether a file is broken and was not before, and that has lasted."""
        return any((now - at).total_seconds() >= self._check.settle for at in self._seen.values())


def _state(verdict: LiveVerdict) -> str:
    counts = [
        f"{len(found)} {words}"
        for found, words in (
            (verdict.missing, "DAG(s) not listed yet"),
            (verdict.broken, "file(s) with import errors"),
            (verdict.unread, "DAG(s) not read again yet"),
        )
        if found
    ]
    return f"Live Airflow: {verdict.listed} DAG(s) listed, {', '.join(counts) or 'nothing missing'}"


def _cause(traceback: str) -> str:
    """The last line of a traceback, which names the error."""
    lines = [line.strip() for line in traceback.splitlines() if line.strip()]
    return lines[-1][:500] if lines else "no reason given"


def _lines(found: list[str]) -> str:
    more = [f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    return "\n".join(f"- {line}" for line in [*found[:_SHOWN], *more])


def _some(names: Collection[str]) -> str:
    found = list(names)
    return ", ".join(found[:_SHOWN]) + (", …" if len(found) > _SHOWN else "")
