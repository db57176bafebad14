"""Runs the user's startup script by startup_script.sh, and tells what it did to the environment.

    python startup_script.py --script FILE --limit SECONDS --protected PATTERNS --values FILE --result FILE

Runs inside the runner; standard library only, Python 3.7 and later. The variables that the script changed go to the
values file, {name: value}, and never leave the runner; those that match one of the comma-separated patterns do not
count on MWAA and are left out. The result file has names only:
{"status": exit status of the shell, minus the signal's number for a killed one, "timed_out": bool, "seconds": number,
 "notes": [{"kind", "status", "line", "depth", "file", "options", "word"}, ...] as startup_script.sh wrote them,
 "exported": [name, ...], "protected": [name, ...], "path": whether PATH still leads to /usr/bin,
 "left": number of processes that it left running}
"""

import argparse
import fnmatch
import json
import os
import subprocess
import sys
import time

from mwaa_deploy_descendants import adopt, descendants, kill_descendants

_SHELLS_OWN = {"_", "SHLVL", "PWD", "OLDPWD"}
_MOST_NOTES = 200
_FIELDS = 8  # seven, each ended by a tab
_CANNOT_START = 127
_PATIENCE = 1.0


def run_script(script, notes, variables, limit):
    """The shell's status, whether it was ended at its time limit, and how many processes it left."""
    wrapper = os.path.join(os.path.dirname(os.path.abspath(__file__)), "startup_script.sh")
    argv = ["/bin/bash", wrapper, script, notes, variables]
    try:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
    except OSError as error:
        sys.stderr.write("/bin/bash: %s\n" % error)
        return _CANNOT_START, False, 0
    try:
        return process.wait(limit), False, len(descendants())
    except subprocess.TimeoutExpired:
        pass
    # What the shell waits for goes first: then it notes at which line that failed.
    for pid in descendants():
        if pid != process.pid:
            try:
                os.kill(pid, 9)
            except OSError:
                pass
    until = time.monotonic() + _PATIENCE
    size = _size(notes)
    while time.monotonic() < until and process.poll() is None and _size(notes) == size:
        time.sleep(0.01)
    process.kill()
    return process.wait(), True, 0


def _size(path):
    return os.path.getsize(path) if os.path.exists(path) else 0


def read_notes(path):
    """The records of the notes file; what has another form is left out."""
    found = []
    for record in _read(path).split(b"\0"):
        parts = record.decode("utf-8", "replace").split("\t")
        if len(parts) == _FIELDS and all(part.isdigit() for part in parts[1:4]):
            kind, status, line, depth, file, options, word, _ = parts
            note = {"kind": kind, "status": int(status), "line": int(line), "depth": int(depth)}
            note.update({"file": file, "options": options, "word": word})
            found.append(note)
    # The end must not get lost among failures.
    return found if len(found) <= _MOST_NOTES else found[: _MOST_NOTES - 10] + found[-10:]


def read_variables(path):
    """The environment as `env -0` wrote it; None if it was not written."""
    pairs = [entry.partition(b"=") for entry in _read(path).split(b"\0") if b"=" in entry]
    return {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs} or None


def _read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def changes(before, after, patterns):
    """What a script changed: the variables that reach Airflow, and the names of those that MWAA keeps as they are."""
    changed = {name: value for name, value in after.items() if before.get(name) != value and name not in _SHELLS_OWN}
    kept = sorted(name for name in changed if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns))
    return {name: value for name, value in changed.items() if name not in kept}, kept


def main():
    """Run the script, and write down what came of it."""
    parser = argparse.ArgumentParser()
    for name in ("script", "protected", "values", "result"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--limit", required=True, type=float)
    options = parser.parse_args()
    notes, variables = options.values + ".notes", options.values + ".variables"
    for path in (notes, variables):
        if os.path.exists(path):
            os.unlink(path)
    before = dict(os.environ)
    adopt()
    started = time.monotonic()
    status, timed_out, left = run_script(options.script, notes, variables, options.limit)
    seconds = time.monotonic() - started
    kill_descendants()
    after = read_variables(variables)
    exported, kept = changes(before, after or {}, options.protected.split(","))
    path = (after or before).get("PATH", "").split(os.pathsep)
    result = {
        "status": status,
        "timed_out": timed_out,
        "seconds": seconds,
        "notes": read_notes(notes),
        "exported": sorted(exported),
        "protected": kept,
        "path": any(os.path.realpath(folder) == "/usr/bin" for folder in path if folder),
        "left": left,
    }
    for path in (notes, variables):
        if os.path.exists(path):
            os.unlink(path)
    for name, content in ((options.values, exported), (options.result, result)):
        with open(name, "w", encoding="utf-8") as file:
            json.dump(content, file)


if __name__ == "__main__":
    main()
