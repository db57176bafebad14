"""How far a pull or a push has come, from what the engine says on the way: a line now and then, and one at the end."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

EVERY = 5.0
"""Seconds between two lines."""

_MEGABYTE = 1_000_000
_DONE = frozenset({"Pull complete", "Already exists", "Pushed", "Layer already exists"})
_NEEDLESS = frozenset({"Already exists", "Layer already exists"})
_MOVING = frozenset({"Downloading", "Pushing"})
_MOVED = frozenset({"Download complete", "Pull complete", "Pushed"})
_LAYER = frozenset({"Pulling fs layer", "Waiting", "Verifying Checksum", "Extracting", "Preparing", *_DONE})
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass
class _Layer:
    current: int = 0
    total: int = 0
    done: bool = False
    needless: bool = False


class TransferProgress:
    """Takes events and tells in numbers alone: no word of a registry gets through.

    Args:
        doing: 'Pulling' or 'Pushing'.
        tell: hears each line.
        clock: seconds that only grow.

    Attributes:
        digest: of the manifest, as the engine gives it at the end; empty until then.
    """

    def __init__(self, doing: str, tell: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._doing = doing
        self._tell = tell
        self._clock = clock
        self._layers: dict[str, _Layer] = {}
        self._began = self._told = clock()
        self._last = ""
        self.digest = ""

    def take(self, event: Mapping[str, Any]) -> None:
        """One event of the engine's stream."""
        status = str(event.get("status") or "")
        if found := _DIGEST.search(str((event.get("aux") or {}).get("Digest") or status)):
            self.digest = found[0]
        if event.get("id") and (status in _LAYER | _MOVING | _MOVED or status.startswith("Mounted from")):
            self._take_layer(str(event["id"]), status, event.get("progressDetail") or {})
        if self._clock() - self._told >= EVERY:
            self._told = self._clock()
            line = f"{self._doing}: {self._counts()}"
            if self._layers and line != self._last:
                self._tell(line)
                self._last = line

    def finish(self, done: str) -> None:
        """The last line, such as 'Pulled 7 layers, 310.2 MB, in 12.3 s'."""
        moved = sum(layer.current for layer in self._layers.values())
        needless = sum(layer.needless for layer in self._layers.values())
        there = f" ({needless} there already)" if needless else ""
        count = len(self._layers)
        if needless == count:
            self._tell(f"{done}: every layer was there already, in {self._clock() - self._began:.1f} s.")
            return
        layers = f"{count} layer{'' if count == 1 else 's'}{there}"
        self._tell(f"{done} {layers}, {_megabytes(moved)} MB, in {self._clock() - self._began:.1f} s.")

    def _take_layer(self, name: str, status: str, detail: Mapping[str, Any]) -> None:
        layer = self._layers.setdefault(name, _Layer())
        if status in _MOVING:
            layer.current = max(layer.current, _number(detail.get("current")))
            layer.total = max(layer.total, _number(detail.get("total")))
        if status in _MOVED:
            layer.current = max(layer.current, layer.total)
        if status in _DONE or status.startswith("Mounted from"):
            layer.done = True
            layer.needless = status in _NEEDLESS or status.startswith("Mounted from")

    def _counts(self) -> str:
        layers = self._layers.values()
        done, current = sum(layer.done for layer in layers), sum(layer.current for layer in layers)
        # Layers that wait their turn have no size yet.
        total = sum(max(layer.total, layer.current) for layer in layers)
        return f"{done} of {len(layers)} layers, {_megabytes(current)} of {_megabytes(total)} MB"


def _number(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _megabytes(size: int) -> str:
    return f"{size / _MEGABYTE:.1f}"
