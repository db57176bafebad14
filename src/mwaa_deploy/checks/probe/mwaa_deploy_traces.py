"""What loading a file leaves behind in the process, so that the next file finds the process as a new one would be.

For the other scripts in this folder. Runs inside the runner; standard library only, Python 3.7 and later.

MWAA parses each file in a process of its own. A process forked for each file costs more than parsing it, so that
workers parse many files one after the other. After each file, what can be put back is put back (State); after some
files the worker looks whether anything else was changed (Snapshot), and if so, what it found does not count.
"""

import builtins
import collections
import gc
import logging
import os
import resource
import signal
import sys
import threading
import types
import warnings

from mwaa_deploy_tracebacks import home, in_folders

_SIGNALS = [
    getattr(signal, name) for name in ("SIGALRM", "SIGINT", "SIGTERM", "SIGCHLD", "SIGUSR1") if hasattr(signal, name)
]


_LIMITS = [getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")]


_CONTAINERS = {dict, list, set, collections.OrderedDict, collections.defaultdict}
_DEPTH = 2  # of containers in containers that are looked into
_GROWING = {"EXPRESSIONS"}  # in which croniter keeps what it was asked for


class State:
    """What a file may change and is put back without anybody knowing.

    Attributes:
        stayed: Airflow's modules that the last file was the first to import, and that are not forgotten.
    """

    def __init__(self, folders, stacks):
        """Note how things are.

        Args:
            folders: where the user's modules lie; those that a file imported are forgotten.
            stacks: lists that must be as long as they are now: what is open in a `with`.
        """
        self._folders = folders
        self._stacks = [(stack, len(stack)) for stack in stacks]
        self._modules = set(sys.modules)
        self._path = sys.path, list(sys.path)
        self._finders = [(name, getattr(sys, name), list(getattr(sys, name))) for name in ("meta_path", "path_hooks")]
        self._streams = [(name, getattr(sys, name)) for name in ("stdout", "stderr", "stdin", "excepthook")]
        self._environment = dict(os.environ), dict(_raw_environment())
        self._folder = os.getcwd()
        self._filters = warnings.filters, list(warnings.filters), warnings.showwarning
        self._signals = [(number, signal.getsignal(number)) for number in _SIGNALS]
        self._root = logging.root.level, list(logging.root.handlers), logging.root.manager.disable
        self._recursion = sys.getrecursionlimit()
        self._limits = [resource.getrlimit(limit) for limit in _LIMITS]
        self.threads = threading.active_count()
        self.stayed = []

    def put_back(self):
        """Undo. Whether everything could be undone."""
        clean = threading.active_count() <= self.threads and self._forget_modules()
        sys.path = self._path[0]
        sys.path[:] = self._path[1]
        for name, kept, items in self._finders:
            setattr(sys, name, kept)
            kept[:] = items
        for name, stream in self._streams:
            setattr(sys, name, stream)
        if _raw_environment() != self._environment[1]:
            os.environ.clear()
            os.environ.update(self._environment[0])
        try:
            if os.getcwd() != self._folder:
                os.chdir(self._folder)
        except OSError:
            os.chdir(self._folder)
        warnings.filters = self._filters[0]
        warnings.filters[:] = self._filters[1]
        warnings.showwarning = self._filters[2]
        for number, handler in self._signals:
            if signal.getsignal(number) is not handler and handler is not None:
                signal.signal(number, handler)
        if logging.root.level != self._root[0]:
            logging.root.setLevel(self._root[0])
        logging.root.handlers[:] = self._root[1]
        logging.root.manager.disable = self._root[2]
        sys.setrecursionlimit(self._recursion)
        return self._close() and self._has_limits() and clean

    def users_modules(self):
        """{name: module} of the user's modules that came since."""
        new = ((name, sys.modules[name]) for name in set(sys.modules) - self._modules)
        return {name: module for name, module in new if in_folders(home(module), self._folders)}

    def _forget_modules(self):
        """Drop the user's modules. Whether no others came, of libraries that were not there before."""
        self.stayed = []
        if sys.modules.keys() == self._modules:
            return True
        new = set(sys.modules) - self._modules
        clean = len(sys.modules) - len(new) == len(self._modules)
        for name in new:
            if in_folders(home(sys.modules[name]), self._folders):
                del sys.modules[name]
            elif name.startswith("airflow."):
                self._modules.add(name)
                self.stayed.append(name)
            else:
                clean = False
        return clean

    def _has_limits(self):
        """Whether the process may do what it might before: a limit that was lowered for good cannot be put back."""
        return [resource.getrlimit(limit) for limit in _LIMITS] == self._limits

    def _close(self):
        clean = True
        for stack, length in self._stacks:
            if len(stack) != length:
                clean = False
        return clean


def _raw_environment():
    """The environment as bytes, which is quicker to compare; or itself, where Python does not have it so."""
    return getattr(os.environ, "_data", os.environ)


class Snapshot:
    """Every attribute of every module and class that is loaded, and what is in containers, to be compared with later.

    Libraries change themselves as well, the first time that something of theirs is used; most of that has happened
    when the snapshot is taken, and what is left is known by its looks.

    Args:
        folders: where the user's code lies.
    """

    def __init__(self, folders):
        self._folders = folders
        self._modules, self._classes, self._contents = [], [], []
        self._known = set()
        conf = vars(sys.modules.get("airflow.configuration", sys)).get("conf")
        self._find_contents(value for name, value in getattr(conf, "__dict__", {}).items() if "cache" not in name)
        self.add(list(sys.modules))
        self._builtins = len(vars(builtins))
        self._collecting = gc.isenabled()

    def add(self, names):
        """Take modules that came since as they are now."""
        modules = ((name, sys.modules.get(name)) for name in names if name not in {"__main__", "__mp_main__", "sys"})
        taken = [(vars(one), dict(vars(one))) for _, one in modules if type(one) is types.ModuleType]
        self._modules += taken
        classes = []
        for namespace, _ in taken:
            for value in list(namespace.values()):
                if isinstance(value, type) and id(value) not in self._known:
                    self._known.add(id(value))
                    classes.append((value, dict(vars(value))))
        self._classes += classes
        for _, then in taken + classes:
            self._find_contents(
                value
                for name, value in then.items()
                if type(value) in _CONTAINERS
                and name[0] != "_"
                and name not in _GROWING
                and "cache" not in name.lower()
            )

    def accept(self, namespaces):
        """Take the __getattr__ that modules have now for the one that they had."""
        touched = {id(namespace) for namespace in namespaces}
        for now, then in self._modules if touched else ():
            if id(now) in touched:
                then["__getattr__"] = now["__getattr__"]

    def unchanged(self):
        """Whether nothing was replaced, removed, or (but for modules, which load such things late) added.

        What is not seen: attributes of objects, but for Airflow's settings; containers with private names; and what
        Python keeps in C, as a locale or the default time-out of sockets.
        """
        try:
            return (
                len(vars(builtins)) == self._builtins
                and gc.isenabled() == self._collecting
                and all(now == then or _same(now, then) for now, then in self._modules)
                and all(vars(one) == then or self._same_class(one, then) for one, then in self._classes)
                and all(now == then for now, then in self._contents)
            )
        except Exception:  # a comparison of the user's own
            return False

    def _find_contents(self, values):
        """Take containers that modules and classes have under public names, and those in these, each with a copy of it.

        What has a private name, or is a cache by its name, is a library's own business: it fills them as it is used.
        Airflow's settings lie under private names and are looked into all the same.
        """
        waiting = [(value, _DEPTH) for value in values]
        while waiting:
            value, depth = waiting.pop()
            if type(value) not in _CONTAINERS or id(value) in self._known:
                continue
            self._known.add(id(value))
            self._contents.append((value, value.copy()))
            if depth and type(value) is not set:
                waiting += [(one, depth - 1) for one in (value if type(value) is list else value.values())]

    def _same_class(self, one, then):
        now = vars(one)
        if "__mapper__" in then:  # a class of SQLAlchemy's, which adds to it when it is first used
            return _same(now, then)
        added = [value for name, value in now.items() if name not in then and not name.startswith("_")]
        return _same(now, then) and all(self._is_a_librarys(value) for value in added)

    def _is_a_librarys(self, value):
        code = getattr(value, "__code__", None)
        return code is not None and code.co_name != "<lambda>" and not in_folders(code.co_filename, self._folders)


def _same(now, then):
    missing = object()
    for name, value in then.items():
        found = now.get(name, missing)
        if found is not value and name != "__warningregistry__" and not _is_made_late(name, value, found):
            return False
    return True


def _is_made_late(name, before, after):
    """Whether a change looks like one of a library's own: a value that was still missing, a counter, a flag."""
    if before is None:
        return name.startswith("_")
    if type(before) is bool:
        return type(after) is bool
    return type(before) is int and type(after) is int and after > before
