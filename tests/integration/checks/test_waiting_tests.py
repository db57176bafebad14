"""The launcher of the unit tests is ready early, and still runs them with what was installed meanwhile."""

import time

import pytest

from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.settings import CheckSettings
from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.checks.waiting_tests import WaitingTests
from tests.integration.checks.conftest import laid_out, laid_out_launch

pytestmark = pytest.mark.airflow

SETTINGS, LIMITS = CheckSettings(), CheckLimits()

INSTALL = """import pathlib, shutil, site, sys
shutil.copytree(sys.argv[1], pathlib.Path(site.getsitepackages()[0], "iniconfig"))
"""
TEST = """import iniconfig
import tabulate

def test_a():
    assert "site-packages" in iniconfig.__file__
    assert tabulate.__file__.endswith("tabulate/__init__.py")
"""
# What is imported early must be nothing that pytest wants to rewrite.
STRICT = "[pytest]\nfilterwarnings = error::pytest.PytestAssertRewriteWarning\n"


@pytest.fixture
def waiting(fresh_runner, make_project, test_tools):
    layout = laid_out(make_project({"tests/test_a.py": TEST, "pytest.ini": STRICT}), fresh_runner)
    launch = laid_out_launch(layout, fresh_runner, test_tools, LIMITS, SETTINGS)
    with WaitingTests(launch, fresh_runner) as tests:
        yield tests


@pytest.mark.parametrize("installs", [True, False])
def test_tests_get_what_was_installed_while_the_launcher_waited(waiting, fresh_runner, installs):
    time.sleep(6)
    if installs:
        iniconfig = str(fresh_runner.test_tools / "iniconfig")
        done = fresh_runner.run([fresh_runner.python, "-c", INSTALL, iniconfig], timeout=60)
        assert done.exit_code == 0, done.output

    result = waiting.go()

    assert result.severity is (Severity.PASS if installs else Severity.FAIL), result.log


def test_a_launcher_that_begins_anew_runs_the_tests(waiting):
    time.sleep(4)

    result = waiting.go(anew=True)

    assert ["AssertionError" in verdict.message for verdict in result.failures] == [True], result.log


def test_tests_that_are_stopped_never_count_as_passed(waiting):
    waiting.__exit__(None, None, None)

    assert waiting.go().severity is Severity.FAIL
