"""Paired runs: what is called, what is left open, and how often chance alone calls something."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aicmo_perf.model import Change
from aicmo_perf.stats.paired import DEFAULT_PAIR_COUNT, LEAST_PAIR_COUNT, judge_pairs
from aicmo_perf.stats.runtimes import Measurement, RuntimeChange, SlownessPolicy

POLICY = SlownessPolicy(min_effect_ratio=0.03, min_effect_seconds=0.0, significance=0.02)


def pairs(head: Sequence[float], base: Sequence[float], **given: float) -> Measurement:
    return Measurement(
        current_seconds=0.01,
        baseline_seconds=(0.01,),
        head_reruns_seconds=tuple(head),
        base_reruns_seconds=tuple(base),
        **given,
    )


def judge_one(head: Sequence[float], base: Sequence[float], **given: float) -> RuntimeChange:
    (change,) = judge_pairs([pairs(head, base, **given)], POLICY).changes
    return change


def quiet(count: int, ratio: float = 1.0, spread: float = 0.01, seed: int = 1) -> Measurement:
    generator = random.Random(seed)
    return pairs(
        [0.01 * ratio * math.exp(generator.gauss(0, spread)) for _ in range(count)],
        [0.01 * math.exp(generator.gauss(0, spread)) for _ in range(count)],
    )


def test_a_slowdown_a_gain_and_nothing() -> None:
    judgement = judge_pairs([quiet(20, 1.1), quiet(20, 0.9, seed=2), quiet(20, seed=3)], POLICY)
    assert [change.change for change in judgement.changes] == [Change.REGRESSED, Change.IMPROVED, Change.UNCHANGED]
    slower, faster, same = judgement.changes
    assert slower.ratio == pytest.approx(1.1, rel=0.02)
    assert slower.p_slower is not None
    assert slower.critical_p is not None
    assert slower.p_slower <= slower.critical_p
    assert faster.ratio == pytest.approx(0.9, rel=0.02)
    assert not any(change.wants_rerun for change in judgement.changes)
    assert same.smallest_visible_ratio is not None
    assert 1.03 <= same.smallest_visible_ratio < 1.1


def test_a_doubling_is_seen_after_few_pairs_of_a_slow_suite() -> None:
    measurements = [quiet(5, 2.0), *(quiet(5, seed=seed) for seed in range(2, 8))]
    assert judge_pairs(measurements, POLICY).changes[0].change is Change.REGRESSED


def test_two_pairs_decide_nothing_and_want_more() -> None:
    change = judge_one([2.0, 2.0], [1.0, 1.0])
    assert change.change is Change.INCONCLUSIVE
    assert change.wants_rerun
    assert change.reason == f"2 pairs; {LEAST_PAIR_COUNT} are needed at least"
    assert change.smallest_visible_ratio is None


def test_the_last_pair_ends_it() -> None:
    noisy = quiet(DEFAULT_PAIR_COUNT, 1.05, spread=0.4)
    (change,) = judge_pairs([noisy], POLICY).changes
    assert change.change is Change.INCONCLUSIVE
    assert not change.wants_rerun
    assert "cannot be seen in 60 pairs" in change.reason
    (earlier,) = judge_pairs([noisy], POLICY, max_pair_count=DEFAULT_PAIR_COUNT + 1).changes
    assert earlier.wants_rerun


@pytest.mark.parametrize(
    ("given", "change"),
    [
        ({}, Change.REGRESSED),
        ({"min_effect_ratio": 0.2}, Change.UNCHANGED),
        ({"min_effect_seconds": 0.002}, Change.UNCHANGED),
        ({"min_effect_ratio": 0.05, "min_effect_seconds": 0.0005}, Change.REGRESSED),
    ],
)
def test_a_feature_has_its_own_least_effect(given: dict[str, float], change: Change) -> None:
    measured = quiet(30, 1.1)
    assert judge_one(measured.head_reruns_seconds, measured.base_reruns_seconds, **given).change is change


def test_one_tick_of_a_coarse_clock_is_no_effect() -> None:
    base = [0.002, 0.002, 0.003, 0.002, 0.002, 0.002] * 5
    assert judge_one([0.003] * 30, base).change is not Change.REGRESSED
    assert judge_one([0.009] * 30, base).change is Change.REGRESSED


@pytest.mark.parametrize(
    ("head", "base"),
    [
        ([], []),
        ([1.0], []),
        ([0.0] * 20, [0.0] * 20),
        ([math.nan] * 20, [1.0] * 20),
        ([math.inf, -1.0] * 10, [1.0, 1.0] * 10),
    ],
)
def test_what_cannot_be_judged_says_so(head: list[float], base: list[float]) -> None:
    change = judge_one(head, base)
    assert (change.change, change.wants_rerun) == (Change.INCONCLUSIVE, False)
    assert change.reason
    assert judge_pairs([], POLICY).changes == ()


@pytest.mark.parametrize("seconds", [1e-9, 1e-3, 1e5])
def test_identical_values_are_unchanged(seconds: float) -> None:
    assert judge_one([seconds] * 20, [seconds] * 20).change is Change.UNCHANGED


durations = st.lists(st.tuples(st.floats(0.5, 2), st.floats(0.5, 2)), min_size=3, max_size=12)


@settings(max_examples=40, deadline=None)
@given(durations, st.floats(1e-6, 1e3))
def test_the_unit_of_time_does_not_matter(values: list[tuple[float, float]], factor: float) -> None:
    head, base = zip(*values, strict=True)
    plain = judge_one(head, base)
    scaled = judge_one([value * factor for value in head], [value * factor for value in base])
    assert scaled.change is plain.change
    assert scaled.p_slower == pytest.approx(plain.p_slower, rel=1e-3)


@settings(max_examples=40, deadline=None)
@given(durations)
def test_the_sides_are_alike(values: list[tuple[float, float]]) -> None:
    head, base = zip(*values, strict=True)
    one, other = judge_one(head, base), judge_one(base, head)
    assert one.p_slower == pytest.approx(other.p_faster)
    assert one.ratio == pytest.approx(1 / (other.ratio or 1))


@settings(max_examples=40, deadline=None)
@given(durations, st.floats(1, 3), st.randoms(use_true_random=False))
def test_a_slower_head_is_no_less_evidence_and_order_is_none(
    values: list[tuple[float, float]], factor: float, generator: random.Random
) -> None:
    head, base = zip(*values, strict=True)
    plain, slower = judge_one(head, base), judge_one([value * factor for value in head], base)
    assert plain.p_slower is not None
    assert slower.p_slower is not None
    assert slower.p_slower <= plain.p_slower + 1e-9
    generator.shuffle(values)
    shuffled = judge_one(*zip(*values, strict=True))
    assert shuffled.p_slower == pytest.approx(plain.p_slower)


def _disturbed(generator: random.Random) -> float:
    """A process: a bell curve, and every seventh is slowed down by what else the machine does."""
    return generator.gauss(0, 0.03) + (generator.uniform(0.1, 0.6) if generator.random() < 0.15 else 0)


def _heavy(generator: random.Random) -> float:
    return 0.02 * generator.gauss(0, 1) / math.sqrt(generator.expovariate(1))


def _take_turns(noise: Callable[[random.Random], float], seed: int, slower: float = 1.0) -> list[Change]:
    """Four features, the first of them slower, paired as ``run --against`` does: the decided ones drop out."""
    generator = random.Random(seed)
    heads: list[list[float]] = [[], [], [], []]
    bases: list[list[float]] = [[], [], [], []]
    waiting = range(4)
    changes: Sequence[RuntimeChange] = ()
    for _ in range(20):
        for index in waiting:
            heads[index].append(math.exp(noise(generator)) * (slower if index == 0 else 1.0))
            bases[index].append(math.exp(noise(generator)))
        measurements = [pairs(head, base) for head, base in zip(heads, bases, strict=True)]
        changes = judge_pairs(measurements, POLICY, max_pair_count=20).changes
        waiting = [index for index, change in enumerate(changes) if change.wants_rerun]
        if not waiting:
            break
    return [change.change for change in changes]


@pytest.mark.parametrize("noise", [_disturbed, _heavy])
def test_chance_alone_seldom_calls_anything(noise: Callable[[random.Random], float]) -> None:
    """60 runs at an error of 2 %: more than four red ones has a chance of one in a hundred."""
    red = sum(Change.REGRESSED in _take_turns(noise, seed) for seed in range(60))
    assert red <= 4


def test_a_fifth_is_found_in_noise() -> None:
    assert sum(_take_turns(_disturbed, seed, slower=1.2)[0] is Change.REGRESSED for seed in range(20)) >= 18
