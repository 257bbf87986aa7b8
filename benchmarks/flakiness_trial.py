"""A check of features whose flakiness is known: ``python benchmarks/flakiness_trial.py [--seeds 20] [--first 1]``.

The planted suite (``tests/flakiness_suite``) is checked with ten iterations, once for each seed of the design, causes
and all, in deterministic mode; the features that draw are in live mode. Printed are, for each seed, what was missed
although it shows with a probability above 99 %, which innocents were accused, what was found for another reason than
the planted one, and the time; then, for each planted feature, in how many of the checks it was found and explained.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.flakiness_suite.checking import Checked, check


def main() -> int:
    """Run the trial; 1 when anything certain was missed, an innocent accused, or something certain misjudged."""
    parser = argparse.ArgumentParser(description="Check features whose flakiness is known.")
    parser.add_argument("--seeds", type=int, default=20, help="how many seeds of the design")
    parser.add_argument("--first", type=int, default=1, help="the first of them")
    parser.add_argument("--iterations", type=int, default=10)
    arguments = parser.parse_args()
    found: Counter[str] = Counter()
    explained: Counter[str] = Counter()
    certain: dict[str, bool] = {}
    is_clean = True
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        for live in (False, True):
            began = time.perf_counter()
            with tempfile.TemporaryDirectory() as folder:
                checked = check(Path(folder), seed, live=live, iterations=arguments.iterations)
            show(seed, checked, live=live, seconds=time.perf_counter() - began)
            wrong = {one.partition(": ")[0] for one in checked.misjudged}
            for one in checked.planted:
                certain[one.name] = one.is_certain
                found[one.name] += one.name in checked.found
                explained[one.name] += one.name in checked.found and one.name not in wrong
            is_clean &= not (checked.missed or checked.accused or any(certain[name] for name in wrong))
    print(f"\n{'planted':58} found  rightly explained, of {arguments.seeds}")
    for name, is_certain in certain.items():
        print(f"{name:58} {found[name]:5}  {explained[name]:5}{'' if is_certain else '  (not certain to show)'}")
    return 0 if is_clean else 1


def show(seed: int, checked: Checked, *, live: bool, seconds: float) -> None:
    """What one check came to."""
    took = [iteration.duration_seconds or 0.0 for iteration in checked.iterations]
    certain = sum(one.is_certain for one in checked.planted)
    print(
        f"seed {seed}, {'live' if live else 'deterministic'}: {checked.feature_count} features, "
        f"{len(checked.planted)} planted, {certain} certain; missed {len(checked.missed)}, "
        f"accused {len(checked.accused)}, misjudged {len(checked.misjudged)}; "
        f"{len(took)} iterations {sum(took):.1f} s ({sum(took) / took[0]:.1f} x the first), "
        f"{checked.trial_count} trials {checked.trial_seconds:.1f} s, {seconds:.1f} s in all",
        flush=True,
    )
    for kind, names in (("missed", checked.missed), ("accused", checked.accused), ("misjudged", checked.misjudged)):
        for name in names:
            print(f"  {kind}: {name}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
