"""What is called slower: worked examples, laws, and error rates held by a seeded simulation."""

from __future__ import annotations

import math
import random

import pytest
import scipy.stats
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aicmo_perf.errors import UsageError
from aicmo_perf.model import Change
from aicmo_perf.stats.comparison import Measurement, SlownessPolicy, runtime_changes

PAST = tuple(0.100 * factor for factor in (1.01, 0.99, 1.0, 1.02, 0.98, 1.005, 0.995, 1.012, 0.988, 1.001))
FREE = SlownessPolicy(min_effect_seconds=0, min_runtime_seconds=0)
DURATIONS = st.floats(0, 1e9) | st.sampled_from([0.0, 5e-324, 1e-12, 1e-9, 0.001, 0.002, 1.0, 1e5])
RUNTIMES = st.floats(1e-4, 100)
PASTS = st.lists(RUNTIMES, min_size=5, max_size=25).map(tuple)


def change_alone(now, past, policy=None):
    """The judgement of a suite of one feature."""
    return runtime_changes([Measurement(now, tuple(past))], policy)[0]


def test_clearly_slower():
    change = change_alone(0.123, PAST)
    assert change.change is Change.REGRESSED
    assert change.reason == ""
    assert change.ratio == pytest.approx(0.123 / 0.10005)
    assert change.baseline_seconds == pytest.approx(0.10005)
    assert change.baseline_run_count == 10
    assert change.p_slower < 0.02 < 0.98 < change.p_faster
    assert 1.1 <= change.smallest_visible_ratio < 1.22
    assert 0.01 < change.spread_ratio < 0.03


def test_clearly_faster():
    change = change_alone(0.080, PAST)
    assert change.change is Change.IMPROVED
    assert change.p_faster < 0.02


def test_evidence_without_effect_is_unchanged():
    tight = tuple(0.1 * (1 + 1e-5 * index) for index in range(20))
    assert change_alone(0.1 * 1.09, tight).change is Change.UNCHANGED
    assert change_alone(0.1 * 1.12, tight).change is Change.REGRESSED


def test_relative_effect_without_absolute_one_is_unchanged():
    past = tuple(value / 1000 for value in PAST)  # 0.1 ms
    assert change_alone(0.000130, past).change is Change.UNCHANGED
    assert change_alone(0.000170, past).change is Change.REGRESSED
    assert change_alone(0.000130, past).smallest_visible_ratio == pytest.approx(1 + 50e-6 / 100.05e-6)


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
    ("past", "reason"),
    [
        ((), "no baseline runs; 5 are needed"),
        ((0.1,), "1 baseline run; 5 are needed"),
        ((0.1, 0.1), "2 baseline runs; 5 are needed"),
        ((0.1, 0.1, math.nan, math.inf, -1.0), "2 baseline runs; 5 are needed"),
    ],
)
def test_too_few_runs(past, reason):
    change = change_alone(5.0, past)
    assert (change.change, change.reason) == (Change.INCONCLUSIVE, reason)


def test_median_and_ratio_are_told_even_of_too_few_runs():
    change = change_alone(0.3, (0.1, 0.2))
    assert change.baseline_seconds == pytest.approx(0.15)
    assert change.ratio == pytest.approx(2)
    assert change.p_slower is None
    assert change.smallest_visible_ratio is None


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
    change = change_alone(now, past)
    assert (change.change, change.ratio) == (Change.INCONCLUSIVE, None)
    assert change.reason == "the clock was too coarse: it measured 0 s"


def test_a_tick_of_a_coarse_clock_is_no_evidence():
    past = (0.001,) * 18 + (0.002,) * 2
    assert change_alone(0.002, past).change is Change.INCONCLUSIVE
    assert change_alone(0.050, past).change is Change.REGRESSED


def test_what_a_feature_does_now_and_then_is_no_regression():
    two_modes = (*PAST[:7], 0.150, 0.151, 0.149)
    assert change_alone(0.150, two_modes).change is Change.INCONCLUSIVE
    assert change_alone(0.150, PAST).change is Change.REGRESSED


def test_a_regression_does_not_hide_behind_the_first_run_that_had_it():
    past = (*PAST * 2, 0.130, 0.131)
    assert change_alone(0.1305, past).change is Change.REGRESSED


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


def _red_share(suites):
    return sum(any(change.change is Change.REGRESSED for change in runtime_changes(suite)) for suite in suites) / len(
        suites
    )


@pytest.mark.parametrize(("outlier_share", "most"), [(0.0, 0.05), (0.002, 0.09), (0.01, 0.12)])
def test_unchanged_code_is_rarely_red(outlier_share, most):
    rng = random.Random(1)
    assert _red_share([_suite(rng, outlier_share=outlier_share) for _ in range(60)]) <= most


@pytest.mark.parametrize(("slower_ratio", "least"), [(1.2, 0.2), (1.5, 0.8), (2.0, 0.95)])
def test_a_slowdown_is_found(slower_ratio, least):
    rng = random.Random(2)
    suites = [_suite(rng, slower_ratio=slower_ratio) for _ in range(40)]
    found = sum(runtime_changes(suite)[0].change is Change.REGRESSED for suite in suites)
    assert found / len(suites) >= least


def test_an_outlier_seen_elsewhere_in_the_suite_is_no_evidence():
    rng = random.Random(3)
    calm = [Measurement(0.1, tuple(0.1 * math.exp(rng.gauss(0, 0.02)) for _ in range(20))) for _ in range(50)]
    wild = [
        Measurement(0.1, (*item.baseline_seconds[:-1], 0.2)) if index % 2 else item for index, item in enumerate(calm)
    ]
    slow = Measurement(0.14, calm[0].baseline_seconds)
    assert runtime_changes([slow, *calm[1:]])[0].change is Change.REGRESSED
    assert runtime_changes([slow, *wild[1:]])[0].change is Change.INCONCLUSIVE


def test_a_feature_by_itself_has_only_its_own_degrees_of_freedom():
    past = (0.098, 0.099, 0.100, 0.101, 0.102)
    spread = 1.4826 * math.log(0.100 / 0.099) * (1 + 0.8 / 4)
    t = math.log(0.105 / 0.100) / (spread * math.sqrt(1 + 1.57 / 5))
    assert change_alone(0.105, past).p_slower == pytest.approx(scipy.stats.t.sf(t, 0.4 * 4))


def test_spreads_are_drawn_towards_the_suites_with_limits():
    calm, rough = (tuple(0.1 * math.exp(size * step) for step in range(-3, 4)) for size in (0.002, 0.05))

    def spread(of, among):
        change = runtime_changes([Measurement(0.1, of), *[Measurement(0.1, past) for past in among]])[0]
        return math.log1p(change.spread_ratio)

    alone_calm, alone_rough = spread(calm, []), spread(rough, [])
    assert alone_calm < spread(calm, [rough] * 20) <= 3 * alone_calm
    assert spread(rough, [calm] * 20) == pytest.approx(0.75 * alone_rough)


# laws


@given(st.lists(st.tuples(DURATIONS, st.lists(DURATIONS, max_size=12)), max_size=6))
def test_never_raises_and_never_alarms_without_a_slowdown(pairs):
    measurements = [Measurement(now, tuple(past)) for now, past in pairs]
    for policy in (SlownessPolicy(), FREE):
        for (now, _), change in zip(pairs, runtime_changes(measurements, policy), strict=True):
            if change.change is Change.REGRESSED:
                assert now > change.baseline_seconds
            if change.change is Change.IMPROVED:
                assert now < change.baseline_seconds
            assert bool(change.reason) is (change.change is Change.INCONCLUSIVE)
            for p_value in (change.p_slower, change.p_faster):
                assert p_value is None or 0 <= p_value <= 1


@given(DURATIONS, st.integers(0, 30))
def test_identical_values_never_regress(seconds, count):
    change = change_alone(seconds, (seconds,) * count, FREE)
    assert change.change in (Change.UNCHANGED, Change.INCONCLUSIVE)


@given(st.lists(st.tuples(RUNTIMES, PASTS), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_order_of_baseline_runs_and_of_features_does_not_matter(pairs, rng):
    straight = runtime_changes([Measurement(now, past) for now, past in pairs])
    order = rng.sample(range(len(pairs)), len(pairs))
    shuffled = runtime_changes(
        [Measurement(pairs[i][0], tuple(rng.sample(pairs[i][1], len(pairs[i][1])))) for i in order]
    )
    for index, change in zip(order, shuffled, strict=True):
        assert change.change is straight[index].change
        assert change.p_slower == pytest.approx(straight[index].p_slower, rel=1e-6, abs=1e-12)


@given(RUNTIMES, PASTS, st.integers(-6, 6))
def test_scale_does_not_matter(now, past, exponent):
    factor = 2.0**exponent  # exact, so that equal stays equal
    plain = change_alone(now, past, SlownessPolicy(min_effect_seconds=1e-3, min_runtime_seconds=1e-3))
    policy = SlownessPolicy(min_effect_seconds=1e-3 * factor, min_runtime_seconds=1e-3 * factor)
    scaled = change_alone(now * factor, [value * factor for value in past], policy)
    assume(plain.p_slower is None or abs(plain.p_slower - policy.significance) > 1e-9)
    assume(plain.p_faster is None or abs(plain.p_faster - policy.significance) > 1e-9)
    assert scaled.change is plain.change
    assert scaled.ratio == pytest.approx(plain.ratio)


ORDER = {Change.IMPROVED: 0, Change.UNCHANGED: 1, Change.INCONCLUSIVE: 1, Change.REGRESSED: 2}


@given(PASTS, st.lists(RUNTIMES, min_size=2, max_size=8).map(sorted))
def test_monotone_in_the_effect(past, ascending):
    changes = [change_alone(now, past) for now in ascending]
    ranks = [ORDER[change.change] for change in changes]
    assert ranks == sorted(ranks)
    p_values = [change.p_slower for change in changes]
    assert p_values == sorted(p_values, reverse=True)


@given(st.lists(st.tuples(RUNTIMES, PASTS), min_size=1, max_size=6))
@settings(max_examples=60)
def test_smallest_visible_ratio_is_where_regressed_begins(pairs):
    measurements = [Measurement(now, past) for now, past in pairs]
    for index, change in enumerate(runtime_changes(measurements)):
        visible_seconds = change.smallest_visible_ratio * change.baseline_seconds
        assume(math.isfinite(visible_seconds) and visible_seconds < 1e11)
        slower = list(measurements)
        slower[index] = Measurement(visible_seconds * (1 + 1e-6), measurements[index].baseline_seconds)
        assert runtime_changes(slower)[index].change is Change.REGRESSED
        if change.change is not Change.REGRESSED:
            slower[index] = Measurement(visible_seconds * (1 - 1e-6), measurements[index].baseline_seconds)
            seen_earlier = runtime_changes(slower)[index].change is Change.REGRESSED
            # other features called besides may make it easier still, never harder
            assert not seen_earlier or any(
                other.change is Change.REGRESSED
                for position, other in enumerate(runtime_changes(measurements))
                if position != index
            )


@pytest.mark.parametrize(
    "nonsense",
    [
        {"significance": 0},
        {"significance": 0.6},
        {"significance": math.nan},
        {"min_run_count": 1},
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
