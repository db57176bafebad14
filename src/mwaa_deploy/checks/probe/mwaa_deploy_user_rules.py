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

A function counts by its name, wherever it was written: a decorator's too, and one that is imported. None, or nothing,
means that all is well. Files whose names begin with an underscore hold no rules; the others can
import them. A rule that raises, or takes longer than one DAG file may, is itself a failure.
"""

import importlib.util
import os
import sys
from importlib.machinery import PathFinder

from mwaa_deploy_imports import STANDARD
from mwaa_deploy_tracebacks import cut

_SEVERITIES = ("warn", "fail")
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

    Returns:
        [(name, function)]: the rules in it.
    """
    stem = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location("mwaa_deploy_rules_" + stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    found = []
    for name, value in list(vars(module).items()):
        # By its name alone: what a decorator made, or was written elsewhere, is a rule as well.
        if name != "check" and not name.startswith("rule_"):
            continue
        if not callable(value):
            raise TypeError("%s is no function, so that it cannot be asked" % name)
        found.append((_kebab(stem if name == "check" else name[len("rule_") :]), value))
    return found


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
