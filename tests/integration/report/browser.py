"""Draws Mermaid as GitHub does: with Mermaid's own code in a Chromium without a window."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
PICTURES = ROOT / ".lab" / "pictures"
"""Where a picture of each page is kept for people to look at."""

_MERMAID = ROOT / "node_modules" / "mermaid" / "dist" / "mermaid.min.js"
_PAGE = Path(__file__).with_name("page.html")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
"""Commands, the first of which that is there is started."""

_TIMEOUT = 120
_TIME_ZONE = "Asia/Kolkata"  # far from UTC, and not by whole hours: times from zero are the same everywhere
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--no-first-run",
)
"""What every page needs, however the browser is driven."""

_FLAGS = (*FLAGS, "--virtual-time-budget=60000")


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """What came of one diagram.

    Attributes:
        error: Mermaid's; '' if it was drawn.
        elements: names of SVG's elements, each once.
        texts: as people see them.
        bars: of a Gantt chart, with x, y, width and class.
        handlers: elements with an attribute that could run a script or lead elsewhere.
        width: in pixels of the page; the same for height.
    """

    name: str
    error: str
    elements: list[str]
    texts: list[str]
    bars: list[dict[str, Any]]
    handlers: int
    width: float
    height: float


def mermaid_blocks(markdown: str) -> list[str]:
    """The diagrams in a text, as GitHub finds them."""
    return re.findall(r"^```mermaid\n(.*?)^```$", markdown, re.MULTILINE | re.DOTALL)


def draw(diagrams: Mapping[str, str], *, theme: str, picture: str) -> dict[str, Drawn]:
    """Draw all in one start of the browser.

    Args:
        diagrams: Mermaid's text by name.
        theme: 'light' or 'dark'.
        picture: name of the file with the whole page.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip("Chromium is not installed; on Debian: apt-get install chromium")
    if not _MERMAID.exists():
        pytest.skip("Mermaid is not installed; run: npm ci")
    PICTURES.mkdir(parents=True, exist_ok=True)
    data = json.dumps(list(diagrams.items())).replace("<", "\\u003c")
    page = _PAGE.read_text(encoding="utf-8")
    for mark, value in (("THEME", theme), ("MERMAID", _MERMAID.as_uri()), ("DIAGRAMS", data)):
        page = page.replace(f'"{mark}"', f'"{value}"').replace(f">{mark}<", f">{value}<")
    with TemporaryDirectory(prefix="mwaa-deploy-browser-") as folder:
        file = Path(folder, "page.html")
        file.write_text(page, encoding="utf-8")
        completed = subprocess.run(
            (
                browser,
                *_FLAGS,
                f"--user-data-dir={folder}/profile",
                f"--window-size=1000,{400 * len(diagrams) + 400}",
                f"--screenshot={PICTURES / picture}.png",
                "--dump-dom",
                file.as_uri(),
            ),
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
            env={**os.environ, "HOME": folder, "TZ": _TIME_ZONE},
        )
    found = re.search(r'<script type="application/json" id="results">(.*?)</script>', completed.stdout, re.DOTALL)
    assert found, f"chromium ended with {completed.returncode}: {completed.stderr[-2000:]}"
    return {one["name"]: Drawn(**one) for one in json.loads(found[1])}
