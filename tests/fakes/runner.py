"""A runner that gives scripted answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from mwaa_deploy.ports import Completed, RunnerFamily
from mwaa_deploy.runner.archive import COMPILED, IGNORED


@dataclass(frozen=True)
class Answer:
    """What a command does: how it ends, and the files it leaves."""

    completed: Completed
    writes: Mapping[PurePosixPath, bytes] = field(default_factory=dict)


class FakeRunner:
    """Fills the Runner port. A command without an answer ends with 127, as one that does not exist.

    Attributes:
        files: what was put or written, by absolute path.
        commands: what was run, in order.
        offline: those among them that were started without the network.
        network: whether it is still open.
    """

    def __init__(self) -> None:
        self.description = "fake runner, Airflow 2.10.3, Python 3.11.9"
        self.family = RunnerFamily.OURS
        self.network = True
        self.differences: tuple[str, ...] = ("It runs nothing.",)
        self.home = PurePosixPath("/usr/local/airflow")
        self.python = "/usr/local/airflow/.local/bin/python"
        self.test_tools: PurePosixPath | None = None
        self.files: dict[PurePosixPath, bytes] = {}
        self.commands: list[tuple[str, ...]] = []
        self.offline: list[tuple[str, ...]] = []
        self._answers: dict[tuple[str, ...], Answer] = {}

    def answer(
        self,
        *prefix: str,
        exit_code: int = 0,
        output: str = "",
        timed_out: bool = False,
        writes: Mapping[PurePosixPath, bytes] | None = None,
    ) -> None:
        """Say how every command that begins with these words ends; the longest prefix decides."""
        completed = Completed(exit_code=exit_code, output=output, seconds=0.1, timed_out=timed_out)
        self._answers[prefix] = Answer(completed, dict(writes or {}))

    def put(self, destination: PurePosixPath, source: Path | bytes) -> None:
        if isinstance(source, bytes):
            self.files[destination] = source
        elif source.is_file():
            self.files[destination] = source.read_bytes()
        else:
            for path in source.rglob("*"):
                inside = path.relative_to(source)
                if (
                    path.is_file()
                    and not path.is_symlink()
                    and not IGNORED & set(inside.parts)
                    and path.suffix != COMPILED
                ):
                    self.files[destination / inside.as_posix()] = path.read_bytes()

    def put_all(self, files: Mapping[PurePosixPath, Path | bytes]) -> None:
        for destination, source in files.items():
            self.put(destination, source)

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        env: Mapping[str, str] | None = None,
        cwd: PurePosixPath | None = None,
        network: bool = True,
        results: Sequence[PurePosixPath] = (),
    ) -> Completed:
        for path in results:
            self.files.pop(path, None)
        words = tuple(argv)
        self.commands.append(words)
        if not (network and self.network):
            self.offline.append(words)
        for length in range(len(words), -1, -1):
            if words[:length] in self._answers:
                answer = self._answers[words[:length]]
                self.files.update(answer.writes)
                return replace(
                    answer.completed, results={path: self.files[path] for path in results if path in self.files}
                )
        return Completed(exit_code=127, output=f"{words[0]}: not found\n", seconds=0.0)

    def close_network(self) -> None:
        self.network = False

    def read(self, path: PurePosixPath) -> bytes | None:
        return self.files.get(path)
