"""Keeps what came of each file small enough to be taken out of the runner. For the other scripts in this folder.

Runs inside the runner; standard library only, Python 3.7 and later.
"""

import json
import re

from mwaa_deploy_tracebacks import error

ROOM = 40 * 1024 * 1024  # bytes of results with every detail; later ones go without
MOST = 56 * 1024 * 1024  # bytes of results in all; no more than 64 MiB are taken out of the runner
OF_RULES = ("breaches", "rule_errors")

_STARVED = re.compile(r"\[Errno 1[12]\]|can't start new thread|\"MemoryError\"")  # EAGAIN, ENOMEM


class Results:
    """What came of each item, as JSON, None for a file that is none; small enough to be taken out of the runner.

    What the user's rules say is kept apart from what loading a file said: the one comes later, and changes nothing
    about the other.
    """

    def __init__(self, count):
        self._found = [None] * count
        self._said = {}
        self._awaited = {}
        self._size = 0

    def __contains__(self, number):
        return self._found[number] is not None

    def __setitem__(self, number, load):
        if load is None:
            return
        load = {name: value for name, value in load.items() if name not in OF_RULES}
        data = self._fitting(load)
        if self._size + len(data) > MOST:
            said = error("TooLarge", "there is no room left for what was found in this file", load["file"])
            data = json.dumps(dict(load, dags=[], warnings=[], errors=[said]))
        self._size += len(data)
        self._found[number] = data
        self._awaited.pop(number, None)

    def _fitting(self, load):
        data = json.dumps(load)
        if self._size + len(data) <= ROOM:
            return data
        try:
            return json.dumps(_without_details(load))
        except (TypeError, KeyError, AttributeError):  # it may have any form
            return data

    def await_rules(self, number, path):
        """Hold it against the rules if they say nothing about this file of the user's."""
        self._awaited[number] = path

    def awaits_rules(self, number):
        """Whether the rules have said nothing about it yet, and should."""
        return number in self._awaited and number not in self._said

    def rule(self, number, breaches, errors):
        """What the rules say about a file."""
        data = ', "breaches": %s, "rule_errors": %s}' % (json.dumps(breaches), json.dumps(errors))
        if self._size + len(data) > MOST:
            said = error("TooLarge", "there is no room left for what the rules say", self._awaited.get(number))
            data = ', "breaches": [], "rule_errors": %s}' % json.dumps([said])
        self._size += len(data)
        self._said[number] = data

    def __getitem__(self, number):
        if self._found[number] is None:
            return None
        if self.awaits_rules(number):
            message = "the rules were not asked about the DAGs of this file"
            self.rule(number, [], [error("Rules", message, self._awaited[number])])
        return self._found[number][:-1] + self._said.get(number, ', "breaches": [], "rule_errors": []}')


def _without_details(load):
    short = dict(load, dags=[dict(dag, graph=[]) for dag in load["dags"]], warnings=load["warnings"][:3])
    return dict(short, errors=[dict(one, traceback=one["traceback"][-1000:]) for one in load["errors"]])


def nothing(path, seconds):
    """A result in which nothing was found."""
    empty = {name: [] for name in ("dags", "errors", "warnings", *OF_RULES)}
    return dict(empty, file=path, seconds=seconds)


def is_starved(errors):
    """Whether something failed for lack of processes or memory, which another file may have taken."""
    return bool(_STARVED.search(json.dumps(errors)))  # they may have any form
