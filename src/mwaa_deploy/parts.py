"""The parts of a project, in the words used everywhere."""

from enum import StrEnum


class Part(StrEnum):
    """One of the five things a project ships."""

    DAGS = "dags"
    PLUGINS = "plugins"
    REQUIREMENTS = "requirements"
    STARTUP_SCRIPT = "startup-script"
    TEMPLATE = "template"


VERSIONED_PARTS = (Part.PLUGINS, Part.REQUIREMENTS, Part.STARTUP_SCRIPT)
"""The parts that MWAA reads by S3 object version: a new one reaches the environment only by an environment update."""
