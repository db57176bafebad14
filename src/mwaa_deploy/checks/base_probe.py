"""The DAGs of the base, found by the same probe in the same runner once all verdicts are there, and the difference.

Nothing of it is a verdict: what cannot be read or parsed is a note.
"""

import json
import tempfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from mwaa_deploy.checks.compared_files import Compared, choose_files
from mwaa_deploy.checks.dag_difference import Differences, compare_dags
from mwaa_deploy.checks.dag_facts import DagFile
from mwaa_deploy.checks.dag_reader import parse_probe_report
from mwaa_deploy.checks.layout import Layout, copy_all, plan_layout, unpack
from mwaa_deploy.errors import MwaaDeployError, RunnerBroken
from mwaa_deploy.ports import Log, Runner
from mwaa_deploy.source.base_files import BaseSource

MOST_SECONDS = 120.0
"""For all files of the base together."""

_TOLD = 5
_TIMEOUT = 120.0
_MARGIN = 60.0
_PLUGINS = "plugins"
"""How the probe calls them among the files that it is told to load."""


def compare_with_base(
    source: BaseSource,
    layout: Layout,
    runner: Runner,
    files: tuple[DagFile, ...],
    log: Log,
    *,
    network: bool,
    dag_file_limit: float,
    limit: float = MOST_SECONDS,
) -> Differences | None:
    """Put the base in the place of what was checked, and compare the DAGs. Nothing else is to run there afterwards.

    Args:
        source: gives the base.
        layout: the project as it lies in the runner.
        runner: all checks have ended in it, and its network is closed if it is to be.
        files: what the probe found of the project.
        log: told what takes time.
        network: whether commands may reach the network.
        dag_file_limit: seconds for one file.
        limit: seconds for all of them.

    Returns:
        None where no DAG file can have changed.
    """
    if not source.changed:
        return None
    try:
        with tempfile.TemporaryDirectory(prefix="mwaa-deploy-base-") as folder:
            written = source.write(Path(folder))
            compared = choose_files(source.changed, layout.project, written.project)
            if not compared.names:
                return None
            log.info(f"Comparing the DAGs of {len(compared.names)} file(s) with {source.sha[:12]}.")
            base = plan_layout(written.project, runner.home)
            asked = [name for name in compared.names if (written.project.repository / name).is_file()]
            found: tuple[DagFile, ...] = ()
            if asked:
                found = _probe(base, asked, runner, network=network, dag_file_limit=dag_file_limit, limit=limit)
    except (MwaaDeployError, OSError, RuntimeError, ValueError) as error:
        what = error.what if isinstance(error, MwaaDeployError) else str(error)
        note = f"The DAGs could not be compared with those of the base: {what}"
        return Differences(base=source.sha, files=0, notes=(note,))
    return Differences(
        base=source.sha,
        files=len(compared.names),
        dags=compare_dags(found, files, frozenset(compared.names)),
        notes=(*written.notes, *_notes(compared, found, files)),
    )


def _probe(
    layout: Layout, names: Iterable[str], runner: Runner, *, network: bool, dag_file_limit: float, limit: float
) -> tuple[DagFile, ...]:
    """What the probe finds in some files of the base.

    Raises:
        ForeignResult: the probe would not have written that.
        RunnerBroken: the runner died, or the probe did not come to its end.
        FileRefused: the base holds something that cannot be shipped.
    """
    folders = [str(layout.dags), str(layout.plugins)]
    emptied = runner.run(["/bin/sh", "-c", 'rm -rf "$@" && mkdir -p "$@"', "sh", *folders], timeout=_TIMEOUT)
    if emptied.exit_code:
        message = "what was checked cannot be removed from the runner."
        raise RunnerBroken(message)
    only, output = layout.own / "base-files.json", layout.own / "base-dags.json"
    top = layout.project.in_repository(layout.project.dags)
    inside = [str(layout.dags / PurePosixPath(name).relative_to(top)) for name in names]
    # Our own scripts once more: DAG files and unit tests may have written where they lie.
    copy_all(layout, runner, {only: json.dumps([_PLUGINS, *inside]).encode()})
    unpack(layout, runner)
    options = {
        "--dags": layout.dags,
        "--plugins": layout.plugins,
        "--output": output,
        "--timeout": dag_file_limit,
        "--limit": limit,
        "--only": only,
    }
    words = [str(word) for pair in options.items() for word in pair]
    argv = [runner.python, str(layout.own / "dag_probe.py"), *words]
    completed = runner.run(argv, timeout=limit + _MARGIN, network=network, results=[output])
    if completed.timed_out or completed.exit_code or output not in completed.results:
        message = f"the probe ended with exit code {completed.exit_code}, or not within {limit:.0f} s."
        raise RunnerBroken(message)
    return parse_probe_report(completed.results[output], layout).files


def _notes(compared: Compared, before: Iterable[DagFile], after: Iterable[DagFile]) -> list[str]:
    notes = []
    if compared.left_out:
        notes.append(f"{compared.left_out} more files may hold other DAGs; at most {len(compared.names)} are compared.")
    for files, when in ((before, "At the base"), (after, "Now")):
        broken = sorted(file.name for file in files if file.errors and file.name in compared.names)
        if broken:
            more = f" and {len(broken) - _TOLD} more" if len(broken) > _TOLD else ""
            them = ", ".join(broken[:_TOLD])
            notes.append(f"{when} {them}{more} could not be loaded, so that nobody knows the DAGs in there.")
    return notes
