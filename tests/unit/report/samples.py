"""Reports for the tests of every form of output."""

from mwaa_deploy.checks.verdicts import CheckReport, CheckResult, Location, Severity, Verdict

HOSTILE = {
    "workflow command": "::set-output name=deployed::true\n##[error]gotcha\n::stop-commands::mine\n",
    "Markdown": "](https://evil.example) | ``` | # | @team | ![x](https://evil.example/x.png) **bold**",
    "HTML": "</details></code><script>alert(1)</script><img src=x onerror=alert(1)>",
    "terminal": "\x1b[2K\x1b[31mred\x1b]0;title\x07\x9b2J\rover\x08\x7f\x85\x90q\x9c",
    "direction": "\u202eyp.gad\u202c \u2066x\u2069 \u200f",
    "NUL": "a\0b",
    "surrogates": "caf\udce9.py \ud800 \udfff",
    "not XML": "\x01\x0b\x1f\ufffe\uffff ]]> &lt; <!-- --> ",
    "long": "x" * 10_000,
    "long and wide": "😀" * 10_000,
    "braces": "{{ ds }} {0} [here](1)",
    "nothing": "",
}


def verdict(severity=Severity.FAIL, *, subject="dags/a.py", message="Wrong.", file=None, line=None, **more):
    location = Location(file=file, line=line) if file else None
    return Verdict(subject=subject, severity=severity, message=message, location=location, **more)


def report(*verdicts, check="dag-import", **more):
    result = CheckResult(check=check, verdicts=verdicts, seconds=1.5, **more)
    return CheckReport(runner="a fake runner", differences=(), results=(result,))


def hostile_report():
    """Every kind of hostile text in every field that the user's code can reach, as failure and as warning."""
    verdicts = [
        Verdict(
            subject=text,
            severity=severity,
            message=text,
            location=Location(file=text or "dags/a.py", line=line),
            evidence=text,
            rule=rule,
        )
        for text in HOSTILE.values()
        for severity, line, rule in ((Severity.FAIL, 7, text), (Severity.WARN, None, ""), (Severity.PASS, 1, text))
    ]
    results = (
        CheckResult(check="dag-rules", verdicts=tuple(verdicts), seconds=0.25, log="".join(HOSTILE.values()), why="W."),
        CheckResult(check="unit-tests", skipped="".join(HOSTILE.values())),
    )
    return CheckReport(runner="".join(HOSTILE.values()), differences=tuple(HOSTILE.values()), results=results)


def mixed_report():
    """Two failures of which one has no place, a warning on the line of the other failure, passes, a check not run."""
    results = (
        CheckResult(check="startup-script", skipped="None of the 3 files changed concerns it."),
        CheckResult(
            check="requirements",
            verdicts=(
                verdict(Severity.PASS, subject="pandas==2.1.4"),
                verdict(subject="requirements.txt", message="pip took more than 9 minutes.", evidence="pip says\nno"),
            ),
            seconds=4.25,
            why="requirements.txt changed.",
        ),
        CheckResult(
            check="dag-rules",
            verdicts=(
                verdict(Severity.WARN, message="No owner.", file="dags/a b.py", line=3, rule="owner"),
                verdict(message="No tags.", file="dags/a b.py", line=3, rule="tags"),
            ),
            seconds=0.5,
            log="the tools' output\n",
        ),
    )
    return CheckReport(runner="a fake runner", differences=("It is not MWAA.",), results=results)
