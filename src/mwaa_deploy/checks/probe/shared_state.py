"""Says what it is like now, what DAG files and unit tests both see: DAG folder, plugins, metadata database.

    python shared_state.py RESULT [--database FILE] FOLDER ...

Runs inside the runner; standard library only, Python 3.7 and later. RESULT is {"folders": digest, "database": digest or
null}; what a digest is made of is told in mwaa_deploy_shared.py.
"""

import argparse
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # an isolated interpreter does not look there

from mwaa_deploy_shared import shared_state


def main():
    """Look, and write what was found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("result")
    parser.add_argument("--database")
    parser.add_argument("folders", nargs="+")
    options = parser.parse_args()
    found = shared_state(options.folders, options.database)
    with open(options.result, "w", encoding="ascii") as file:
        json.dump(found, file)


if __name__ == "__main__":
    main()
