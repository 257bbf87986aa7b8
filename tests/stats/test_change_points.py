"""Shifts: planted ones are found, noise is let alone, and what is settled answers like the whole series."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aicmo_perf.stats.change_points import (
    GENERAL,
    PERFORMANCE,
    Settled,
    Shift,
    change_points,
    settle,
    shifts_of,
)


def history(seed, levels, run_count, noise_ratio=0.01):
    """So many runs at each level in turn, in seconds."""
    rng = np.random.default_rng(seed)
    return (np.repeat(levels, run_count) * np.exp(rng.normal(scale=noise_ratio, size=len(levels) * run_count))).tolist()


def indices(values, detector=PERFORMANCE):
    return [shift.index for shift in change_points(values, detector)]


def eventful(seed, count):
    """A history of levels, dependent noise, outliers, a coarse clock or gaps."""
    rng = np.random.default_rng(seed)
    shocks = rng.normal(scale=rng.choice([0.004, 0.02, 0.1]), size=count)
    for index in range(1, count):
        shocks[index] += 0.3 * shocks[index - 1]
    jumps = np.where(rng.random(count) < 0.012, rng.normal(scale=0.2, size=count), 0)
    values = 0.25 * np.exp(shocks + np.cumsum(jumps))
    values[rng.random(count) < 0.02] *= 3
    if seed % 3 == 0:
        values = np.round(values, 2)
    if seed % 4 == 0:
        values[rng.random(count) < 0.1] = rng.choice([math.nan, 0.0, -1.0, math.inf])
    return values.tolist()


@pytest.mark.parametrize("change_ratio", [0.9, 1.05, 1.1, 1.5, 4.0])
def test_a_planted_step_is_found_with_its_levels(change_ratio):
    (shift,) = change_points(history(1, [0.2, 0.2 * change_ratio], 60))
    assert shift.index == pytest.approx(60, abs=1)
    assert shift.level_before == pytest.approx(0.2, rel=0.01)
    assert shift.level_after == pytest.approx(0.2 * change_ratio, rel=0.01)
    assert shift.ratio == pytest.approx(change_ratio, rel=0.02)
    assert shift.confidence > 0.999


def test_several_steps_are_found():
    assert indices(history(2, [1.0, 1.2, 1.1, 1.6, 1.0], 50)) == [50, 100, 150, 200]


def test_a_step_is_seen_a_few_runs_after_it_happened():
    values = history(3, [1.0, 1.1], 60)
    assert [indices(values[:count]) for count in (60, 61)] == [[], []]
    assert indices(values[:65]) == [60]


def test_a_borderline_step_is_less_certain_than_a_clear_one():
    (faint,) = change_points(history(0, [1.0, 1.04], 15, 0.016))
    (clear,) = change_points(history(0, [1.0, 1.2], 15, 0.016))
    assert 0 < faint.confidence < clear.confidence <= 1


@pytest.mark.parametrize("change_ratio", [1.004, 1.01])
def test_a_change_under_two_percent_is_none_however_clear(change_ratio):
    assert indices(history(4, [1.0, change_ratio], 120, 0.001)) == []


def test_outliers_and_short_bursts_are_no_shifts():
    values = history(5, [1.0], 200)
    for index in (20, 21, 80, 150, 151, 152, 199):
        values[index] *= 5
    assert indices(values) == []


def test_the_first_few_runs_make_no_level():
    values = history(6, [1.0], 100)
    assert indices([*(1.3 * value for value in values[:5]), *values[5:]]) in ([], [8])
    assert indices([*(1.3 * value for value in values[:12]), *values[12:]]) == [12]


@pytest.mark.parametrize("dependence", [0.0, 0.3, 0.5])
def test_noise_is_let_alone(dependence):
    """At most one false shift in 5,000 values, though neighbours depend on each other."""
    rng = np.random.default_rng(7)
    found = 0
    for _ in range(60):
        noise = rng.standard_t(5, size=250) * 0.02
        for index in range(1, len(noise)):
            noise[index] += dependence * noise[index - 1]
        found += len(change_points(np.exp(noise).tolist()))
    assert found <= 3


@given(st.integers(0, 10**6), st.floats(1e-9, 1e9))
@example(20313, 9.779662585865879e-05)  # where rounding once decided between two boundaries as good as each other
@settings(max_examples=40, deadline=None)
def test_the_unit_does_not_matter(seed, factor):
    values = eventful(seed, 150)
    scaled = change_points([value * factor for value in values])
    plain = change_points(values)
    assert [shift.index for shift in scaled] == [shift.index for shift in plain]
    assert [shift.level_after for shift in scaled] == pytest.approx([factor * shift.level_after for shift in plain])
    assert [shift.confidence for shift in scaled] == pytest.approx([shift.confidence for shift in plain], abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_backwards_the_same_shifts_are_found(seed):
    values = history(seed, [1.0, 1.3, 1.1, 1.2], 40)
    forwards, backwards = change_points(values), change_points(values[::-1])
    assert [len(values) - shift.index for shift in reversed(backwards)] == [shift.index for shift in forwards]
    assert [1 / shift.ratio for shift in reversed(backwards)] == pytest.approx([shift.ratio for shift in forwards])


def test_what_cannot_be_judged_is_skipped_but_counted():
    values = history(8, [1.0, 1.5], 40)
    holes = [math.nan, 0.0, -3.0, math.inf, -math.inf]
    with_holes = [*values[:10], *holes, *values[10:40], *holes, *values[40:]]
    assert indices(values) == [40]
    assert indices(with_holes) == [50]


DEGENERATE = {
    "nothing": [],
    "a few": [1.0, 2.0, 30.0, 4.0],
    "identical": [0.25] * 700,
    "zeros": [0.0] * 700,
    "nothing finite": [math.nan, math.inf, -math.inf] * 200,
    "none positive": [-1.0, 0.0] * 300,
    "the ends of the range": [5e-324] * 40 + [1.7e308] * 40 + [-1.7e308] * 40,
    "a clock of 1 ms": [0.003 if index % 7 else 0.004 for index in range(500)],
    "nanoseconds": [1e-9 * (1 + index % 3 / 100) for index in range(200)],
    "days": [1e5 * (1 + index % 3 / 100) for index in range(200)],
    "every scale": [10.0 ** (index * 37 % 300 - 150) for index in range(150)],
    "growth without end": [math.exp(index) for index in range(-150, 150)],
}


@pytest.mark.parametrize("values", DEGENERATE.values(), ids=DEGENERATE)
@pytest.mark.parametrize("detector", [PERFORMANCE, GENERAL], ids=["performance", "general"])
def test_degenerate_series_are_answered(values, detector):
    for count in (*range(min(len(values), 12)), len(values)):
        found = change_points(values[:count], detector)
        assert all(0 < shift.index < count and 0 <= shift.confidence <= 1 for shift in found)


@pytest.mark.parametrize("name", ["identical", "zeros", "a clock of 1 ms", "nanoseconds", "days"])
def test_degenerate_series_without_a_step_have_no_shift(name):
    assert indices(DEGENERATE[name]) == []


def test_a_step_is_found_in_values_without_noise():
    assert indices([0.25] * 30 + [0.3] * 30) == [30]
    assert indices([0.003] * 40 + [0.005] * 40) == [40]


@pytest.mark.parametrize("detector", [PERFORMANCE, replace(GENERAL, window=90, block=30, hindsight=40)])
@given(seed=st.integers(0, 10**6), count=st.integers(0, 720), data=st.data())
@settings(max_examples=25, deadline=None)
def test_settled_and_the_rest_are_the_whole(detector, seed, count, data):
    values = eventful(seed, count)
    whole = change_points(values, detector)
    splits = sorted(data.draw(st.lists(st.integers(0, count), min_size=1, max_size=4)))
    settled = Settled()
    for split in splits:
        settled = settle(values[settled.needed_from : split], settled, detector)
        assert settled == settle(values[:split], detector=detector)
        assert shifts_of(values[settled.needed_from :], settled, detector) == whole
        assert whole[: len(settled.shifts)] == settled.shifts


def test_settled_is_small_and_what_it_needs_bounded():
    values = eventful(1, 1950)
    for count in range(0, 1951, 65):
        settled = settle(values[:count])
        assert count - settled.needed_from < PERFORMANCE.window
        assert settled.count <= count
        assert all(shift.index <= settled.count - PERFORMANCE.hindsight for shift in settled.shifts)


@pytest.mark.parametrize(("seed", "count"), [(8, 564), (54, 432), (59, 333)])
def test_later_runs_put_no_shift_among_the_settled_ones(seed, count):
    """In these, what came later makes a faint step look evident that was settled to be none."""
    values = eventful(seed, 700)[:count]
    settled = settle(values)
    later = change_points(values)[len(settled.shifts) :]
    assert all(shift.index > settled.count - PERFORMANCE.hindsight for shift in later)


def test_settled_survives_json():
    settled = settle(history(9, [1.0, 1.2, 1.5], 200))
    document = json.loads(json.dumps(asdict(settled)))
    revived = Settled(**{**document, "shifts": tuple(Shift(**shift) for shift in document["shifts"])})
    assert settled.shifts
    assert revived == settled


def test_settling_again_changes_nothing_until_a_block_is_complete():
    values = history(10, [1.0], 399)
    settled = settle(values)
    assert (settled.count, settled.needed_from) == (300, 100)
    assert settle(values[settled.needed_from :], settled) is settled


@pytest.mark.parametrize("run_count", [95, 100, 105])
def test_steps_beside_a_block_are_neither_lost_nor_doubled(run_count):
    levels = [1.0, 1.1, 1.2, 1.1, 1.3, 1.2, 1.1]
    expected = [run_count * place for place in range(1, len(levels))]
    assert indices(history(11, levels, run_count)) == expected


def test_levels_follow_each_other():
    found = change_points(history(12, [1.0, 1.2, 0.9], 70))
    for earlier, later in itertools.pairwise(found):
        assert earlier.level_after == later.level_before


def test_general_preset_takes_any_numbers():
    rng = np.random.default_rng(13)
    values = (rng.normal(size=120) + np.repeat([-5.0, 5.0], 60)).tolist()
    assert indices(values, GENERAL) == [60]
    assert indices([1e300 * value for value in values], GENERAL) == [60]
    (shift,) = change_points([0.0] * 20 + [1.0] * 20, GENERAL)
    assert shift.ratio == math.inf


@pytest.mark.parametrize("change", [{"window": 150}, {"block": 0}, {"noise_floor": 0.0}])
def test_a_detector_that_cannot_work_is_refused(change):
    with pytest.raises(ValueError, match="a detector"):
        replace(PERFORMANCE, **change)
