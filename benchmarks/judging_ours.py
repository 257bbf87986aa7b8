"""What is shipped, as a detector and as three gates: the functions that the command line calls, driven as it does.

The gates differ in what is at hand to confirm a suspicion: re-runs of head and base in turn, re-runs of the head alone,
or nothing. Minimal effects in absolute time are off, since what the sources timed takes from nanoseconds to hours, and
four baseline runs are enough, since one source has no more.
"""

from __future__ import annotations

from collections.abc import Sequence

from judging_data import Array, GateFeature
from judging_scores import Gate, GateAnswer

from aicmo_perf.model import Change
from aicmo_perf.model.summary import low_quantile
from aicmo_perf.stats.change_points import GENERAL, change_points
from aicmo_perf.stats.comparison import Measurement, RuntimeJudgement, SlownessPolicy, judge_runtimes

POLICY = SlownessPolicy(min_effect_seconds=0.0, min_runtime_seconds=0.0, min_run_count=4)


def detect(values: Array) -> list[int]:
    """The first points of the levels that the shipped default finds."""
    return [shift.index for shift in change_points(values.tolist())]


def detect_general(values: Array) -> list[int]:
    """The same for series that are no runtimes: the preset for any numbers, on the values themselves."""
    return [shift.index for shift in change_points(values.tolist(), GENERAL)]


def one_run(features: Sequence[GateFeature]) -> GateAnswer:
    """The one-run rule: imported runs, or `gate` without the engine at hand."""
    return _answer(judge_runtimes([_measurement(feature, 0, with_base=False) for feature in features], POLICY), 0)


def with_reruns(*, of_base: bool) -> Gate:
    """Judge, re-run what wants it, judge again: until nothing does, or no further run is at hand.

    Args:
        of_base: whether each further run of the head has one of the base beside it.
    """

    def gate(features: Sequence[GateFeature]) -> GateAnswer:
        counts = [0] * len(features)
        while True:
            measurements = [
                _measurement(feature, count, with_base=of_base) for feature, count in zip(features, counts, strict=True)
            ]
            judgement = judge_runtimes(measurements, POLICY, confirming=True)
            wanted = [
                place
                for place, change in enumerate(judgement.changes)
                if change.wants_rerun and counts[place] < len(features[place].head_reruns)
            ]
            if not wanted:
                return _answer(judgement, sum(counts) * (2 if of_base else 1))
            for place in wanted:
                counts[place] += 1

    return gate


def _measurement(feature: GateFeature, rerun_count: int, *, with_base: bool) -> Measurement:
    return Measurement(
        current_seconds=low_quantile(feature.current.tolist()),
        baseline_seconds=_levels(feature.past),
        head_reruns_seconds=_levels(feature.head_reruns[:rerun_count]),
        base_reruns_seconds=_levels(feature.base_reruns[:rerun_count]) if with_base else (),
    )


def _levels(runs: Sequence[Array]) -> tuple[float, ...]:
    return tuple(low_quantile(run.tolist()) for run in runs)


def _answer(judgement: RuntimeJudgement, extra_run_count: int) -> GateAnswer:
    return GateAnswer(
        regressed=[change.change is Change.REGRESSED for change in judgement.changes],
        extra_run_count=extra_run_count,
        inconclusive_count=sum(change.change is Change.INCONCLUSIVE for change in judgement.changes),
        visible_ratios=[
            change.smallest_visible_ratio for change in judgement.changes if change.smallest_visible_ratio is not None
        ],
    )
