"""The design of a check: what each iteration changes, and that it is the same whenever it is asked for."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo_perf.flakiness.design import Design
from aicmo_perf.flakiness.orders import pair_coverage, split_among
from aicmo_perf.model import PLAIN, Factor, Feature, IterationKind, OrderKind, Possibilities

EVERYTHING = Possibilities(locales=("C.utf8", "de_DE.utf8"), clock=True, cpu_count=4, random_seed=True)


def features_of(count: int, modules: int = 10) -> list[Feature]:
    return [
        Feature(suite="shop", qualified_name=f"shop.m{index * modules // count}.f{index}", name=f"f{index}")
        for index in range(count)
    ]


def iterations_of(count: int, features=features_of(12, 4), possibilities=EVERYTHING, seed=7, **settings):  # noqa: B008
    design = Design(features, possibilities, seed, **settings)
    return [design.iteration(number) for number in range(1, count + 1)]


def processes(iterations, features) -> list[tuple]:
    found = tuple(feature.key for feature in features)
    return [
        process
        for iteration in iterations
        for process in split_among(iteration.order or found, iteration.conditions.worker_count)
    ]


@given(st.lists(st.integers(1, 12), min_size=1, max_size=6), st.integers(0, 5))
def test_iterations_are_the_same_in_any_order_of_asking(numbers, seed):
    design = Design(features_of(12, 3), EVERYTHING, seed)
    expected = iterations_of(12, features_of(12, 3), seed=seed)
    assert [design.iteration(number) for number in numbers] == [expected[number - 1] for number in numbers]


def test_iterations_are_the_same_in_a_process_with_another_hash_seed():
    code = (
        "from aicmo_perf.flakiness.design import Design\n"
        "from aicmo_perf.model import Feature, Possibilities\n"
        "features = [Feature(suite='s', qualified_name=f's.m{i % 3}.f{i}', name=f'f{i}') for i in range(12)]\n"
        "design = Design(features, Possibilities(locales=('C.utf8',), clock=True, cpu_count=2), 5)\n"
        "print([design.iteration(number) for number in range(1, 9)])\n"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


def test_another_seed_gives_other_orders_and_values():
    first, second = iterations_of(6, seed=1), iterations_of(6, seed=2)
    assert all(one.order != other.order for one, other in zip(first[3:], second[3:], strict=True))
    assert first[1].conditions.hash_seed != second[1].conditions.hash_seed
    assert first[1].order == second[1].order


def test_the_first_is_plain_the_third_its_twin_and_the_others_are_perturbed():
    iterations = iterations_of(8)
    assert [iteration.kind for iteration in iterations[:3]] == [
        IterationKind.PLAIN,
        IterationKind.PERTURBED,
        IterationKind.TWIN,
    ]
    assert {iteration.kind for iteration in iterations[3:]} == {IterationKind.PERTURBED}
    for iteration in (iterations[0], iterations[2]):
        assert (iteration.conditions, iteration.order) == (PLAIN, None)


def test_the_second_is_the_whole_reverse_with_all_that_hides_nothing():
    features = features_of(40)
    second = iterations_of(2, features)[1]
    assert second.order == tuple(feature.key for feature in reversed(features))
    assert second.conditions.changed == {
        Factor.ORDER,
        Factor.HASH_SEED,
        Factor.RANDOM_SEED,
        Factor.CLOCK,
        Factor.TIME_ZONE,
        Factor.LOCALE,
        Factor.DIRECTORY,
        Factor.CPU_COUNT,
    }


def test_later_ones_are_shuffled_globally_and_by_module_in_turn():
    features = features_of(40)
    iterations = iterations_of(9, features)[3:]
    assert [iteration.conditions.order for iteration in iterations] == [
        OrderKind.SHUFFLE,
        OrderKind.SHUFFLE_MODULES,
    ] * 3
    for iteration in iterations:
        assert sorted(iteration.order) == sorted(feature.key for feature in features)
        modules = [name.rpartition(".")[0] for _, name in iteration.order]
        changes = sum(one != other for one, other in pairwise(modules))
        assert (changes == 9) == (iteration.conditions.order is OrderKind.SHUFFLE_MODULES)


@pytest.mark.parametrize("seed", range(3))
def test_any_two_factors_can_be_told_apart_after_ten_iterations(seed):
    perturbed = [iteration for iteration in iterations_of(10, seed=seed) if iteration.kind is IterationKind.PERTURBED]
    factors = frozenset().union(*(iteration.conditions.changed for iteration in perturbed)) - {Factor.ORDER}
    assert len(factors) == 9
    for one, other in combinations(factors, 2):
        changed = [{one, other} & iteration.conditions.changed for iteration in perturbed]
        assert {one} in changed, (one, other)
        assert {other} in changed, (one, other)


def test_each_factor_is_on_in_about_half_of_the_iterations_and_those_that_hide_orders_in_a_third():
    perturbed = [iteration.conditions for iteration in iterations_of(25) if iteration.kind is IterationKind.PERTURBED]
    for factor in frozenset().union(*(conditions.changed for conditions in perturbed)) - {Factor.ORDER}:
        share = sum(factor in conditions.changed for conditions in perturbed) / len(perturbed)
        assert share == pytest.approx(1 / 3 if factor in (Factor.WORKERS, Factor.REPETITION) else 1 / 2, abs=0.06), (
            factor
        )


def test_factors_with_many_values_get_different_ones():
    conditions = [iteration.conditions for iteration in iterations_of(10)]
    for name, least in (("hash_seed", 5), ("random_seed", 4), ("clock_shift_seconds", 3), ("time_zone", 3)):
        values = [getattr(one, name) for one in conditions if getattr(one, name)]
        assert len(set(values)) >= least, name
    assert {one.locale for one in conditions} == {None, "C.utf8", "de_DE.utf8"}
    assert 0 not in {one.hash_seed for one in conditions}


def test_what_cannot_be_changed_is_not():
    changed = frozenset().union(*(i.conditions.changed for i in iterations_of(15, possibilities=Possibilities())))
    assert changed == {
        Factor.ORDER,
        Factor.REPETITION,
        Factor.HASH_SEED,
        Factor.TIME_ZONE,
        Factor.DIRECTORY,
        Factor.WORKERS,
    }


@pytest.mark.parametrize("now", [datetime(2024, 2, 28, 23, 59, tzinfo=UTC), datetime(2026, 12, 31, 1, tzinfo=UTC)])
@pytest.mark.parametrize("seed", range(3))
def test_the_clock_is_moved_to_dates_that_matter(now, seed):
    shifts = [i.conditions.clock_shift_seconds for i in iterations_of(30, seed=seed, now=now)]
    dates = [now + timedelta(seconds=shift) for shift in dict.fromkeys(shifts) if shift]
    assert len(dates) == 4
    assert all(date.date() > now.date() for date in dates)
    assert len({date.hour for date in dates}) >= 3
    assert dates[0].year > now.year
    assert (2, 29) in {(date.month, date.day) for date in dates}
    assert (1, 1) in {(date.month, date.day) for date in dates}
    assert any((date + timedelta(hours=1)).month == date.month % 12 + 1 for date in dates)
    assert any(date - now < timedelta(days=2) for date in dates)


@pytest.mark.parametrize("seed", range(3))
def test_ten_iterations_show_nearly_everything_of_a_hundred_features(seed):
    features = features_of(100)
    coverage = pair_coverage(processes(iterations_of(10, features, seed=seed), features))
    assert coverage.pairs_both_ways == 1
    assert coverage.after_two > 0.985
    assert coverage.triples > 0.77


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_features_are_no_obstacle(count):
    iterations = iterations_of(6, features_of(count, 1) if count else [])
    assert [len(iteration.order or ()) for iteration in iterations[3:]] == [count] * 3


def test_iterations_are_numbered_from_one():
    with pytest.raises(ValueError, match="from 1"):
        Design(features_of(3), EVERYTHING, 1).iteration(0)
