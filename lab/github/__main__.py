"""Start GitHub's API alone: `python -m lab.github --port 8001`."""

import argparse

from lab.github.api import GitHub
from lab.github.records import Records
from lab.web import serve_until_terminated


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m lab.github", description="GitHub's REST API, on loopback.")
    parser.add_argument("--port", type=int, default=0, help="a free one if not given")
    serve_until_terminated(GitHub(Records()), port=parser.parse_args().port, name="GitHub's API")


if __name__ == "__main__":
    main()
