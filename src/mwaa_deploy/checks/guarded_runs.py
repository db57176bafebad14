"""DAG probe and unit tests run side by side, and neither may help or hurt the other.

Where what both see was written to meanwhile, it is put back as it was, and the DAG files are parsed once more, alone.
If they write by themselves, the unit tests are run once more as well.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from mwaa_deploy.checks.code_runs import Started
from mwaa_deploy.checks.running_probe import ProbeAnswer
from mwaa_deploy.checks.shared_state import SharedFiles
from mwaa_deploy.checks.verdicts import CheckResult


def guarded(
    started: Started,
    shared: SharedFiles,
    *,
    probe_alone: Callable[[], ProbeAnswer],
    test_alone: Callable[[], CheckResult],
) -> Started:
    """Both as they are, but what either says counts only if the other can have had no part in it.

    Args:
        started: DAG files and unit tests at work.
        shared: what both see.
        probe_alone: probes once more.
        test_alone: runs the unit tests once more.
    """
    probe, tests = started.probe, started.tests
    if probe is None or tests is None:
        return started

    @cache
    def both() -> tuple[ProbeAnswer, CheckResult]:
        began = time.monotonic()
        answer = probe()
        if answer.seconds is None:
            answer = replace(answer, seconds=time.monotonic() - began)
        result = tests()
        if started.untouched():
            return answer, result
        shared.restore()
        answer = probe_alone()
        if not shared.untouched():  # so it was not the tests alone that wrote
            shared.restore()
            result = test_alone()
        return answer, result

    return Started(probe=lambda: both()[0], tests=lambda: both()[1])
