"""Re-runs of suspects: the loop that callers drive, its rules one by one, and the p-value against simulation."""

from __future__ import annotations

import dataclasses
import math
import random

import pytest
import scipy.stats

from aicmo_perf.model import Change
from aicmo_perf.stats.comparison import Measurement, SlownessPolicy, judge_runtimes
from aicmo_perf.stats.screening import UNBOUNDED_SHARE

PAST = tuple(0.100 * factor for factor in (1.01, 0.99, 1.0, 1.02, 0.98, 1.005, 0.995, 1.012, 0.988, 1.001)) * 2
SLOWER = (0.112, 0.1125, 0.1115, 0.112, 0.113, 0.111)
AS_BEFORE = (0.1, 0.1005, 0.0995, 0.101, 0.099, 0.1)


def measured(now, heads=(), bases=(), past=PAST):
    return Measurement(now, past, head_reruns_seconds=tuple(heads), base_reruns_seconds=tuple(bases))


def judged(measurement, *, confirming=True, beside=0, policy=None):
    """The judgement of one feature among others that did not change."""
    calm = [measured(0.1) for _ in range(beside)]
    return judge_runtimes([measurement, *calm], policy, confirming=confirming).changes[0]


def test_a_suspect_wants_a_re_run_where_it_can_have_one():
    suspect = measured(0.112)
    assert judged(suspect, beside=50).wants_rerun
    assert not judged(suspect, beside=50, confirming=False).wants_rerun
    assert not judged(suspect, beside=50, policy=SlownessPolicy(max_rerun_count=0)).wants_rerun
    assert not judged(measured(0.101), beside=50).wants_rerun
    assert not judged(measured(0.088), beside=50).wants_rerun


@pytest.mark.parametrize("count", [1, 2, 5])
def test_it_wants_more_while_there_is_hope(count):
    slow = measured(0.112, SLOWER[:count], AS_BEFORE[:count])
    assert judged(slow, beside=50).wants_rerun
    assert judged(slow, beside=50).rerun_count == count
    assert not judged(measured(0.112, AS_BEFORE[:count], AS_BEFORE[:count]), beside=50).wants_rerun


def test_re_runs_that_could_not_be_measured_count_as_tried():
    lost = judged(measured(0.112, (math.nan,) * 6, (math.nan,) * 6), beside=50)
    assert (lost.wants_rerun, lost.rerun_count) == (False, 0)
    half = judged(measured(0.112, SLOWER, (math.nan, *AS_BEFORE[1:])), beside=50)
    assert half.rerun_count == 5


def _of_a_slow_machine(factor, heads, bases, now):
    """A suspect in a run that was off as a whole; what its re-runs say."""
    calm = [measured(0.1 * factor) for _ in range(20)]
    suspect = measured(now * factor, heads, bases)
    return judge_runtimes([suspect, *calm], confirming=True).changes[0]


def test_a_machine_that_was_fast_for_the_run_alone_makes_no_regression():
    """Its re-runs are as they always were; relative to the run's common factor they would be a quarter slower."""
    change = _of_a_slow_machine(0.8, AS_BEFORE, (), now=0.112)
    assert change.change is not Change.REGRESSED


def test_a_machine_that_was_slow_for_the_run_alone_hides_no_regression():
    assert _of_a_slow_machine(1.25, SLOWER, AS_BEFORE, now=0.112).change is Change.REGRESSED
    assert _of_a_slow_machine(1.25, AS_BEFORE, AS_BEFORE, now=0.112).change is not Change.REGRESSED


@pytest.mark.parametrize("run_count", [5, 8])
def test_a_regression_in_a_short_history_is_still_one_the_second_time(run_count):
    slower = (0.15, 0.151)
    past = (*PAST[:run_count], slower[0])
    change = judged(measured(slower[1], [0.15] * 6, [0.1] * 6, past=past), beside=2)
    assert change.change is Change.REGRESSED


def test_one_wild_run_of_another_feature_hides_nothing_in_a_small_suite():
    wild = measured(0.1, past=(*PAST[:7], 0.9))
    suspect = measured(0.112, past=PAST[:8])
    assert judge_runtimes([suspect, wild], confirming=True).changes[0].wants_rerun
    # a large suite bounds what is re-run by how often such a thing happens
    often = [wild] * 40
    assert not judge_runtimes([suspect, *often], confirming=True).changes[0].wants_rerun


def test_confirmed_side_by_side():
    change = judged(measured(0.112, SLOWER, AS_BEFORE), beside=99)
    assert change.change is Change.REGRESSED
    assert change.rerun_ratio == pytest.approx(1.12, rel=0.01)
    assert (change.rerun_count, change.wants_rerun, change.bh_rank) == (6, False, 1)
    assert change.p_slower <= change.critical_p
    assert change.adjusted_p == pytest.approx(100 * change.p_slower)


def test_a_run_alone_would_not_have_told_as_much():
    assert judged(measured(0.107), beside=99, confirming=False).change is Change.INCONCLUSIVE
    assert judged(measured(0.107, [0.107] * 6, AS_BEFORE), beside=99).change is Change.REGRESSED


@pytest.mark.parametrize(
    ("heads", "bases"),
    [
        (AS_BEFORE, AS_BEFORE),  # it was chance
        (SLOWER, SLOWER),  # the machine is slow today
        (AS_BEFORE, [value / 1.12 for value in AS_BEFORE]),  # the base happens to be fast
    ],
)
def test_refuted(heads, bases):
    change = judged(measured(0.112, heads, bases), beside=99)
    assert change.change is Change.UNCHANGED
    assert not change.wants_rerun


def test_re_runs_that_disagree_leave_it_open():
    heads = (0.1, 0.15, 0.09, 0.16, 0.112, 0.11)
    change = judged(measured(0.112, heads, AS_BEFORE), beside=99)
    assert change.change is Change.INCONCLUSIVE
    assert change.reason == f"a change under {(change.smallest_visible_ratio - 1) * 100:.1f}% cannot be seen here"
    assert change.smallest_visible_ratio > change.rerun_ratio


def test_of_the_head_alone_more_is_asked():
    """They share the run's hour: as far out as some run of the suite was before is no evidence."""
    wild = [measured(0.1, past=(*PAST[:-1], 0.115)) for _ in range(99)]
    slow = measured(0.112, SLOWER)
    alone = judge_runtimes([slow, *wild], confirming=True).changes[0]
    beside = judge_runtimes([measured(0.112, SLOWER, AS_BEFORE), *wild], confirming=True).changes[0]
    assert beside.change is Change.REGRESSED
    assert alone.change is Change.INCONCLUSIVE
    assert alone.smallest_visible_ratio > beside.smallest_visible_ratio
    assert judged(slow, beside=99).change is Change.REGRESSED


def test_a_suspect_left_without_re_runs_is_judged_by_its_run():
    suspects = [measured(0.15), measured(0.107)]
    calm = [measured(0.1) for _ in range(98)]
    by_run = judge_runtimes([*suspects, *calm]).changes
    left = judge_runtimes([*suspects, *calm], confirming=True).changes
    assert [change.change for change in left[:2]] == [Change.REGRESSED, Change.INCONCLUSIVE]
    assert [change.p_slower for change in left] == [change.p_slower for change in by_run]


def test_a_runtime_that_nobody_suspected_is_not_called_by_its_re_runs():
    assert judged(measured(0.1, SLOWER, AS_BEFORE), beside=20).change is Change.UNCHANGED


def test_improvements_are_confirmed_alike_where_there_are_re_runs():
    faster = measured(0.089, [0.089] * 6, AS_BEFORE)
    assert judged(faster, beside=99).change is Change.IMPROVED
    assert judged(measured(0.089, AS_BEFORE, AS_BEFORE), beside=99).change is Change.UNCHANGED


def _drawn(rng, spread, seconds=0.1):
    return seconds * math.exp(rng.gauss(0, spread))


def _confirmed(suite, heads, bases):
    """Drives the loop that a workflow does, to its end.

    Returns: the changes, and how many feature runs it took.
    """
    suite, reruns = list(suite), 0
    while True:
        changes = judge_runtimes(suite, confirming=True).changes
        wanting = [index for index, change in enumerate(changes) if change.wants_rerun]
        if not wanting:
            return changes, reruns
        for index in wanting:
            count = len(suite[index].head_reruns_seconds) + 1
            suite[index] = dataclasses.replace(
                suite[index],
                head_reruns_seconds=tuple(heads[index][:count]),
                base_reruns_seconds=tuple(bases[index][:count]),
            )
            reruns += 2


@pytest.mark.parametrize(("slow_ratio", "least_found"), [(1.0, 0.0), (1.1, 0.6), (1.2, 0.9)])
def test_error_rates_of_the_whole_loop(slow_ratio, least_found):
    """Suites of thirty features, 1–4 % between runs with an outlier of 1.3x in every fiftieth; the first is slower."""
    rng = random.Random(1)
    red = found = cost = 0
    for _ in range(24):
        spreads = [math.exp(rng.uniform(math.log(0.01), math.log(0.04))) for _ in range(30)]

        def runs(count, index, spreads=spreads):
            return tuple(_drawn(rng, spreads[index]) * (1.3 if rng.random() < 0.02 else 1.0) for _ in range(count))

        ratios = [slow_ratio, *[1.0] * 29]
        suite = [Measurement(runs(1, index)[0] * ratios[index], runs(20, index)) for index in range(30)]
        heads = [[value * ratios[index] for value in runs(6, index)] for index in range(30)]
        changes, reruns = _confirmed(suite, heads, [runs(6, index) for index in range(30)])
        cost += reruns
        found += changes[0].change is Change.REGRESSED
        red += any(change.change is Change.REGRESSED for change in changes[1:])
        assert not any(change.wants_rerun for change in changes)
    assert red <= 1
    assert found >= least_found * 24
    assert cost / 24 <= 0.3 * 30 + 12 * (slow_ratio > 1)


def test_p_values_of_re_runs_are_uniform_or_more_careful():
    """Given that it is a suspect, an unchanged feature's pairs are below p no more often than p."""
    rng = random.Random(2)
    p_values = []
    for _ in range(400):
        past = tuple(_drawn(rng, 0.03) for _ in range(30))
        heads, bases = ([_drawn(rng, 0.03) for _ in range(6)] for _ in range(2))
        change = judge_runtimes([measured(0.13, heads, bases, past)], remove_common_factor=False).changes[0]
        p_values.append(change.p_slower / UNBOUNDED_SHARE)
    assert scipy.stats.kstest(p_values, "uniform", alternative="greater").pvalue > 0.01
    assert sum(p_value < 0.1 for p_value in p_values) >= 1  # careful, not blind
