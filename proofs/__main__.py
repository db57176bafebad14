"""Prove it: `python -m proofs [--histories N] [--seed S]`. Ends with one line, and with 1 if there is a violation."""

import argparse
import concurrent.futures
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Sequence

from proofs.random_histories import prove_histories


def main(argv: Sequence[str]) -> int:
    """Run the proofs."""
    parser = argparse.ArgumentParser(prog="python -m proofs", description=__doc__)
    parser.add_argument("--histories", type=int, default=1000, help="random histories (default: 1000)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32), help="of the histories")
    options = parser.parse_args(argv)
    print(f"seed={options.seed}", flush=True)
    started, workers = time.monotonic(), max(1, os.cpu_count() or 1)
    shares = [options.histories // workers + (index < options.histories % workers) for index in range(workers)]
    with concurrent.futures.ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        futures = [
            pool.submit(prove_histories, share, options.seed + index) for index, share in enumerate(shares) if share
        ]
        verdicts = [future.result() for future in futures]
    violations = [verdict.violation for verdict in verdicts if verdict.violation]
    for violation in violations:
        print(violation)
    histories, runs = (sum(getattr(v.tally, name) for v in verdicts) for name in ("histories", "runs"))
    crashes, happenings = (sum(getattr(v.tally, name) for v in verdicts) for name in ("crashes", "happenings"))
    green = sum(verdict.tally.green for verdict in verdicts)
    print(f"{runs} runs, {green} of them green, {happenings} happenings, in {time.monotonic() - started:.0f} s")
    print(f"prove: {histories} histories, {crashes} crash points, {len(violations)} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
