"""The live Airflow of the model: it reads whatever lies where the environment reads."""

from collections.abc import Callable, Mapping

from mwaa_deploy.ports import Clock, LiveDag, LiveImportError
from tests.fakes.failures import Knobs

BROKEN_LIVE = "raise Live\n"
"""Text of a DAG file that the checks can import, and the live Airflow cannot."""

_FOLDER = "/usr/local/airflow/dags"


class LiveModel:
    """Fills the LiveAirflow port.

    Args:
        held: tells the DAG files that the environment reads, by path in the project.
        clock: every file was read just now.
        knobs: told each call.
    """

    def __init__(self, held: Callable[[], Mapping[str, bytes]], clock: Clock, knobs: Knobs) -> None:
        self._held, self._clock, self._knobs = held, clock, knobs

    def import_errors(self) -> tuple[LiveImportError, ...]:
        """Every file that is broken."""
        self._knobs.called("import_errors")
        return tuple(
            LiveImportError(file=f"{_FOLDER}/{file}", message="Live")
            for file, body in self._files().items()
            if body == BROKEN_LIVE.encode()
        )

    def dags(self) -> tuple[LiveDag, ...]:
        """One DAG for each other file."""
        self._knobs.called("dags")
        return tuple(
            LiveDag(id=dag_of(file), file=f"{_FOLDER}/{file}", parsed_at=self._clock.now())
            for file, body in self._files().items()
            if body != BROKEN_LIVE.encode()
        )

    def running_tasks(self) -> int:
        """None."""
        return 0

    def trigger(self, dag: str) -> str:
        """No run of the model asks for it."""
        raise NotImplementedError

    def run_state(self, dag: str, run: str) -> str:
        """No run of the model asks for it."""
        raise NotImplementedError

    def _files(self) -> dict[str, bytes]:
        return {path.removeprefix("dags/"): body for path, body in self._held().items()}


def dag_of(file: str) -> str:
    """The id of the DAG in a file."""
    return file.removesuffix(".py").replace("/", ".")
