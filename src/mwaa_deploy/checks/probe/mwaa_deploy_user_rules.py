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
import them, and rules from them too. A rule that raises, or takes longer than one DAG file may, is itself a failure.
"""

import importlib.util
import os
import re
import sys
from importlib.machinery import PathFinder

from mwaa_deploy_imports import STANDARD
from mwaa_deploy_tracebacks import cut, home

_SEVERITIES = ("warn", "fail")
_OWN = "mwaa_deploy_rules_"  # before the name of a rules file that was loaded for its rules
LOST = (
    "'%s' has the name of a rule, and is no function but %s, so that it is not asked. A decorator that returns nothing "
    "does that; give it another name if it is no rule."
)
NO_RULE = "There is no rule in this file: a function 'check', or one whose name begins with 'rule_'."
NO_FILE = (
    "There is no rule in this folder: a Python file that lies in the folder itself, and whose name does not begin with "
    "an underscore."
)


def rule_files(folder):
    """The files of a folder that hold rules."""
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    return [os.path.join(folder, name) for name in names if name.endswith(".py") and not name.startswith(("_", "."))]


class RulesFinder:
    """Finds what rules import beside themselves, before anything of that name in the DAGs' folders or installed.

    Not before the standard library, which everything else needs as it is.
    """

    def __init__(self, folder):
        self._folder = folder
        names = (name[: -len(".py")] if name.endswith(".py") else name for name in os.listdir(folder))
        self.names = {name for name in names if name.isidentifier() and name not in STANDARD}

    def find_spec(self, name, path=None, target=None):
        """What importing a name would load, if it is one of these."""
        return PathFinder.find_spec(name, [self._folder], target) if path is None and name in self.names else None


def load_rules(path):
    """Run a rules file.

    A rule is known by the name that it has in the file: wherever it was made, and whatever a decorator made of it. One
    that is imported from another rules file is asked there.

    Returns:
        [(name, function)]: the rules in it.
    """
    stem = _stem(path)
    spec = importlib.util.spec_from_file_location(_OWN + stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    elsewhere = [value for other in _imported(path) for name, value in vars(other).items() if _is_rule(name)]
    found = []
    for name, value in list(vars(module).items()):
        if _is_rule(name) and callable(value) and not any(value is other for other in elsewhere):
            found.append((_kebab(stem if name == "check" else name[len("rule_") :]), value))
    return found


def lost_rules(path):
    """What has a rule's name in a rules file that was loaded, and cannot be asked: [(name, what it is, line)]."""
    module = sys.modules.get(_OWN + _stem(path))
    with open(path, "rb") as file:
        text = file.read().decode("utf-8", "replace")
    found = []
    for name, value in list(vars(module).items()) if module else ():
        if _is_rule(name) and not callable(value):
            place = re.search(r"^(?:(?:async[ \t]+)?def[ \t]+)?%s\b" % re.escape(name), text, re.MULTILINE)
            line = text.count("\n", 0, place.start()) + 1 if place else None
            found.append((name, type(value).__name__, line))
    return found


def _imported(path):
    """The other rules files of the folder that were imported, as modules."""
    modules = ((other, sys.modules.get(_stem(other))) for other in rule_files(os.path.dirname(path)) if other != path)
    return [module for other, module in modules if module is not None and home(module) == other]


def _is_rule(name):
    return name == "check" or name.startswith("rule_")


def _stem(path):
    return os.path.splitext(os.path.basename(path))[0]


def ask(name, rule, dag):
    """Ask a rule about a DAG. What it says: [{"rule", "severity", "message", "dag"}], as it comes."""
    for severity, message in _said(rule(dag)):
        yield {"rule": name, "severity": severity, "message": cut(message), "dag": str(dag.dag_id)}


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
