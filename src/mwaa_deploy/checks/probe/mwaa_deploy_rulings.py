"""The user's own rules about DAGs, as seen from outside the processes that run them. For the other scripts here.

Runs inside the runner; standard library only, Python 3.7 and later.

A rules file that cannot be loaded, never ends, or takes its process down is told once, and is left out from then on:
the other rules are asked about every DAG all the same.
"""

import json

from mwaa_deploy_judge import TRIAL
from mwaa_deploy_results import is_starved
from mwaa_deploy_tracebacks import error
from mwaa_deploy_user_rules import NO_FILE, rule_files


class Rules:
    """The rules of one folder.

    Attributes:
        folder: where they lie.
        files: those that hold rules.
        errors: what is wrong with them, as far as it is no matter of a DAG.
        left_out: indexes of files that are asked no more.
    """

    def __init__(self, folder):
        self.folder = folder
        self.files = rule_files(folder)
        self.errors = [] if self.files else [error("NoRule", NO_FILE, folder)]
        self.left_out = set()

    def order(self):
        """What a process is told that is to ask them."""
        return {"left_out": sorted(self.left_out)}


class Hearing:
    """What one process says that asks the rules about the DAGs of some files.

    Args:
        pool: what it belongs to.
        numbers: of the files; or TRIAL alone.
        others: numbers of files that it loaded, too, but that it is not asked about.
        last_chance: whether the rules are to be blamed for whatever happens.
    """

    def __init__(self, pool, numbers, others, last_chance):
        self._pool = pool
        self._rules = pool.rules
        self._pending = set(numbers)
        self._others = set(others) - self._pending
        self._last_chance = last_chance
        self._at = None

    def take(self, kind, rest):
        """One line of it.

        Raises:
            ValueError, KeyError, IndexError, TypeError: it is not what this process has to say.
        """
        number, _, text = rest.partition(" ")
        number = int(number)
        if number in self._others:
            return
        if number not in self._pending:
            raise ValueError(number)
        if kind == "R":
            self._at = number, range(len(self._rules.files))[int(text)]
        elif kind == "V":
            found = json.loads(text)
            breaches, errors, broken = list(found["breaches"]), list(found["rule_errors"]), list(found["broken"])
            self._at = None
            self._pending.discard(number)
            self._rules.left_out.update(range(len(self._rules.files))[index] for index in broken)
            if number == TRIAL:
                self._rules.errors += errors
            elif not self._last_chance and is_starved(errors):
                self._pool.suspect(number)
            else:
                self._pool.results.rule(number, breaches, errors)
        else:
            raise ValueError(kind)

    def conclude(self, end, *, timed_out):
        """The process has ended; blame a rules file if there is anything left that it should have said.

        Args:
            end: given the file that is to be blamed, the error that says how it ended.
            timed_out: whether it was killed for taking too long.
        """
        if not self._pending:
            return
        number, index = self._at or (min(self._pending), None)
        if number != TRIAL and not timed_out and not self._last_chance:
            self._pool.suspect(number)
            self._pool.afterwards(sorted(self._pending - {number}))
            return
        if index is not None:
            self._rules.errors.append(end(self._rules.files[index]))
            self._rules.left_out.add(index)
        else:
            self._pending.discard(number)
            if number == TRIAL:
                self._rules.errors.append(end(self._rules.folder))
            else:
                self._pool.results.rule(number, [], [end(self._pool.items[number])])
        self._pool.again(sorted(self._pending), alone=len(self._pending) == 1)
