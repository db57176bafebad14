"""Resolve the hash-locked packages of a runner image: `python images/lock.py 2.10.3 [--bom FILE] [--constraints FILE]`.

Reads versions.toml and writes locks/airflow-<version>.txt. A bill of materials (name==version lines) decides the
versions; a constraint file only those that the bill does not name. Without either, versions in the lock file stay,
and a version with a `resolved_as_of` day gets nothing newer than that day.
`python images/lock.py tools` renews locks/build.txt and locks/uv.txt, which the image itself is built with.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LOCKS = HERE / "locks"
TOOLS = {"build": ("poetry-core", "setuptools", "wheel"), "uv": ("uv",)}

COMPILE = (
    *("uv", "pip", "compile", "--quiet", "--no-config", "--generate-hashes", "--no-annotate", "--no-header"),
    *("--no-emit-index-url", "--no-emit-find-links", "--python-platform", "linux", "--only-binary", ":all:"),
    "--allow-unsafe",
)

SOURCE_ONLY = {"psycopg2"}
"""Needs the PostgreSQL headers to build; psycopg2-binary gives the same module."""

Pins = Mapping[str, str]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(text: str) -> dict[str, str]:
    """Versions by canonical name from the name==version lines of a bill of materials, constraint or lock file."""
    found = re.finditer(r"^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)", text, re.MULTILINE)
    return {canonical(match[1]): match[2] for match in found}


def resolve(asked: Iterable[str], output: Path, *options: str, limits: Pins) -> None:
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder, "requirements.in")
        wanted.write_text("".join(f"{line}\n" for line in asked))
        constraints = Path(folder, "constraints.txt")
        constraints.write_text("".join(f"{name}=={version}\n" for name, version in limits.items()))
        subprocess.run(
            [*COMPILE, *options, "--constraint", str(constraints), str(wanted), "--output-file", str(output)],
            check=True,
        )


def resolve_for_all_patches(asked: Sequence[str], output: Path, python: str, *options: str, limits: Pins) -> None:
    """Resolve for X.Y.0, and mark what only Pythons older than MWAA's own patch need."""
    minor = python.rsplit(".", 1)[0]
    resolve(asked, output, "--python-version", minor, *options, limits=limits)
    with tempfile.TemporaryDirectory() as folder:
        exact = Path(folder, output.name)
        exact.write_bytes(output.read_bytes())
        resolve(asked, exact, "--python-version", python, *options, limits=limits)
        needed = pins(exact.read_text())
    text = output.read_text()
    for name in sorted(set(pins(text)) - set(needed)):
        marked = rf"\1 ; python_full_version < '{python}'"
        text = re.sub(rf"^({re.escape(name)}==\S+)", marked, text, flags=re.MULTILINE)
    output.write_text(f"# Resolved by images/lock.py from versions.toml.\n{text}")


def asked_for(table: Mapping[str, Any], version: str) -> list[str]:
    """Requirement lines of an Airflow version: what every image has unless this one lacks it, then its own."""
    entry = table["airflow"][version]
    common = [line for line in table["everywhere"]["requirements"] if line not in entry.get("without", [])]
    return [f"apache-airflow=={version}", *common, *entry.get("requirements", [])]


def options_for(entry: Mapping[str, Any]) -> list[str]:
    """What uv is told about one version's packages: which have no wheels, and which day is the last."""
    options = [word for name in entry.get("sources", []) for word in ("--no-binary", name)]
    day = entry.get("resolved_as_of")
    if day is None:
        return options
    # Airflow itself was released a few days after its constraints were made.
    later = {"apache-airflow": "false", **entry.get("later", {})}
    dated = [word for name, until in later.items() for word in ("--exclude-newer-package", f"{name}={until}")]
    return [*options, "--exclude-newer", day, *dated]


def lock_airflow(version: str, bom: Pins, constraints: Pins) -> None:
    table = tomllib.loads((HERE / "versions.toml").read_text())
    entry = table["airflow"][version]
    asked, options = asked_for(table, version), options_for(entry)
    limits = {name: pin for name, pin in {**constraints, **bom}.items() if name not in SOURCE_ONLY}
    output = LOCKS / f"airflow-{version}.txt"
    resolve_for_all_patches(asked, output, entry["python"], *options, limits=limits)
    locked = pins(output.read_text())
    for name in sorted(set(bom) - set(locked)):
        print(f"only in the bill of materials: {name}=={bom[name]}")
    for name in sorted(set(locked) - set(bom)) if bom else ():
        print(f"only in the lock file: {name}=={locked[name]}")


def lock_tools() -> None:
    for name, asked in TOOLS.items():
        resolve_for_all_patches(asked, LOCKS / f"{name}.txt", "3.11.0", "--upgrade", limits={})


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("version", help="an Airflow version of versions.toml, or 'tools'")
    parser.add_argument("--bom", type=Path, help="name==version lines that decide the versions")
    parser.add_argument("--constraints", type=Path, help="name==version lines for what the bill does not name")
    options = parser.parse_args(argv)
    LOCKS.mkdir(exist_ok=True)
    if options.version == "tools":
        lock_tools()
        return 0
    bom, constraints = (pins(path.read_text()) if path else {} for path in (options.bom, options.constraints))
    lock_airflow(options.version, bom, constraints)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
