"""A runner that is opened while the program still reads what to do with it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.config import Config
from mwaa_deploy.context import GitHubContext, read_context
from mwaa_deploy.early_runner import EarlyRunner, early_runner
from mwaa_deploy.inputs import Inputs, Mode
from tests.fakes.log import FakeLog
from tests.fakes.runner import FakeRunner


class AtHand(FakeRunner):
    """A runner without our scripts."""

    has_scripts = False


class Place:
    """Where a runner is opened and closed; `gate` holds the opening up."""

    def __init__(self, *, there: bool = True, problem: Exception | None = None) -> None:
        self.there = there
        self.problem = problem
        self.gate = threading.Event()
        self.gate.set()
        self.runner = AtHand()
        self.opened = self.closed = 0

    @contextmanager
    def open(self) -> Iterator[AtHand | None]:
        self.gate.wait()
        if self.problem:
            raise self.problem
        self.opened += 1
        try:
            yield self.runner if self.there else None
        finally:
            self.closed += 1


def test_it_is_open_when_it_is_taken_and_closed_afterwards():
    place = Place()
    with EarlyRunner(place.open, CheckLimits()) as early:
        taken = early.take()
        assert taken is not None
        with taken as runner:
            assert runner is place.runner
            assert early.warm is not None
            assert (place.opened, place.closed) == (1, 0)
        assert place.closed == 1
    assert place.closed == 1


def test_one_that_nobody_takes_is_closed():
    place = Place()
    place.gate.clear()
    with EarlyRunner(place.open, CheckLimits()):
        place.gate.set()
    assert (place.opened, place.closed) == (1, 1)


def test_one_that_nobody_takes_because_of_an_error_is_closed():
    place = Place()
    with pytest.raises(KeyboardInterrupt), EarlyRunner(place.open, CheckLimits()):
        raise KeyboardInterrupt
    assert place.opened == place.closed


@pytest.mark.parametrize("place", [Place(there=False), Place(problem=ValueError("no engine"))], ids=["none", "error"])
def test_where_there_is_none_the_usual_way_is_left(place):
    with EarlyRunner(place.open, CheckLimits()) as early:
        assert early.take() is None
        assert early.warm is None
    assert place.opened == place.closed


def test_one_in_which_nothing_can_be_started_is_closed():
    place = Place()

    def broken(files: object) -> None:
        raise ValueError(files)

    place.runner.put_all = broken  # type: ignore[method-assign]
    with EarlyRunner(place.open, CheckLimits()) as early:
        assert early.take() is None
    assert (place.opened, place.closed) == (1, 1)


@pytest.mark.parametrize(
    ("mode", "context"),
    [
        (Mode.CHECK, read_context({"GITHUB_EVENT_NAME": "push"})),
        (Mode.PLAN, GitHubContext()),
        (Mode.DEPLOY, GitHubContext()),
        (Mode.IMAGE, GitHubContext()),
    ],
)
def test_nothing_is_opened_where_it_may_not_be_needed(mode, context):
    inputs = Inputs(airflow_version="2.10.3", mode=mode)
    env = {"DOCKER_HOST": "tcp://192.0.2.1:1"}
    with early_runner(inputs, Config(), context, env, FakeLog()) as early:
        assert early is None
