"""parse-1000 and parse-10000: our probe on a large DAG folder, against one process with one DagBag."""

import json
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from docker.models.containers import Container

from benchmarks.dag_folder import write_dags
from benchmarks.race import Outcome, Target, WrongResultError, race, timed
from benchmarks.setting import HOME, PYTHON, Setting, container, copy_in, copy_out, execute

NAMES = ("parse-1000", "parse-10000")
MEMORY_LIMIT = 1.5 * 1024**3
_SLACK = 1.1
"""What a tenfold folder may take beyond ten times as much: the spread of the figures."""
_FEW, _MANY = 1_000, 10_000
_PROBE = Path(__file__).resolve().parents[1] / "src" / "mwaa_deploy" / "checks" / "probe"
_OUTPUT = f"{HOME}/probe.json"
_OURS = (
    *(PYTHON, f"{HOME}/probe/dag_probe.py", "--dags", f"{HOME}/dags", "--plugins", f"{HOME}/plugins"),
    *("--output", _OUTPUT),
)
_THEIRS = (PYTHON, "-c", f"from airflow.models import DagBag; print('DAGs:', len(DagBag('{HOME}/dags').dags))")
_WATCH = """
import time, sys
def memory():
    for path, key in ("/sys/fs/cgroup/memory/memory.stat", "total_rss"), ("/sys/fs/cgroup/memory.stat", "anon"):
        try:
            with open(path) as lines:
                return next(int(line.split()[1]) for line in lines if line.split()[0] == key)
        except (OSError, StopIteration):
            pass
    return 0
peak = 0
while True:
    peak = max(peak, memory())
    with open("/tmp/peak", "w") as file:
        file.write(str(peak))
    time.sleep(0.1)
"""
"""Looks at what the container's processes hold, pages that they share counted once, files' cache left out."""


def run(
    setting: Setting, *, rounds: int, names: Sequence[str] = NAMES, few: int = _FEW, many: int = _MANY
) -> list[Outcome]:
    """Race probe and DagBag on a folder of each size; the larger one's growth is seen against the smaller one.

    Args:
        setting: what all benchmarks share.
        rounds: for the small folder; the large one gets a third of them.
        names: which of the two.
        few: DAG files of the small folder.
        many: of the large one.
    """
    outcomes: list[Outcome] = []
    with _folder(setting, few) as filled:
        seconds = race(_sides(filled, few), rounds=rounds, told=setting.told)
        small_peak = _peak(filled, _OURS)
    small = Outcome(
        name="parse-1000",
        work=f"parse {few:,} DAG files, with figures for each",
        theirs="one process, one `DagBag`",
        ours_s=seconds["ours"],
        theirs_s=seconds["theirs"],
        target=Target(text="1.7 times faster", ratio=1.7),
        notes=(f"peak memory {_mebibytes(small_peak)}",),
    )
    if "parse-1000" in names:
        outcomes.append(small)
    if "parse-10000" in names:
        outcomes.append(_large(setting, small, small_peak, rounds=max(1, rounds // 3), factor=many // few, many=many))
    return outcomes


def _large(setting: Setting, small: Outcome, small_peak: int, *, rounds: int, factor: int, many: int) -> Outcome:
    with _folder(setting, many) as filled:
        seconds = race(_sides(filled, many), rounds=rounds, told=setting.told)
        peak, their_peak = _peak(filled, _OURS), _peak(filled, _THEIRS)
    longer = min(seconds["ours"]) / small.ours
    more = peak / small_peak
    shortfalls = []
    if longer > factor * _SLACK:
        shortfalls.append(f"time grows {longer:.1f} times with {factor} times the files")
    if more > factor * _SLACK:
        shortfalls.append(f"memory grows {more:.1f} times with {factor} times the files")
    if peak >= MEMORY_LIMIT:
        shortfalls.append(f"peak memory {_mebibytes(peak)} is over {_mebibytes(int(MEMORY_LIMIT))}")
    return Outcome(
        name="parse-10000",
        work=f"parse {many:,} DAG files, with figures for each",
        theirs="one process, one `DagBag`",
        ours_s=seconds["ours"],
        theirs_s=seconds["theirs"],
        target=Target(text=f"at most {factor} times the small folder in time and memory, under 1.5 GiB"),
        notes=(
            f"{longer:.1f} times the time and {more:.1f} times the memory of {factor} times fewer files",
            f"peak memory {_mebibytes(peak)}; of one process with one `DagBag` {_mebibytes(their_peak)}",
        ),
        shortfalls=shortfalls,
    )


@contextmanager
def _folder(setting: Setting, count: int) -> Iterator[Container]:
    with (
        tempfile.TemporaryDirectory(prefix="benchmark-") as folder,
        container(setting, ["sleep", "infinity"]) as filled,
    ):
        write_dags(Path(folder), count)
        copy_in(filled, {Path(folder): HOME / "dags", _PROBE: HOME / "probe"})
        filled.start()
        yield filled


def _sides(filled: Container, count: int) -> dict[str, Callable[[], float]]:
    def ours() -> float:
        seconds, _ = _execute(filled, _OURS)
        found = json.loads(copy_out(filled, _OUTPUT))["files"]
        parsed = [load for load in found if load["dags"] and load["seconds"] > 0 and not load["errors"]]
        if len(parsed) != count:
            raise WrongResultError(f"The probe parsed {len(parsed)} of {count} files.")
        return seconds

    def theirs() -> float:
        seconds, output = _execute(filled, _THEIRS)
        if f"DAGs: {count}" not in output:
            raise WrongResultError(f"DagBag did not find {count} DAGs: {output[-2000:]}")
        return seconds

    return {"ours": ours, "theirs": theirs}


def _execute(filled: Container, command: Sequence[str]) -> tuple[float, str]:
    """Run it as in a fresh checkout, where no file has been compiled before."""
    execute(filled, ["find", f"{HOME}/dags", "-name", "__pycache__", "-exec", "rm", "-r", "{}", "+"])
    with timed() as watch:
        code, text = execute(filled, command)
    if code:
        raise WrongResultError(f"{command[1]} ended with {code}:\n{text[-4000:]}")
    return watch.seconds, text


def _peak(filled: Container, command: Sequence[str]) -> int:
    """Bytes that all processes hold at most while it runs; looking takes time, so this run is not a timed one."""
    filled.restart(timeout=0)
    watching = threading.Thread(target=filled.exec_run, args=([PYTHON, "-c", _WATCH],), daemon=True)
    watching.start()
    _execute(filled, command)
    peak = int(copy_out(filled, "/tmp/peak"))  # noqa: S108 -- in the container
    filled.restart(timeout=0)
    watching.join()
    return peak


def _mebibytes(count: int) -> str:
    return f"{count / 1024**2:,.0f} MiB"
