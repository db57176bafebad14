"""A JSON schema that a script writes into the repository, and that a test holds up to date."""

import json
import sys
from pathlib import Path
from typing import Any


def write_or_compare(file: Path, schema: dict[str, Any]) -> int:
    """Write the schema; with `--check` on the command line only compare. The exit status: 1 if the file differs."""
    text = json.dumps(schema, indent=2) + "\n"
    if "--check" in sys.argv[1:]:
        return 0 if file.is_file() and file.read_text(encoding="utf-8") == text else 1
    file.write_text(text, encoding="utf-8")
    return 0
