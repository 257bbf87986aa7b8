"""Orders that show what other orders have not shown.

What a feature depends on are the features before it in its process: one polluter or several, or what it needs. With two
orders, one the reverse of the other, each feature has been seen after each other one. A victim of two polluters
passes in both as long as it stands between them; for it, *each feature after any two others* is to be seen. So an
order is built from its end: for each place a few features are drawn by lot, and the one is taken that, after all that
are left, shows the most pairs of predecessors that it was not seen after yet.

Orders of this kind, in which each of any three features comes last once, are known as 3-suitable; some
log₂ log₂ n of them suffice (Spencer 1971), far fewer than lots alone take.

References:
    Spencer (1971): Minimal scrambling sets of simple orders. Acta Mathematica Hungarica 22, 349–353.
    https://doi.org/10.1007/BF01896428
    Wei, Yi, Xie, Marinov, Lam (2021): Probabilistic and systematic coverage of consecutive test-method pairs for
    detecting order-dependent flaky tests. TACAS 2021. https://doi.org/10.1007/978-3-030-72016-2_15
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

T = TypeVar("T")

_CANDIDATE_COUNT = 4
"""Features that are considered for a place; more would show little more, and leave less to chance."""

_SAMPLE_COUNT = 16
"""Predecessors whose pairs are looked at; a sample, so that the cost grows with the square of the features only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairCoverage:
    """What a number of orders show, as shares of all there is.

    Attributes:
        pairs: ordered pairs: one feature before the other in the same process.
        pairs_both_ways: unordered pairs that were seen in both orders.
        after_two: each feature after any two others, in whichever order these are: what a victim of two takes.
        triples: ordered triples.
    """

    pairs: float
    pairs_both_ways: float
    after_two: float
    triples: float


def split_among(order: Sequence[T], worker_count: int) -> tuple[tuple[T, ...], ...]:
    """What each worker runs of an order: the feature at position i goes to worker i modulo their number."""
    return tuple(tuple(order[worker::worker_count]) for worker in range(worker_count))


def pair_coverage(orders: Iterable[Sequence[T]]) -> PairCoverage:
    """What orders show, counted exactly; features of one order are of one process.

    Args:
        orders: each of a process of its own; of an iteration with several workers, each one's.

    Returns: shares of what all features that occur could show; 1.0 where there are too few to show anything.
    """
    processes = [list(order) for order in orders]
    bits = {item: 1 << index for index, item in enumerate(dict.fromkeys(item for order in processes for item in order))}
    after: defaultdict[tuple[int, int], int] = defaultdict(int)
    before: defaultdict[tuple[int, int], int] = defaultdict(int)
    for order in processes:
        ones = [bits[item] for item in order]
        earlier, later = 0, sum(ones)
        for index, one in enumerate(ones):
            later ^= one
            for other in ones[:index]:
                after[other, one] |= later
                before[other, one] |= earlier ^ other
            earlier |= one
    n = len(bits)
    return PairCoverage(
        pairs=_share(len(before), n * (n - 1)),
        pairs_both_ways=_share(sum((later, earlier) in before for earlier, later in before), n * (n - 1)),
        after_two=_share(sum(mask.bit_count() for mask in before.values()), n * (n - 1) * (n - 2)),
        triples=_share(sum(mask.bit_count() for mask in after.values()), n * (n - 1) * (n - 2)),
    )


def _share(seen: int, all_there_are: int) -> float:
    return seen / all_there_are if all_there_are else 1.0


class SeenOrders:
    """What the orders so far have shown, and further ones that show more. Features are numbers from 0.

    It keeps n² bits an order: for each feature a mask of those that came before it in its process.
    """

    def __init__(self, feature_count: int) -> None:
        self._count = feature_count
        self._before: list[list[int]] = []

    def add(self, order: Sequence[int], worker_count: int = 1) -> None:
        """Take note of what an order shows when it is split among workers."""
        masks = [0] * self._count
        for process in split_among(order, worker_count):
            earlier = 0
            for feature in process:
                masks[feature] = earlier
                earlier |= 1 << feature
        self._before.append(masks)

    def shuffled(self, random: Random) -> list[int]:
        """All features in an order that shows what was not seen."""
        return self._placed(range(self._count), (), random)

    def shuffled_modules(self, modules: Sequence[Sequence[int]], random: Random) -> list[int]:
        """The same with the features of a module side by side.

        Args:
            modules: the features of each.
            random: where lots are drawn.
        """
        left = list(modules)
        placed: list[list[int]] = []
        while left:
            one_of_each = [random.choice(module) for module in left]
            module = left.pop(self._last(one_of_each, [feature for other in left for feature in other], random))
            placed.append(self._placed(module, [feature for other in left for feature in other], random))
        return [feature for module in reversed(placed) for feature in module]

    def _placed(self, features: Iterable[int], earlier: Sequence[int], random: Random) -> list[int]:
        """Features in an order that, after the earlier ones, shows what was not seen."""
        left = list(features)
        placed: list[int] = []
        while left:
            placed.append(left.pop(self._last(left, [*earlier, *left], random)))
        return placed[::-1]

    def _last(self, features: Sequence[int], before: Sequence[int], random: Random) -> int:
        """The index of the feature that should come after the others; of a few that are drawn by lot."""
        indexes = random.sample(range(len(features)), min(_CANDIDATE_COUNT, len(features)))
        if len(indexes) == 1:
            return indexes[0]
        left = sum(1 << feature for feature in before)
        sample = random.choices(before, k=_SAMPLE_COUNT)
        return max(indexes, key=lambda index: self._unseen_count(features[index], sample, left))

    def _unseen_count(self, feature: int, sample: Sequence[int], left: int) -> int:
        """How many pairs of one of a sample and one of those left have not come before a feature."""
        earlier_masks = [masks[feature] for masks in self._before]
        count = 0
        for other in sample:
            seen = 0
            for mask in earlier_masks:
                if mask >> other & 1:
                    seen |= mask
            count += (left & ~seen).bit_count()
        return count
