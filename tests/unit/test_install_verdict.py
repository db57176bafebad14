from datetime import UTC, datetime

import pytest

from mwaa_deploy.install_verdict import InstallVerdict, judge
from mwaa_deploy.ports import LogLine

PIP, SCRIPT = "requirements_install_ip-10-0-0-1", "startup_script_execution_ip-10-0-0-1"


def line(text, stream=PIP):
    return LogLine(stream=stream, at=datetime(2026, 1, 5, tzinfo=UTC), text=text)


GOOD = [
    line("[INFO] - Collecting pyjokes==0.8.3"),
    line("[WARNING] - WARNING: Constraints should be specified for requirements.txt."),
    line("[INFO] - Successfully installed pyjokes-0.8.3"),
]


def test_an_installation_that_went_well():
    assert judge(GOOD) == InstallVerdict(containers=1)


@pytest.mark.parametrize(
    "text",
    [
        "ERROR: Could not find a version that satisfies the requirement no-such-package (from versions: none)",
        "ERROR: No matching distribution found for no-such-package",
        "ERROR: Cannot install a==1 and b==2 because these package versions have conflicting dependencies.",
        "ERROR: pip installation exited with a non-zero error code.",
        'Process "worker_requirements" (PID 12) is being stopped due to the following reason(s): 1) Process timed out',
    ],
)
@pytest.mark.parametrize("level", ["", "[INFO] - ", "[ERROR] - "])
def test_what_pip_says_when_it_fails(text, level):
    assert judge([*GOOD, line(f"{level}{text}\n")]).failures == (text,)


def test_the_same_failure_in_many_containers_is_told_once():
    found = judge([line("ERROR: x"), line("ERROR: x", f"{PIP}-2"), line("ERROR: y")])
    assert (found.failures, found.containers) == (("ERROR: x", "ERROR: y"), 2)


def test_packages_that_do_not_fit_are_installed_all_the_same():
    resolver = (
        "ERROR: pip's dependency resolver does not currently take into account all the packages that are installed."
    )
    conflict = "airflow-provider 1.0 requires pyjokes<0.8, but you have pyjokes 0.8.3 which is incompatible."
    found = judge([line(f"[INFO] - {resolver}"), line(f"[INFO] - {conflict}")])
    assert (found.failures, found.conflicts) == ((), (conflict,))


def test_a_word_in_the_middle_of_a_line_is_no_failure():
    assert judge([line("[INFO] - Downloading ERROR: a file of that name")]).failures == ()


def test_a_startup_script_may_say_what_it_likes():
    assert judge([line("[INFO] - ERROR: but I go on", SCRIPT)]).failures == ()


def test_a_startup_script_that_was_stopped_has_failed():
    text = 'Process "worker_startup" (PID 12) is being stopped due to the following reason(s): 1) Process timed out'
    assert judge([line(text, SCRIPT)]).failures == (text,)
