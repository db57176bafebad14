"""How much of the DAGs and plugins the unit tests run: coverage.py's JSON report as one verdict."""

from dataclasses import dataclass

from mwaa_deploy.checks.layout import Layout
from mwaa_deploy.checks.result_files import ForeignResult, fields, parse_result
from mwaa_deploy.checks.verdicts import Severity, Verdict

RULE = "coverage"


@dataclass(frozen=True, kw_only=True)
class FileCoverage:
    """One file.

    Attributes:
        path: inside the runner.
        statements: number of them.
        covered: how many of them ran.
    """

    path: str
    statements: int
    covered: int


def parse_coverage(document: bytes) -> tuple[FileCoverage, ...]:
    """Read a JSON report of coverage.py, sorted by path.

    Raises:
        ForeignResult: coverage.py would not have written that.
    """
    files = fields(parse_result(document), files=dict)["files"]
    found = []
    for path, entry in files.items():
        counts = fields(fields(entry, summary=dict)["summary"], num_statements=int, covered_lines=int)
        if not 0 <= counts["covered_lines"] <= counts["num_statements"]:
            message = f"more lines ran than there are: {counts!r:.100}"
            raise ForeignResult(message)
        found.append(FileCoverage(path=path, statements=counts["num_statements"], covered=counts["covered_lines"]))
    return tuple(sorted(found, key=lambda file: file.path))


def judge_coverage(document: bytes | None, layout: Layout, *, minimum: float | None) -> Verdict:
    """Turn the report into a verdict, its evidence a line for each file.

    Args:
        document: coverage.py's JSON report, if there is one.
        layout: where the project lies in the runner.
        minimum: per cent below which it is a failure; None for no minimum.
    """
    try:
        files = parse_coverage(document or b"null")
    except ForeignResult as error:
        why = f"coverage.json is not one of coverage.py's: {error}" if document else "there is no report"
        return _verdict(Severity.WARN if minimum is None else Severity.FAIL, f"The coverage is not known: {why}.")
    statements, covered = sum(file.statements for file in files), sum(file.covered for file in files)
    if not statements:
        return _verdict(Severity.WARN, "There is no statement in dags/ and plugins/ that could be covered.")
    total = _per_cent(covered, statements)
    lines = [f"{_per_cent(file.covered, file.statements):5.1f} %  {_shown(file.path, layout)}" for file in files]
    told = f"The unit tests run {total:.1f} % of the statements in dags/ and plugins/"
    if minimum is not None and total < minimum:
        return _verdict(Severity.FAIL, f"{told}; at least {minimum:g} % are asked for.", "\n".join(lines))
    return _verdict(Severity.PASS, f"{told}.", "\n".join(lines))


def _per_cent(covered: int, statements: int) -> float:
    return 100.0 * covered / statements if statements else 100.0


def _shown(path: str, layout: Layout) -> str:
    location = layout.location(path)
    return location.file if location else path


def _verdict(severity: Severity, message: str, evidence: str = "") -> Verdict:
    return Verdict(subject="coverage", severity=severity, message=message, evidence=evidence, rule=RULE)
