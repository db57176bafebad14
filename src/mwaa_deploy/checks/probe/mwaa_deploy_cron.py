"""Keeps what becomes of cron expressions, of which a folder has few and its DAGs many. For the other scripts here.

Runs inside the runner; standard library only, Python 3.7 and later.
"""

import copy
import functools
import re
import sys

_FIGURES = re.compile(r"[0-9*/, -]+").fullmatch
_OTHERWISE = ("hash_id", "from_timestamp")
"""What makes croniter take an expression apart in another way."""


def remember_cron():
    """Take a cron expression apart, and read the words in which it is described, once and not again for each DAG."""
    descriptor = sys.modules.get("cron_descriptor.ExpressionDescriptor")
    translations = getattr(descriptor, "GetText", None)
    if translations:
        descriptor.GetText = functools.lru_cache(maxsize=None)(translations)
    cron = getattr(sys.modules.get("croniter.croniter"), "croniter", None)
    method = vars(cron).get("expand") if isinstance(cron, type) else None
    if not isinstance(method, classmethod):
        return
    expand, known = method.__func__, {}

    def remembering(cls, *args, **kwargs):
        # Of figures alone it comes out the same each time; there are expressions that croniter hashes, or draws.
        if len(args) != 1 or not isinstance(args[0], str) or not _FIGURES(args[0]) or any(map(kwargs.get, _OTHERWISE)):
            return expand(cls, *args, **kwargs)
        key = cls, args, tuple(sorted(kwargs.items()))
        if key not in known:
            known[key] = expand(cls, *args, **kwargs)
        return copy.deepcopy(known[key])

    cron.expand = classmethod(remembering)
