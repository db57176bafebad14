"""Notes, while user code runs, what could not be found out afterwards. For the other scripts in this folder.

Runs inside the runner; standard library and Airflow only, Python 3.7 and later.
"""

import logging
import re
import signal
import traceback
import warnings

import mwaa_deploy_airflow as adapter
from mwaa_deploy_tracebacks import cut, own_caller

MOST_WARNINGS = 50

_CAPTURED = re.compile(r"^(?P<file>.*?):(?P<line>\d+): (?P<type>[\w.]+): (?P<message>.*)$", re.DOTALL)


class Watch:
    """Where DAGs and tasks are made, warnings, and why plugins fail. For one process, which never unhooks.

    Attributes:
        path: the file that is loaded.
        lines: where each operator is made in the file that is loaded, by the identity of the object.
        logged: traceback of each plugin that could not be imported, by its source.
    """

    def __init__(self, folders):
        self._folders = folders
        self.path = None
        self.begin(None)

    def begin(self, path):
        """Forget what was noted: from now on this file is loaded."""
        self.path = path
        self._dags, self._tasks, self._warnings = [], [], []
        self.lines, self.logged = {}, {}

    def hook_in(self):
        """Begin to watch."""
        warnings.simplefilter("always")
        warnings.showwarning = self._warn
        # Not around __init__: one more frame there, and the warnings of Airflow's that count frames would name us.
        for note, known in ((self._note_dag, adapter.dag_class()), (self._note_task, adapter.operator_class())):
            known.__new__ = staticmethod(_noting(known.__new__, note))
        handler = logging.Handler()
        handler.emit = self._log
        for name in adapter.plugin_loggers():
            logging.getLogger(name).addHandler(handler)
        set_handler = signal.signal

        def leave_faults_alone(number, handler):
            # Airflow 3 handles SIGSEGV in Python, which never ends; the crash has to be one.
            return signal.SIG_DFL if number == signal.SIGSEGV else set_handler(number, handler)

        signal.signal = leave_faults_alone

    def place(self, dag):
        """File and line where a DAG was made."""
        return next((place for one, place in self._dags if one is dag), (None, None))

    def blamed(self, text):
        """Where the one DAG was made that an error without a traceback names, as a cycle does."""
        made = {getattr(dag, "dag_id", None): place for dag, place in reversed(self._dags)}
        named = [place for name, place in made.items() if name and re.search(r"\b%s\b" % re.escape(str(name)), text)]
        known = named or list(made.values())
        return known[0] if len(known) == 1 else (None, None)

    def warned(self, captured=()):
        """The warnings, each once: those that DagBag kept, which know their category, then the others."""
        found, seen = [], set()
        parsed = [_CAPTURED.match(text) for text in captured]
        kept = [
            (one.group("type").rpartition(".")[2], one.group("message"), one.group("file"), int(one.group("line")))
            for one in parsed
            if one
        ]
        for kind, message, file, line in kept + self._warnings:
            if (message, file, line) not in seen:
                seen.add((message, file, line))
                found.append({"type": kind, "message": cut(message), "file": file, "line": int(line or 0)})
        return found[:MOST_WARNINGS]

    def _note_dag(self, dag):
        self._dags.append((dag, own_caller(self._folders, self.path)))

    def _note_task(self, task):
        file, line = own_caller(self._folders, self.path)
        if file == self.path:
            self.lines[id(task)] = line
            self._tasks.append(task)  # or its identity would be another's later

    def _warn(self, message, category, filename, lineno, *_):
        if len(self._warnings) < 20 * MOST_WARNINGS:
            self._warnings.append((category.__name__, str(message), str(filename), lineno))

    def _log(self, record):
        if record.exc_info and record.exc_info[0] and record.args:
            self.logged[str(record.args[0])] = "".join(traceback.format_exception(*record.exc_info))


def _noting(make, note):
    def noting(cls, *args, **kwargs):
        made = object.__new__(cls) if make is object.__new__ else make(cls, *args, **kwargs)
        note(made)
        return made

    return noting
