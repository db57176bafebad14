"""An interruption while modules are imported is put off until they are."""

import os
import signal
import threading

import pytest

from mwaa_deploy.__main__ import _uninterrupted


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_is_begun_is_finished_first(number):
    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    done: list[str] = []

    def work() -> None:
        with _uninterrupted():
            os.kill(os.getpid(), number)
            done.append("imported")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["imported"]
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == before


def test_without_an_interruption_nothing_happens():
    with _uninterrupted():
        pass


def test_an_error_comes_first():
    def work() -> None:
        with _uninterrupted():
            os.kill(os.getpid(), signal.SIGINT)
            raise ImportError

    with pytest.raises(ImportError):
        work()


def test_another_thread_has_no_signals_to_put_off():
    problems = []

    def work() -> None:
        try:
            with _uninterrupted():
                pass
        except BaseException as problem:  # noqa: BLE001 -- told by the test
            problems.append(problem)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert problems == []
