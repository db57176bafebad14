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
_SINGULAR = {"edge_info"}
"""Attributes that, if there is anything in them, are not compared: their keys count."""
_OPAQUE = {weakref.ProxyType, logging.Logger}
"""What is never written down: the DAG or group that a thing is in, and its log."""
_BY_VALUE = {"template_fields"}
"""Attributes whose text decides whether a DAG can be written down."""
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

    def _held(self, thing, kind, met, depth):
        """What an object of a library's is and holds."""
        slots = self._slots.get(kind)
        if slots is None:
            slots = self._slots[kind] = _slots(kind)
        if kind not in met:
            met[kind] = self._is_as_it_was(kind)
        held = getattr(thing, "__dict__", {})
        if slots:
            held = dict(held, **{name: getattr(thing, name) for name in slots if hasattr(thing, name)})
        kinds = list(map(type, held.values()))
        for at, (name, value) in enumerate(held.items()):
            if kinds[at] not in _PLAIN:
                kinds[at] = self._attribute(name, value, met, depth)
        return kind, tuple(held), tuple(kinds)

    def _is_as_it_was(self, kind):
        """True for a class that has what it had when it was met first; so its bases.

        Raises:
            UnlikeError: somebody has changed it.
        """
        for one in kind.__mro__:
            then = self._classes.get(one)
            if then == vars(one):
                continue
            if then is not None and _public(then) != _public(vars(one)):
                raise UnlikeError
            self._classes[one] = dict(vars(one))  # what has a private name, a library keeps for itself
        return True

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

    def _attribute(self, name, value, met, depth):
        if name in _BY_VALUE:
            return repr(value)
        if name in _SINGULAR and value:
            raise UnlikeError
        return self._shape(value, met, depth)

    def _shape(self, value, met, depth):
        kind = type(value)
        if kind in _PLAIN or kind in _OPAQUE:
            return kind
        if id(value) in met:
            return met[id(value)]
        if depth == 0:
            raise UnlikeError
        if kind is dict:
            return kind, self._each(value, met, depth), self._each(value.values(), met, depth)
        if kind in {list, tuple, set, frozenset}:
            return kind, self._each(value, met, depth)
        return self._number(value, kind) or self._object(value, kind, met, depth)

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
            return kind, self._shape(value.tzinfo, met, depth - 1)
        if isinstance(value, dt.tzinfo):
            return kind, str(value)
        met[id(value)] = kind  # while it is looked at
        found = met[id(value)] = self._held(value, kind, met, depth - 1)
        return found

    def _each(self, values, met, depth):
        kinds = set(map(type, values))
        if kinds <= _PLAIN:
            return frozenset(kinds)
        return frozenset([self._shape(value, met, depth - 1) for value in values])


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
