"""Measure side by side what the project promises: `python -m benchmarks [NAME...] [--rounds N]`.

Prints a table as Markdown, and writes results.json (medians in seconds, and theirs over ours) and results.md.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import base, check_small, image_build, parse_folder, sync
from benchmarks.machine import describe
from benchmarks.race import Outcome
from benchmarks.results import as_json, as_markdown
from benchmarks.setting import Setting, prepared

HERE = Path(__file__).resolve().parent
MODULES: dict[Callable[..., list[Outcome]], Sequence[str]] = {
    check_small.run: check_small.NAMES,
    parse_folder.run: parse_folder.NAMES,
    image_build.run: image_build.NAMES,
    base.run: base.NAMES,
    sync.run: sync.NAMES,
}
NAMES = [name for names in MODULES.values() for name in names]


def main(argv: Sequence[str]) -> int:
    """Run the asked benchmarks; 1 if a target is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which; default: all of {', '.join(NAMES)}")
    parser.add_argument("--rounds", type=int, default=3, help="how often each side does it (default: 3)")
    parser.add_argument("--output", type=Path, default=HERE, help="folder for results.json and results.md")
    options = parser.parse_args(argv)
    unknown = sorted(set(options.names) - set(NAMES))
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}")
    asked = options.names or NAMES
    with prepared(_tell) as setting:
        machine = describe(setting.client.info())
        outcomes = list(_all(setting, asked, options.rounds))
    table = as_markdown(outcomes, machine)
    print(table)
    options.output.mkdir(parents=True, exist_ok=True)
    results = options.output / "results.json"
    earlier = json.loads(results.read_text()) if results.is_file() and set(asked) != set(NAMES) else {}
    results.write_text(as_json(outcomes, earlier), encoding="utf-8")
    (options.output / "results.md").write_text(table, encoding="utf-8")
    return 0 if all(outcome.met for outcome in outcomes) else 1


def _all(setting: Setting, asked: Sequence[str], rounds: int) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for run, names in MODULES.items():
        chosen = [name for name in names if name in asked]
        if chosen:
            _tell(", ".join(chosen))
            outcomes += run(setting, rounds=rounds, names=chosen)
    return outcomes


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
