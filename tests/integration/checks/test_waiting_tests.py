"""The launcher of the unit tests is ready early, and still runs them with what was installed meanwhile."""

import time

import pytest

from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.settings import CheckSettings
from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.checks.waiting_tests import WaitingTests, files_of_test_tools
from tests.integration.checks.conftest import laid_out

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
    fresh_runner.put_all(files_of_test_tools(layout, test_tools, SETTINGS))
    with WaitingTests(layout, fresh_runner, test_tools=test_tools, limits=LIMITS, settings=SETTINGS) as tests:
        yield tests, layout


@pytest.mark.parametrize("installs", [True, False])
def test_tests_get_what_was_installed_while_the_launcher_waited(waiting, fresh_runner, installs):
    tests, layout = waiting
    time.sleep(6)
    if installs:
        iniconfig = str(layout.own / "test-tools" / "iniconfig")
        done = fresh_runner.run([fresh_runner.python, "-c", INSTALL, iniconfig], timeout=60)
        assert done.exit_code == 0, done.output

    result = tests.go()

    assert result.severity is (Severity.PASS if installs else Severity.FAIL), result.log


def test_a_launcher_that_begins_anew_runs_the_tests(waiting):
    tests, _ = waiting
    time.sleep(4)

    result = tests.go(anew=True)

    assert ["AssertionError" in verdict.message for verdict in result.failures] == [True], result.log


def test_tests_that_are_stopped_never_count_as_passed(waiting):
    tests, _ = waiting
    tests.__exit__(None, None, None)

    assert tests.go().severity is Severity.FAIL
