"""Writes what is installed in this interpreter's environment as JSON to the file named as the only argument.

Runs inside the runner; standard library only, Python 3.7 and later. The form:
{"python": "3.11.9", "environment": {PEP 508 variable: value}, "packages": [{"name", "version", "requires": [text]}]}
"""

import json
import os
import platform
import sys

try:
    from importlib import metadata
except ImportError:  # Python 3.7; Airflow brings the backport
    import importlib_metadata as metadata


def environment():
    """The variables of PEP 508's markers."""
    found = sys.implementation.version
    version = "%d.%d.%d" % found[:3]
    if found.releaselevel != "final":
        version += found.releaselevel[0] + str(found.serial)
    return {
        "implementation_name": sys.implementation.name,
        "implementation_version": version,
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "platform_python_implementation": platform.python_implementation(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    }


def packages():
    """Each distribution once: the first on sys.path is the one that is imported."""
    seen = set()
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        key = (name or "").lower().replace("_", "-").replace(".", "-")
        if not name or key in seen:
            continue
        seen.add(key)
        yield {"name": name, "version": distribution.version, "requires": list(distribution.requires or [])}


def main():
    """Write the file."""
    found = {"python": platform.python_version(), "environment": environment(), "packages": list(packages())}
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump(found, file)


if __name__ == "__main__":
    main()
