"""plugins.zip, unpacked in the runner as MWAA unpacks it."""

from pathlib import PurePosixPath

from mwaa_deploy.checks.result_files import ForeignResult, fields, parse_result
from mwaa_deploy.checks.verdicts import Location, Severity, Verdict
from mwaa_deploy.ports import Runner

ARCHIVE = "plugins.zip"
"""Its name in the folder of our scripts."""

_TIMEOUT = 120.0


def unpack_plugins(
    runner: Runner, *, own: PurePosixPath, destination: PurePosixPath, location: Location | None
) -> tuple[Verdict, ...]:
    """Unpack the plugins.zip that lies beside our scripts in the runner.

    Args:
        runner: where.
        own: the folder inside the runner with our scripts and the zip.
        destination: the plugins folder inside the runner.
        location: of the plugins in the repository.

    Returns:
        What keeps MWAA from unpacking it, or from finding what is in it; empty when all is well.

    Raises:
        RunnerBroken: the runner died.
    """
    result = own / "plugins.json"
    words = (own / "unpack_plugins.py", own / ARCHIVE, destination, result)
    completed = runner.run([runner.python, *map(str, words)], timeout=_TIMEOUT, results=[result])
    return judge_unpacking(completed.results.get(result), completed.output, location)


def judge_unpacking(document: bytes | None, output: str, location: Location | None) -> tuple[Verdict, ...]:
    """Turn the script's result into verdicts.

    Args:
        document: what it wrote, if it came to that.
        output: what it printed.
        location: of the plugins in the repository.
    """
    try:
        found = fields(parse_result(document or b"null"), problem=str | None, files=int, top=list)
    except ForeignResult:
        found = {"problem": "that did not come to an end", "files": 0, "top": []}
    subject = location.file if location else "plugins.zip"
    if found["problem"]:
        message = f"plugins.zip cannot be unpacked: {found['problem']}."
        return (Verdict(subject=subject, severity=Severity.FAIL, message=message, location=location, evidence=output),)
    if found["top"] == ["plugins"]:
        message = (
            "Everything in plugins.zip lies in a folder 'plugins', so that on MWAA it lands in plugins/plugins/ and "
            "is not found by its name. Make the zip inside of that folder: cd plugins && zip -r ../plugins.zip ."
        )
        return (Verdict(subject=subject, severity=Severity.WARN, message=message, location=location),)
    return ()
