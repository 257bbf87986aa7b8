"""What designed orders show, beside lots: ``python benchmarks/order_coverage.py [FEATURES]``.

Counted within a process: features that different workers ran at the same time have not seen each other. The columns
are the share of unordered pairs seen both ways, that of features seen after any two others (what it takes to find a
victim of two polluters), and that of ordered triples, each after so many iterations; medians over seeds. The figures of
docs/flakiness.md are printed by it.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from random import Random

from aicmo_perf.flakiness.design import Design
from aicmo_perf.flakiness.orders import PairCoverage, SeenOrders, pair_coverage, split_among
from aicmo_perf.model import Feature, Possibilities

FEATURE_COUNT = 100
MODULE_SIZE = 10
AFTER = (2, 3, 5, 10)
SEEDS = range(5)
EVERYTHING = Possibilities(locales=("C.utf8",), clock=True, cpu_count=2, random_seed=True)

Processes = list[list[tuple[str, ...]]]
"""Of each iteration, what each of its processes ran."""


def designed(names: Sequence[str], seed: int) -> Processes:
    """The iterations of a check, the twin and those with two workers among them."""
    modules = {name: f"m{index // MODULE_SIZE}" for index, name in enumerate(names)}
    features = [Feature(suite="s", qualified_name=f"{modules[name]}.{name}", name=name) for name in names]
    design = Design(features, EVERYTHING, seed)
    found = tuple(feature.key for feature in features)
    planned = [design.iteration(number) for number in range(1, max(AFTER) + 1)]
    return [
        [
            tuple(name.rpartition(".")[2] for _, name in process)
            for process in split_among(one.order or found, one.conditions.worker_count)
        ]
        for one in planned
    ]


def drawn(names: Sequence[str], seed: int) -> Processes:
    """The same check, twin and workers and all, with lots in place of the orders that are designed."""
    random = Random(seed)
    iterations = designed(names, seed)
    for index in range(3, len(iterations)):
        iterations[index] = list(split_among(random.sample(names, len(names)), len(iterations[index])))
    return iterations


def shuffles(names: Sequence[str], seed: int) -> Processes:
    """The order as found, then lots."""
    random = Random(seed)
    return [[tuple(names)], *([tuple(random.sample(names, len(names)))] for _ in range(max(AFTER) - 1))]


def undisturbed(names: Sequence[str], seed: int) -> Processes:
    """The order as found, its reverse, then designed orders, each whole."""
    seen, random = SeenOrders(len(names)), Random(seed)
    orders = [list(range(len(names))), list(range(len(names)))[::-1]]
    for order in orders:
        seen.add(order)
    while len(orders) < max(AFTER):
        orders.append(seen.shuffled(random))
        seen.add(orders[-1])
    return [[tuple(names[index] for index in order)] for order in orders]


def shuffles_and_reverses(names: Sequence[str], seed: int) -> Processes:
    """The order as found and its reverse, then lots, each followed by its reverse."""
    pairs = [[(order,), (order[::-1],)] for (order,) in shuffles(names, seed)]
    return [list(process) for pair in pairs for process in pair][: max(AFTER)]


WAYS: dict[str, Callable[[Sequence[str], int], Processes]] = {
    "the check: found, reverse, twin, designed orders, two of them split between two workers": designed,
    "the same, with lots in place of designed orders": drawn,
    "random shuffles only": shuffles,
    "random shuffles, each with its reverse": shuffles_and_reverses,
    "designed orders only: no twin, one worker": undisturbed,
}


def coverage_after(iterations: Processes, count: int) -> PairCoverage:
    """What the first so many iterations show."""
    return pair_coverage([process for processes in iterations[:count] for process in processes])


def main() -> None:
    """Print the table, and what designing costs."""
    names = [f"f{index}" for index in range(int(sys.argv[1]) if len(sys.argv) > 1 else FEATURE_COUNT)]
    print(f"{len(names)} features, iterations {', '.join(map(str, AFTER))}\n")
    print("| orders | pairs both ways | after any two others | ordered triples |")
    print("|---|---|---|---|")
    for way, orders_of in WAYS.items():
        rounds = [orders_of(names, seed) for seed in SEEDS]
        cells = []
        for name in ("pairs_both_ways", "after_two", "triples"):
            shares = [statistics.median(getattr(coverage_after(one, count), name) for one in rounds) for count in AFTER]
            cells.append(", ".join(f"{share:.1%}" for share in shares))
        print(f"| {way} | {' | '.join(cells)} |")
    started = time.process_time()
    designed(names, 0)
    print(f"\ndesigning {max(AFTER)} iterations took {time.process_time() - started:.2f} CPU seconds")


if __name__ == "__main__":
    main()
