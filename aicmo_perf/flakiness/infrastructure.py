"""Runs that say nothing of the features, because it was the machine: most features failed, here and hardly elsewhere.

Of a run with at least three features more than half failed, while that is so in at most a quarter of such runs. And it
did not last: either the same code was run without it, or the runs just before and after are fine. A change that breaks
most features of a suite fails in the next run too, and is the code's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from aicmo_perf.flakiness.same_code import Code
from aicmo_perf.model import FeatureKey, Run
from aicmo_perf.model.outcomes import RunOutcomes

_LEAST_FEATURES = 3
_MOST_SHARE = 0.5
_RARE_SHARE = 0.25


def most_failed(failing_count: int, feature_count: int) -> bool:
    """Whether more than half of a run's features failed, of three at least."""
    return feature_count >= _LEAST_FEATURES and failing_count > _MOST_SHARE * feature_count


def infrastructure_runs(
    runs: Sequence[Run], codes: Mapping[str, Code], outcomes: Mapping[FeatureKey, Sequence[RunOutcomes]]
) -> tuple[Run, ...]:
    """The runs to set aside.

    Args:
        runs: oldest first.
        codes: the code of each, by uuid.
        outcomes: of all features; with those of a few only, the runs in which most failed are not known.

    Returns: oldest first.
    """
    features: Counter[str] = Counter()
    failing: Counter[str] = Counter()
    for of_feature in outcomes.values():
        features.update([of_run.run.uuid for of_run in of_feature])
        failing.update([of_run.run.uuid for of_run in of_feature if of_run.is_failing])
    judged = [run for run in runs if features[run.uuid] >= _LEAST_FEATURES]
    has_failed = [most_failed(failing[run.uuid], features[run.uuid]) for run in judged]
    if not 0 < sum(has_failed) <= max(1.0, _RARE_SHARE * len(judged)) or all(has_failed):
        return ()
    fine_codes = {codes[run.uuid] for run, failed in zip(judged, has_failed, strict=True) if not failed}
    before, after = [False, *has_failed[:-1]], [*has_failed[1:], False]
    return tuple(
        run
        for run, failed, *beside in zip(judged, has_failed, before, after, strict=True)
        if failed and (codes[run.uuid] in fine_codes or not any(beside))
    )
