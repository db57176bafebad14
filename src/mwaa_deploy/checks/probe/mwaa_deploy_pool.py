# ruff: noqa: PLR0917 -- one call makes it
"""Hands files out to worker processes. For the other scripts in this folder.

Runs inside the runner; standard library and Airflow only, Python 3.7 and later.
"""

import collections
import selectors
import time

from mwaa_deploy_child import Child
from mwaa_deploy_descendants import bury, kill_descendants, outlive_descendants
from mwaa_deploy_results import Results

SMALLEST_BATCH, LARGEST_BATCH = 16, 250
MOST_ALONE = 4  # files for each process: so few are loaded in a process of their own each
_TICK, _PAUSE = 0.05, 0.003
_PATIENCE = 30.0  # seconds to wait for a process that can be forked


class Pool:
    """Loads every item; some processes at a time.

    Args:
        items: see Worker.
        folders: where the user's code lies.
        limit: seconds for each item.
        jobs: how many processes at a time.
        scratch: a folder.
        serve: called in a new process with the file to read orders from and the descriptor to say things on.
        rules: the user's own; None if there is none to ask.

    Attributes:
        leaned: numbers of items that have to be loaded where nothing was imported for them; there is no result of them.
    """

    def __init__(self, items, folders, limit, jobs, scratch, serve, rules):
        self.items = items
        self.folders = folders
        self.limit = limit
        self.scratch = scratch
        self.serve = serve
        self.rules = rules
        self.results = Results(len(items))
        self.leaned = set()
        self._jobs = max(1, jobs)
        self._batches = collections.deque()
        self._suspects = collections.deque()
        self._afterwards = []
        self._selector = selectors.DefaultSelector()
        self._children = []
        self._refused_since = None

    def run(self, batches):
        """Load the items of all batches.

        Args:
            batches: lists of numbers. One alone is loaded in a process of its own. [TRIAL] loads the rules alone.
        """
        outlive_descendants()
        self._batches.extend(batches)
        while self._batches or self._suspects or self._children or self._afterwards:
            self._start_some()
            for key, _ in self._selector.select(_TICK if self._children else 0):
                key.data.read()
            time.sleep(_PAUSE)  # or there would be a turn for every word of each process, and no core left for them
            for child in list(self._children):
                if child.is_over():
                    self._selector.unregister(child.source)
                    self._children.remove(child)
                    child.conclude()
            bury({child.pid for child in self._children})
        return self.results

    def descriptors(self):
        """What is open for the processes that there are; not for a new one."""
        return [descriptor for child in self._children for descriptor in child.descriptors]

    def next_batch(self):
        """What a process that has nothing to do is to do, if there is anything."""
        return self._batches.popleft() if self._batches else []

    def again(self, numbers, *, alone):
        """Load items another time."""
        if alone:
            self._batches.extendleft([number] for number in reversed(numbers))
        elif numbers:
            self._batches.appendleft(list(numbers))

    def suspect(self, number):
        """Load an item another time, while nothing else is loaded: it may not have been its fault."""
        self._suspects.append(number)

    def afterwards(self, numbers):
        """Load items another time, once the suspects are through."""
        self._afterwards += numbers

    def _start_some(self):
        if self._afterwards and not (self._batches or self._suspects or self._children):
            self.again(self._afterwards, alone=len(self._afterwards) == 1)
            self._afterwards = []
        while self._batches and len(self._children) < self._jobs:
            if not self._start(self._batches[0], False):
                return
            self._batches.popleft()
        if self._suspects and not self._children and not self._batches:
            if self._start([self._suspects[0]], True):
                self._suspects.popleft()

    def _start(self, batch, last_chance):
        """Start a process if one can be had; while there is none, those that run are still kept to their limits."""
        try:
            child = Child(self, batch, last_chance)
        except OSError:
            if not self._waits_for_room():
                raise
            return False
        self._refused_since = None
        self._children.append(child)
        self._selector.register(child.source, selectors.EVENT_READ, child)
        return True

    def _waits_for_room(self):
        """Whether there may be a process to be had soon: of ours that run, each ends at its limit."""
        if self._children:
            return True
        now = time.monotonic()
        self._refused_since = self._refused_since or now
        kill_descendants()  # nothing that is still wanted
        time.sleep(_TICK)
        return now - self._refused_since < _PATIENCE


def batches(costly, cheap, jobs):
    """How the numbers of items are dealt out.

    Args:
        costly: those that get a process of their own.
        cheap: those that share one.
        jobs: how many processes there are at a time.
    """
    dealt, at = [[number] for number in costly], 0
    while at < len(cheap):
        size = -(-(len(cheap) - at) // (2 * jobs))  # ever smaller, so that all processes end at the same time
        size = 1 if len(cheap) <= MOST_ALONE * jobs else max(SMALLEST_BATCH, min(LARGEST_BATCH, size))
        dealt.append(cheap[at : at + size])
        at += size
    return dealt
