"""Start the manager of live Airflows alone: `python -m lab.airflow --port 8003 --folder .lab/airflow`."""

import argparse
from pathlib import Path

from lab.airflow.manager import Manager
from lab.processes import ROOT
from lab.web import serve_until_terminated

CACHE = ROOT / ".tools" / "live-airflow"

KINDS = {"venv": Manager}
"""By what an Airflow runs in."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m lab.airflow", description="Live Airflows, on loopback.")
    parser.add_argument("--port", type=int, default=0, help="a free one if not given")
    parser.add_argument("--folder", type=Path, required=True, help="for the environments; emptied at the end")
    parser.add_argument("--cache", type=Path, default=CACHE, help="for Airflow itself, kept (default: %(default)s)")
    parser.add_argument("--kind", choices=KINDS, default="venv", help="what an Airflow runs in")
    options = parser.parse_args()
    manager = KINDS[options.kind](options.folder.resolve(), options.cache.resolve())
    serve_until_terminated(manager, port=options.port, name="The live Airflow manager")
    manager.stop()


if __name__ == "__main__":
    main()
