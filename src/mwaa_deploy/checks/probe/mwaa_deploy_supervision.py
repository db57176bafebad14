"""Watches over the DAG probe: its wait, its limits and its end. For the other scripts in this folder.

Runs inside the runner; standard library only, Python 3.7 and later.
"""

import os
import signal
import sys
import time

from mwaa_deploy_descendants import exit_code, kill_descendants

ABORTED, TOO_LATE = 4, 5
_LOOK = 0.01  # seconds between two looks at whether something is there


def waits(options):
    """Whether nothing of the user's is to be touched yet."""
    return bool(options.wait_for) and not os.path.exists(options.wait_for)


def wait(options):
    """Wait for as long."""
    while waits(options):
        time.sleep(_LOOK)


def supervise(options, probe):
    """Run the probe in a process, again if it ended before it touched what is the user's, and see to it that it ends.

    Args:
        options: of dag_probe.py.
        probe: called with the options and with a function that it calls before it touches what is the user's.
    """
    over = None  # when the wait was
    while True:
        began, begin = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(began)
            _child(options, probe, begin)
        os.close(begin)
        status = None
        while status is None:
            time.sleep(_LOOK)
            if over is None and not waits(options):
                over = time.monotonic()
            if options.abort and os.path.exists(options.abort):
                _end(pid, ABORTED)
            if over is not None and options.limit and time.monotonic() - over > options.limit:
                _end(pid, TOO_LATE)
            done, status = os.waitpid(pid, os.WNOHANG)
            status = status if done else None
        if options.wait_for and not options.late and not _said(began):
            options.late = True
            continue
        kill_descendants()
        os._exit(exit_code(status))


def _said(descriptor):
    """Whether anything was written to the other end of a pipe, which something may still hold."""
    os.set_blocking(descriptor, False)
    try:
        return bool(os.read(descriptor, 1))
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)


def _child(options, probe, told):
    def begin():
        os.write(told, b"!")
        os.close(told)  # nobody can take it back

    code = 1
    try:
        probe(options, begin)
        code = 0
    except SystemExit as leaving:
        if isinstance(leaving.code, str):
            sys.stderr.write(leaving.code + "\n")
        code = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _end(pid, status):
    os.kill(pid, signal.SIGKILL)
    kill_descendants()
    os._exit(status)
