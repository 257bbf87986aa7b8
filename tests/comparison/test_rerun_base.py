"""Beside which code suspects are re-run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aicmo_perf.comparison import FeatureComparison, rerun_base
from aicmo_perf.model import Change, Feature, Run, Status
from aicmo_perf.stats.comparison import RuntimeChange

START = datetime(2025, 1, 1, tzinfo=UTC)
RUNS = tuple(
    Run(uuid=f"past-{number}", id=number, started_at=START + timedelta(hours=number)) for number in range(1, 6)
)


def suspect(name, values, ratio, runs=RUNS, spread_ratio=None):
    return FeatureComparison(
        feature=Feature(suite="shop", qualified_name=name, name=name),
        status=Status.PASS,
        judgement=RuntimeChange(
            change=Change.INCONCLUSIVE, baseline_seconds=1.0, ratio=ratio, spread_ratio=spread_ratio
        ),
        level_values_seconds=values,
        level_value_runs=runs,
    )


@pytest.mark.parametrize(
    ("values", "ratio", "chosen"),
    [
        ((1.0, 1.0, 1.0, 1.0, 1.0), 1.2, 5),
        ((1.0, 1.0, 1.0, 1.0, 1.19), 1.2, 4),
        ((1.0, 1.02, 0.9, 1.2, 1.19), 1.2, 3),
        ((1.0, 1.0, 1.0, 0.82, 0.8), 0.8, 3),
        ((1.0, 1.0, 1.0, 1.0, 1.3), 0.8, 5),
    ],
    ids=["all alike", "the newest has it too", "the newest two", "faster since", "slow once"],
)
def test_it_is_the_newest_run_that_is_typical_of_the_level(values, ratio, chosen):
    base = rerun_base([suspect("swot", values, ratio)], lambda run: True)
    assert base.run.id == chosen
    assert base.features == (("shop", "swot"),)


def test_a_run_farther_off_than_usual_is_not_typical_however_far_the_suspect_is():
    """One that the regression began with must not count because the machine was busy on top of it since."""
    values = (1.0, 1.0, 1.02, 0.98, 1.5)
    assert rerun_base([suspect("swot", values, 4.0)], lambda run: True).run.id == 5
    assert rerun_base([suspect("swot", values, 4.0, spread_ratio=0.03)], lambda run: True).run.id == 4


def test_most_suspects_decide_and_the_others_are_rerun_alone():
    suspects = [
        suspect("a", (1.0, 1.0, 1.0, 1.3, 1.3), 1.3),
        suspect("b", (1.0, 1.0, 1.0), 1.3, RUNS[:3]),
        suspect("c", (1.0, 1.0), 1.3, RUNS[3:]),
    ]
    base = rerun_base(suspects, lambda run: True)
    assert base.run.id == 3
    assert base.features == (("shop", "a"), ("shop", "b"))


def test_only_code_that_is_at_hand_counts():
    suspects = [suspect("swot", (1.0,) * 5, 1.2)]
    assert rerun_base(suspects, lambda run: run.id == 2).run.id == 2
    assert rerun_base(suspects, lambda run: False) is None
    assert rerun_base([], lambda run: True) is None
    assert rerun_base([suspect("swot", (), 1.2, ())], lambda run: True) is None
    assert rerun_base([suspect("swot", (1.0,) * 5, None)], lambda run: True) is None
