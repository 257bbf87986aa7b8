"""The exact cut: against every possible one, against the kernel itself, against ruptures where it is installed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aicmo_perf.stats.segmentation import kernel_costs, optimal_boundaries

POINTS = st.lists(st.floats(-30, 30), min_size=1, max_size=11).map(np.array)


def price(costs, boundaries, penalty):
    edges = [0, *boundaries, len(costs) - 1]
    return sum(costs[start, end] for start, end in itertools.pairwise(edges)) + penalty * len(boundaries)


def allowed_cuts(count, shortest, first_from):
    """Every set of boundaries that keeps the rules."""
    for size in range(count):
        for boundaries in itertools.combinations(range(first_from, count), size):
            edges = [0, *boundaries, count]
            if not boundaries or min(end - start for start, end in itertools.pairwise(edges)) >= shortest:
                yield list(boundaries)


@given(POINTS, st.floats(0.01, 3), st.integers(1, 4), st.integers(1, 6))
@settings(max_examples=150, deadline=None)
def test_no_cut_is_cheaper(points, penalty, shortest, first_from):
    costs = kernel_costs(points, 0.1)
    found = optimal_boundaries(costs, penalty, shortest=shortest, first_from=first_from)
    cuts = list(allowed_cuts(len(points), shortest, first_from))
    assert found in cuts
    assert price(costs, found, penalty) == pytest.approx(min(price(costs, cut, penalty) for cut in cuts), abs=1e-7)


def slowly_optimal_price(costs, penalty, shortest, first_from):
    """Optimal partitioning as it is printed, prefix by prefix."""
    count = len(costs) - 1
    best = [0.0] + [np.inf] * count
    for end in range(1, count + 1):
        if end >= max(shortest, first_from) or end == count:
            best[end] = costs[0, end]
        for start in range(max(shortest, first_from), end - shortest + 1):
            best[end] = min(best[end], best[start] + costs[start, end] + penalty)
    return best[count]


@pytest.mark.parametrize("count", [63, 64, 65, 130, 200])  # about and beyond one slice of starts
@pytest.mark.parametrize("penalty", [0.2, 2.0])
def test_slices_of_a_long_series_change_nothing(count, penalty):
    rng = np.random.default_rng(count)
    points = rng.normal(size=count) + np.repeat(rng.normal(scale=4, size=count), 9)[:count]
    costs = kernel_costs(points, 0.1)
    found = optimal_boundaries(costs, penalty, shortest=4, first_from=8)
    assert found
    expected = slowly_optimal_price(costs, penalty, 4, 8)
    assert price(costs, found, penalty) == pytest.approx(expected, abs=1e-7)


@given(POINTS, st.floats(0.01, 5))
@settings(deadline=None)
def test_costs_are_those_of_the_gaussian_kernel(points, sharpness):
    costs = kernel_costs(points, sharpness)
    gram = np.exp(-sharpness * (points[:, None] - points) ** 2)
    for start, end in itertools.combinations(range(len(points) + 1), 2):
        length = end - start
        expected = length - gram[start:end, start:end].sum() / length
        assert costs[start, end] == pytest.approx(expected, abs=2e-6 * length)


def test_costs_of_values_on_many_scales_are_exact_too():
    points = np.cumsum(np.linspace(0, 900, 80))  # some eighty times eleven centres: several products
    costs = kernel_costs(points, 0.1)
    gram = np.exp(-0.1 * (points[:, None] - points) ** 2)
    assert costs[0, 80] == pytest.approx(80 - gram.sum() / 80, abs=1e-5)
    assert costs[3, 5] == pytest.approx(2 - gram[3:5, 3:5].sum() / 2, abs=1e-5)


def test_a_wild_point_costs_the_same_however_far_off():
    near, far = ([0.0] * 10 + [distance] + [0.0] * 10 for distance in (30.0, 3e6))
    costs_near, costs_far = (kernel_costs(np.array(points), 0.1) for points in (near, far))
    assert costs_near[0, 21] == pytest.approx(costs_far[0, 21], abs=1e-6)
    assert optimal_boundaries(costs_far, 3.0) == []


@pytest.mark.parametrize("count", [1, 3, 7])
def test_too_few_points_to_cut(count):
    points = np.arange(count, dtype=float) * 100
    assert optimal_boundaries(kernel_costs(points, 0.1), 0.0, shortest=4) == []


@pytest.mark.parametrize("penalty", [5.0, 20.0])
def test_ruptures_pelt_finds_the_same(penalty):
    ruptures = pytest.importorskip("ruptures")
    rng = np.random.default_rng(5)
    points = rng.normal(size=150) + np.repeat([0, 4, 1, 1.5, -3], 30)
    places = np.arange(151)
    sums, squares = (np.concatenate(([0.0], np.cumsum(values))) for values in (points, points**2))
    lengths = np.maximum(places - places[:, None], 1)
    costs = squares - squares[:, None] - (sums - sums[:, None]) ** 2 / lengths
    expected = ruptures.Pelt(model="l2", min_size=3, jump=1).fit(points).predict(pen=penalty)[:-1]
    assert optimal_boundaries(costs, penalty, shortest=3) == expected
