"""Packages that only the unit tests need, where nothing but the tests finds them.

pip first says what it would install beside all that is there, and nothing that is there may change: the tests run with
MWAA's own versions. That is then installed into a folder of its own.
"""

import posixpath
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mwaa_deploy.checks.installed import Installed
from mwaa_deploy.checks.layout import Layout, below
from mwaa_deploy.checks.pip_output import parse_pip_output
from mwaa_deploy.checks.pip_run import QUIET
from mwaa_deploy.checks.redaction import hide
from mwaa_deploy.checks.requirement_lines import LineKind, RequirementsFile, parse_requirements
from mwaa_deploy.checks.requirement_text import decode
from mwaa_deploy.checks.result_files import ForeignResult, fields, parse_result
from mwaa_deploy.checks.snapshot import take_snapshot
from mwaa_deploy.checks.unit_tests import NAME
from mwaa_deploy.checks.verdicts import CheckResult, Location, Severity, Verdict
from mwaa_deploy.ports import Completed, Runner

_MOST_FILES = 100
_SOURCES = frozenset(
    {"index-url", "extra-index-url", "find-links", "no-index", "trusted-host"}
    | {"pre", "no-binary", "only-binary", "prefer-binary"}
)


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """The requirements file of the tests and what it brings in, by path inside the runner, itself first."""

    root: PurePosixPath
    files: Mapping[str, RequirementsFile]

    @property
    def sources(self) -> Iterator[str]:
        """Lines of options that say where packages come from; folders beside a file are named in full."""
        for path, file in self.files.items():
            for line in file.lines:
                for option in line.options if line.kind is not LineKind.REQUIREMENT else ():
                    if option.name in _SOURCES:
                        yield f"--{option.name} {shlex.quote(_in_full(option.value, path))}".removesuffix(" ''")


def packages_folder(layout: Layout) -> PurePosixPath:
    """Where they are installed."""
    return layout.own / "tests-packages"


def install_for_tests(path: Path, layout: Layout, runner: Runner, *, timeout: float) -> CheckResult | None:
    """Install them.

    Args:
        path: the requirements file of the tests on this host; it is in the checkout.
        layout: the project, laid out in the runner with its checkout.
        runner: where the project's own requirements have been installed, and the network is still open.
        timeout: seconds, for each of pip's two runs.

    Returns:
        The failed check of the unit tests; None if the packages are there.

    Raises:
        RunnerBroken: the runner died.
    """
    asked = _read(path, layout)
    there, report, wanted = (layout.own / f"tests-{name}" for name in ("constraints.txt", "report.json", "wanted.txt"))
    runner.put(there, _constraints(take_snapshot(layout, runner)))
    pip = (runner.python, "-m", "pip", "install")
    look = (*pip, "--dry-run", "--report", str(report), "--constraint", str(there), "--requirement", str(asked.root))
    cwd = layout.checkout  # where one would call pip on a laptop
    looked = runner.run(look, timeout=timeout, env=QUIET, cwd=cwd, results=[report])
    if looked.exit_code or looked.timed_out:
        return _failed(looked, asked, layout, timeout)
    try:
        lines = wanted_lines(looked.results.get(report, b""))
    except ForeignResult as error:
        return _failed(looked, asked, layout, timeout, f"pip's report is not one of pip's: {error}.")
    if not lines:
        return None
    runner.put(wanted, "".join(f"{line}\n" for line in (*asked.sources, *lines)).encode())
    target = ("--target", str(packages_folder(layout)), "--no-deps", "--requirement", str(wanted))
    installed = runner.run((*pip, *target), timeout=timeout, env=QUIET, cwd=cwd)
    failed = installed.exit_code or installed.timed_out
    return _failed(installed, asked, layout, timeout) if failed else None


def wanted_lines(report: bytes) -> tuple[str, ...]:
    """What pip would install, each as a line of a requirements file; with hashes if pip knows all of them.

    Args:
        report: of `pip install --dry-run --report` (pip documentation, Installation Report).

    Raises:
        ForeignResult: it is not of that form.
    """
    entries = fields(parse_result(report), install=list)["install"]
    found = []
    for entry in entries:
        parts = fields(entry, metadata=dict, download_info=dict, is_direct=bool)
        named, source = fields(parts["metadata"], name=str, version=str), fields(parts["download_info"], url=str)
        vcs = parts["download_info"].get("vcs_info")
        vcs = fields(vcs, vcs=str, commit_id=str) if vcs else None
        url = f"{vcs['vcs']}+{source['url']}@{vcs['commit_id']}" if vcs else source["url"]
        asked = f"{named['name']} @ {url}" if parts["is_direct"] else f"{named['name']}=={named['version']}"
        found.append((asked, _sha256(parts["download_info"].get("archive_info"))))
    hashed = all(sha256 for _, sha256 in found)
    return tuple(f"{asked} --hash=sha256:{sha256}" if hashed else asked for asked, sha256 in found)


def _sha256(archive: object) -> str:
    """The hash of what is downloaded; empty if pip does not tell one. Before pip 23 there is only 'hash'."""
    if not isinstance(archive, Mapping):
        return ""
    hashes, old = archive.get("hashes"), archive.get("hash")
    found = hashes.get("sha256") if isinstance(hashes, Mapping) else old
    return found.removeprefix("sha256=") if isinstance(found, str) and "=" not in found[7:] else ""


def _constraints(installed: Installed) -> bytes:
    return "".join(f"{name}=={package.version}\n" for name, package in sorted(installed.packages.items())).encode()


def _read(path: Path, layout: Layout) -> _Asked:
    """The file and those that it includes from the project; all of it is only for the places of failures."""
    project = layout.project
    files: dict[str, RequirementsFile] = {}
    waiting = [below(path, project.root) or path.name]
    while waiting and len(files) < _MOST_FILES:
        name = waiting.pop(0)
        inside, body = str(layout.checkout / name), _body(project.root / name, project.repository)
        if inside in files or body is None:
            continue
        files[inside] = parse_requirements(decode(body).text)
        includes = (line for line in files[inside].lines if line.kind in (LineKind.INCLUDE, LineKind.CONSTRAINT))
        targets = (line.target for line in includes if line.target and "://" not in line.target)
        waiting += [posixpath.normpath(posixpath.join(posixpath.dirname(name), target)) for target in targets]
    return _Asked(root=layout.checkout / (below(path, project.root) or path.name), files=files)


def _in_full(value: str, file: str) -> str:
    """A path that names a folder beside a file, as pip reads it: relative to that file. Anything else as it is."""
    return posixpath.join(posixpath.dirname(file), value) if value.startswith(("./", "../")) else value


def _body(path: Path, within: Path) -> bytes | None:
    try:
        return path.read_bytes() if path.resolve().is_relative_to(within.resolve()) else None
    except (OSError, ValueError, RuntimeError):
        return None


def _failed(completed: Completed, asked: _Asked, layout: Layout, timeout: float, why: str = "") -> CheckResult:
    evidence = hide(completed.output)
    root = str(asked.root)
    found: list[tuple[str, Location | None]] = []
    if why or completed.timed_out:
        found.append((why or f"The installation was not done after {timeout / 60:.0f} minutes.", layout.location(root)))
    else:
        for problem in parse_pip_output(completed.output):
            place = problem.place_in(asked.files, {}) or (root, None)
            found.append((problem.message, layout.location(*place)))
    verdicts = tuple(
        Verdict(
            subject="packages for the unit tests",
            severity=Severity.FAIL,
            message=hide(message).replace(f"{layout.checkout}/", ""),
            location=location,
            evidence=evidence,
        )
        for message, location in found
    )
    return CheckResult(check=NAME, verdicts=verdicts, log=evidence)
