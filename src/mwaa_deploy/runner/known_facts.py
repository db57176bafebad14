"""What was found in images that were looked into before: an id is the digest of its content, so it holds for good."""

import dataclasses
import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path

from mwaa_deploy.runner.container_look import TEST_TOOLS
from mwaa_deploy.runner.facts import Facts, parse_facts, probe_command


class KnownFacts:
    """Keeps facts by image id.

    Args:
        folder: under the user's cache folder; made when something is kept. A cache that cannot be written is none.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, image_id: str) -> Facts | None:
        """The facts about an image, if it was looked into before by the same probe."""
        try:
            return parse_facts(self._path(image_id).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def keep(self, image_id: str, facts: Facts) -> None:
        """Remember them."""
        path = self._path(image_id)
        part = path.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(dataclasses.asdict(facts)), encoding="utf-8")
            part.replace(path)

    def _path(self, image_id: str) -> Path:
        # Another probe, or one that looks for other tools, may find something else.
        form = hashlib.sha256("\0".join(probe_command("", TEST_TOOLS)).encode()).hexdigest()
        return self._folder / f"{image_id.rpartition(':')[2]}-{form[:16]}.json"
