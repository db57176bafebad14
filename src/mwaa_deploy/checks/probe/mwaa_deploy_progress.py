"""Keeps account of how far the unit tests have got, for what happens to them on the way. For the other scripts here.

Runs inside the runner; standard library only, Python 3.7 and later. The form of the file:
{"selected": number of tests to run or null, "deselected": number of those that were found and are not to be run,
 "finished": number of tests that came to their end,
 "ran": number of tests whose own code was run, or that were skipped or failed before it could be,
 "hindered": ["--setup-only", "-p no:unittest", ...] what pytest was told that keeps tests from being run,
 "at": what was begun last, {"test", "file", "line"}, or null, "left": {"file", "line", "status"} or null}
"""

import json
import os
import sys

_ONLY = ("setuponly", "setupplan")
_COLLECTORS = ("unittest", "python")


class Progress:
    """A pytest plugin that keeps the progress file up to date."""

    def __init__(self, path, home):
        self.path = path
        self.home = home
        self.state = {
            "selected": None,
            "deselected": 0,
            "finished": 0,
            "ran": 0,
            "hindered": [],
            "at": None,
            "left": None,
        }
        self._ran = set()
        self._process = os.getpid()
        self._exit = os._exit
        os._exit = self._leave
        self.say()

    def pytest_configure(self, config):
        """With all options read, from wherever they come: our own, the project's settings, PYTEST_ADDOPTS."""
        hindered = [name for name in _ONLY if config.getoption(name, default=False)]
        blocked = [name for name in _COLLECTORS if config.pluginmanager.is_blocked(name)]
        options = ["--" + name[:5] + "-" + name[5:] for name in hindered] + ["-p no:" + name for name in blocked]
        self.say(hindered=options)

    def pytest_collectstart(self, collector):
        """Before a test module is imported."""
        path = getattr(collector, "path", None)
        if path is not None and os.path.isfile(str(path)):
            self.say(at={"test": "", "file": os.path.relpath(str(path), self.home), "line": None})

    def pytest_deselected(self, items):
        """What was found, and is not to be run by arguments or settings."""
        self.state["deselected"] += len(items)

    def pytest_collection_finish(self, session):
        """Once it is known which tests will run."""
        self.say(selected=len(session.items))

    def pytest_runtest_logstart(self, nodeid, location):
        """Before each test."""
        file, line, _ = location
        at = {"test": nodeid, "file": file, "line": None if line is None else line + 1}
        self.say(at=at)

    def pytest_runtest_logreport(self, report):
        """After each part of a test; what is only set up and torn down was not run."""
        if report.when == "call" or (report.when == "setup" and report.outcome != "passed"):
            self.state["ran"] += report.nodeid not in self._ran
            self._ran.add(report.nodeid)

    def pytest_runtest_logfinish(self, nodeid):
        """After each test and its teardown; never for one during which pytest was ended."""
        self._ran.discard(nodeid)  # the same one may be asked for twice
        self.say(finished=self.state["finished"] + 1)

    def say(self, **changes):
        """Write the file anew."""
        self.state.update(changes)
        with open(self.path + ".part", "w", encoding="utf-8") as file:
            json.dump(self.state, file)
        os.replace(self.path + ".part", self.path)

    def _leave(self, status):
        if os.getpid() == self._process:
            frame = sys._getframe(1)  # noqa: SLF001 -- who ends us
            while frame is not None and not self._own(frame.f_code.co_filename):
                frame = frame.f_back
            if frame is not None:
                self.say(left={"file": frame.f_code.co_filename, "line": frame.f_lineno, "status": status})
        sys.stdout.flush()
        sys.stderr.flush()
        self._exit(status)

    def _own(self, path):
        return path.startswith(self.home + os.sep) and os.sep + "site-packages" + os.sep not in path
