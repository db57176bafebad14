"""The clock environments walk by: how long a status lasts, changeable while somebody waits on it."""

import threading
import time


class StoppedError(Exception):
    """The lab is being shut down; whatever waits gives up."""


class StatusClock:
    """Seconds per status, settable at run time.

    Args:
        seconds: how long each passing status lasts.

    Attributes:
        before_update: seconds for which an environment stays as it is after an update was accepted.
    """

    def __init__(self, seconds: float) -> None:
        self.before_update = 0.0
        self._seconds = seconds
        self._stopped = False
        self._changed = threading.Condition()

    @property
    def seconds(self) -> float:
        """How long a status lasts at present."""
        return self._seconds

    def set(self, seconds: float) -> None:
        """Change how long a status lasts, for those being waited on as well."""
        with self._changed:
            self._seconds = seconds
            self._changed.notify_all()

    def stop(self) -> None:
        """End every wait, now and later, with StoppedError."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def wait_status(self) -> None:
        """Wait as long as a status lasts.

        Raises:
            StoppedError: the lab is being shut down.
        """
        started = time.monotonic()
        with self._changed:
            while not self._stopped and (left := started + self._seconds - time.monotonic()) > 0:
                self._changed.wait(left)
        self._raise_if_stopped()

    def pause(self, seconds: float) -> None:
        """Wait a fixed time, between two looks at something.

        Raises:
            StoppedError: the lab is being shut down.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._stopped, seconds)
        self._raise_if_stopped()

    def _raise_if_stopped(self) -> None:
        if self._stopped:
            message = "the lab is being shut down"
            raise StoppedError(message)
