"""Which past run's code suspects are re-run beside.

Not simply the newest: where a regression is a run or two old, the newest baseline run has it too, and beside that
nothing would look slower, so that red turned green by being repeated. It is the newest run in which the suspects were
as fast as their levels are.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aicmo_perf.comparison.values import FeatureComparison
from aicmo_perf.model import FeatureKey, Run

_TYPICAL_SHARE = 0.5
"""A run is typical of a level when it lies off it by at most the usual spread, and by less than this share of the way
to where the suspect lies now."""


@dataclass(frozen=True, slots=True)
class RerunBase:
    """The code that suspects are re-run beside.

    Attributes:
        run: a run of it.
        features: the suspects whose level it is typical of; the others are re-run alone.
    """

    run: Run
    features: tuple[FeatureKey, ...]


def rerun_base(suspects: Sequence[FeatureComparison], is_at_hand: Callable[[Run], bool]) -> RerunBase | None:
    """The run that is typical of most suspects' levels, the newest of equals; None when none of them is at hand.

    Args:
        suspects: features that want re-runs.
        is_at_hand: whether a run's code can be run again; asked of as few runs as possible.
    """
    runs: dict[str, Run] = {}
    typical_of: dict[str, list[FeatureKey]] = defaultdict(list)
    for item in suspects:
        for run, seconds in zip(item.level_value_runs, item.level_values_seconds, strict=True):
            if _is_typical(item, seconds):
                runs[run.uuid] = run
                typical_of[run.uuid].append(item.feature.key)
    ranked = sorted(runs, key=lambda uuid: (len(typical_of[uuid]), runs[uuid].moment), reverse=True)
    best = next((uuid for uuid in ranked if is_at_hand(runs[uuid])), None)
    return RerunBase(runs[best], tuple(typical_of[best])) if best is not None else None


def _is_typical(item: FeatureComparison, seconds: float) -> bool:
    """Whether a past runtime is about as far from the suspicious one as the level is, or farther."""
    judgement = item.judgement
    if judgement is None or not judgement.baseline_seconds or judgement.ratio is None or not seconds > 0:
        return False
    way = math.log(judgement.ratio)
    deviation = math.copysign(1.0, way) * math.log(seconds / judgement.baseline_seconds)
    spread = math.inf if judgement.spread_ratio is None else math.log1p(judgement.spread_ratio)
    return deviation <= min(spread, _TYPICAL_SHARE * abs(way))
