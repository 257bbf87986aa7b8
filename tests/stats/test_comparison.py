"""What is called slower: worked examples, laws, and error rates held by a seeded simulation."""

from __future__ import annotations

import dataclasses
import math
import random

import pytest
import scipy.stats
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aicmo_perf.errors import UsageError
from aicmo_perf.model import Change
from aicmo_perf.stats.comparison import Measurement, SlownessPolicy, judge_runtimes

PAST = tuple(0.100 * factor for factor in (1.01, 0.99, 1.0, 1.02, 0.98, 1.005, 0.995, 1.012, 0.988, 1.001))
FREE = SlownessPolicy(min_effect_seconds=0, min_runtime_seconds=0)
DURATIONS = st.floats(0, 1e9) | st.sampled_from([0.0, 5e-324, 1e-12, 1e-9, 0.001, 0.002, 1.0, 1e5])
NUMBERS = DURATIONS | st.sampled_from([math.nan, math.inf, -1.0, 1e300])
RUNTIMES = st.floats(1e-4, 100)
PASTS = st.lists(RUNTIMES, min_size=5, max_size=25).map(tuple)
RERUNS = st.lists(RUNTIMES, max_size=6).map(tuple)


def changes_of(measurements, policy=None, **options):
    return judge_runtimes(measurements, policy, **options).changes


def change_alone(now, past, policy=None):
    """The judgement of a suite of one feature."""
    return changes_of([Measurement(now, tuple(past))], policy)[0]


def test_clearly_slower():
    change = change_alone(0.123, PAST)
    assert change.change is Change.REGRESSED
    assert change.reason == ""
    assert change.ratio == pytest.approx(0.123 / 0.1003, rel=1e-2)
    assert change.baseline_seconds == pytest.approx(0.10005)
    assert change.baseline_run_count == 10
    assert change.p_slower < 0.03 < 0.97 < change.p_faster
    assert change.adjusted_p == change.p_slower
    assert change.critical_p == 0.03
    assert (change.bh_rank, change.rerun_count, change.rerun_ratio, change.wants_rerun) == (1, 0, None, False)
    assert 1.03 <= change.smallest_visible_ratio < 1.2
    assert 0.01 < change.spread_ratio < 0.03


def test_clearly_faster():
    change = change_alone(0.080, PAST)
    assert change.change is Change.IMPROVED
    assert change.p_faster < 0.03
    assert change.adjusted_p == change.p_faster


def test_evidence_without_effect_is_unchanged():
    tight = tuple(0.1 * (1 + 1e-5 * index) for index in range(20))
    assert change_alone(0.1 * 1.025, tight).change is Change.UNCHANGED
    assert change_alone(0.1 * 1.04, tight).change is Change.REGRESSED


def test_relative_effect_without_absolute_one_is_unchanged():
    past = tuple(value / 1000 for value in PAST)  # 0.1 ms
    assert change_alone(0.000130, past).change is Change.UNCHANGED
    assert change_alone(0.000170, past).change is Change.REGRESSED
    assert change_alone(0.000130, past).smallest_visible_ratio == pytest.approx(1 + 50e-6 / 100.05e-6)
    assert change_alone(0.000060, past).change is Change.UNCHANGED
    assert change_alone(0.000040, past).change is Change.IMPROVED


def test_a_feature_may_have_thresholds_of_its_own():
    slower = Measurement(0.13, PAST)
    assert changes_of([slower])[0].change is Change.REGRESSED
    assert changes_of([dataclasses.replace(slower, min_effect_ratio=0.5)])[0].change is Change.UNCHANGED
    assert changes_of([dataclasses.replace(slower, min_effect_seconds=0.05)])[0].change is Change.UNCHANGED
    strict = SlownessPolicy(min_effect_ratio=0.5, min_effect_seconds=0.05)
    own = dataclasses.replace(slower, min_effect_ratio=0.1, min_effect_seconds=0.0)
    assert changes_of([own], strict)[0].change is Change.REGRESSED


def test_effect_without_evidence_is_inconclusive_and_says_what_can_be_seen():
    noisy = (0.1, 0.13, 0.08, 0.11, 0.09, 0.12, 0.07, 0.14)
    change = change_alone(0.14, noisy)
    assert change.change is Change.INCONCLUSIVE
    assert change.reason == f"a change under {(change.smallest_visible_ratio - 1) * 100:.1f}% cannot be seen here"
    assert change_alone(0.07, noisy).reason.startswith("a gain under ")


def test_where_not_even_a_doubling_can_be_seen_nothing_is_called_unchanged():
    wild = (0.1, 0.3, 0.05, 0.2, 0.04, 0.5, 0.15)
    change = change_alone(0.15, wild)
    assert change.change is Change.INCONCLUSIVE
    assert "cannot be seen here" in change.reason or "hundredfold" in change.reason


@pytest.mark.parametrize(
    ("past", "earlier", "reason"),
    [
        ((), (), "no baseline runs; 5 are needed"),
        ((), (PAST,), "no baseline runs; 5 are needed"),
        ((0.1,), (), "1 baseline run; 5 are needed"),
        ((0.1,), ((0.2, 0.2), (math.nan,)), "3 baseline runs; 5 are needed"),
        ((0.1, 0.1, math.nan, math.inf, -1.0), (), "2 baseline runs; 5 are needed"),
    ],
)
def test_too_few_runs(past, earlier, reason):
    change = changes_of([Measurement(5.0, past, earlier)])[0]
    assert (change.change, change.reason) == (Change.INCONCLUSIVE, reason)


def test_median_and_ratio_are_told_even_of_too_few_runs():
    change = change_alone(0.3, (0.1, 0.2))
    assert change.baseline_seconds == pytest.approx(0.15)
    assert change.ratio == pytest.approx(2)
    assert change.p_slower is None
    assert change.smallest_visible_ratio is None


def test_earlier_levels_tell_the_spread_and_not_the_location():
    before = tuple(2 * value for value in PAST)
    fresh = (0.1005, 0.0995)
    assert changes_of([Measurement(0.125, fresh, (before,))])[0].change is Change.REGRESSED
    assert changes_of([Measurement(0.1, fresh, (before,))])[0].change is Change.UNCHANGED
    assert changes_of([Measurement(0.2, fresh, (before,))])[0].baseline_run_count == 12
    single = changes_of([Measurement(0.1, fresh[:1], (before,))])[0]
    assert single.smallest_visible_ratio > change_alone(0.1, PAST).smallest_visible_ratio


def test_too_short_to_judge_until_it_is_long():
    past = (3e-6,) * 10
    assert change_alone(6e-6, past).reason == "too short to judge: 6.00 µs, while 10.0 µs is the least"
    assert change_alone(5e-3, past).change is Change.REGRESSED


@pytest.mark.parametrize("now", [math.nan, math.inf, -1.0])
def test_what_is_no_duration_was_not_measured(now):
    change = change_alone(now, PAST)
    assert (change.change, change.reason, change.ratio) == (Change.INCONCLUSIVE, "not measured", None)


@pytest.mark.parametrize(("now", "past"), [(0.0, PAST), (1.0, (0.0,) * 10)])
def test_a_clock_that_measured_nothing(now, past):
    assert change_alone(now, past).reason == "the clock was too coarse: it measured 0 s"


def test_one_tick_of_a_coarse_clock_is_no_evidence():
    past = (0.003, 0.003, 0.003, 0.004, 0.003, 0.004, 0.003, 0.003, 0.003, 0.003)
    assert change_alone(0.004, past).change is Change.INCONCLUSIVE
    assert change_alone(0.012, past).change is Change.REGRESSED


def test_what_a_feature_often_does_is_nothing_new():
    two_modes = (*PAST[:7], 0.150, 0.151, 0.149)
    assert change_alone(0.150, two_modes).change is Change.INCONCLUSIVE
    assert change_alone(0.150, PAST).change is Change.REGRESSED


def test_a_regression_does_not_hide_behind_the_first_run_that_had_it():
    past = (*PAST * 2, 0.130, 0.131)
    assert change_alone(0.1305, past).change is Change.REGRESSED


def test_an_outlier_seen_elsewhere_in_the_suite_is_no_evidence():
    rng = random.Random(3)
    calm = [Measurement(0.1, tuple(0.1 * math.exp(rng.gauss(0, 0.02)) for _ in range(20))) for _ in range(50)]
    wild = [
        Measurement(0.1, (*item.baseline_seconds[:-1], 0.2)) if index % 2 else item for index, item in enumerate(calm)
    ]
    slow = Measurement(0.16, calm[0].baseline_seconds)
    assert changes_of([slow, *calm[1:]])[0].change is Change.REGRESSED
    assert changes_of([slow, *wild[1:]])[0].change is Change.INCONCLUSIVE


def _suite(rng, *, features=100, runs=20, outlier_share=0.0, slower_ratio=1.0):
    """A suite of log-normal features, 2–10 % between runs, with run-level outliers; the first one may be slower."""
    suite = []
    for index in range(features):
        spread = math.exp(rng.uniform(math.log(0.02), math.log(0.10)))
        level = 10 ** rng.uniform(-3, 0)
        values = [
            level * math.exp(rng.gauss(0, spread)) * (1.5 if rng.random() < outlier_share else 1.0)
            for _ in range(runs + 1)
        ]
        suite.append(Measurement(values[-1] * (slower_ratio if index == 0 else 1.0), tuple(values[:-1])))
    return suite


@pytest.mark.parametrize("outlier_share", [0.0, 0.002, 0.01])
def test_unchanged_code_is_rarely_red(outlier_share):
    rng = random.Random(1)
    suites = [_suite(rng, features=60, outlier_share=outlier_share) for _ in range(25)]
    red = sum(any(change.change is Change.REGRESSED for change in changes_of(suite)) for suite in suites)
    assert red <= 3


@pytest.mark.parametrize(("slower_ratio", "least"), [(1.5, 0.5), (2.0, 0.85)])
def test_a_slowdown_is_found(slower_ratio, least):
    rng = random.Random(2)
    suites = [_suite(rng, slower_ratio=slower_ratio) for _ in range(20)]
    assert sum(changes_of(suite)[0].change is Change.REGRESSED for suite in suites) / len(suites) >= least


@pytest.mark.parametrize("run_count", [5, 12, 30])
def test_p_values_are_uniform_under_the_null(run_count):
    """Of a feature by itself, whose runs scatter normally; more careful where its own past is the larger p-value."""
    rng = random.Random(run_count)
    p_values = []
    for _ in range(800):
        now, *past = (0.1 * math.exp(rng.gauss(0, 0.05)) for _ in range(run_count + 1))
        p_values.append(change_alone(now, past).p_slower)
    assert scipy.stats.kstest(p_values, "uniform", alternative="greater").pvalue > 0.01
    for p_value in (0.02, 0.05, 0.1):
        share = sum(value <= p_value for value in p_values) / len(p_values)
        assert 0.3 * p_value <= share <= p_value + 3 * math.sqrt(p_value / len(p_values))


# laws


@settings(max_examples=60)
@given(
    st.lists(
        st.builds(
            Measurement,
            NUMBERS,
            st.lists(NUMBERS, max_size=9).map(tuple),
            st.lists(st.lists(NUMBERS, max_size=4).map(tuple), max_size=2).map(tuple),
            st.lists(NUMBERS, max_size=4).map(tuple),
            st.lists(NUMBERS, max_size=4).map(tuple),
        ),
        max_size=8,
    ),
    st.booleans(),
    st.sampled_from([None, False]),
)
def test_never_raises_and_never_alarms_without_a_slowdown(measurements, confirming, removed):
    for policy in (SlownessPolicy(), FREE):
        changes = changes_of(measurements, policy, confirming=confirming, remove_common_factor=removed)
        assert changes == changes_of(measurements, policy, confirming=confirming, remove_common_factor=removed)
        for change in changes:
            if change.change is Change.REGRESSED:
                assert change.ratio > 1
                assert change.rerun_ratio is None or change.rerun_ratio > 1
            if change.change is Change.IMPROVED:
                assert change.ratio < 1
            assert bool(change.reason) is (change.change is Change.INCONCLUSIVE)
            for p_value in (change.p_slower, change.p_faster, change.adjusted_p):
                assert p_value is None or 0 <= p_value <= 1


@given(DURATIONS, st.integers(0, 30))
def test_identical_values_never_regress(seconds, count):
    change = change_alone(seconds, (seconds,) * count, FREE)
    assert change.change in (Change.UNCHANGED, Change.INCONCLUSIVE)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(RUNTIMES, PASTS, RERUNS), min_size=1, max_size=5),
    st.randoms(use_true_random=False),
    st.booleans(),
)
def test_order_of_baseline_runs_and_of_features_does_not_matter(suite, rng, confirming):
    straight = changes_of(
        [Measurement(now, past, (), heads, past) for now, past, heads in suite], FREE, confirming=confirming
    )
    order = rng.sample(range(len(suite)), len(suite))
    shuffled = changes_of(
        [
            Measurement(now, tuple(rng.sample(past, len(past))), (), heads, past)
            for now, past, heads in (suite[index] for index in order)
        ],
        FREE,
        confirming=confirming,
    )
    for index, change in zip(order, shuffled, strict=True):
        assert change.change is straight[index].change
        assert change.wants_rerun is straight[index].wants_rerun
        assert change.p_slower == pytest.approx(straight[index].p_slower, rel=1e-6, abs=1e-12)


@given(RUNTIMES, PASTS, RERUNS, RERUNS, st.integers(-6, 6))
def test_scale_does_not_matter(now, past, heads, bases, exponent):
    factor = 2.0**exponent  # exact, so that equal stays equal

    def scaled(values):
        return tuple(value * factor for value in values)

    plain = changes_of([Measurement(now, past, (), heads, bases)], FREE, confirming=True)[0]
    changed = changes_of(
        [Measurement(now * factor, scaled(past), (), scaled(heads), scaled(bases))], FREE, confirming=True
    )[0]
    assume(abs(plain.p_slower - 0.03) > 1e-9)
    assume(abs(plain.p_faster - 0.03) > 1e-9)
    assert changed.change is plain.change
    assert changed.ratio == pytest.approx(plain.ratio)
    assert changed.smallest_visible_ratio == pytest.approx(plain.smallest_visible_ratio)


ORDER = {Change.IMPROVED: 0, Change.UNCHANGED: 1, Change.INCONCLUSIVE: 1, Change.REGRESSED: 2}


@settings(max_examples=60)
@given(PASTS, RERUNS, RERUNS, st.lists(PASTS, max_size=3), st.lists(RUNTIMES, min_size=2, max_size=8).map(sorted))
def test_monotone_in_the_effect(past, heads, bases, others, ascending):
    beside = [Measurement(other[0], other) for other in others]
    changes = [changes_of([Measurement(now, past, (), heads, bases), *beside])[0] for now in ascending]
    ranks = [ORDER[change.change] for change in changes]
    assert ranks == sorted(ranks)
    p_values = [change.p_slower for change in changes]
    assert p_values == sorted(p_values, reverse=True)


@given(PASTS, st.lists(st.tuples(RUNTIMES, RUNTIMES), min_size=1, max_size=6), st.floats(1, 5))
def test_monotone_in_what_re_runs_say(past, pairs, factor):
    now = 3 * max(past)

    def rank(by):
        heads, bases = zip(*((head * by, base) for head, base in pairs), strict=True)
        return ORDER[changes_of([Measurement(now, past, (), heads, bases)])[0].change]

    assert rank(factor) >= rank(1)


@given(st.lists(st.tuples(RUNTIMES, PASTS), min_size=1, max_size=5))
@settings(max_examples=40)
def test_smallest_visible_ratio_is_where_regressed_begins(pairs):
    measurements = [Measurement(now, past) for now, past in pairs]
    for index, change in enumerate(changes_of(measurements)):
        visible_seconds = change.smallest_visible_ratio * change.baseline_seconds
        assume(math.isfinite(visible_seconds) and visible_seconds < 1e11)
        slower = list(measurements)
        slower[index] = Measurement(visible_seconds * (1 + 1e-6), measurements[index].baseline_seconds)
        assert changes_of(slower)[index].change is Change.REGRESSED
        if change.change is not Change.REGRESSED:
            slower[index] = Measurement(visible_seconds * (1 - 1e-6), measurements[index].baseline_seconds)
            seen_earlier = changes_of(slower)[index].change is Change.REGRESSED
            # other features called besides may make it easier still, never harder
            assert not seen_earlier or any(
                other.change is Change.REGRESSED
                for position, other in enumerate(changes_of(measurements))
                if position != index
            )


@pytest.mark.parametrize(
    "nonsense",
    [
        {"significance": 0},
        {"significance": 0.6},
        {"significance": math.nan},
        {"min_run_count": 1},
        {"max_rerun_count": -1},
        {"min_effect_ratio": -0.1},
        {"min_effect_seconds": math.nan},
        {"min_runtime_seconds": -1},
        {"max_visible_ratio": 1},
    ],
)
def test_a_policy_refuses_nonsense_by_name(nonsense):
    with pytest.raises(UsageError) as caught:
        SlownessPolicy(**nonsense)
    name = next(iter(nonsense))
    assert name in caught.value.message or name in caught.value.message.lower()
    assert caught.value.hint
