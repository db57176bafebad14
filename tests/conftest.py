"""What holds for every test: the order of the suites, no silent skips, and no network in unit tests."""

import os
import socket
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# How long an example takes says more of the machine than of the program.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")

SUITES = ("unit", "contract", "integration", "e2e")
"""Cheapest first, so that a fault shows up where it is cheapest to find."""

REQUIRE_ALL = "MWAA_DEPLOY_REQUIRE_ALL"
"""Set to 1 by `make test`: a machine that lacks a part makes the run red instead of shorter."""


def _suite(path: Path) -> str:
    relative = path.relative_to(Path(__file__).parent) if path.is_relative_to(Path(__file__).parent) else path
    return relative.parts[0]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run suite after suite; the random order within each stays."""
    items.sort(key=lambda item: SUITES.index(suite) if (suite := _suite(item.path)) in SUITES else -1)


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if os.environ.get(REQUIRE_ALL) != "1" or not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    report.outcome = "failed"
    report.longrepr = f"{REQUIRE_ALL}=1, and this was not run. {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that was skipped is a failure where everything is required."""
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """So is a whole file that skipped itself."""
    report = yield
    _refuse_skip(report)
    return report


@pytest.fixture(autouse=True)
def _no_network_in_unit_tests(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if _suite(request.path) != "unit":
        return

    def guarded(name: str) -> None:
        real = getattr(socket.socket, name)

        def connect(self: socket.socket, address: Any) -> Any:
            if self.family != socket.AF_UNIX:
                message = f"a unit test reached for the network: {address!r}"
                raise RuntimeError(message)
            return real(self, address)

        monkeypatch.setattr(socket.socket, name, connect)

    guarded("connect")
    guarded("connect_ex")

    def resolve(host: object, *_: object, **__: object) -> Any:
        message = f"a unit test looked up a name: {host!r}"
        raise RuntimeError(message)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
