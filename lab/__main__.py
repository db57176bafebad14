"""The lab from the command line: `python -m lab up`, `status`, `down`, or `run` in the foreground."""

import argparse
import sys
from pathlib import Path

from lab import processes
from lab.processes import ProcessFailedError
from lab.web import terminated
from lab.world import FOLDER, World, WorldBusyError, read_world, running_world, start_world, stop_world


def main() -> None:
    options = _parser().parse_args()
    try:
        sys.exit(options.command(options))
    except (ProcessFailedError, WorldBusyError) as error:
        sys.exit(f"lab: {error}")


def _up(options: argparse.Namespace) -> int:
    world = start_world(
        options.folder,
        airflow=options.airflow,
        registry=options.registry,
        seconds_per_status=options.seconds_per_status,
    )
    _print(world)
    return 0


def _run(options: argparse.Namespace) -> int:
    asked = running_world(
        options.folder,
        airflow=options.airflow,
        registry=options.registry,
        seconds_per_status=options.seconds_per_status,
    )
    with terminated() as event, asked as world:
        _print(world)
        event.wait()
    return 0


def _status(options: argparse.Namespace) -> int:
    world = read_world(options.folder)
    if world is None:
        print(f"No world is up in {options.folder}")
        return 1
    _print(world)
    return 0 if all(process.alive for process in world.processes) else 1


def _down(options: argparse.Namespace) -> int:
    stop_world(options.folder)
    return 0


def _print(world: World) -> None:
    rows = [("PART", "LISTENS ON", "STATE", "LOG")]
    for process in world.processes:
        state = "gone" if not process.alive else "up" if processes.answers(process.url) else "silent"
        rows.append((process.name, process.url, state, process.log))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        print("  ".join([*(cell.ljust(width) for cell, width in zip(row[:3], widths, strict=True)), row[3]]))
    print(f"All of it is written down in {world.folder / 'world.json'}", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab", description="AWS, GitHub and Airflow on this computer.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    known = (
        ("up", _up, "start everything in the background and say where it listens"),
        ("run", _run, "start everything, and end it on Ctrl-C or SIGTERM"),
        ("status", _status, "say what runs and where it listens"),
        ("down", _down, "end everything and remove what it wrote"),
    )
    for name, command, told in known:
        added = commands.add_parser(name, help=told, description=told.capitalize())
        added.set_defaults(command=command)
        added.add_argument("--folder", type=Path, default=FOLDER, help="default: %(default)s")
        if name in {"up", "run"}:
            without = "let environments settle without an Airflow"
            added.add_argument("--no-airflow", dest="airflow", action="store_false", help=without)
            added.add_argument("--registry", action="store_true", help="start a container registry too")
            added.add_argument("--seconds-per-status", type=float, default=0.3, help="default: %(default)s")
    return parser


if __name__ == "__main__":
    main()
