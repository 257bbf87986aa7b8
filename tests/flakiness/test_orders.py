"""Orders that are designed show more than lots do, and coverage is counted as what it says."""

from __future__ import annotations

from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo_perf.flakiness.orders import SeenOrders, pair_coverage, split_among

ORDERS = st.integers(0, 6).flatmap(lambda n: st.lists(st.permutations(list("abcdef"[:n])), min_size=1, max_size=5))


@given(ORDERS)
def test_coverage_is_what_counting_one_by_one_gives(orders):
    items = sorted(orders[0])
    coverage = pair_coverage(orders)
    pairs = [pair for pair in permutations(items, 2) if any(_comes(order, pair) for order in orders)]
    triples = [triple for triple in permutations(items, 3) if any(_comes(order, triple) for order in orders)]
    after_two = {(frozenset(triple[:2]), triple[2]) for triple in triples}
    n = len(items)
    assert coverage.pairs == (len(pairs) / (n * (n - 1)) if n > 1 else 1)
    assert coverage.pairs_both_ways == (sum(p[::-1] in pairs for p in pairs) / (n * (n - 1)) if n > 1 else 1)
    assert coverage.triples == pytest.approx(len(triples) / (n * (n - 1) * (n - 2)) if n > 2 else 1)
    assert coverage.after_two == pytest.approx(2 * len(after_two) / (n * (n - 1) * (n - 2)) if n > 2 else 1)


def _comes(order, items) -> bool:
    places = [order.index(item) for item in items]
    return places == sorted(places)


def test_features_of_different_processes_have_not_seen_each_other():
    assert split_among("abcde", 2) == (("a", "c", "e"), ("b", "d"))
    coverage = pair_coverage([*split_among("abcd", 2), *split_among("dcba", 2)])
    assert coverage.pairs == coverage.pairs_both_ways == pytest.approx(4 / 12)


def test_reverse_orders_show_all_pairs_both_ways_and_two_orders_of_each_triple():
    coverage = pair_coverage([range(20), range(20)[::-1]])
    assert coverage.pairs_both_ways == 1
    assert coverage.triples == pytest.approx(1 / 3)
    assert coverage.after_two == pytest.approx(2 / 3)


@given(st.integers(0, 30), st.integers(0, 99))
def test_a_shuffle_has_each_feature_once(count, seed):
    orders = SeenOrders(count)
    orders.add(range(count))
    assert sorted(orders.shuffled(Random(seed))) == list(range(count))


@given(st.lists(st.integers(1, 5), max_size=8), st.integers(0, 99))
def test_modules_stay_together(sizes, seed):
    numbers = iter(range(sum(sizes)))
    modules = [[next(numbers) for _ in range(size)] for size in sizes]
    order = SeenOrders(sum(sizes)).shuffled_modules(modules, Random(seed))
    assert sorted(order) == list(range(sum(sizes)))
    for module in modules:
        places = sorted(order.index(feature) for feature in module)
        assert places == list(range(places[0], places[0] + len(module)))


@pytest.mark.parametrize("seed", range(3))
def test_designed_orders_show_more_than_lots_do(seed):
    plain, seen, random = list(range(60)), SeenOrders(60), Random(seed)
    designed, drawn = [plain, plain[::-1]], [plain, plain[::-1]]
    for order in designed:
        seen.add(order)
    for _ in range(7):
        designed.append(seen.shuffled(random))
        seen.add(designed[-1])
        drawn.append(random.sample(plain, 60))
    shown, by_lot = pair_coverage(designed), pair_coverage(drawn)
    assert 1 - shown.after_two < (1 - by_lot.after_two) / 3
    assert shown.triples > by_lot.triples


def test_after_many_orders_lots_decide():
    seen = SeenOrders(3)
    for _ in range(100):
        order = seen.shuffled(Random(1))
        assert sorted(order) == [0, 1, 2]
        seen.add(order)
    modules = [[0, 2], [1]]
    drawn = {tuple(seen.shuffled_modules(modules, Random(seed))) for seed in range(50)}
    assert drawn == {(0, 2, 1), (2, 0, 1), (1, 0, 2), (1, 2, 0)}
