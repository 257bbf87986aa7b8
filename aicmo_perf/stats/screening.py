"""Which features look changed by the run alone: its evidence, and the suspects that are worth re-running.

With z = ln(seconds) of the run, less the common factor where that is removed, and the level of `levels`:

    t      = (z - mu) / (spread·√(1 + v))        v: the location's own variance, in units of the spread squared
    p_run  = max(P(T > t), tail(t))              T: Student's t; tail: what the suite's past runs say (`tail`)

The one-run rule judges by p_run. It is quiet, since nothing is called that lies no farther out than the suite's runs
did before, and for the same reason all but blind to small changes: one run is one observation.

A suspect is a feature with P(T > t) < 3 % and 0.7 of the least effect. Of unchanged features that would be 3 % if noise
were normal, 15 % on a shared machine, and a third on one that has slow hours. So in suites of thirty features and more
a suspect must besides lie farther out than all but 8 % of the suite's past runs: that bounds what confirming costs by
what the suite is known to do. A smaller suite re-runs whatever looks slower; where every fifth run is a wild one, these
would hide all that is not wilder. The confirmation is told what share of unchanged features became suspects: the 8 %,
or how many of the other features' past runs lay as far out, 15 % at least.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aicmo_perf.stats.distributions import student_t_isf, student_t_sf
from aicmo_perf.stats.levels import Level
from aicmo_perf.stats.tail import SuiteTail

BOUNDED_SHARE = 0.08
"""How many features of unchanged code become suspects at most, as far as the suite's past can tell."""

UNBOUNDED_SHARE = 0.15
"""How many do at least where nothing bounds it."""

_LARGE_SUITE = 30
"""So many features are too many to re-run whatever looks slower."""

_SUSPECT_P = 0.03
_SUSPECT_EFFECT_SHARE = 0.7
"""A true change of just the least effect is measured as less than that half of the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """What the run alone says of one feature, in one direction.

    Attributes:
        t: how far out it lies, in units of its own scatter.
        p_value: how often chance alone puts a run as far out.
        is_suspect: whether it is worth re-running.
        suspect_share: how many features of unchanged code are, by the bounds that held.
        suspect_deviation: from which deviation of ln(seconds) on it is.
    """

    t: float
    p_value: float
    is_suspect: bool
    suspect_share: float
    suspect_deviation: float


def screen(
    levels: Sequence[Level], tail: SuiteTail, deviations: Sequence[float], least_effects: Sequence[float]
) -> list[Screened]:
    """Look at all features' runs for changes in one direction.

    Args:
        levels: one a feature.
        tail: made of these levels.
        deviations: of ln(seconds) from each level; positive is where the change is looked for.
        least_effects: the least deviations that are worth a person's time.
    """
    screened = []
    for level, deviation, least_effect in zip(levels, deviations, least_effects, strict=True):
        t = deviation / level.prediction_scale
        p_bulk = student_t_sf(t, level.degrees)
        suspect_t = student_t_isf(_SUSPECT_P, level.degrees)
        if len(levels) >= _LARGE_SUITE:
            suspect_t = max(suspect_t, tail.visible_t(level, BOUNDED_SHARE, own_counts=False))
            suspect_share = BOUNDED_SHARE
        else:
            suspect_share = max(UNBOUNDED_SHARE, tail.share_beyond(level, suspect_t))
        suspect_deviation = max(suspect_t * level.prediction_scale, _SUSPECT_EFFECT_SHARE * least_effect)
        screened.append(
            Screened(
                t=t,
                p_value=max(p_bulk, tail.p_value(level, t)),
                is_suspect=deviation > suspect_deviation,
                suspect_share=suspect_share,
                suspect_deviation=suspect_deviation,
            )
        )
    return screened


def visible_in_one_run(level: Level, tail: SuiteTail, critical_p: float) -> float:
    """The deviation of ln(seconds) from which on p_run is at most the critical one.

    Args:
        level: of the feature.
        tail: made of all features' levels.
        critical_p: above 0, and at most 0.5.
    """
    t = max(student_t_isf(critical_p, level.degrees), tail.visible_t(level, critical_p))
    return t * level.prediction_scale
