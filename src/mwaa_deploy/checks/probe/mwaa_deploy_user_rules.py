"""The user's own rules about DAGs: Python files in a folder of their repository. For the other scripts here.

Runs inside the runner; standard library only, Python 3.7 and later.

A rules file is a Python file with a function `check`, or functions whose names begin with `rule_`, or both. Each takes
one argument, Airflow's own DAG object, and says what is wrong with it by returning or yielding messages:

    def check(dag):                       # the rule is named like the file
        if not dag.tags:
            yield "has no tags"           # a failure
        if len(dag.tasks) > 100:
            yield "warn", "is large"      # ("warn" or "fail", message)

    def rule_starts_in_the_past(dag): ...  # the rule 'starts-in-the-past'

None, or nothing, means that all is well. Files whose names begin with an underscore hold no rules; the others can
import them. A rule that raises, or takes longer than one DAG file may, is itself a failure.
"""

import importlib.util
import os
import sys
import traceback

from mwaa_deploy_tracebacks import cut, error, parse_traceback

_SEVERITIES = ("warn", "fail")


class UserRules:
    """The rules of one folder, loaded.

    Attributes:
        errors: what kept files from being loaded.
    """

    def __init__(self, folder):
        self._folder = folder
        self._rules = []
        self.errors = []
        names = sorted(os.listdir(folder)) if folder and os.path.isdir(folder) else []
        for name in names:
            if name.endswith(".py") and not name.startswith(("_", ".")):
                self._load(os.path.join(folder, name))

    def __bool__(self):
        return bool(self._rules or self.errors)

    def _load(self, path):
        stem = os.path.splitext(os.path.basename(path))[0]
        sys.path.append(self._folder)
        try:
            spec = importlib.util.spec_from_file_location("mwaa_deploy_rules_" + stem, path)
            module = importlib.util.module_from_spec(spec)
            sys.modules[spec.name] = module
            spec.loader.exec_module(module)
        except BaseException:
            self.errors.append(self._error(path))
            return
        finally:
            sys.path.remove(self._folder)
        found = []
        for name, value in list(vars(module).items()):
            if callable(value) and getattr(value, "__module__", None) == spec.name:
                if name == "check":
                    found.append((_kebab(stem), value, path))
                elif name.startswith("rule_"):
                    found.append((_kebab(name[len("rule_") :]), value, path))
        if not found:
            message = "There is no rule in this file: a function 'check', or one whose name begins with 'rule_'."
            self.errors.append(error("NoRule", message, path))
        self._rules += found

    def judge(self, dags):
        """Ask every rule about every DAG.

        Returns:
            [{"rule", "severity", "message", "dag"}], and the errors of the rules themselves.
        """
        breaches, errors = [], []
        for name, rule, path in self._rules:
            for dag in dags:
                try:
                    for severity, message in _said(rule(dag)):
                        found = {"rule": name, "severity": severity, "message": cut(message), "dag": str(dag.dag_id)}
                        breaches.append(found)
                except BaseException:
                    line = getattr(getattr(rule, "__code__", None), "co_firstlineno", None)
                    errors.append(self._error(path, line))
                    break
        return breaches, errors

    def _error(self, path, line=None):
        found = parse_traceback(traceback.format_exc(), [self._folder])
        return found if found["file"] else dict(found, file=path, line=line)


def _said(answer):
    """The (severity, message) pairs of what a rule returned."""
    if answer is None:
        return
    for item in [answer] if isinstance(answer, str) else answer:
        if isinstance(item, str):
            yield "fail", item
        elif isinstance(item, tuple) and len(item) == 2 and item[0] in _SEVERITIES:  # noqa: PLR2004 -- a pair
            yield str(item[0]), str(item[1])
        else:
            raise TypeError('a rule says text, or ("warn" or "fail", text), not %r' % (item,))


def _kebab(name):
    return name.strip("_").replace("_", "-")
