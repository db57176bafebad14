"""Prove it: `python -m proofs [--histories N] [--seed S]`. Ends with one line, and with 1 if there is a violation."""

import argparse
import concurrent.futures
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Sequence

from proofs.crash_points import prove_crash_points
from proofs.random_histories import prove_histories


def main(argv: Sequence[str]) -> int:
    """Run the proofs."""
    parser = argparse.ArgumentParser(prog="python -m proofs", description=__doc__)
    parser.add_argument("--histories", type=int, default=1000, help="random histories (default: 1000)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32), help="of the histories")
    parser.add_argument("--crash-points", type=int, help="in the lab at most, for each process (default: all)")
    options = parser.parse_args(argv)
    print(f"seed={options.seed}", flush=True)
    started, workers = time.monotonic(), max(1, os.cpu_count() or 1)
    shares = [options.histories // workers + (index < options.histories % workers) for index in range(workers)]
    with concurrent.futures.ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        crashes = [pool.submit(prove_crash_points, index, workers, options.crash_points) for index in range(workers)]
        histories = [pool.submit(prove_histories, share, options.seed + n) for n, share in enumerate(shares) if share]
        killed = [future.result() for future in crashes]
        lived = [future.result() for future in histories]
    violations = [text for verdict in killed for text in verdict.violations]
    violations += [verdict.violation for verdict in lived if verdict.violation]
    for violation in violations:
        print(violation)
    tallies = [verdict.tally for verdict in lived]
    told, runs, green = (sum(getattr(tally, name) for tally in tallies) for name in ("histories", "runs", "green"))
    happenings, in_model = (sum(getattr(tally, name) for tally in tallies) for name in ("happenings", "crashes"))
    in_lab = sum(verdict.points for verdict in killed)
    print(f"histories: {runs} runs, {green} of them green; {happenings} happenings on their way, {in_model} a crash")
    print(f"lab: a deployment killed at each of {in_lab} calls; all in {time.monotonic() - started:.0f} s")
    print(f"prove: {told} histories, {in_model + in_lab} crash points, {len(violations)} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
