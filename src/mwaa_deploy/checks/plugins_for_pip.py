"""Whether pip may need the plugins in their place: wheels and constraints can lie among them."""

import re
from pathlib import PurePosixPath

from mwaa_deploy.checks.layout import Layout

_LEADS_THERE = re.compile(rb"plugins|file:")
_OPTION = re.compile(rb"^[ \t]*(-.*)$", re.MULTILINE)
_CONSTRAINTS = re.compile(rb"(?:-c|--constraint)[ \t=]*[\"']?([^\"'\s]+)[\"']?\s*")


def may_read_plugins(layout: Layout) -> bool:
    """Whether the requirements, or the constraints in the DAG folder that they name, may have pip read the plugins.

    Any other option than constraints counts: it may name a folder of wheels, or more requirements.
    """
    requirements = layout.project.requirements
    if requirements is None:
        return False
    body = requirements.read_bytes()
    if _LEADS_THERE.search(body):
        return True
    return any(_may_lead_there(option, layout) for option in _OPTION.findall(body))


def _may_lead_there(option: bytes, layout: Layout) -> bool:
    named = _CONSTRAINTS.fullmatch(option)
    if named is None:
        return True
    place = named[1].decode("utf-8", "replace")
    if place.startswith(("http://", "https://")):
        return False
    path = PurePosixPath(place)
    if not path.is_relative_to(layout.dags) or ".." in path.parts:
        return True
    file = layout.project.dags / path.relative_to(layout.dags)
    return not file.is_file() or _LEADS_THERE.search(file.read_bytes()) is not None
