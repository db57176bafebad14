"""The step summary's part about the DAG files that take longest to parse: a chart, and the same in a table."""

from collections.abc import Iterable, Sequence

from mwaa_deploy.checks.dag_facts import DagFile
from mwaa_deploy.report.markdown import code, details, seconds, table
from mwaa_deploy.report.mermaid import diagram, label

MOST = 10
WORTH_SHOWING = 0.1
"""Seconds. Where no file takes longer, there is nothing to see."""

_ENOUGH_TO_COMPARE = 2
_LABEL_COLUMNS = 32
_WIDTH, _HEIGHT, _HEIGHT_OF_BAR = 900, 80, 32
_COLOUR = "#2f81f7"
"""Seen on white and on GitHub's dark page; Mermaid's own is next to white."""

_A_DAY = 24 * 3600
"""A time comes from the process that ran the user's code: what cannot be one is left out. NaN is in no range."""


def slow_files_section(files: Iterable[DagFile]) -> str:
    """The slowest files, or '' where none is slow or there is nothing to compare it with."""
    slowest, title = slowest_files(files)
    if not slowest:
        return ""
    rows = [(str(number), code(file.name, limit=200), exactly(file.seconds)) for number, file in enumerate(slowest, 1)]
    folded = details(title, table(("", "file", "time"), rows))
    return f"### Slowest DAG files\n\n{chart(slowest)}\n\n{folded}"


def slowest_files(files: Iterable[DagFile]) -> tuple[list[DagFile], str]:
    """The slowest files and what they are called together; none where it is not worth showing."""
    timed = [file for file in files if 0 <= file.seconds <= _A_DAY]
    slowest = sorted(timed, key=lambda file: (-file.seconds, file.name))[:MOST]
    if len(slowest) < _ENOUGH_TO_COMPARE or slowest[0].seconds <= WORTH_SHOWING:
        return [], ""
    of = f"The {len(slowest)} slowest of {len(timed)} files" if len(timed) > len(slowest) else f"{len(timed)} files"
    return slowest, f"{of}, by time to parse"


def chart(slowest: Sequence[DagFile]) -> str:
    """Bars as Mermaid. A number before each name keeps apart those that are alike once they are cut."""
    names = [
        f'"{number}: {label(file.name, columns=_LABEL_COLUMNS, keep_end=True)}"'
        for number, file in enumerate(slowest, 1)
    ]
    top = max(file.seconds for file in slowest) * 1.05
    return diagram(
        (
            "---",
            "config:",
            "  xyChart:",
            f"    width: {_WIDTH}",
            f"    height: {_HEIGHT + _HEIGHT_OF_BAR * len(slowest)}",
            "  themeVariables:",
            "    xyChart:",
            f'      plotColorPalette: "{_COLOUR}"',
            "---",
            "xychart-beta horizontal",
            "  accTitle: Slowest DAG files",
            "  accDescr: Seconds that Airflow takes to parse each file. The table below has the same numbers.",
            f"  x-axis [{', '.join(names)}]",
            f'  y-axis "seconds to parse" 0 --> {top:.3f}',
            f"  bar [{', '.join(f'{file.seconds:.3f}' for file in slowest)}]",
        )
    )


def exactly(value: float) -> str:
    """A duration of which hundredths count where it is short."""
    return f"{value:.2f} s" if value < 1 else seconds(value)
