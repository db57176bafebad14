"""The machine that figures are taken on, in one line."""

import os
import platform
import re
from pathlib import Path
from typing import Any


def describe(engine: dict[str, Any]) -> str:
    """Processor, cores, memory, kernel, engine, Python and how busy it was before.

    Args:
        engine: what the Docker Engine says of itself (`docker info`).
    """
    found = re.search(r"^model name\s*:\s*(.+)$", _text("/proc/cpuinfo"), re.MULTILINE)
    processor = found[1] if found else platform.machine()
    total = re.search(r"^MemTotal:\s*(\d+) kB", _text("/proc/meminfo"), re.MULTILINE)
    memory = f"{int(total[1]) / 1024**2:.0f} GiB" if total else "unknown memory"
    cores = len(os.sched_getaffinity(0))
    return (
        f"{processor}, {cores} cores, {memory}, Linux {platform.release()}, "
        f"Docker Engine {engine.get('ServerVersion')} ({engine.get('Driver')}), Python {platform.python_version()}, "
        f"load {os.getloadavg()[0]:.1f} before the start"
    )


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError:
        return ""
