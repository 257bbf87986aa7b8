"""What a whole run has in common."""

from __future__ import annotations

import math
import random

import pytest

from aicmo_perf.model import Change
from aicmo_perf.stats.comparison import Measurement, judge_runtimes


def suite(rng, factor=1.0, features=20, spread=0.03, runs=20):
    """Log-normal features whose run lies this factor above their level."""
    return [
        Measurement(
            factor * 0.1 * math.exp(rng.gauss(0, spread)),
            tuple(0.1 * math.exp(rng.gauss(0, spread)) for _ in range(runs)),
        )
        for _ in range(features)
    ]


@pytest.mark.parametrize("features", [6, 20, 100])
def test_independent_features_have_none_in_common(features):
    rng = random.Random(1)
    assert not any(
        judge_runtimes(suite(rng, features=features, runs=8)).common_factor.is_clear for _ in range(900 // features)
    )


@pytest.mark.parametrize(("factor", "is_machine"), [(1.1, False), (0.9, False), (1.4, True), (0.7, True)])
def test_a_machine_that_moved_everything_is_found_and_removed(factor, is_machine):
    judgement = judge_runtimes(suite(random.Random(2), factor))
    common = judgement.common_factor
    assert common.ratio == pytest.approx(factor, rel=0.03)
    assert (common.is_clear, common.is_removed, common.feature_count) == (True, True, 20)
    assert common.is_machine_difference is is_machine
    assert not any(change.change in (Change.REGRESSED, Change.IMPROVED) for change in judgement.changes)
    assert sum(change.ratio for change in judgement.changes) / 20 == pytest.approx(1, abs=0.03)


def test_what_changed_beside_the_machine_is_still_found():
    slow_machine = suite(random.Random(3), 1.3)
    slow_machine[0] = Measurement(0.1 * 1.3 * 1.5, slow_machine[0].baseline_seconds)
    changes = judge_runtimes(slow_machine).changes
    assert changes[0].change is Change.REGRESSED
    assert changes[0].ratio == pytest.approx(1.5, rel=0.05)


def test_it_is_removed_or_left_as_asked():
    left = judge_runtimes(suite(random.Random(4), 1.5), remove_common_factor=False)
    assert left.common_factor.is_clear
    assert not left.common_factor.is_removed
    assert all(change.change is Change.REGRESSED for change in left.changes)
    removed = judge_runtimes(suite(random.Random(4), 1.0, features=3), remove_common_factor=True)
    assert removed.common_factor.is_removed
    assert not removed.common_factor.is_clear


def test_re_runs_come_later_and_are_told_as_they_are():
    slow_machine = suite(random.Random(5), 1.3)
    past = slow_machine[0].baseline_seconds
    slow_machine[0] = Measurement(0.155, past, head_reruns_seconds=(0.13,) * 6)
    change = judge_runtimes(slow_machine).changes[0]
    assert change.rerun_ratio == pytest.approx(1.3, abs=0.05)
    assert change.change is not Change.REGRESSED, "they cannot tell the machine from the code"


def test_a_few_features_that_changed_are_not_the_machine():
    mixed = suite(random.Random(6), 1.0)
    mixed[:5] = suite(random.Random(7), 1.5, features=5)
    judgement = judge_runtimes(mixed)
    assert not judgement.common_factor.is_clear
    assert judgement.common_factor.ratio == pytest.approx(1, abs=0.03)


def test_nothing_judged_has_nothing_in_common():
    assert judge_runtimes([]).common_factor is None
    assert judge_runtimes([Measurement(0.1, ())]).common_factor is None
