"""Several runs in virtual time: one at a time, handing over at each call to the outside and at each sleep.

Which one goes on is told from outside, so that a history can be repeated and shrunk. Time passes only when all sleep.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.fakes.clock import FakeClock


class Crashed(BaseException):
    """The process is gone. No BaseException that the program itself knows: nothing may catch it and go on."""


@dataclass
class Task:
    """One run of the program.

    Attributes:
        name: for the report of a violation.
        error: what it ended with; None if it ended well.
        wakes: when it goes on.
        calls: how many calls to the outside it has made, sleeps among them.
        dead: whether its process was killed.
        over: whether it has ended.
        ended: when it has.
    """

    name: str
    body: Callable[[], None]
    wakes: datetime
    error: BaseException | None = None
    calls: int = 0
    dead: bool = False
    ended: datetime | None = None
    over: bool = False
    go_on: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None


class VirtualTime(FakeClock):
    """The clock of all runs and of the world around them.

    Attributes:
        before_sleep: called whenever somebody wants to sleep.
    """

    def __init__(self) -> None:
        super().__init__()
        self.current: Task | None = None
        self.before_sleep: Callable[[], None] = lambda: None
        self._tasks: list[Task] = []
        self._choices: Iterator[int] = iter(())
        self._handed_over = threading.Event()

    def run(self, bodies: Sequence[tuple[str, Callable[[], None]]], choices: Sequence[int] = ()) -> list[Task]:
        """Let runs go side by side until all have ended.

        Args:
            bodies: name and code of each, the first to start first.
            choices: at each chance to hand over, which of those that could go on does: an index, taken modulo their
                number. When they are used up, whoever runs runs on for as long as it can.
        """
        self._choices = iter(choices)
        tasks = self._tasks = [Task(name=name, body=body, wakes=self.now()) for name, body in bodies]
        for task in tasks:
            task.thread = threading.Thread(target=self._live, args=(task,), daemon=True)
            task.thread.start()
        last = tasks[0]
        while waiting := [task for task in tasks if not task.over]:
            ready = [task for task in waiting if task.wakes <= self.now()]
            if not ready:
                self.advance((min(task.wakes for task in waiting) - self.now()).total_seconds())
                continue
            last = self._chosen(ready, last)
            self._resume(last)
        for task in tasks:
            assert task.thread  # noqa: S101 -- started above
            task.thread.join()
        self._tasks = []
        return tasks

    def sleep(self, seconds: float) -> None:
        """Let the present run sleep while others go on."""
        self.before_sleep()
        self.let_pass(seconds)

    def let_pass(self, seconds: float) -> None:
        """Let time pass for the present run, whether it wants to or not."""
        task = self.mine()
        if task is None:
            self.advance(seconds)
        else:
            self._hand_over(task, seconds)

    def pause(self) -> None:
        """Give others a chance to go on."""
        task = self.mine()
        if task is not None and len(self._tasks) > 1:
            self._hand_over(task, 0)

    def mine(self) -> Task | None:
        """The run that this thread belongs to; None outside of runs.

        A thread that a run has started is the run, as the run does nothing but wait for it.
        """
        return self.current

    # ------------------------------------------------------------------------------------------------------- inside

    def _chosen(self, ready: list[Task], last: Task) -> Task:
        if len(ready) == 1:
            return ready[0]
        choice = next(self._choices, None)
        if choice is not None:
            return ready[choice % len(ready)]
        return last if last in ready else ready[0]

    def _resume(self, task: Task) -> None:
        self._handed_over.clear()
        self.current = task
        task.go_on.set()
        self._handed_over.wait()
        self.current = None

    def _hand_over(self, task: Task, seconds: float) -> None:
        task.wakes = self.now() + timedelta(seconds=seconds)
        task.go_on.clear()
        self._handed_over.set()
        task.go_on.wait()

    def _live(self, task: Task) -> None:
        task.go_on.wait()
        try:
            task.body()
        except BaseException as e:  # noqa: BLE001 -- it is the history's oracle that judges it
            task.error = e
        finally:
            task.ended = self.now()
            task.over = True
            self._handed_over.set()
