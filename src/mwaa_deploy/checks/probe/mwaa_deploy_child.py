"""A worker process as its parent sees it; how it ended if it could not say so. For the other scripts in this folder.

Runs inside the runner; standard library and Airflow only, Python 3.7 and later.
"""

import functools
import json
import os
import signal
import sys
import time

from mwaa_deploy_forks import MOST, TOO_MANY, limit_forks
from mwaa_deploy_judge import TRIAL
from mwaa_deploy_results import OF_RULES, is_starved, nothing
from mwaa_deploy_rulings import Hearing
from mwaa_deploy_tracebacks import error, parse_fault
from mwaa_deploy_worker import prepare_process

GRACE = 3.0  # seconds that an item gets on top of its limit, for Airflow's own time-out to say where it was
LONGEST_LINE = 16 * 1024 * 1024  # bytes that one item's result may have

LOADED = {
    "late": "not loaded within %g s",
    "garbled": "what was written about this file is not what loading it writes",
    "while": "while the file was loaded",
    "before": "before the file was loaded",
}
ASKED = {
    "late": "the rules in this file took longer than %g s",
    "garbled": "what was written about the rules in this file is not what asking them writes",
    "while": "while the rules in this file were asked",
    "before": "while the rules in this file were asked",
}
"""What is said of how it ended, while it did the one or the other."""

_FLAGS = {"0 0": (False, False), "0 1": (False, True), "1 0": (True, False), "1 1": (True, True)}


class Child:
    """A worker process, as its parent sees it.

    Args:
        pool: what it belongs to.
        batch: the numbers that it begins with.
        last_chance: whether its only item is to be blamed for whatever happens to it.
    """

    def __init__(self, pool, batch, last_chance):
        self._pool = pool
        self._last_chance = last_chance
        self._batch = batch
        self._to_do = set(batch)
        self._loaded = []
        self._unsure = []
        self._done = []
        self._to_hear = []
        self._hearing = None
        self._at = None
        self._since = time.monotonic()
        self._buffer = b""
        self._timed_out = False
        self._garbled = False
        self._going_on = False
        self._asked = batch == [TRIAL]
        self._status = None
        self.fault_path = os.path.join(pool.scratch, "fault-%d" % id(self))
        self.source, outlet = os.pipe()
        inlet, self._orders = os.pipe()
        with open(self.fault_path, "w") as fault:
            try:
                sys.stdout.flush()
                sys.stderr.flush()
                self.pid = os.fork()
            except OSError:  # there are too many processes
                for descriptor in (self.source, outlet, inlet, self._orders):
                    os.close(descriptor)
                raise
            if self.pid == 0:
                try:
                    for descriptor in [self.source, self._orders, *pool.descriptors()]:
                        os.close(descriptor)
                    prepare_process(fault)
                    limit_forks(fault)
                    with open(inlet, "rb") as orders:
                        pool.serve(orders, outlet)
                finally:
                    os.kill(os.getpid(), signal.SIGKILL)
        os.close(outlet)
        os.close(inlet)
        os.set_blocking(self.source, False)
        if batch == [TRIAL]:
            self._batch, self._to_hear = [], [TRIAL]
            self._order(pool.rules.order())
        else:
            self._order(batch)

    @property
    def descriptors(self):
        """What is open for it in the parent."""
        return [self.source, self._orders]

    def _order(self, order):
        try:
            os.write(self._orders, json.dumps(order).encode() + b"\n")
        except OSError:  # it has ended, which will show
            pass

    # -- while it runs

    def read(self):
        """Take what it says. Whether there may be more."""
        try:
            data = os.read(self.source, 1 << 20)
        except BlockingIOError:
            return False
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        try:
            for line in lines:
                self._take(line)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
            self._garbled = True
        if self._garbled or len(self._buffer) > LONGEST_LINE:
            self._garbled = True
            self._kill()
        return bool(data)

    def _take(self, line):
        """Take one line; only about what it was ordered to do, in that order, lest one file tells of another.

        Raises:
            ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError: it is not what it has to say.
        """
        kind, _, rest = line.decode("ascii").partition(" ")
        if self._hearing:
            self._hearing.take(kind, rest)
            self._since = time.monotonic()
        elif kind == "B":
            self._believe()
            self._to_do.remove(int(rest))
            if self._at is not None or self._asked:
                raise ValueError(line)
            self._at, self._since = int(rest), time.monotonic()
        elif kind == "L":
            number, _, text = rest.partition(" ")
            if int(number) != self._at:
                raise ValueError(line)
            self._loaded.append((self._at, self._completed(self._at, json.loads(text))))
            self._at = None
        elif kind == "C":
            clean, going_on = _FLAGS[rest]
            if self._at is not None or not self._loaded or (going_on and len(self._batch) == 1):
                raise ValueError(line)
            self._going_on = going_on
            self._end_batch(clean)
            self._since = time.monotonic()
        elif kind == "J" and self._asked:
            self._believe()
            self._hearing = self._hear()
            self._since = time.monotonic()
        else:
            raise ValueError(line)

    def _completed(self, number, found):
        if found.get("leaned"):
            self._pool.leaned.add(number)
        if found.get("skipped") or found.get("leaned"):
            return None
        load = self._nothing(number)
        load.update({name: found[name] for name in load if name in found and name not in {"file", *OF_RULES}})
        return load

    def _nothing(self, number):
        path = self._pool.items[number]
        return nothing(path if os.path.isabs(path) else None, time.monotonic() - self._since)

    def _end_batch(self, clean):
        done = [number for number, _ in self._loaded]
        left = [number for number in self._batch if number not in set(done)]
        if clean:
            self._unsure, self._done = self._loaded, done
        elif self._going_on or len(done) == 1:
            self._pool.again(done, alone=True)
        else:  # it was most likely the last one
            self._pool.again(done[-1:], alone=True)
            self._pool.again(done[:-1], alone=len(done) == 2)  # noqa: PLR2004 -- one is left
        self._pool.again(left, alone=False)
        self._loaded, self._batch = [], []
        self._asked = self._pool.rules is not None and any(load and load["dags"] for _, load in self._unsure)
        if self._asked:
            self._order(self._pool.rules.order())
        elif self._going_on and clean:
            self._batch = self._pool.next_batch()
            self._to_do = set(self._batch)
            self._order(self._batch)
        else:
            self._order([])

    def _believe(self):
        """Keep what was found: the process was still well after it."""
        for number, load in self._unsure:
            if load and not self._last_chance and is_starved(load["errors"]):
                self._pool.suspect(number)
                continue
            if number not in self._pool.results:  # or it was loaded again, for the rules alone
                self._pool.results[number] = load
                if load and load["dags"] and self._pool.rules is not None:
                    self._pool.results.await_rules(number, load["file"])
            if self._pool.results.awaits_rules(number):
                self._to_hear.append(number)
        self._unsure = []

    def _hear(self):
        return Hearing(self._pool, self._to_hear, self._done, self._last_chance)

    def is_over(self):
        """Whether it has ended; it is killed once it is over its limit. What it left running is killed as well."""
        late = time.monotonic() - self._since > self._pool.limit + GRACE
        if late and not self._timed_out:
            self._timed_out = True
            try:
                os.kill(self.pid, signal.SIGUSR2)  # faulthandler says where it is
                time.sleep(0.1)
            except OSError:
                pass
            self._kill()
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid == 0:
            return False
        self._kill()
        self._status = status
        return True

    def _kill(self):
        for kill in (os.killpg, os.kill):
            try:
                kill(self.pid, signal.SIGKILL)
            except OSError:
                pass

    # -- after its end

    def conclude(self):
        """Draw the conclusions for the files that it had."""
        while self.read():
            pass
        os.close(self.source)
        os.close(self._orders)
        ended_well = os.WIFEXITED(self._status) and os.WEXITSTATUS(self._status) == 0
        if ended_well and not self._timed_out and not self._garbled:
            self._believe()
        done = [number for number, _ in self._unsure + self._loaded]
        self._unsure, self._loaded = [], []
        if self._at is not None or self._batch or done:
            self._blame(done)
        hearing = self._hearing or self._hear()
        hearing.conclude(functools.partial(self._end, ASKED), timed_out=self._timed_out)

    def _blame(self, done):
        culprit = self._at if self._at is not None else done[-1] if done else self._batch[0]
        others = [number for number in done if number != culprit]
        left = [number for number in self._batch if number != culprit and number not in set(done)]
        if self._timed_out or self._last_chance:
            self._pool.results[culprit] = self._failed(culprit)
        else:
            self._pool.suspect(culprit)
        self._pool.again(others, alone=len(others) == 1)
        self._pool.again(left, alone=False)

    def _failed(self, number):
        load = self._nothing(number)
        load["errors"] = [self._end(LOADED, load["file"])]
        return load

    def _end(self, words, path):
        """How it ended, as an error in a file of the user's, unless it is known that it was in another one."""
        with open(self.fault_path, errors="replace") as file:
            text = file.read()
        file, line = parse_fault(text, [self._pool.rules.folder]) if words is ASKED else (None, None)
        if file is None:
            file, line = parse_fault(text, self._pool.folders)
        if file is None:
            file = path
        if self._timed_out:
            return error("Timeout", words["late"] % self._pool.limit, file, line, text=text)
        if self._garbled:
            return error("Result", words["garbled"], file, line)
        if TOO_MANY in text:
            return error(
                "Processes", "more than %d processes were forked %s" % (MOST, words["while"]), file, line, text=text
            )
        if os.WIFSIGNALED(self._status):
            ended = "the process was killed by signal %d %s" % (os.WTERMSIG(self._status), words["while"])
            return error("Crash", ended, file, line, text=text)
        ended = "the process ended with status %d %s" % (os.WEXITSTATUS(self._status), words["before"])
        return error("Exit", ended, file, line, text=text)
