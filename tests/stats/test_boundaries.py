"""Boundaries: what is weak is dropped, what stands is put where it belongs, and is as certain as SciPy says."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from aicmo_perf.stats.boundaries import Scatter, Stretches, relocated, without_weak

INDEPENDENT = Scatter(noise=1.0, inflation=1.0)


def stretches(levels, run_count, boundaries, seed=1):
    rng = np.random.default_rng(seed)
    values = np.repeat(np.array(levels, dtype=float), run_count) + rng.normal(size=len(levels) * run_count)
    return Stretches(values=values, boundaries=boundaries)


def test_levels_and_residuals_belong_to_the_stretches():
    cut = Stretches(values=np.array([1.0, 2, 9, 10, 20, 12]), boundaries=(2,))
    assert cut.edges == (0, 2, 6)
    assert cut.levels == [1.5, 11]
    assert cut.residuals.tolist() == [-0.5, 0.5, -2, -1, 9, 1]


@pytest.mark.parametrize("inflation", [1.0, 2.5])
def test_confidence_is_that_of_students_t_among_so_many_places(inflation):
    cut = stretches([0, 1.1], 40, (40,))
    scatter = Scatter(noise=1.0, inflation=inflation)
    before, after = cut.levels
    t = abs(after - before) / math.sqrt(inflation * math.pi / 2 * (1 / 40 + 1 / 40))
    expected = 1 - 80 * 2 * scipy.stats.t.sf(t, 0.4 * 78 / inflation)
    assert cut.t_statistics(scatter) == pytest.approx([t])
    assert cut.confidences(scatter) == pytest.approx([max(expected, 0)])


def test_dependent_values_are_less_certain():
    cut = stretches([0, 2], 40, (40,))
    assert cut.confidences(Scatter(noise=1.0, inflation=2.5)) < cut.confidences(INDEPENDENT)


def test_weak_boundaries_are_dropped_and_fixed_ones_stay():
    cut = stretches([0, 0, 10, 10, 20], 30, (30, 60, 90, 120))
    assert without_weak(cut, INDEPENDENT, 0.0, fixed=0).boundaries == (60, 120)
    assert without_weak(cut, INDEPENDENT, 0.0, fixed=1).boundaries == (30, 60, 120)


def test_evident_but_small_changes_are_dropped():
    cut = stretches([0, 3, 9], 200, (200, 400))
    assert without_weak(cut, INDEPENDENT, 2.5, fixed=0).boundaries == (200, 400)
    assert without_weak(cut, INDEPENDENT, 4.0, fixed=0).boundaries == (400,)


@pytest.mark.parametrize("guess", [23, 35, 40, 52])
def test_a_boundary_is_moved_to_where_the_level_changes(guess):
    cut = stretches([0, 8], 40, (guess,))
    assert relocated(cut, 1.0, shortest=4, first_from=4, fixed=0).boundaries == (40,)


def test_a_wild_value_beside_a_step_does_not_pull_the_boundary():
    cut = stretches([0, 8], 40, (40,))
    cut.values[37] = 50
    cut.values[43] = -50
    assert relocated(cut, 1.0, shortest=4, first_from=4, fixed=0).boundaries == (40,)


def test_a_boundary_stays_where_it_may_be():
    cut = stretches([0, 8], 40, (50,))
    assert relocated(cut, 1.0, shortest=4, first_from=45, fixed=0).boundaries == (45,)
    assert relocated(cut, 1.0, shortest=33, first_from=1, fixed=0).boundaries == (40,)
    assert relocated(cut, 1.0, shortest=4, first_from=4, fixed=1).boundaries == (50,)
