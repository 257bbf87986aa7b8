"""Runs that say nothing of the features, because it was the machine: most features failed, here and hardly elsewhere.

Of a run with at least three features more than half failed, while that is so in at most a quarter of such runs. And it
did not last: either the same code was run without it, or the runs just before and after are fine. A change that breaks
most features of a suite fails in the next run too, and is the code's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from aicmo_perf.flakiness.same_code import Code
from aicmo_perf.model import FailureCount, FeatureKey, Run, RunOutcomes

_LEAST_FEATURES = 3
_MOST_SHARE = 0.5
_RARE_SHARE = 0.25


def most_failed(failing_count: int, feature_count: int) -> bool:
    """Whether more than half of a run's features failed, of three at least."""
    return feature_count >= _LEAST_FEATURES and failing_count > _MOST_SHARE * feature_count


def count_failures(outcomes: Mapping[FeatureKey, Sequence[RunOutcomes]]) -> dict[str, FailureCount]:
    """How many features failed in each run, by uuid, when the outcomes are those of all features."""
    features: Counter[str] = Counter()
    failing: Counter[str] = Counter()
    for of_feature in outcomes.values():
        features.update([of_run.run.uuid for of_run in of_feature])
        failing.update([of_run.run.uuid for of_run in of_feature if of_run.is_failing])
    return {uuid: FailureCount(failing[uuid], count) for uuid, count in features.items()}


def infrastructure_runs(
    runs: Sequence[Run], codes: Mapping[str, Code], counts: Mapping[str, FailureCount]
) -> tuple[Run, ...]:
    """The runs to set aside.

    Args:
        runs: oldest first.
        codes, counts: the code of each, and how many of its features failed, by uuid.

    Returns: oldest first.
    """
    judged = [run for run in runs if counts[run.uuid].feature_count >= _LEAST_FEATURES]
    has_failed = [most_failed(counts[run.uuid].failing_count, counts[run.uuid].feature_count) for run in judged]
    if not 0 < sum(has_failed) <= max(1.0, _RARE_SHARE * len(judged)) or all(has_failed):
        return ()
    fine_codes = {codes[run.uuid] for run, failed in zip(judged, has_failed, strict=True) if not failed}
    before, after = [False, *has_failed[:-1]], [*has_failed[1:], False]
    return tuple(
        run
        for run, failed, *beside in zip(judged, has_failed, before, after, strict=True)
        if failed and (codes[run.uuid] in fine_codes or not any(beside))
    )
