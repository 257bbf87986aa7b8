"""Two levels of a runtime: found in planted ones, not in noise, steps or spells; and the laws of it."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo_perf.flakiness.unstable_time import unstable_time

COUNT = 40


def normal(rng, spread):
    return [rng.gauss(0, spread) for _ in range(COUNT)]


def heavy(rng, spread):
    """Student's t with 2.5 degrees of freedom."""
    return [spread * rng.gauss(0, 1) / math.sqrt(rng.gammavariate(1.25, 2) / 2.5) for _ in range(COUNT)]


def shifted(logs, where, ratio=1.5):
    return [value + math.log(ratio) * (place in where) for place, value in enumerate(logs)]


def step(rng):
    return shifted(normal(rng, 0.04), range(rng.randrange(1, COUNT), COUNT))


def spell(rng):
    start = rng.randrange(COUNT - 12)
    return shifted(normal(rng, 0.04), range(start, start + rng.randrange(8, 12)))


def late_now_and_then(rng):
    return [value + (rng.expovariate(1 / 0.3) if rng.random() < 0.2 else 0) for value in normal(rng, 0.03)]


def two_levels(rng, slow_share, ratio, spread):
    return [value + math.log(ratio) * (rng.random() < slow_share) for value in normal(rng, spread)]


def found_share(logs, histories=300):
    rng = random.Random(1)
    return (
        sum(unstable_time([math.exp(value) for value in logs(rng)]) is not None for _ in range(histories)) / histories
    )


@pytest.mark.parametrize(
    "logs",
    [
        lambda rng: normal(rng, 0.05),
        lambda rng: normal(rng, 0.3),
        lambda rng: heavy(rng, 0.1),
        lambda rng: heavy(rng, 0.3),
        late_now_and_then,
        step,
        spell,
    ],
    ids=["noise", "much noise", "heavy tails", "very heavy tails", "late now and then", "step", "spell"],
)
def test_one_level_is_not_called_unstable(logs):
    assert found_share(logs) <= 0.01


@pytest.mark.parametrize(
    ("slow_share", "ratio", "spread", "least"), [(0.5, 1.35, 0.03, 0.9), (0.3, 1.5, 0.05, 0.8), (0.3, 2.0, 0.1, 0.7)]
)
def test_two_levels_are_found(slow_share, ratio, spread, least):
    assert found_share(lambda rng: two_levels(rng, slow_share, ratio, spread)) >= least


def test_its_levels_are_told():
    seconds = [0.1, 0.102, 0.2] * 10
    found = unstable_time([5.0] * 30 + seconds * 2)
    assert found is not None
    assert (found.fast_seconds, found.slow_seconds, found.run_count) == (pytest.approx(0.101, abs=2e-3), 0.2, COUNT)
    assert found.slow_share == pytest.approx(1 / 3, abs=0.02)


@pytest.mark.parametrize(
    "seconds",
    [
        [],
        [0.0] * 40,
        [0.1] * 40,
        [0.1, 0.2] * 9,  # too few
        [0.1, 0.125] * 20,  # too near
        [0.1] * 9 + [0.2] + [0.1] * 29 + [0.2],  # too rare
    ],
)
def test_what_cannot_be_told(seconds):
    assert unstable_time(seconds) is None


@given(st.lists(st.sampled_from([1.0, 1.02, 1.9, 2.0]), min_size=20, max_size=40), st.floats(1e-6, 1e3))
def test_the_unit_does_not_matter(seconds, unit):
    found, scaled = unstable_time(seconds), unstable_time([value * unit for value in seconds])
    assert (found is None) == (scaled is None)
    if found and scaled:
        assert scaled.slow_seconds == pytest.approx(found.slow_seconds * unit)
