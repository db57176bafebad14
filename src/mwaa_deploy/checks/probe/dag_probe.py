# ruff: noqa: PLC0415, PLR0917, SLF001 -- Airflow can only be imported once its settings are in the environment
"""Parses every DAG file with Airflow's own DagBag and writes what came of it as JSON.

    python dag_probe.py --dags DIR --plugins DIR --output FILE [--timeout SECONDS] [--jobs N]

Runs inside the runner: standard library and Airflow only, Python 3.7 and later. Each file, and the plugins,
is loaded in a forked child of its own with a time limit, so that whatever one of them does (sys.exit, os._exit, an
endless loop, a crash of the interpreter) is a finding about that file and the others are judged all the same.

The form of the result:
{"airflow": version, "python": version,
 "plugins": LOAD, "files": [LOAD, ...]}
LOAD = {"file": path or null, "seconds": float, "dags": [{"id", "tasks", "line"}], "warnings": [WARNING],
        "errors": [{"type", "message", "file", "line", "traceback"}]}
WARNING = {"type", "message", "file", "line"}
`file` and `line` of an error are those of the deepest frame in the user's code.
"""

import argparse
import ctypes
import faulthandler
import importlib
import json
import logging
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings

from mwaa_deploy_descendants import adopt, kill_descendants

GRACE = 3.0  # seconds that a child gets on top of its limit, for Airflow's own time-out to say where it was
MOST_WARNINGS = 50

_FRAME = re.compile(r'^[\s|+]*File "(?P<file>.+?)", line (?P<line>\d+)', re.MULTILINE)
_LATER = re.compile(
    r"^(?:During handling of the above exception, another exception occurred|"
    r"The above exception was the direct cause of the following exception):$",
    re.MULTILINE,
)
_OUTCOME = re.compile(r"^(?P<type>[A-Za-z_][\w.]*)(?:: (?P<message>.*))?$", re.DOTALL)


# -- what a traceback says -----------------------------------------------------------------------------------------


def in_folders(path, folders):
    """Whether a path lies in one of some folders."""
    return any(path == folder or path.startswith(folder.rstrip(os.sep) + os.sep) for folder in folders)


def parse_traceback(text, folders):
    """The error that a formatted traceback ends with, at the deepest frame that lies in one of the folders."""
    blocks = _LATER.split(text)
    last = blocks[-1].strip("\n")
    head, message = "Error", last.strip()
    lines = last.split("\n")
    for index, line in enumerate(lines):
        found = _OUTCOME.match(line)
        if found and not line.startswith("Traceback "):
            head = found.group("type").rpartition(".")[2]
            message = "\n".join([found.group("message") or "", *lines[index + 1 :]]).strip()
            break
    own = []
    for block in blocks:
        frames = [(frame.group("file"), int(frame.group("line"))) for frame in _FRAME.finditer(block)]
        own = [frame for frame in frames if in_folders(frame[0], folders)] or own
    file, line = own[-1] if own else (None, None)
    return {"type": head, "message": message, "file": file, "line": line, "traceback": text}


def parse_fault(text, folders):
    """The deepest frame in the user's code in what faulthandler wrote, where the most recent call comes first."""
    for found in _FRAME.finditer(text):
        if in_folders(found.group("file"), folders):
            return found.group("file"), int(found.group("line"))
    return None, None


def error(kind, message, file=None, line=None, text=""):
    """An error that is not an exception of Python's."""
    return {"type": kind, "message": message, "file": file, "line": line, "traceback": text}


# -- inside a child ------------------------------------------------------------------------------------------------


def own_caller(folders):
    """File and line of the innermost frame on the stack that is the user's."""
    frame = sys._getframe(1)
    while frame is not None:
        if in_folders(frame.f_code.co_filename, folders):
            return frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back
    return None, None


class Watch:
    """Notes, while user code runs, what could not be found out afterwards: where a DAG is made, warnings, os._exit."""

    def __init__(self, folders, result):
        self.folders = folders
        self.result = result
        self.made = []
        self.warnings = []
        self.logged = {}
        self._process = os.getpid()
        self._exit = os._exit

    def start(self):
        """Hook in; the process is a child that ends soon, so nothing is ever unhooked."""
        os._exit = self._leave
        warnings.simplefilter("default")
        warnings.showwarning = self._warn
        dag = dag_class()
        dag.__new__ = staticmethod(self._noting(dag.__new__))
        handler = logging.Handler()
        handler.emit = self._log
        for name in ("airflow.plugins_manager", "airflow._shared.plugins_manager.plugins_manager"):
            logging.getLogger(name).addHandler(handler)

    def finish(self, load):
        """Write the result and leave without running any of the user's exit handlers."""
        write(self.result, dict(load, warnings=self.warnings[:MOST_WARNINGS]))
        sys.stdout.flush()
        sys.stderr.flush()
        self._exit(0)

    def _leave(self, status):
        if os.getpid() == self._process:
            file, line = own_caller(self.folders)
            message = "os._exit(%s) was called while the file was loaded" % status
            self.finish({"errors": [error("os._exit", message, file, line)]})
        self._exit(status)

    def lines(self):
        """Where each DAG was made, by its id."""
        return {getattr(dag, "dag_id", None): line for dag, line in reversed(self.made)}

    def _noting(self, make):
        # Not around __init__: one more frame there, and the warnings of Airflow's that count frames would name us.
        def noting(cls, *args, **kwargs):
            dag = object.__new__(cls) if make is object.__new__ else make(cls, *args, **kwargs)
            self.made.append((dag, own_caller(self.folders)[1]))
            return dag

        return noting

    def _warn(self, message, category, filename, lineno, *_):
        self.warnings.append({"type": category.__name__, "message": str(message), "file": filename, "line": lineno})

    def _log(self, record):
        if record.exc_info and record.exc_info[0] and record.args:
            self.logged[str(record.args[0])] = "".join(traceback.format_exception(*record.exc_info))


def dag_class():
    """Airflow's DAG, wherever this version has it."""
    try:
        from airflow.sdk import DAG
    except ImportError:
        from airflow.models.dag import DAG
    return DAG


def dag_bag_class():
    """Airflow's DagBag, wherever this version has it."""
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:
        from airflow.models.dagbag import DagBag
    return DagBag


def load_dag_file(path, watch):
    """Parse one file; the errors are DagBag's own."""
    bag = dag_bag_class()(dag_folder=path)
    errors = []
    for file, text in bag.import_errors.items():
        found = parse_traceback(text, watch.folders)
        if found["file"] is None:
            found["file"] = file if in_folders(file, watch.folders) else path
            found["line"] = blamed_dag(text, watch)
        errors.append(found)
    lines = watch.lines()
    dags = [{"id": dag.dag_id, "tasks": len(dag.tasks), "line": lines.get(dag.dag_id)} for dag in bag.dags.values()]
    return {"dags": sorted(dags, key=lambda dag: dag["id"]), "errors": errors}


def blamed_dag(text, watch):
    """The line of the one DAG that an error without a traceback names, as a cycle does."""
    lines = watch.lines()
    named = [line for dag_id, line in lines.items() if dag_id and re.search(r"\b%s\b" % re.escape(dag_id), text)]
    known = named or list(lines.values())
    return known[0] if len(known) == 1 else None


def load_plugins(_, watch):
    """Load the plugins as Airflow does at the start of each of its processes."""
    from airflow import plugins_manager

    plugins_manager.ensure_plugins_loaded()
    errors = []
    found = getattr(plugins_manager, "get_import_errors", lambda: plugins_manager.import_errors)()  # since Airflow 3.2
    for source, message in found.items():
        text = watch.logged.get(str(source))
        if text:
            errors.append(dict(parse_traceback(text, watch.folders), source=str(source)))
        else:
            errors.append(error("PluginError", message, source if in_folders(source, watch.folders) else None))
    for found in errors:
        if found["file"] is None and in_folders(found.get("source", ""), watch.folders):
            found["file"] = found["source"]
    return {"errors": errors}


def child(load, path, folders, result, fault, limit):
    """Everything that happens in a child: load, write the result, end."""
    os.setpgid(0, 0)
    die_with_parent()
    watch = Watch(folders, result)
    faulthandler.enable(file=fault)
    faulthandler.dump_traceback_later(limit + GRACE / 2, file=fault)
    started = time.monotonic()
    try:
        watch.start()
        found = load(path, watch)
    except BaseException as problem:
        found = {"errors": [parse_traceback(traceback.format_exc(), folders)]}
        if isinstance(problem, SystemExit):
            found["errors"][0]["message"] = "sys.exit(%s) was called while the file was loaded" % (problem.code or 0)
    watch.finish(dict(found, seconds=time.monotonic() - started))


def die_with_parent():
    """Ask Linux to kill this process when the parent is killed, which does not reach its process group."""
    try:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    except AttributeError:
        pass


# -- the parent ----------------------------------------------------------------------------------------------------


class Child:
    """A forked child that loads one thing."""

    def __init__(self, load, path, folders, scratch, limit):
        self.path = path
        self.folders = folders
        self.limit = limit
        self.result = os.path.join(scratch, "%d.json" % id(self))
        self.fault_path = self.result + ".fault"
        self.started = time.monotonic()
        self.timed_out = False
        sys.stdout.flush()
        sys.stderr.flush()
        with open(self.fault_path, "w") as fault:
            self.pid = os.fork()
            if self.pid == 0:
                try:
                    child(load, path, folders, self.result, fault, limit)
                finally:
                    os.kill(os.getpid(), signal.SIGKILL)

    def done(self):
        """Whether it has ended; it is killed once it is over its limit. What it left running is killed as well."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid == 0 and time.monotonic() - self.started > self.limit + GRACE:
            self.timed_out = True
            self._kill()
            pid, status = os.waitpid(self.pid, 0)
        if pid == 0:
            return False
        self._kill()
        self.status = status
        return True

    def _kill(self):
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except OSError:
            pass

    def load(self):
        """What it found, or how it ended if it could not say."""
        seconds = time.monotonic() - self.started
        found = {"file": self.path, "seconds": seconds, "dags": [], "errors": [], "warnings": []}
        # A child that ended in any other way did not get to write its result; user code can write to that file too.
        if not self.timed_out and os.WIFEXITED(self.status) and os.WEXITSTATUS(self.status) == 0:
            try:
                with open(self.result, encoding="utf-8") as file:
                    return dict(found, **json.load(file))
            except (OSError, ValueError, TypeError):
                pass
        with open(self.fault_path, errors="replace") as file:
            text = file.read()
        place = parse_fault(text, self.folders)
        if self.timed_out:
            said = error("Timeout", "not loaded within %g s" % self.limit, *place, text=text)
        elif os.WIFSIGNALED(self.status):
            ended = "the process was killed by signal %d while the file was loaded" % os.WTERMSIG(self.status)
            said = error("Crash", ended, *place, text=text)
        else:
            ended = "the process ended with status %d before the file was loaded" % os.WEXITSTATUS(self.status)
            said = error("Exit", ended, *place, text=text)
        if said["file"] is None:
            said["file"] = self.path
        return dict(found, errors=[said])


def run_all(work, folders, limit, jobs):
    """Do every (load, path) in a child of its own, some at a time; the findings come in the order of the work."""
    scratch = tempfile.mkdtemp(prefix="dag-probe-")
    children, running = [], []
    try:
        for load, path in work:
            while len(running) >= jobs:
                running = still_running(running)
            children.append(Child(load, path, folders, scratch, limit))
            running.append(children[-1])
        while running:
            running = still_running(running)
        return [one.load() for one in children]
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def still_running(children):
    """Those that have not ended, after a short wait if that is all of them."""
    left = [one for one in children if not one.done()]
    if len(left) == len(children):
        time.sleep(0.003)
    return left


def import_beforehand(paths):
    """Import the Airflow modules that the files name, once for all children, as Airflow's own DAG processor does."""
    try:
        from airflow.utils.file import iter_airflow_imports
    except ImportError:  # before Airflow 2.6
        return
    for path in paths:
        try:
            modules = sorted(set(iter_airflow_imports(path)))
        except Exception:  # noqa: S112 -- the file itself will say so
            continue
        for module in modules:
            try:
                importlib.import_module(module)
            except Exception:  # noqa: S110 -- as above
                pass


def write(path, document):
    """Write JSON so that a reader never sees half of it."""
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump(document, file)
    os.replace(path + ".part", path)


def reap():
    """Collect the dead children; no living one is left."""
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        pass


def cores():
    """The number of cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1


def main():
    """Probe every DAG file and the plugins."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--dags", required=True)
    parser.add_argument("--plugins", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--timeout", type=float, default=30.0)
    parser.add_argument("--jobs", type=int, default=cores())
    options = parser.parse_args()
    adopt()
    del sys.path[0]  # this script's own folder, which is nothing to the user's code
    os.environ.update(
        AIRFLOW__CORE__DAGS_FOLDER=options.dags,
        AIRFLOW__CORE__PLUGINS_FOLDER=options.plugins,
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT=str(options.timeout),
        AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACKS="True",
        AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACK_DEPTH="1000",
    )
    import airflow
    from airflow.utils.file import list_py_file_paths

    dag_bag_class()
    dag_class()
    airflow.DAG  # noqa: B018 -- what files import is loaded late, from elsewhere than dag_class() in some versions
    paths = sorted(list_py_file_paths(options.dags))
    import_beforehand(paths)
    folders = [options.dags, options.plugins]
    work = [(load_plugins, None)] + [(load_dag_file, path) for path in paths]
    plugins, *files = run_all(work, folders, options.timeout, options.jobs)
    if not kill_descendants():
        sys.exit("Processes that the DAG files or plugins started could not be ended.")
    reap()
    python = "%d.%d.%d" % sys.version_info[:3]
    write(options.output, {"airflow": airflow.__version__, "python": python, "plugins": plugins, "files": files})


if __name__ == "__main__":
    main()
