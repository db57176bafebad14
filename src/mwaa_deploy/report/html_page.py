"""The report as one HTML file that needs nothing besides: no script, no address, a policy that forbids both.

Jinja2 is imported here, and this module only where the file is written.
"""

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mwaa_deploy import __version__
from mwaa_deploy.journal import Journal
from mwaa_deploy.report.html_view import page_of
from mwaa_deploy.report.plain_text import scalars

_FOLDER = Path(__file__).parent

MAX_BYTES = 5_000_000
"""No report is larger: each list has its room, and what goes beyond is counted."""


def report_html(journal: Journal) -> str:
    """The whole page, the same for the same journal."""
    style = (_FOLDER / "report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    page = environment.get_template("report.html.jinja").render(
        page=page_of(journal),
        style=Markup(style),  # noqa: S704 -- our own file
        style_hash=Markup(f"sha256-{digest}"),  # noqa: S704 -- Base64; nothing in it is markup
        version=__version__,
    )
    return scalars(page)
