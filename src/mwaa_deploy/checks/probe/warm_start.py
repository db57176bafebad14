# ruff: noqa: SLF001 -- the interpreter has no other words for its end
"""An interpreter that has imported Airflow before the project is there; the DAG probe and the unit tests start from it.

    python warm_start.py --dags DIR --plugins DIR --timeout SECONDS --results DIR --order FILE --wait-for FILE
                         --abort FILE

Runs inside the runner; standard library and Airflow only, Python 3.7 and later. Airflow is imported at once, which is
most of what either of the two takes for a small project. Nothing of the user's is touched before --wait-for appears.
Then --order says what to do:
{"probe": [ARGUMENT of dag_probe.py, ...] or null,
 "tests": {"arguments": [ARGUMENT of pytest_launcher.py, ...], "env": {NAME: VALUE}, "fresh": bool} or null,
 "watch": {"folders": [DIR, ...], "database": FILE or null} or null}
Each then runs in a process forked from here, so that neither sees what the other does. `fresh` tests get an interpreter
of their own, which has imported nothing: where a project's tests may change Airflow's settings before they import it.

What the probe prints goes to our output; what the tests print goes to tests.log, 1 MiB of it: half from the beginning,
half from the end. warm_start.json says how both ended, after how many seconds, and whether what was to be watched is as
it was: {"probe": STATUS or null, "probe_seconds": float or null, "tests": STATUS or null, "tests_seconds": float or
null, "untouched": bool or null}. When --abort appears, everything ends with status 4; Airflow that cannot be imported
ends with status 6.
"""

import argparse
import atexit
import collections
import functools
import gc
import json
import os
import select
import sys
import threading
import time

import mwaa_deploy_airflow as adapter
from mwaa_deploy_descendants import adopt, die_with_parent, exit_code, kill_descendants
from mwaa_deploy_imports import follow_path_files, path_files
from mwaa_deploy_shared import shared_state

ABORTED, CANNOT_IMPORT = 4, 6
RESULT, LOG = "warm_start.json", "tests.log"
_LOOK = 0.005
_HALF = 512 * 1024
_CHUNK = 65536


class Output:
    """The beginning and the end of what somebody prints."""

    def __init__(self):
        self.head = b""
        self.tail = collections.deque()
        self.kept = 0
        self.forgotten = 0

    def take(self, piece):
        """More of it."""
        room = max(_HALF - len(self.head), 0)
        self.head += piece[:room]
        if piece[room:]:
            self.tail.append(piece[room:])
            self.kept += len(piece) - room
        while self.tail and self.kept - len(self.tail[0]) >= _HALF:
            gone = len(self.tail.popleft())
            self.kept -= gone
            self.forgotten += gone

    def write(self, path):
        """Keep it as a file."""
        gap = b"\n[... %d bytes left out ...]\n" % self.forgotten if self.forgotten else b""
        with open(path, "wb") as file:
            file.write(self.head + gap + b"".join(self.tail))


class Tests:
    """The unit tests: their interpreter, and a process that reads what it prints."""

    def __init__(self, order, options, before):
        self.order = order
        self.options = options
        self.before = before
        self.own = os.path.dirname(os.path.abspath(__file__))

    def supervise(self):
        """In a process of its own: run them to their end, keep what they print, and give their status."""
        adopt()
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.setsid()  # what they do to their process group is theirs alone
            os.close(reading)
            for number in (1, 2):
                os.dup2(writing, number)
            os.close(writing)
            return self.run()
        os.close(writing)
        status = self._follow(pid, reading)
        os._exit(exit_code(status))

    def run(self):
        """Become the launcher of the unit tests: as a new program, or as what has imported Airflow already."""
        os.environ.clear()
        os.environ.update(self.before, **self.order["env"])
        script = os.path.join(self.own, "pytest_launcher.py")
        if self.order["fresh"]:
            os.execv(sys.executable, [sys.executable, script, *self.order["arguments"]])  # noqa: S606 -- no shell
        gc.enable()
        known = set(sys.modules)
        sys.argv = [script, *self.order["arguments"]]
        import pytest_launcher  # noqa: PLC0415 -- only in this process

        _leave(pytest_launcher.main(known))

    def _follow(self, pid, reading):
        output, status = Output(), None
        while status is None:
            ready, _, _ = select.select([reading], [], [], _LOOK)
            if ready:
                output.take(os.read(reading, _CHUNK))
            done, found = os.waitpid(pid, os.WNOHANG)
            status = found if done else None
        kill_descendants()
        os.set_blocking(reading, False)
        try:
            # No more than a pipe holds: whoever was handed its other end could go on.
            for _ in range(64):
                piece = os.read(reading, _CHUNK)
                if not piece:
                    break
                output.take(piece)
        except BlockingIOError:
            pass
        output.write(os.path.join(self.options.results, LOG))
        return status


def serve(options):
    """Import Airflow, wait for the order, and start what it asks for."""
    die_with_parent()
    adopt()
    before = dict(os.environ)
    packages = path_files()
    os.environ.update(adapter.settings(options.dags, options.plugins, options.timeout))
    gc.disable()
    try:
        adapter.import_airflow(storing=False)  # the probe does that, while the tests begin
    except BaseException:
        os._exit(CANNOT_IMPORT)
    while not os.path.exists(options.wait_for):
        time.sleep(_LOOK)
    follow_path_files(packages)
    adapter.forget_installed()
    with open(options.order, encoding="utf-8") as file:
        order = json.load(file)
    works, watch = {}, functools.partial(shared_state, **order["watch"]) if order["watch"] else None
    if order["tests"]:
        works["tests"] = Tests(order["tests"], options, before).supervise
    if order["probe"] is not None:
        works["probe"] = functools.partial(_probe, order["probe"])
    sys.stdout.flush()
    there = watch and watch()
    gc.freeze()  # what is there for good: no collection in what is forked has to go through it, and copy it
    running = {}
    for name, work in works.items():
        pid = os.fork()
        if pid == 0:
            return work()
        running[pid] = name
    result = follow(running)
    result["untouched"] = watch and watch() == there
    path = os.path.join(options.results, RESULT)
    with open(path + ".part", "w", encoding="ascii") as file:
        json.dump(result, file)
    os.replace(path + ".part", path)
    os._exit(0)


def follow(running):
    """Wait for both to end. How they did; `running` names them by process id."""
    began = time.monotonic()
    result = dict.fromkeys(("probe", "probe_seconds", "tests", "tests_seconds"))
    while running:
        pid, status = os.waitpid(-1, 0)
        name = running.pop(pid, None)
        if name:
            result[name] = exit_code(status)
            result[name + "_seconds"] = time.monotonic() - began
    return result


def _probe(arguments):
    gc.enable()
    sys.argv = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "dag_probe.py"), *arguments]
    import dag_probe  # noqa: PLC0415 -- only in this process

    return dag_probe.main()


def _leave(status):
    """End as an interpreter does, but without taking apart everything that was imported, which takes a while."""
    try:
        threading._shutdown()
        atexit._run_exitfuncs()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def main():
    """Serve in a process of its own, and end everything when told to."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--dags", required=True)
    parser.add_argument("--plugins", required=True)
    parser.add_argument("--timeout", type=float, default=30.0)
    parser.add_argument("--results", required=True)
    parser.add_argument("--order", required=True)
    parser.add_argument("--wait-for", required=True)
    parser.add_argument("--abort", required=True)
    options = parser.parse_args()
    adopt()
    server = os.fork()
    if server == 0:
        return serve(options)
    while True:
        if os.path.exists(options.abort):
            kill_descendants()
            os._exit(ABORTED)
        done, status = os.waitpid(server, os.WNOHANG)
        if done:
            kill_descendants()
            os._exit(exit_code(status))
        time.sleep(_LOOK)


if __name__ == "__main__":
    sys.exit(main())
