"""Orders that show what other orders have not shown.

What a feature depends on are the features before it in its process: one polluter or several, or what it needs. With two
orders, one the reverse of the other, each feature has been seen after each other one. A victim of two polluters
passes in both as long as it stands between them; for it, *each feature after any two others* is to be seen. So an
order is built from its end: for each place a few features are drawn by lot, and the one is taken that shows most that
was not seen yet: pairs of features left that it comes after, and triples with one of those and one placed already.

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

_FEWEST_CANDIDATES, _MOST_CANDIDATES = 4, 16
"""Features that are considered for a place. The more, the more an order shows and the less is left to chance."""

_CONSIDERED_COUNT = 3_000
"""Features that are considered for all places together, if there are many: it bounds the cost."""

_DESIGNED_COUNT = 24
"""Orders after which lots alone decide: by then nearly all triples were seen, and the cost grows with the orders."""

_SAMPLE_COUNT = 12
"""Features whose pairs are looked at; a sample, so that the cost grows with the square of the features only."""

_TRIPLE_WEIGHT = 0.3
"""Of a triple beside a pair of predecessors, in whichever order these are, which victims of two polluters depend on."""


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
        """Take note of what an order shows when it is split among workers, unless much was seen already."""
        if self._is_much:
            return
        masks = [0] * self._count
        for process in split_among(order, worker_count):
            earlier = 0
            for feature in process:
                masks[feature] = earlier
                earlier |= 1 << feature
        self._before.append(masks)

    @property
    def _is_much(self) -> bool:
        """Whether so much was seen that lots show as much that is new as any design."""
        return len(self._before) >= _DESIGNED_COUNT

    def shuffled(self, random: Random) -> list[int]:
        """All features in an order that shows what was not seen."""
        later: list[int] = []
        self._place(range(self._count), (), later, random)
        return later[::-1]

    def shuffled_modules(self, modules: Sequence[Sequence[int]], random: Random) -> list[int]:
        """The same with the features of a module side by side.

        Args:
            modules: the features of each.
            random: where lots are drawn.
        """
        left = list(modules)
        later: list[int] = []
        while left:
            one_of_each = [random.choice(module) for module in left]
            earlier = [feature for module in left for feature in module]
            module = left.pop(self._last(one_of_each, earlier, later, random))
            self._place(module, [feature for other in left for feature in other], later, random)
        return later[::-1]

    def _place(self, features: Iterable[int], earlier: Sequence[int], later: list[int], random: Random) -> None:
        """Add features to the later ones, the last first, so that they show most after the earlier ones."""
        left = list(features)
        while left:
            later.append(left.pop(self._last(left, [*earlier, *left], later, random)))

    def _last(self, features: Sequence[int], earlier: Sequence[int], later: Sequence[int], random: Random) -> int:
        """The index of the feature, of a few that are drawn by lot, that should come after all the earlier ones."""
        if self._is_much:
            return random.randrange(len(features))
        candidate_count = min(_MOST_CANDIDATES, max(_FEWEST_CANDIDATES, _CONSIDERED_COUNT // self._count))
        indexes = random.sample(range(len(features)), min(candidate_count, len(features)))
        if len(indexes) == 1:
            return indexes[0]
        left = sum(1 << feature for feature in earlier)
        before = random.choices(earlier, k=_SAMPLE_COUNT)
        after = random.choices(later, k=_SAMPLE_COUNT) if later else []

        def news(index: int) -> float:
            feature = features[index]
            pairs = sum(self._unseen_count(feature, other, left) for other in before)
            triples = sum(self._unseen_count(feature, other, left, is_after=True) for other in after)
            # what a sample shows stands for all; a pair of predecessors is met from both of its sides
            return pairs * len(earlier) / 2 + _TRIPLE_WEIGHT * triples * len(later)

        return max(indexes, key=news)

    def _unseen_count(self, feature: int, other: int, left: int, *, is_after: bool = False) -> int:
        """Of the features left, those that did not come before a feature while the other came before it, or after."""
        seen = 0
        for before in self._before:
            if before[other] >> feature & 1 if is_after else before[feature] >> other & 1:
                seen |= before[feature]
        return (left & ~seen).bit_count()
