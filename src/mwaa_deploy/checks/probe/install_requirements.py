"""Runs pip, and writes what came of it as JSON to files.

Runs inside the runner; standard library only, Python 3.7 and later. Argument: a file with the job as JSON:
{"argv": the command, "instead": the command to use if there is such a program, "variables": [name of a variable whose
value must not be shown], "after": the file for what is installed then, "result": the file for the rest}.
What is installed is listed when pip ends well. The rest has this form:
{"exit_code": of pip, "seconds": of pip, "added": bytes,
 "untouched": whether an interpreter that is running already has missed nothing}
Prints what pip prints, and ends with its exit code.
"""

import csv
import json
import os
import shutil
import site
import subprocess
import sys
import threading
import time
from urllib.parse import quote

import installed_packages

SHORTEST_SECRET = 4
"""Shorter values are words of everyday, and to replace them would only garble the text."""


def folders():
    """Where modules are imported from, and where pip installs for a user who is not root."""
    found = [folder or "." for folder in sys.path]
    if site.ENABLE_USER_SITE and site.getusersitepackages() not in found:
        found.append(site.getusersitepackages())
    return found


def runs_at_start(places):
    """What an interpreter runs when it starts, each with its time of change and size."""
    found = {}
    for folder in places:
        for name in installed_packages.listed(folder):
            if name.endswith(".pth") or name.split(".")[0] in ("sitecustomize", "usercustomize"):
                try:
                    state = os.stat(os.path.join(folder, name))
                except OSError:
                    continue
                found[os.path.join(folder, name)] = (state.st_mtime_ns, state.st_size)
    return found


def module(name):
    """The module that a file or folder holds, going by its name."""
    return name.split(".")[0]


def run(argv, hidden):
    """The exit code of a command whose output appears with some texts replaced."""
    if not hidden:
        return subprocess.call(argv)
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def relay():
        for line in process.stdout:
            shown = line
            for secret, name in hidden:
                shown = shown.replace(secret, name)
            sys.stdout.buffer.write(shown)
            sys.stdout.buffer.flush()

    reader = threading.Thread(target=relay, daemon=True)
    reader.start()
    code = process.wait()
    reader.join(2)  # something that pip left behind may hold the other end for ever
    return code


def hidden_values(names):
    """The bytes to replace, the longest first, each with what to show."""
    found = []
    for name in names:
        value = os.environ.get(name, "")
        if len(value) >= SHORTEST_SECRET:
            shown = ("${%s}" % name).encode()
            found += [(os.fsencode(value), shown), (quote(value, safe="").encode(), shown)]
    return sorted(set(found), key=lambda pair: -len(pair[0]))


def files_of(place):
    """The files that a wheel brought along, relative to where it was installed."""
    try:
        with open(os.path.join(place, "RECORD"), encoding="utf-8", errors="replace", newline="") as file:
            return [row[0] for row in csv.reader(file) if row]
    except (OSError, csv.Error):
        return []


def brought(files):
    """The modules among a wheel's files."""
    tops = {name.split("/")[0] for name in files}
    return {module(top) for top in tops if top not in ("..", "__pycache__") and not top.endswith("-info")}


def is_airflows(place):
    """Whether a package announces something to Airflow, which looks for that once."""
    return "airflow" in (installed_packages.text_of(os.path.join(place, "entry_points.txt")) or "")


def changed(place):
    """When something was last put into a folder, in nanoseconds; None if it is gone."""
    try:
        return os.stat(place).st_mtime_ns
    except OSError:
        return None


def size(folder, names):
    """Bytes of files altogether."""
    total = 0
    for name in names:
        try:
            total += os.lstat(os.path.join(folder, name)).st_size
        except OSError:
            pass
    return total


def main():
    """Run the job."""
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    argv = job["instead"] if job["instead"] and shutil.which(job["instead"][0]) else job["argv"]
    places = folders()
    before = {package["place"]: changed(package["place"]) for package in installed_packages.packages()}
    modules = {module(name) for folder in places for name in installed_packages.listed(folder)}
    modules.add("airflow_local_settings")  # which Airflow imports when it begins, if it is there
    starting = runs_at_start(places)
    started = time.monotonic()
    code = run(argv, hidden_values(job["variables"]))
    result = {"exit_code": code, "seconds": time.monotonic() - started, "added": 0, "untouched": False}
    if code == 0:
        lister = os.path.join(os.path.dirname(os.path.abspath(__file__)), "installed_packages.py")
        code = subprocess.call([sys.executable, lister, job["after"], "--"])
    if code == 0:
        with open(job["after"], encoding="utf-8") as file:
            there = [package["place"] for package in json.load(file)["packages"]]
        result["untouched"] = starting == runs_at_start(places)
        for place in (place for place in there if before.get(place, 0) != changed(place)):
            files = files_of(place)
            result["added"] += size(os.path.dirname(place), files)
            if not files or is_airflows(place) or brought(files) & modules:
                result["untouched"] = False
    with open(job["result"], "w", encoding="utf-8") as file:
        json.dump(result, file)
    sys.exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
