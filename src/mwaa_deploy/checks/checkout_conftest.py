"""Lets the unit tests begin in the project's folder, as on a laptop; it is the conftest.py above that folder.

Runs inside the runner, Python 3.7 and later.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

_HERE = Path(__file__).absolute().parent
os.chdir(_HERE / "project")
if str(_HERE) in sys.path:
    sys.path.remove(str(_HERE))  # pytest put it there to import this file


def pytest_configure(config: "pytest.Config") -> None:
    """Have pytest show paths from there, and not from where the interpreter was started."""
    given = config.invocation_params
    config.invocation_params = type(given)(args=given.args, plugins=given.plugins, dir=Path.cwd())
