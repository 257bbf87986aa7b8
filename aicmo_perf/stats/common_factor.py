"""If everything moved, it is the machine: what a whole run has in common against its baselines.

The factor is the median over the F features of current / level. It is clear when the features agree on it beyond
chance: with t_i each feature's deviation in units of its own scatter,

    |median t| ≥ 4·√(v(F) / F)      four standard errors of a median of independent values (v: 1 to π/2)
    |ln factor| ≥ 0.5 %, and at least three quarters of the features deviate to its side

from six features on. Independent features do so less than once in ten thousand runs. A run off by over 15 % was hardly
made on a comparable machine, which is called out beside.

The median stands as long as fewer than half of the features changed; a change of the code that slows most of them alike
cannot be told from a slow machine by any statistic of one run. Re-runs of head and base side by side can.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from aicmo_perf.stats.levels import Level
from aicmo_perf.stats.robust import median_variance_factor
from aicmo_perf.stats.runtimes import CommonFactor

_LEAST_FEATURES = 6
_CLEAR_STANDARD_ERRORS = 4.0
_CLEAR_FACTOR = 0.005
_AGREEING_SHARE = 0.75
_MACHINE_DIFFERENCE = math.log(1.15)


def common_factor(
    levels: Sequence[Level], deviations: Sequence[float], *, is_removed: bool | None = None
) -> CommonFactor | None:
    """Estimate what the features of a run have in common.

    Args:
        levels: one a feature.
        deviations: of ln(seconds) from each.
        is_removed: whether to judge relative to it; None when it is clear.

    Returns: None without features.
    """
    if not levels:
        return None
    factor = statistics.median(deviations)
    is_clear = _is_clear(factor, levels, deviations)
    return CommonFactor(
        ratio=math.exp(factor),
        is_clear=is_clear,
        is_removed=is_clear if is_removed is None else is_removed,
        feature_count=len(levels),
        is_machine_difference=is_clear and abs(factor) > _MACHINE_DIFFERENCE,
    )


def _is_clear(factor: float, levels: Sequence[Level], deviations: Sequence[float]) -> bool:
    count = len(levels)
    if count < _LEAST_FEATURES or abs(factor) < _CLEAR_FACTOR:
        return False
    standing = statistics.median(
        deviation / level.prediction_scale for level, deviation in zip(levels, deviations, strict=True)
    )
    agreeing = sum(deviation * factor > 0 for deviation in deviations)
    is_certain = abs(standing) >= _CLEAR_STANDARD_ERRORS * math.sqrt(median_variance_factor(count) / count)
    return is_certain and agreeing >= _AGREEING_SHARE * count
