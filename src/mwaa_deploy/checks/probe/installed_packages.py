"""Writes what is installed in this interpreter's environment as JSON to a file.

Runs inside the runner; standard library only, Python 3.7 and later. Arguments: the file; paths of text files to read;
'--'; paths to look at. The form:
{"python": "3.11.9", "environment": {PEP 508 variable: value},
 "packages": [{"name", "version", "requires": [text], "place": path of its metadata}],
 "texts": {path: text}, "there": [path], "pip": [name of an environment variable that pip heeds]}
A text file that is missing is left out, and so is a path where nothing is.
"""

import json
import os
import pathlib
import platform
import sys

HEADERS = 1 << 16
"""Bytes at the beginning of a METADATA file that are read first; what describes it at length comes after them."""


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
    """Each distribution once: the first on sys.path is the one that is imported.

    Reads only the headers that matter; importlib.metadata parses each file whole and takes several times as long.
    """
    seen = set()
    for folder in sys.path:
        for name in listed(folder or "."):
            if not name.endswith((".dist-info", ".egg-info", "EGG-INFO")):
                continue
            place = os.path.join(folder or ".", name)
            found = of_wheel(place) if name.endswith(".dist-info") else of_egg(place)
            if not found or not found["name"] or not found["version"]:
                continue
            key = found["name"].lower().replace("_", "-").replace(".", "-")
            if key not in seen:
                seen.add(key)
                yield dict(found, place=place)


def listed(folder):
    """The names in a folder; none if it is none."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


def of_wheel(place):
    """A distribution from its .dist-info folder; None if there is no METADATA in it."""
    try:
        with open(os.path.join(place, "METADATA"), "rb") as file:
            head = file.read(HEADERS)
            if b"\n\n" not in head and b"\n\r\n" not in head:
                head += file.read()
    except OSError:
        return None
    name, version, requires, last = "", "", [], None
    for line in head.decode("utf-8", "replace").splitlines():
        if not line:
            break
        if line[0] in " \t":
            if last is not None:
                requires[-1] += " " + line.strip()
            continue
        last = None
        field, _, value = line.partition(":")
        field = field.lower()
        if field == "requires-dist":
            requires.append(value.strip())
            last = field
        elif field == "name":
            name = name or value.strip()
        elif field == "version":
            version = version or value.strip()
    return {"name": name, "version": version, "requires": requires}


def of_egg(place):
    """A distribution of the old kind, which states its requirements in a form of its own; None if it is none."""
    try:
        from importlib import metadata  # noqa: PLC0415 -- rarely needed, and it takes as long as all the rest
    except ImportError:  # Python 3.7; Airflow brings the backport
        import importlib_metadata as metadata  # noqa: PLC0415
    try:
        found = metadata.PathDistribution(pathlib.Path(place))
        return {"name": found.metadata["Name"], "version": found.version, "requires": list(found.requires or [])}
    except Exception:
        return None


def text_of(path):
    """A text file; None if it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return None


def own_settings():
    """Where pip's settings for this user and this interpreter are, as the startup script may have made them."""
    home = os.path.expanduser("~")
    config = os.environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    folders = (os.path.join(config, "pip"), os.path.join(home, ".pip"), sys.prefix)
    return [os.path.join(folder, "pip.conf") for folder in folders]


def main():
    """Write the file."""
    result, rest = sys.argv[1], sys.argv[2:]
    texts, paths = rest[: rest.index("--")], rest[rest.index("--") + 1 :]
    found = {"python": platform.python_version(), "environment": environment(), "packages": list(packages())}
    found["texts"] = {path: text for path, text in ((path, text_of(path)) for path in texts) if text is not None}
    found["there"] = [path for path in paths if os.path.exists(path)]
    found["pip"] = sorted(name for name in os.environ if name.startswith("PIP_"))
    if any(os.path.exists(path) for path in own_settings()):
        found["pip"].append("PIP_CONFIG_FILE")
    with open(result, "w", encoding="utf-8") as file:
        json.dump(found, file)


if __name__ == "__main__":
    main()
