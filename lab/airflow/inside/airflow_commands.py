"""Runs several commands of Airflow's command line in one process, which saves importing Airflow for each.

Given to the Python that has Airflow; reads [["db", "migrate"], …] as JSON from standard input.
"""

import json
import sys

from airflow.cli import cli_parser


def main() -> None:
    parser = cli_parser.get_parser()
    for argv in json.load(sys.stdin):
        arguments = parser.parse_args(argv)
        arguments.func(arguments)


if __name__ == "__main__":
    main()
