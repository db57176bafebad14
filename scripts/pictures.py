"""Make the pictures of docs/pictures.md: what people read in each situation, drawn as GitHub draws it, in Chromium.

`--check` only says whether the page names every situation, and each picture is there and small.
"""

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from mwaa_deploy.report.html_page import report_html
from mwaa_deploy.report.summary import render_summary
from tests.fixtures.situations import SITUATIONS, Situation
from tests.integration.report.devtools import Tab, browser_tab
from tests.unit.report.golden_files import comment_on

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "pictures"
PAGE = ROOT / "docs" / "pictures.md"
MAX_BYTES = 150_000
MAX_HEIGHT = 1_000
WIDTH = 920

BOTH_THEMES = ("first-deploy", "check-dag-import")
AS_HTML = ("check-dag-import", "rolled-back")
AS_COMMENT = ("pull-request", "check-dag-import")
WHAT = {"summary": "The step summary", "comment": "The comment on the pull request", "report": "The HTML report"}

HEAD = """\
# Pictures

What a run looks like to the people who started it. Each picture is drawn from a real report: `make pictures` runs the
program through every situation with stand-ins for AWS and GitHub, and draws what it wrote as GitHub does.
"""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One picture.

    Attributes:
        kind: one of WHAT.
    """

    situation: Situation
    theme: str = "light"
    kind: str = "summary"

    @property
    def name(self) -> str:
        """The file's name."""
        return f"{self.kind}-{self.situation.name}-{self.theme}.png"

    @property
    def line(self) -> str:
        """The line of docs/pictures.md that shows it."""
        dark = ", in the dark theme" if self.theme == "dark" else ""
        return f"![{WHAT[self.kind]}{dark}: {self.situation.title}](pictures/{self.name})"

    def draw(self, tab: Tab, folder: Path) -> None:
        """Make the file."""
        file = Path(folder, "page.html")
        if self.kind == "report":
            file.write_text(report_html(self.situation.journal), encoding="utf-8")
        else:
            page = Path(__file__).with_suffix(".html").read_text(encoding="utf-8")
            file.write_text(page.replace("NODE_MODULES", (ROOT / "node_modules").as_uri()), encoding="utf-8")
        tab.open(file.as_uri(), theme=self.theme, width=WIDTH)
        if self.kind != "report":
            render = render_summary if self.kind == "summary" else comment_on
            markdown = json.dumps(render(self.situation.journal))
            tab.run(f"show({markdown}, {json.dumps(self.theme == 'dark')})")
        # The page and not the window decides how high the picture is.
        tab.look(theme=self.theme, width=WIDTH, height=100)
        tab.picture(FOLDER / self.name, height=MAX_HEIGHT)


def pictures() -> dict[Situation, list[Picture]]:
    """The pictures of each situation."""
    found: dict[Situation, list[Picture]] = {}
    for situation in SITUATIONS:
        themes = ("light", "dark") if situation.name in BOTH_THEMES else ("light",)
        found[situation] = [Picture(situation=situation, theme=theme) for theme in themes]
        for kind, names in (("comment", AS_COMMENT), ("report", AS_HTML)):
            if situation.name in names:
                found[situation].append(Picture(situation=situation, kind=kind))
    return found


def page_text() -> str:
    """The text of docs/pictures.md."""
    parts = [HEAD.strip()]
    for situation, shown in pictures().items():
        parts += [f"## {situation.title}", *(picture.line for picture in shown)]
    return "\n\n".join(parts) + "\n"


def faults() -> list[str]:
    """What is not as it should be."""
    names = {picture.name for shown in pictures().values() for picture in shown}
    there = {file.name: file.stat().st_size for file in FOLDER.glob("*.png")}
    found = [f"{name} is missing" for name in sorted(names - there.keys())]
    found += [f"{name} shows no situation any more" for name in sorted(there.keys() - names)]
    found += [f"{name} has {size} bytes" for name, size in sorted(there.items()) if size > MAX_BYTES]
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page_text():
        found.append("docs/pictures.md is not up to date")
    return found


def main() -> int:
    if "--check" not in sys.argv:
        for file in FOLDER.glob("*.png"):
            file.unlink()
        with browser_tab() as tab, tempfile.TemporaryDirectory() as folder:
            for shown in pictures().values():
                for picture in shown:
                    picture.draw(tab, Path(folder))
        PAGE.write_text(page_text(), encoding="utf-8")
    problems = faults()
    print("\n".join(problems), end="\n" * bool(problems), file=sys.stderr)
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
