# ruff: noqa: PLC0415, SLF001 -- pytest can only be imported once sys.path is right
"""Runs pytest on the user's tests, in the interpreter that has Airflow.

    python pytest_launcher.py --home DIR --progress FILE [--tools DIR] [--coverage DIR] -- PYTEST-ARGUMENTS

Runs inside the runner; standard library and pytest only, Python 3.7 and later. The folder with pytest goes to the very
end of sys.path, so that nothing in it ever hides a package of Airflow's or the user's. The progress file says what was
going on, should the process end without a report:
{"selected": number of tests to run or null, "finished": number of tests that came to their end,
 "at": what was begun last, {"test", "file", "line"}, or null, "left": {"file", "line", "status"} or null}
"""

import argparse
import json
import os
import sys

from mwaa_deploy_coverage import Measurement
from mwaa_deploy_descendants import adopt, kill_descendants

NO_PYTEST = 70
STILL_RUNNING = 71


class Progress:
    """A pytest plugin that keeps the progress file up to date."""

    def __init__(self, path, home):
        self.path = path
        self.home = home
        self.state = {"selected": None, "finished": 0, "at": None, "left": None}
        self._process = os.getpid()
        self._exit = os._exit
        os._exit = self._leave
        self.say()

    def pytest_collectstart(self, collector):
        """Before a test module is imported."""
        path = getattr(collector, "path", None)
        if path is not None and os.path.isfile(str(path)):
            self.say(at={"test": "", "file": os.path.relpath(str(path), self.home), "line": None})

    def pytest_collection_finish(self, session):
        """Once it is known which tests will run."""
        self.say(selected=len(session.items))

    def pytest_runtest_logstart(self, nodeid, location):
        """Before each test."""
        file, line, _ = location
        at = {"test": nodeid, "file": file, "line": None if line is None else line + 1}
        self.say(at=at)

    def pytest_runtest_logfinish(self):
        """After each test and its teardown; never for one during which pytest was ended."""
        self.say(finished=self.state["finished"] + 1)

    def say(self, **changes):
        """Write the file anew."""
        self.state.update(changes)
        with open(self.path + ".part", "w", encoding="utf-8") as file:
            json.dump(self.state, file)
        os.replace(self.path + ".part", self.path)

    def _leave(self, status):
        if os.getpid() == self._process:
            frame = sys._getframe(1)
            while frame is not None and not self._own(frame.f_code.co_filename):
                frame = frame.f_back
            if frame is not None:
                self.say(left={"file": frame.f_code.co_filename, "line": frame.f_lineno, "status": status})
        sys.stdout.flush()
        sys.stderr.flush()
        self._exit(status)

    def _own(self, path):
        return path.startswith(self.home + os.sep) and os.sep + "site-packages" + os.sep not in path


def prepare_path(home, tools):
    """What MWAA has on sys.path, and the repository's root as `python -m pytest` would have it."""
    sys.path[0] = home  # in place of this script's own folder
    added = [os.path.join(home, name) for name in ("dags", "config", "plugins")] + ([tools] if tools else [])
    sys.path.extend(path for path in added if path not in sys.path)
    # What the tests start gets the same, our tools apart.
    known = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    paths = [path for path in known if path] + [path for path in [home, *added[:3]] if path not in known]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)


def start_coverage(home, folder):
    """Begin to measure, if coverage.py is there."""
    try:
        return Measurement(folder, [os.path.join(home, "dags"), os.path.join(home, "plugins")])
    except ImportError as problem:
        sys.stderr.write("coverage.py cannot be imported: %s\n" % problem)
        return None


def main():
    """Run pytest and end with its status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", required=True)
    parser.add_argument("--progress", required=True)
    parser.add_argument("--tools")
    parser.add_argument("--coverage")
    parser.add_argument("arguments", nargs="*")
    options = parser.parse_args()
    prepare_path(options.home, options.tools)
    adopt()
    progress = Progress(options.progress, options.home)
    try:
        import pytest
    except ImportError as problem:
        sys.stderr.write("pytest cannot be imported: %s\n" % problem)
        return NO_PYTEST
    measurement = start_coverage(options.home, options.coverage) if options.coverage else None
    status = int(pytest.main(options.arguments, plugins=[progress]))
    if measurement:
        measurement.write()
    if not kill_descendants():
        sys.stderr.write("Processes that the tests started could not be ended.\n")
        return STILL_RUNNING
    progress.say()  # in case one of them wrote to the file
    return status


if __name__ == "__main__":
    sys.exit(main())
