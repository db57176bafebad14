"""A process forked from one that has Airflow: it loads files, one after the other. For the other scripts here.

Runs inside the runner; standard library and Airflow only, Python 3.7 and later.

What it is told, a line of JSON each: the numbers of files to load, or [] to end, or {"left_out": indexes of rules
files} to ask the user's rules, but for these, about the DAGs of the files it has loaded, and then to end. What it says,
a line each:

    B number            it begins with a file
    L number json       what came of it; {"skipped": true} for a file that Airflow does not parse, {"leaned": true} for
                        one that has to be parsed where nothing was imported for it
    C 0|1 0|1           that was all: whether the files had no influence on each other, and whether it goes on
    J                   it is still well, and begins to ask the rules; the rest is told in mwaa_deploy_judge.py
"""

import faulthandler
import gc
import os
import signal
import sys
import traceback
import warnings
from json import dumps, loads  # as they are now: files may replace those in the module
from time import monotonic

import mwaa_deploy_airflow as adapter
from mwaa_deploy_descendants import die_first, die_with_parent
from mwaa_deploy_descriptions import describe
from mwaa_deploy_judge import TRIAL, Judge
from mwaa_deploy_serialization import serialization_errors
from mwaa_deploy_shapes import Shapes
from mwaa_deploy_signals import spare_ancestors
from mwaa_deploy_tracebacks import error, in_folders, own_caller, parse_traceback
from mwaa_deploy_traces import Snapshot, State
from mwaa_deploy_watch import Watch

PLUGINS = "plugins"
"""What is loaded besides files: stands in the place of a path."""


MOST_UNCOLLECTED = 400
"""Files that are loaded before what is left of them is collected: some 60 KiB each."""


class Worker:
    """One process.

    Args:
        items: paths, and PLUGINS; numbers refer to it.
        folders: where the user's code lies.
        bag: a DagBag with nothing in it.
        rules: files with the user's own; None if there is no folder of such.
        limit: seconds for each item.
        warm_ups: paths of DAG files of ours.
        hidden: the modules that were imported for all files.
        imported: what each file imports, by its path.
        output: descriptor to say things on.
    """

    def __init__(self, items, folders, bag, rules, limit, warm_ups, hidden, imported, output):  # noqa: PLR0917 -- one call makes it
        self._items = items
        self._folders = folders
        self._bag = bag
        self._rules = rules
        self._limit = limit
        self._warm_ups = warm_ups
        self._hidden = hidden
        self._imported = imported
        self._output = output
        self._process = os.getpid()
        self._exit = os._exit
        self._at = None
        self._path = None
        self._loaded = 0
        self._snapshot = None
        self._watch = Watch(folders)
        self._shapes = Shapes()
        self._safe = adapter.safe_mode()
        self._clock = CoreClock()
        self._unsaid = ""
        self._uncollected = 0
        self._kept = {}

    def serve(self, orders):
        """Do what comes, line by line; never returns."""
        os._exit = self._leave_early
        self._watch.hook_in()
        state = State(self._folders, adapter.contexts())
        for numbers in self._batches(orders):
            if len(numbers) > 1 and self._snapshot is None:
                for path in self._warm_ups:
                    warm = adapter.parse(self._bag, path).dags.values()
                    serialization_errors(warm, self._watch, self._folders, self._shapes)
                state.put_back()
                self._snapshot = Snapshot(self._folders)
            goes_on = True
            for number in numbers:
                self._do(number)
                if number in self._kept:
                    self._kept[number] = self._kept[number], state.users_modules()
                goes_on = state.put_back() and goes_on
                touched = self._hidden.hide(state.stayed)
                if self._snapshot:
                    self._snapshot.add(state.stayed)
                    self._snapshot.accept(touched)
                warnings.simplefilter("always")
                if not goes_on:
                    break
            goes_on = goes_on and len(numbers) > 1
            self._conclude(goes_on)
            if not goes_on and self._rules is None:
                break
            self._uncollected += len(numbers)
            if self._uncollected > MOST_UNCOLLECTED:
                gc.collect()
                self._uncollected = 0
        self.leave()

    def _batches(self, orders):
        """The numbers of files to load, until the end; the rules come last."""
        for line in iter(orders.readline, b""):
            order = loads(line.decode())
            if isinstance(order, dict):
                self._judge(order["left_out"])
            if not order or isinstance(order, dict):
                return
            yield order

    def _judge(self, left_out):
        self._say("J")
        Judge(self._rules, self._folders, self._limit, self._say, self._exit).judge(
            self._kept or {TRIAL: ((), {})}, left_out
        )

    def leave(self):
        """End without running any of the user's exit handlers."""
        sys.stdout.flush()
        sys.stderr.flush()
        self._exit(0)

    def _say(self, text, *, later=False):
        """Say a line; `later`, together with the next one, which is less to do for both sides."""
        self._unsaid += text + "\n"
        if later:
            return
        data, self._unsaid = self._unsaid.encode("ascii"), ""
        while data:
            data = data[os.write(self._output, data) :]

    def _conclude(self, goes_on):
        # A process that loaded nothing else has nothing that could have had an influence.
        clean = self._loaded == 1 or (self._snapshot is not None and self._shapes.hold() and self._snapshot.unchanged())
        self._say("C %d %d" % (clean, goes_on))

    # -- one item

    def _do(self, number):
        self._at, self._path = number, self._items[number]
        self._watch.begin(self._path)
        self._hidden.begin(self._imported.get(self._path, ()))
        self._loaded += 1
        self._say("B %d" % number)
        started = monotonic()
        try:
            found = self._load(self._path)
        except BaseException as problem:
            self._only_here()
            found = {"errors": [parse_traceback(traceback.format_exc(), self._folders)]}
            if isinstance(problem, SystemExit):
                found["errors"][0]["message"] = "sys.exit(%s) was called while the file was loaded" % (
                    problem.code or 0
                )
        self._only_here()
        if self._hidden.leaned:
            found = {"leaned": True}
            self._kept.pop(number, None)
        found.setdefault("seconds", monotonic() - started)
        self._at = None
        self._tell(number, found)
        self._watch.begin(None)

    def _only_here(self):
        """End a process that the file forked and that came back from it."""
        if os.getpid() != self._process:
            self._exit(0)

    def _tell(self, number, found):
        found.setdefault("warnings", self._watch.warned())
        try:
            text = dumps(found)
        except Exception:  # a subclass of text or numbers that the user made
            text = dumps({"errors": [error("Result", "what was found cannot be written down", self._path)]})
        self._say("L %d %s" % (number, text), later=True)

    def _load(self, path):
        if path == PLUGINS:
            return self._load_plugins()
        return self._load_file(path)

    def _load_file(self, path):
        if not adapter.may_hold_dags(path, self._safe):
            return {"skipped": True}
        started, waited = monotonic(), self._clock.waited()
        bag = adapter.parse(self._bag, path)
        seconds = monotonic() - started - (self._clock.waited() - waited)
        self._only_here()
        errors = []
        for file, text in bag.import_errors.items():
            found = parse_traceback(text, self._folders)
            if found["file"] is None:
                found["file"], found["line"] = self._watch.blamed(text)
            if found["file"] is None:
                found["file"] = file if in_folders(file, self._folders) else path
            errors.append(found)
        dags = sorted(bag.dags.values(), key=lambda dag: str(dag.dag_id))
        told = [describe(dag, self._watch.place(dag), self._watch.lines) for dag in dags]
        captured = [text for texts in (getattr(bag, "captured_warnings", None) or {}).values() for text in texts]
        found = {"seconds": seconds, "dags": told, "errors": errors, "warnings": self._watch.warned(captured)}
        errors += serialization_errors(dags, self._watch, self._folders, self._shapes)
        if self._rules and dags:
            self._kept[self._at] = dags
        return found

    def _load_plugins(self):
        errors = []
        for source, message in adapter.load_plugins().items():
            text = self._watch.logged.get(str(source))
            if text:
                found = parse_traceback(text, self._folders)
                if found["file"] is None and in_folders(str(source), self._folders):
                    found["file"] = str(source)
                errors.append(found)
            else:
                at = str(source) if in_folders(str(source), self._folders) else None
                errors.append(error("PluginError", str(message), at))
        return {"errors": errors}

    def _leave_early(self, status):
        if os.getpid() == self._process and self._at is not None:
            file, line = own_caller(self._folders, self._path)
            message = "os._exit(%s) was called while the file was loaded" % status
            self._tell(self._at, {"errors": [error("os._exit", message, file, line)]})
            self._conclude(goes_on=False)
            self.leave()
        self._exit(status)


class CoreClock:
    """Tells the seconds that this process would have run in, had there been a core for it: no file's fault."""

    def __init__(self):
        try:
            self._source = os.open("/proc/self/schedstat", os.O_RDONLY)
        except OSError:
            self._source = -1

    def waited(self):
        """Seconds so far; always 0 where the system does not say."""
        try:
            return int(os.pread(self._source, 100, 0).split()[1]) / 1e9
        except (OSError, ValueError, IndexError):
            return 0.0


def prepare_process(fault):
    """Set up a process that has just been forked: it ends with its parent, and crashes leave a traceback."""
    os.setpgid(0, 0)
    die_with_parent()
    die_first()
    spare_ancestors()
    signal.signal(signal.SIGSEGV, signal.SIG_DFL)  # Airflow 3 handles it in Python, which never ends
    faulthandler.enable(file=fault)
    faulthandler.register(signal.SIGUSR2, file=fault, all_threads=False)
