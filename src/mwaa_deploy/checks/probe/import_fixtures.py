# ruff: noqa: B905 -- Python 3.7 has no zip(strict=...)
"""Imports fixture files with Airflow's own commands, all in this one process.

    python import_fixtures.py RESULT [KIND FILE]...

Runs inside the runner; standard library and Airflow only, Airflow 2.4 and later. KIND is variables, connections or
pools. Nothing that Airflow prints gets out, because it may quote what the files hold. RESULT says what came of each:
[{"kind": str, "imported": number of entries, "failed": number of them that Airflow refused,
  "error": name of the exception that ended it, or null}, ...]
"""

import argparse
import contextlib
import importlib
import io
import json
import logging
import os
import sys

_COMMANDS = {
    "variables": ("variable_command", "variables_import"),
    "connections": ("connection_command", "connections_import"),
    "pools": ("pool_command", "pool_import"),
}
_DONE = ("Imported connection ",)
_REFUSED = ("Variable import failed", "Could not import connection")


def import_file(kind, path):
    """Run one of Airflow's commands, and count what it says."""
    module, name = _COMMANDS[kind]
    said = io.StringIO()
    error = None
    options = argparse.Namespace(
        subcommand="import", file=path, action_on_existing_key="overwrite", overwrite=True, verbose=False
    )
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            command = getattr(importlib.import_module("airflow.cli.commands." + module), name)
            command(options)
        except SystemExit as left:
            error = "SystemExit" if left.code else None
        except Exception as problem:
            error = type(problem).__name__
    lines = said.getvalue().splitlines()
    failed = sum(line.startswith(_REFUSED) for line in lines)
    return {"kind": kind, "imported": _imported(kind, lines), "failed": failed, "error": error}


def _imported(kind, lines):
    if kind == "connections":
        return sum(line.startswith(_DONE) for line in lines)
    # Airflow says '2 of 3 variables successfully updated.', or 'Uploaded 2 pool(s)'.
    for line in lines:
        words = line.split()
        if "successfully updated" in line and words[0].isdigit():
            return int(words[0])
        if line.startswith("Uploaded ") and words[1].isdigit():
            return int(words[1])
    return 0


def main():
    """Import each file, and take it away."""
    result, pairs = sys.argv[1], list(zip(sys.argv[2::2], sys.argv[3::2]))
    logging.disable(logging.CRITICAL)
    # Below Python's own streams too: libraries may hold on to these, and handlers of the user's may print.
    quiet = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(quiet, stream)
    found = [import_file(kind, path) for kind, path in pairs]
    for _, path in pairs:
        os.unlink(path)
    with open(result, "w", encoding="utf-8") as file:
        json.dump(found, file)


if __name__ == "__main__":
    main()
