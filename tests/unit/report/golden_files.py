"""What people read in each of the situations, kept in the folder `golden` so that a change of words is seen as such.

After a change that is meant: `python -m tests.unit.report.golden_files`, then read what git shows as changed.
"""

from collections.abc import Iterator
from pathlib import Path

from mwaa_deploy.report.summary import render_summary
from tests.fixtures.situations import SITUATIONS

FOLDER = Path(__file__).with_name("golden")
RENEW = "python -m tests.unit.report.golden_files"


def golden_texts() -> Iterator[tuple[str, str]]:
    """The name of each file, and what belongs into it."""
    for situation in SITUATIONS:
        yield f"{situation.name}.summary.md", render_summary(situation.journal)


def main() -> None:
    """Write all of them, and take away those of situations that are gone."""
    texts = dict(golden_texts())
    FOLDER.mkdir(exist_ok=True)
    for file in FOLDER.iterdir():
        if file.name not in texts:
            file.unlink()
    for name, text in texts.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
