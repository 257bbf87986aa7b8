"""The few among many that are all necessary: what pollutes a feature, what it needs, which factors work together.

It is a search on suffixes. In an order of candidates that shows an effect, the shortest suffix that still shows it
begins with a necessary one, and bisection finds where: what comes earlier is not needed, and a *cleaner* between the
polluter and its victim cannot deceive it, since no suffix has the polluter without what came after. What was found
is kept, and the next necessary one is sought among what came after it, until those found show the effect by
themselves. One or two among n take at most 2·log₂ n + 4 trials.

That a superset of what shows the effect shows it too is assumed, and checked: of those found, none may be left out.
Where one may be, it is, until none can: the set is then 1-minimal, as ddmin's is.

References:
    Zeller, Hildebrandt (2002): Simplifying and isolating failure-inducing input. IEEE Transactions on Software
    Engineering 28(2), 183–200. https://doi.org/10.1109/32.988498
    Shi, Lam, Oei, Xie, Marinov (2019): iFixFlakies: a framework for automatically fixing order-dependent flaky tests.
    ESEC/FSE, 545–555. https://doi.org/10.1145/3338906.3338925
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class MinimalFeatures(Generic[T]):
    """What is necessary.

    Attributes:
        features: in the order of the candidates; together they show the effect, and without any one they do not.
        trial_count: how often it was tried.
    """

    features: tuple[T, ...]
    trial_count: int


def minimal_features(candidates: Sequence[T], shows: Callable[[Sequence[T]], bool]) -> MinimalFeatures[T]:
    """Find those that are all necessary.

    Args:
        candidates: in their order; all of them together show the effect, none of them does not. Neither is tried again.
        shows: whether some of them, in this order, show it.

    Returns: nothing when there are no candidates.
    """
    tries = _Tries(candidates, shows)
    found: tuple[T, ...] = ()
    rest = tuple(candidates)
    while rest and not tries.shows(found):
        start = _shortest_suffix(found, rest, tries)
        found, rest = (*found, rest[start]), rest[start + 1 :]
    return MinimalFeatures(_without_needless(found, tries), tries.count)


class _Tries(Generic[T]):
    """Each set is tried once."""

    def __init__(self, candidates: Sequence[T], shows: Callable[[Sequence[T]], bool]) -> None:
        self._shows = shows
        self._known: dict[tuple[T, ...], bool] = {(): False, tuple(candidates): True}
        self.count = 0

    def shows(self, features: tuple[T, ...]) -> bool:
        if features not in self._known:
            self.count += 1
            self._known[features] = self._shows(features)
        return self._known[features]


def _shortest_suffix(found: tuple[T, ...], rest: tuple[T, ...], tries: _Tries[T]) -> int:
    """Where the shortest suffix begins that shows the effect with those found; all of the rest does."""
    showing, hiding = 0, len(rest)
    while hiding - showing > 1:
        middle = (showing + hiding) // 2
        if tries.shows(found + rest[middle:]):
            showing = middle
        else:
            hiding = middle
    return showing


def _without_needless(found: tuple[T, ...], tries: _Tries[T]) -> tuple[T, ...]:
    for index in range(len(found)):
        fewer = found[:index] + found[index + 1 :]
        if tries.shows(fewer):
            return _without_needless(fewer, tries)
    return found
