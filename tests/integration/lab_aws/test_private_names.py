"""The names inside ministack that the lab relies on."""

import json
import subprocess
import sys
from pathlib import Path

from lab.aws import private_names


def test_the_installed_ministack_has_every_name_the_lab_holds_to() -> None:
    """In a process of its own: ministack sets up logging and reads its environment when it is imported."""
    code = "import json; from lab.aws.private_names import missing_names; print(json.dumps(missing_names()))"
    root = Path(private_names.__file__).parents[2]
    asked = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)

    assert json.loads(asked.stdout) == []
