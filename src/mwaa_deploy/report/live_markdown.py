"""The step summary's part about the live Airflow."""

from mwaa_deploy.live_report import LiveReport
from mwaa_deploy.report.markdown import block, code, count, details, escape, table

_SHOWN = 20


def live_section(report: LiveReport) -> str:
    """What asking the live environment came to, on a few lines."""
    parts = ["### Live Airflow", live_headline(report)]
    if report.failures:
        parts.append(block("\n".join(report.failures)))
    if report.broken:
        tracebacks = "\n\n".join(f"{file}\n{message}" for file, message in report.broken.items())
        parts.append(
            details(f"{count(len(report.broken), 'file')} cannot be imported", block(tracebacks, limit=20_000))
        )
    if report.missing:
        rows = [(code(dag), code(file, limit=200)) for dag, file in list(report.missing.items())[:_SHOWN]]
        parts.append(table(("not listed", "of file"), rows))
    if report.smoke:
        runs = [(code(run.dag), escape(run.state), code(run.run)) for run in report.smoke]
        parts.append(table(("smoke run of", "ended", "run"), runs))
    parts += [f"> ⚠️ {escape(note, limit=1000)}" for note in report.notes[:_SHOWN]]
    return "\n\n".join(parts)


def live_headline(report: LiveReport) -> str:
    """How it was found, in a sentence or two."""
    logs = f" The logs of {count(report.containers, 'container')} were read." if report.containers else ""
    if not report.reached:
        return f"❔ It was not asked.{logs}"
    mark = "✅" if report.verified else "❌" if report.missing or report.broken else "❔"
    dags = f"{report.listed} of the project's {count(report.expected, 'DAG')}"
    broken = f", but cannot import {count(len(report.broken), 'file')}" if report.broken else ""
    return f"{mark} It lists {dags}{broken}.{logs}"
