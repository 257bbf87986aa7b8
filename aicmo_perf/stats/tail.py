"""How far out a suite's runs lie on unchanged code, and what a value out there is worth as evidence.

Student's t speaks for the bulk of the runs. The rare wild run it does not know, and a feature's own twenty runs are
too few to show what happens once in a hundred. But all features' runs together do: what the suite did before on
unchanged code it does again. With k of the N runs of the *other* features at least as far out as t, each in units of
its own spread,

    p = (k + 1) / (N + 1)               for k > 0: the value itself counts as one of them
    p = min(1, m / t) / (N + 1)         beyond the farthest, m (1 at least): a Pareto tail of index 1, heavier than
                                        any that was measured

A feature that was itself as far out in over 10 % of its runs, and more than once, has shown nothing new, and p is that
share. Its own runs are held back up to there lest a regression hides behind the first runs that had it.

Reference:
    Westfall, Young: Resampling-Based Multiple Testing. Wiley 1993 (p-values from exchangeable runs).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from aicmo_perf.stats.levels import Level

FAMILIAR_SHARE = 0.10
"""A feature that was as far out in more of its own runs than this has shown nothing new, if it was so twice."""


@dataclass(frozen=True, slots=True)
class SuiteTail:
    """The baseline runs of all features, in units of each one's spread.

    Attributes:
        past: ascending.
    """

    past: tuple[float, ...]

    @classmethod
    def of(cls, levels: Sequence[Level]) -> SuiteTail:
        """The pool of what these features did before."""
        return cls(tuple(sorted(value for level in levels for value in level.residuals)))

    def share_beyond(self, level: Level, t: float) -> float:
        """The p-value by the other features' runs; 0 when there are none.

        Args:
            level: of the feature, one of those that the tail was made of.
            t: how far out it lies, in units of its spread.
        """
        total = len(self.past) - len(level.residuals)
        if total == 0:
            return 0.0
        count = self._other_count(level, t)
        if count:
            return (count + 1) / (total + 1)
        farthest = self._farthest_of_others(level)
        return min(1.0, farthest / t if t > 0 else 1.0) / (total + 1)

    def p_value(self, level: Level, t: float) -> float:
        """The larger of `share_beyond` and of the share of its own runs, where that is no small one."""
        own_count = _count_at_least(level.residuals, t)
        is_familiar = own_count > max(1.0, FAMILIAR_SHARE * len(level.residuals))
        return max(self.share_beyond(level, t), own_count / len(level.residuals) if is_familiar else 0.0)

    def visible_t(self, level: Level, critical: float, *, own_counts: bool = True) -> float:
        """From which t on the p-value is at most the critical one.

        Args:
            level: of the feature, one of those that the tail was made of.
            critical: above 0.
            own_counts: whether it is `p_value`, or `share_beyond` alone.
        """
        bounds = [0.0]
        if own_counts and level.residuals:
            allowed = max(1, int(max(FAMILIAR_SHARE, critical) * len(level.residuals)))
            bounds += level.residuals[-1 - allowed : len(level.residuals) - allowed]
        total = len(self.past) - len(level.residuals)
        if total:
            allowed = int(critical * (total + 1)) - 1
            if allowed < 0:
                bounds.append(self._farthest_of_others(level) / (critical * (total + 1)))
            elif allowed < total:
                bounds.append(self._largest_of_others(level, allowed))
        return max(bounds)

    def _farthest_of_others(self, level: Level) -> float:
        """Where the Pareto tail begins: not before one spread, though no other run may have got there."""
        return max(self._largest_of_others(level, 0), 1.0)

    def _largest_of_others(self, level: Level, skipped: int) -> float:
        """The largest value that is not this feature's own, after so many larger ones; there must be so many."""
        # the last value with enough of the others' at or above it: these counts fall along the pool
        low, high = 0, len(self.past) - 1
        while low < high:
            middle = (low + high + 1) // 2
            if self._other_count(level, self.past[middle]) > skipped:
                low = middle
            else:
                high = middle - 1
        return self.past[low]

    def _other_count(self, level: Level, t: float) -> int:
        """Runs of the other features at least as far out."""
        return _count_at_least(self.past, t) - _count_at_least(level.residuals, t)


def _count_at_least(ascending: Sequence[float], value: float) -> int:
    return len(ascending) - bisect_left(ascending, value)
