"""Keeps what came of each file small enough to be taken out of the runner. For the other scripts in this folder.

Runs inside the runner; standard library only, Python 3.7 and later.
"""

import json

from mwaa_deploy_tracebacks import error

ROOM = 40 * 1024 * 1024  # bytes of results with every detail; later ones go without
MOST = 56 * 1024 * 1024  # bytes of results in all; no more than 64 MiB are taken out of the runner


class Results:
    """What came of each item, as JSON, None for a file that is none; small enough to be taken out of the runner."""

    def __init__(self, count):
        self._found = [None] * count
        self._size = 0

    def __setitem__(self, number, load):
        if load is None:
            return
        data = json.dumps(load)
        if self._size + len(data) > ROOM:
            data = json.dumps(_without_details(load))
        if self._size + len(data) > MOST:
            said = error("TooLarge", "there is no room left for what was found in this file", load["file"])
            data = json.dumps(dict(load, dags=[], warnings=[], breaches=[], rule_errors=[], errors=[said]))
        self._size += len(data)
        self._found[number] = data

    def __getitem__(self, number):
        return self._found[number]


def _without_details(load):
    short = dict(load, dags=[dict(dag, graph=[]) for dag in load["dags"]], warnings=load["warnings"][:3])
    for name in ("errors", "rule_errors"):
        short[name] = [dict(one, traceback=one["traceback"][-1000:]) for one in load[name]]
    return short


def nothing(path, seconds):
    """A result in which nothing was found."""
    empty = {name: [] for name in ("dags", "errors", "warnings", "breaches", "rule_errors")}
    return dict(empty, file=path, seconds=seconds)
