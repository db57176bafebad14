"""Asks the user's own rules about DAGs that are parsed already. For the other scripts in this folder.

Runs inside the runner; standard library and Airflow only, Python 3.7 and later.

Rules are code that could change whatever is parsed after them, and what they import is not on MWAA. So they run in a
process that has told all it had to tell about its files, and that parses none any more. They are loaded anew for the
DAGs of each file, with the modules that this file has imported: a rule that asks for a class of the user's means the
one that the DAG was made of.

What it says, a line each, {number} being that of a file, or TRIAL:

    R number index      it begins to load or to ask the rules file of that index
    V number json       what the rules said: {"breaches", "rule_errors", "broken"}; the last are the indexes of rules
                        files that are to be left out from now on
"""

import os
import signal
import sys
import traceback
from json import dumps

from mwaa_deploy_tracebacks import error, home, in_folders, own_caller, parse_traceback
from mwaa_deploy_user_rules import LOST, NO_RULE, RulesFinder, ask, load_rules, lost_rules

TRIAL = -1
"""In the place of a file's number: the rules are only loaded."""

MOST_SAID = 1000  # messages about the DAGs of one file


class Judge:
    """One process, for the rest of its life.

    Args:
        files: the rules files, in one folder.
        folders: where the user's code lies.
        limit: seconds for loading a rules file, and for each of its rules, about the DAGs of one file.
        say: called with each line.
        leave: ends the process, given a status.
    """

    def __init__(self, files, folders, limit, say, leave):
        self._files = files
        self._folders = folders
        self._limit = limit
        self._say = say
        self._exit = leave
        self._process = os.getpid()
        self._errors = []
        self._index = 0
        self._left_out = set()
        self._finder = RulesFinder(os.path.dirname(files[0])) if files else None

    def judge(self, kept, left_out):
        """Ask all rules about all DAGs.

        Args:
            kept: {number of a file: (its DAGs, {name: module of the user's that it imported})}.
            left_out: indexes of rules files that are known to be broken.
        """
        self._left_out.update(left_out)
        os._exit = self._leave_early
        signal.signal(signal.SIGALRM, self._too_late)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM, signal.SIGUSR2])
        if self._finder:
            sys.meta_path.insert(0, self._finder)
        for name in [name for name in sys.modules if self._is_hidden(name)]:
            del sys.modules[name]
        for number, (dags, modules) in kept.items():
            known = set(sys.modules)
            sys.modules.update((name, module) for name, module in modules.items() if not self._is_hidden(name, module))
            self._say("V %d %s" % (number, dumps(self._about(number, dags))))
            self._forget(known)

    def _about(self, number, dags):
        breaches, self._errors, broken, helpers = [], [], [], []
        for index, path in enumerate(self._files):
            if index in self._left_out:
                continue
            self._say("R %d %d" % (number, index))
            before = len(self._errors)
            rules = self._limited(path, lambda: load_rules(path)) or []  # noqa: B023 -- called at once
            failed = len(self._errors) > before
            lost = lost_rules(path) if number == TRIAL and not failed else []
            if not rules and not lost and not failed:
                helpers.append(path)
            if number == TRIAL and (not rules or failed):
                self._left_out.add(index)
            self._errors += [error("NoRule", LOST % (name, kind), path, line) for name, kind, line in lost]
            for name, rule in rules if dags else ():
                self._say("R %d %d" % (number, index))
                code = getattr(rule, "__code__", None)
                line = code.co_firstlineno if getattr(code, "co_filename", None) == path else None
                self._limited(path, lambda: self._ask(name, rule, dags, breaches), line)  # noqa: B023 -- as above
                if index in self._left_out:
                    break
            if index in self._left_out:
                broken.append(index)
        self._errors += [error("NoRule", NO_RULE, path) for path in helpers if not _is_imported(path)]
        return {"breaches": breaches, "rule_errors": self._errors, "broken": broken}

    def _ask(self, name, rule, dags, breaches):
        for dag in dags:
            for breach in ask(name, rule, dag):
                breaches.append(breach)
                if len(breaches) > MOST_SAID:
                    raise ValueError("more than %d messages about the DAGs of one file" % MOST_SAID)

    def _limited(self, path, run, line=None):
        """What run() returns; None, and an error, if it raises, takes too long, or tries to end the process."""
        before = len(self._errors)
        self._index = self._files.index(path)
        signal.setitimer(signal.ITIMER_REAL, self._limit)
        found = None
        try:
            found = run()
        except _Ended:
            pass
        except BaseException:
            self._only_here()
            said = parse_traceback(traceback.format_exc(), [os.path.dirname(path)])
            self._errors.append(said if said["file"] else dict(said, file=path, line=line))
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        self._only_here()
        return found if len(self._errors) == before else None

    def _only_here(self):
        """End a process that a rule forked and that came back from it."""
        if os.getpid() != self._process:
            self._exit(0)

    def _too_late(self, *_):
        self._left_out.add(self._index)
        raise TimeoutError("the rules in this file took longer than %g s" % self._limit)

    def _leave_early(self, status):
        if os.getpid() == self._process:
            file, line = own_caller([os.path.dirname(self._files[0])])
            message = "os._exit(%s) was called in a file with rules" % status
            self._errors.append(error("os._exit", message, file or self._files[self._index], line))
            raise _Ended
        self._exit(status)

    def _is_hidden(self, name, module=None):
        """Whether a module of the user's stands in the way of one that the rules bring."""
        module = sys.modules.get(name) if module is None else module
        return (
            self._finder is not None
            and name.partition(".")[0] in self._finder.names
            and in_folders(home(module), self._folders)
        )

    def _forget(self, known):
        """Drop the modules of the user's, among them those of the rules."""
        for name in set(sys.modules) - known:
            if in_folders(home(sys.modules[name]), self._folders):
                del sys.modules[name]


def _is_imported(path):
    """Whether a rules file is a module to another one: it need hold no rule itself."""
    return home(sys.modules.get(os.path.basename(path)[: -len(".py")])) == path


class _Ended(BaseException):
    """A rule called os._exit()."""
