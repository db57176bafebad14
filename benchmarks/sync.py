"""sync-*: 5,000 DAG files to a bucket of the lab, against `aws s3 sync`, `s5cmd sync` and a bare LIST."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import sync_ours
from benchmarks.race import Outcome, Side, Target, WrongResultError, race, timed
from benchmarks.setting import Setting
from lab.aws.process import RunningAws, start_aws
from lab.oidc import Issuer
from lab.web import serving

UNCHANGED_AWS, UNCHANGED_S5CMD = "sync-unchanged-aws", "sync-unchanged-s5cmd"
UNCHANGED_FLOOR, FIRST_S5CMD = "sync-unchanged-floor", "sync-first-s5cmd"
NAMES = (UNCHANGED_AWS, UNCHANGED_S5CMD, UNCHANGED_FLOOR, FIRST_S5CMD)
_FILES = 5_000
_CHANGED = 100
_ROOT = Path(__file__).resolve().parents[1]
_LOCK = _ROOT / "requirements" / "bench.txt"
_TOOLS = _ROOT / ".lab" / "bench-tools"


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What all sides share.

    Attributes:
        folder: the DAG folder.
        aws: the lab.
        tools: where the commands `aws` and `s5cmd` lie.
        env: leads a process to the lab.
    """

    folder: Path
    aws: RunningAws
    tools: Path
    env: Mapping[str, str]

    def make_bucket(self, name: str) -> str:
        """A new, versioned bucket."""
        s3 = sync_ours.connect().client("s3")
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": sync_ours.REGION})
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    def process(self, *argv: str) -> float:
        """Run a command to its end; its seconds."""
        with timed() as watch:
            subprocess.run(argv, cwd=_ROOT, env={**os.environ, **self.env}, check=True, stdout=subprocess.DEVNULL)
        return watch.seconds

    def check_out(self) -> None:
        """Give each file the time stamp of a fresh checkout, which is all that `git clone` leaves of it."""
        for path in self.folder.rglob("*.py"):
            path.touch()

    def ours(self, bucket: str) -> float:
        """Our sync, as a process."""
        return self.process(sys.executable, "-m", "benchmarks.sync_ours", str(self.folder), bucket)

    def their_aws(self, bucket: str) -> float:
        """`aws s3 sync`."""
        return self.process(
            str(self.tools / "aws"),
            "s3",
            "sync",
            "--delete",
            "--only-show-errors",
            str(self.folder),
            f"s3://{bucket}/dags",
        )

    def their_s5cmd(self, bucket: str) -> float:
        """`s5cmd sync`."""
        return self.process(str(self.tools / "s5cmd"), "sync", "--delete", f"{self.folder}/", f"s3://{bucket}/dags/")

    def puts(self, bucket: str, do: Callable[[], object]) -> int:
        """How many DAG files are sent to a bucket while something is done."""
        self.aws.delete("calls")
        do()
        calls = self.aws.get("calls")["calls"]
        return sum(1 for call in calls if call["operation"] == "PutObject" and f"{bucket}/dags/" in call["path"])


def run(setting: Setting, *, rounds: int, names: Sequence[str] = NAMES) -> list[Outcome]:
    """Race the asked ones."""
    return measure(told=setting.told, rounds=rounds, names=names)


def measure(
    *,
    told: Callable[[str], None],
    rounds: int,
    names: Sequence[str] = NAMES,
    files: int = _FILES,
    changed: int = _CHANGED,
) -> list[Outcome]:
    """Race the asked ones.

    Args:
        files: DAG files in the folder.
        changed: how many of them are changed for the count of what is sent then.
    """
    with _prepared(files) as bench:
        outcomes = [_first(bench, rounds, told)] if FIRST_S5CMD in names else []
        if asked := [name for name in names if name != FIRST_S5CMD]:
            outcomes += _unchanged(bench, rounds, told, asked, changed)
    return outcomes


def _first(bench: Bench, rounds: int, told: Callable[[str], None]) -> Outcome:
    buckets = iter(range(2 * rounds))

    def into_new(side: Callable[[str], float]) -> float:
        return side(bench.make_bucket(f"first-{next(buckets)}"))

    sides = {"ours": lambda: into_new(bench.ours), "s5cmd": lambda: into_new(bench.their_s5cmd)}
    seconds = race(sides, rounds=rounds, told=told)
    return Outcome(
        name=FIRST_S5CMD,
        work=f"upload {_count(bench):,} DAG files for the first time",
        theirs="`s5cmd sync`",
        ours_s=seconds["ours"],
        theirs_s=seconds["s5cmd"],
        target=Target(text="no slower", ratio=1.0),
    )


def _unchanged(
    bench: Bench, rounds: int, told: Callable[[str], None], names: Sequence[str], changed: int
) -> list[Outcome]:
    ours, theirs = bench.make_bucket("unchanged-ours"), bench.make_bucket("unchanged-theirs")
    bench.ours(ours)
    bench.their_s5cmd(theirs)
    bucket = sync_ours.open_bucket(sync_ours.connect(), ours)

    def here() -> float:
        with timed() as watch:
            done = sync_ours.sync(bench.folder, bucket)
        if done.uploaded:
            message = f"{done.uploaded} unchanged files were sent"
            raise WrongResultError(message)
        return watch.seconds

    def bare_list() -> float:
        with timed() as watch:
            found = sum(1 for _ in bucket.list("dags/"))
        if found != _count(bench):
            message = f"The listing shows {found} files"
            raise WrongResultError(message)
        return watch.seconds

    sent = bench.puts(ours, here)
    processes: dict[str, Side] = {
        UNCHANGED_AWS: lambda: bench.their_aws(theirs),
        UNCHANGED_S5CMD: lambda: bench.their_s5cmd(theirs),
    }
    sides: dict[str, Side] = {"ours": lambda: bench.ours(ours)}
    sides |= {name: side for name, side in processes.items() if name in names}
    if UNCHANGED_FLOOR in names:
        sides |= {"ours, started already": here, UNCHANGED_FLOOR: bare_list}
    seconds = race({name: _checked_out(bench, side) for name, side in sides.items()}, rounds=rounds, told=told)
    sent_changed = bench.puts(ours, lambda: _change(bench, changed, ours))
    shortfalls = [f"{sent} PUTs for unchanged files"] if sent else []
    shortfalls += [f"{sent_changed} PUTs for {changed} changed files"] if sent_changed != changed else []
    note = f"{sent} PUTs for unchanged files, {sent_changed} for {changed} changed ones"
    work = f"sync {_count(bench):,} unchanged DAG files from a fresh checkout"
    shown = {
        UNCHANGED_AWS: ("`aws s3 sync --delete`", "ours", Target(text="faster", ratio=1.0)),
        UNCHANGED_S5CMD: ("`s5cmd sync --delete`", "ours", Target(text="faster", ratio=1.0)),
        UNCHANGED_FLOOR: (
            "one bare LIST",
            "ours, started already",
            Target(text="at most twice as long, so 0.5", ratio=0.5),
        ),
    }
    return [
        Outcome(
            name=name,
            theirs=theirs_text,
            ours_s=seconds[side],
            theirs_s=seconds[name],
            target=target,
            shortfalls=tuple(shortfalls),
            work=work,
            notes=(note,),
        )
        for name, (theirs_text, side, target) in shown.items()
        if name in names
    ]


def _checked_out(bench: Bench, side: Side) -> Side:
    def checked_out() -> float:
        bench.check_out()
        return side()

    return checked_out


def _change(bench: Bench, count: int, bucket: str) -> None:
    for path in sorted(bench.folder.rglob("*.py"))[:count]:
        path.write_text(path.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    bench.ours(bucket)


def _count(bench: Bench) -> int:
    return sum(1 for _ in bench.folder.rglob("*.py"))


@contextmanager
def _prepared(files: int) -> Iterator[Bench]:
    tools = _install()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as work, serving(Issuer()) as issuer:
        folder = Path(work, "dags")
        for number in range(files):
            path = folder / f"team_{number % 20:02}" / f"flow_{number:05}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f'"""Flow {number}."""\n' + f"step = {number}\n" * 120, encoding="utf-8")
        with start_aws(oidc_issuer=issuer, log=Path(work, "log")) as aws, _surroundings(aws) as env:
            yield Bench(folder=folder, aws=aws, tools=tools, env=env)


@contextmanager
def _surroundings(aws: RunningAws) -> Iterator[Mapping[str, str]]:
    """The variables that lead to the lab, for this process as well."""
    env = {
        "AWS_ENDPOINT_URL": aws.url,
        "S3_ENDPOINT_URL": aws.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": sync_ours.REGION,
        "AWS_DEFAULT_REGION": sync_ours.REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    before = dict(os.environ)
    os.environ.update(env)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        os.environ.pop(name, None)
    try:
        yield env
    finally:
        os.environ.clear()
        os.environ.update(before)


def _install() -> Path:
    """The other tools, hash-locked, in a virtual environment of their own; where their commands lie."""
    commands = _TOOLS / "bin"
    stamp = _TOOLS / "lock.txt"
    lock = _LOCK.read_text(encoding="utf-8")
    if not (stamp.is_file() and stamp.read_text(encoding="utf-8") == lock):
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(_TOOLS)], check=True)
        pip = (str(commands / "python"), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(_LOCK))
        subprocess.run(pip, check=True)
        stamp.write_text(lock, encoding="utf-8")
    return commands
