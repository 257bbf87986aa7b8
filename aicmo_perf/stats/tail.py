"""How far out a suite's runs lie on unchanged code, and what a value out there is worth as evidence.

Student's t speaks for the bulk of the runs; for the rare wild run the suite's own past does, since a feature's twenty
runs are too few to show what happens once in a hundred. The p-value is the largest of three: Student's, the share of
the *other* features' past runs at least as far out, and the share of the feature's own when that is over 10 %.
Its own are held back up to there lest a regression hides behind the first runs that had it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

from aicmo_perf.stats.distributions import student_t_isf, student_t_sf

FAMILIAR_SHARE = 0.10
"""A feature that was as far out in more of its own runs than this has shown nothing new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A feature's runs about its baseline's level, in units of its spread.

    Attributes:
        t: where the run under judgement lies.
        past: where the baseline runs lie, ascending.
        degrees: degrees of freedom of the spread.
        location: ln(seconds) of the level.
        spread: standard deviation of ln(runtime) between runs.
        scale: one unit of t as a deviation of ln(runtime): the spread and the level's own uncertainty.
    """

    t: float
    past: tuple[float, ...]
    degrees: float
    location: float
    spread: float
    scale: float

    def mirrored(self) -> Standing:
        """The same with faster and slower exchanged."""
        return replace(self, t=-self.t, past=tuple(-value for value in reversed(self.past)))


@dataclass(frozen=True, slots=True)
class SuiteTail:
    """The baseline runs of all features, in units of each one's spread.

    Attributes:
        past: ascending.
    """

    past: tuple[float, ...]

    @classmethod
    def of(cls, standings: Sequence[Standing]) -> SuiteTail:
        """The pool of what these features did before."""
        return cls(tuple(sorted(value for standing in standings for value in standing.past)))

    def p_value(self, standing: Standing) -> float:
        """How often chance alone puts a run of this feature as far out as it is now.

        Args:
            standing: one of those that the tail was made of.
        """
        own_count = _count_at_least(standing.past, standing.t)
        own_share = own_count / len(standing.past)
        other_total = len(self.past) - len(standing.past)
        other_share = (_count_at_least(self.past, standing.t) - own_count) / other_total if other_total else 0.0
        familiar_share = own_share if own_share > FAMILIAR_SHARE else 0.0
        return max(student_t_sf(standing.t, standing.degrees), other_share, familiar_share)

    def visible_t(self, standing: Standing, critical: float) -> float:
        """From which t on this feature's p-value is at most the critical one.

        Args:
            standing: one of those that the tail was made of.
            critical: above 0, and at most 0.5.
        """
        other_total = len(self.past) - len(standing.past)
        bounds = [student_t_isf(critical, standing.degrees)]
        own_allowed = int(max(FAMILIAR_SHARE, critical) * len(standing.past))
        bounds.append(standing.past[-1 - own_allowed])
        if other_total:
            bounds.append(self._largest_of_others(standing, int(critical * other_total)))
        return max(bounds)

    def _largest_of_others(self, standing: Standing, skipped: int) -> float:
        """The largest value that is not this feature's own, after so many larger ones."""
        own = len(standing.past) - 1
        for value in reversed(self.past):
            if own >= 0 and standing.past[own] == value:
                own -= 1
            elif skipped:
                skipped -= 1
            else:
                return value
        raise AssertionError("the tail holds other features' runs")  # callers see to it


def _count_at_least(ascending: Sequence[float], value: float) -> int:
    return len(ascending) - bisect_left(ascending, value)
