"""Tells which DAGs are made alike, so that what holds for one of them holds for the others. For the other scripts here.

Runs inside the runner; standard library only, Python 3.7 and later.

Whether Airflow can write a DAG down depends on the kinds of things that it and its tasks hold, not on which text or
number they are, but for NaN, what Airflow's schema limits (airflow/serialization/schema.json: "timedelta" and
"edge_info"), the names of template fields, and functions, of which it wants the source. To write a thousand DAGs down
takes as long as to parse them; to find out what they hold takes a fraction of it. What has a class of the user's, or
one that was changed, is never taken for like another thing.
"""

import datetime as dt
import enum
import logging
import math
import os
import sys
import types
import weakref

_PLAIN = {str, int, bool, type(None)}
_LIBRARIES = {"airflow", "pendulum", "datetime", "dateutil", "zoneinfo", "jinja2"}
_OPAQUE = {weakref.ProxyType, logging.Logger}
"""What is never written down: the DAG or group that a thing is in, and its log."""
_BY_VALUE = "template_fields"
"""The attribute whose text decides whether a DAG can be written down."""
_SPECIAL = {_BY_VALUE, "edge_info"}
"""The other one is not compared if there is anything in it: its keys count."""
_CONTAINERS = {list, tuple, set, frozenset}
_MOST = 20_000
_DEEPEST = 12
_HEAP_TYPE = 1 << 9  # of a class made by a `class` statement: what else it holds is not to be seen from here


class UnlikeError(Exception):
    """A thing that can be judged by nothing but itself."""


class Shapes:
    """The shapes of what has been found good."""

    def __init__(self):
        self._good = set()
        self._slots = {}
        self._classes = {}
        self._sources = {}
        self._forms = {}

    def of(self, dag):
        """The shapes of a DAG and of each of its tasks; None where it holds what cannot be compared."""
        tasks = list(dag.tasks)
        met = {id(dag): "dag"}
        met.update((id(task), "task") for task in tasks)
        try:
            found = {self._held(task, type(task), met, _DEEPEST) for task in tasks}
            found.add(self._held(dag, type(dag), met, _DEEPEST))
        except Exception:  # also what the user's code raises when it is looked at
            return None
        return found

    def are_good(self, shapes):
        """Whether each of them has been found good before."""
        return shapes <= self._good

    def of_user(self, thing):
        """Whether it is an object of a class that no library has."""
        return thing is not None and not _is_a_librarys(type(thing))

    def accept(self, shapes):
        """Remember that they are good."""
        if len(self._good) < _MOST:
            self._good |= shapes

    def hold(self):
        """Whether no class has been changed since it was met first: or things that look alike would not be alike.

        What has a private name, a library keeps for itself.
        """
        try:
            return all(then == vars(one) or _public(then) == _public(vars(one)) for one, then in self._classes.items())
        except Exception:  # a comparison of the user's own
            return False

    def _held(self, thing, kind, met, depth):
        """What an object of a library's is and holds."""
        slots = self._slots.get(kind)
        if slots is None:
            slots = self._slots[kind] = _slots(kind)
            for one in kind.__mro__:
                self._classes.setdefault(one, dict(vars(one)))
        held = getattr(thing, "__dict__", {})
        if slots:
            held = dict(held, **{name: getattr(thing, name) for name in slots if hasattr(thing, name)})
        form = kind, tuple(held), tuple(map(type, held.values()))
        known = self._forms.get(form)
        if known is None:
            looked_at = [name for name in held if type(held[name]) not in _PLAIN and name not in _SPECIAL]
            special = [name for name in held if name in _SPECIAL]
        else:
            number, looked_at, special = known
        found = [self._special(name, held[name]) for name in special]
        found += [met.get(id(held[name])) or self._shape(held[name], met, depth) for name in looked_at]
        if known is None:  # only now: a class of the user's is not to be kept
            number = len(self._forms)
            self._forms[form] = number, looked_at, special
        return (number, *found)  # the number stands for the form: it is quicker to compare

    @staticmethod
    def _special(name, value):
        if name == _BY_VALUE:
            return repr(value)
        if value:
            raise UnlikeError
        return name

    def _function(self, value):
        """Its kind, if its source can be had.

        Raises:
            UnlikeError: it is made of text, or not by Python.
        """
        name = getattr(getattr(value, "__code__", None), "co_filename", "")
        there = self._sources.get(name)
        if there is None:
            there = self._sources[name] = os.path.isfile(name)
        if not there:
            raise UnlikeError
        return types.FunctionType

    def _shape(self, value, met, depth):
        kind = type(value)
        if kind in _PLAIN or kind in _OPAQUE:
            return kind
        found = met.get(id(value))
        if found is not None:
            return found
        if depth == 0:
            raise UnlikeError
        if kind is dict:
            found = kind, self._each(value, met, depth), self._each(value.values(), met, depth)
        elif kind in _CONTAINERS:
            found = kind, self._each(value, met, depth)
        else:
            found = self._number(value, kind) or self._object(value, kind, met, depth)
        met[id(value)] = found  # what is compared lives as long as the DAG that holds it
        return found

    @staticmethod
    def _number(value, kind):
        if kind is dt.timedelta:
            return kind, value < dt.timedelta(0)
        return kind if kind is float and math.isfinite(value) else None

    def _object(self, value, kind, met, depth):
        if kind is types.FunctionType or kind is types.MethodType:
            return self._function(value)
        is_class = isinstance(value, type)
        if not _is_a_librarys(value if is_class else kind):
            raise UnlikeError
        if is_class:
            return value
        if isinstance(value, enum.Enum):
            return kind
        if isinstance(value, dt.datetime):
            value.timestamp()  # as Airflow writes it down: it may be none that there is a number for
            return kind, self._shape(value.tzinfo, met, depth - 1)
        if isinstance(value, dt.tzinfo):
            return kind, str(value)
        met[id(value)] = kind  # while it is looked at
        return self._held(value, kind, met, depth - 1)

    def _each(self, values, met, depth):
        kinds = set(map(type, values))
        if kinds <= _PLAIN:
            return frozenset(kinds)
        found = [self._shape(value, met, depth - 1) for value in values if type(value) not in _PLAIN]
        return frozenset([*found, *(kinds & _PLAIN)])


def _public(namespace):
    return {name: value for name, value in namespace.items() if name[0] != "_"}


def _is_a_librarys(kind):
    """Whether its name alone tells which class it is."""
    module = sys.modules.get(kind.__module__)
    return kind.__module__.split(".")[0] in _LIBRARIES and getattr(module, kind.__qualname__, None) is kind


def _slots(kind):
    """The names of what its objects hold besides their __dict__."""
    if not _is_a_librarys(kind) or not all(one is object or one.__flags__ & _HEAP_TYPE for one in kind.__mro__):
        raise UnlikeError
    found = []
    for one in kind.__mro__:
        names = vars(one).get("__slots__", ())
        for name in [names] if isinstance(names, str) else names:
            private = name.startswith("__") and not name.endswith("__")
            found.append("_" + one.__name__.lstrip("_") + name if private else name)
    return [name for name in found if name not in {"__dict__", "__weakref__"}]
