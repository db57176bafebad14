"""A worker process as its parent sees it; how it ended if it could not say so. For the other scripts in this folder.

Runs inside the runner; standard library and Airflow only, Python 3.7 and later.
"""

import json
import os
import re
import signal
import sys
import time

from mwaa_deploy_forks import MOST, TOO_MANY, limit_forks
from mwaa_deploy_results import nothing
from mwaa_deploy_tracebacks import error, parse_fault
from mwaa_deploy_worker import prepare_process

GRACE = 3.0  # seconds that an item gets on top of its limit, for Airflow's own time-out to say where it was
LONGEST_LINE = 16 * 1024 * 1024  # bytes that one item's result may have

_STARVED = re.compile(r"\[Errno 1[12]\]|can't start new thread|\"MemoryError\"")  # EAGAIN, ENOMEM


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
        self._loaded = []
        self._unsure = []
        self._at = None
        self._ruling = False
        self._since = time.monotonic()
        self._buffer = b""
        self._timed_out = False
        self._garbled = False
        self._going_on = False
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
        self._order(batch)

    @property
    def descriptors(self):
        """What is open for it in the parent."""
        return [self.source, self._orders]

    def _order(self, numbers):
        try:
            os.write(self._orders, json.dumps(numbers).encode() + b"\n")
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
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            self._garbled = True
        if self._garbled or len(self._buffer) > LONGEST_LINE:
            self._garbled = True
            self._kill()
        return bool(data)

    def _take(self, line):
        kind, _, rest = line.decode("ascii").partition(" ")
        if kind in {"B", "R"}:
            if kind == "B":
                self._believe()
            self._at, self._ruling, self._since = int(rest), kind == "R", time.monotonic()
        elif kind == "L":
            number, _, text = rest.partition(" ")
            self._loaded.append((int(number), self._completed(int(number), json.loads(text))))
            self._at = None
        elif kind == "C":
            clean, self._going_on = rest.split() == ["1", "1"] or rest.split() == ["1", "0"], rest.endswith("1")
            self._end_batch(clean)
            self._since = time.monotonic()

    def _completed(self, number, found):
        if found.get("skipped"):
            return None
        load = self._nothing(number)
        load.update({name: found[name] for name in load if name in found and name != "file"})
        return load

    def _nothing(self, number):
        path = self._pool.items[number]
        return nothing(path if os.path.isabs(path) else None, time.monotonic() - self._since)

    def _end_batch(self, clean):
        done = [number for number, _ in self._loaded]
        left = [number for number in self._batch if number not in set(done)]
        if clean:
            self._unsure = self._loaded
        elif self._going_on or len(done) == 1:
            self._pool.again(done, alone=True)
        else:  # it was most likely the last one
            self._pool.again(done[-1:], alone=True)
            self._pool.again(done[:-1], alone=len(done) == 2)  # noqa: PLR2004 -- one is left
        self._pool.again(left, alone=False)
        self._loaded, self._batch = [], []
        if self._going_on and clean:
            self._batch = self._pool.next_batch()
            self._order(self._batch)
        else:
            self._order([])

    def _believe(self):
        """Keep what was found: the process was still well after it."""
        for number, load in self._unsure:
            if _is_starved(load) and not self._last_chance:
                self._pool.suspect(number)
            else:
                self._pool.results[number] = load
        self._unsure = []

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
        if self._at is None and not self._batch and not done:
            return
        self._blame(done)

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
        with open(self.fault_path, errors="replace") as file:
            text = file.read()
        place = parse_fault(text, self._pool.folders)
        if self._timed_out:
            what = "the rules about it did not end" if self._ruling else "not loaded"
            said = error("Timeout", "%s within %g s" % (what, self._pool.limit), *place, text=text)
        elif self._garbled:
            said = error("Result", "what was written about this file is not what loading it writes", *place)
        elif TOO_MANY in text:
            what = "more than %d processes were forked while the file was loaded" % MOST
            said = error("Processes", what, *place, text=text)
        elif os.WIFSIGNALED(self._status):
            ended = "the process was killed by signal %d while the file was loaded" % os.WTERMSIG(self._status)
            said = error("Crash", ended, *place, text=text)
        else:
            ended = "the process ended with status %d before the file was loaded" % os.WEXITSTATUS(self._status)
            said = error("Exit", ended, *place, text=text)
        if said["file"] is None:
            said["file"] = load["file"]
        load["errors"] = [said]
        return load


def _is_starved(load):
    """Whether a file failed for lack of processes or memory, which another one may have taken."""
    return bool(load) and bool(_STARVED.search(json.dumps(load["errors"])))  # it may have any form
