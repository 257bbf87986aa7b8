"""Features that fail together."""

from __future__ import annotations

import random

import pytest

from aicmo_perf.flakiness.clusters import Cluster, Failures, find_clusters


def failures(*moments, count=100):
    return Failures(frozenset(("run", moment) for moment in moments), count)


def clusters_of(**by_name):
    found = find_clusters({("suite", name): its for name, its in by_name.items()})
    return [("".join(name for _, name in cluster.features), cluster.together_count) for cluster in found]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((1, 2, 3), (1, 2, 3), [("ab", 3)]),
        ((1, 2, 3, 4), (3, 4), [("ab", 2)]),
        ((1, 2, 3, 4, 5), (4, 5), []),  # less than half of the time
        ((1,), (1,), []),  # once is chance
        ((1, 2), (3, 4), []),
    ],
)
def test_two_features(one, other, expected):
    assert clusters_of(a=failures(*one), b=failures(*other)) == expected


def test_company_is_passed_on_and_the_largest_comes_first():
    found = clusters_of(
        a=failures(1, 2, 3, 4),
        b=failures(3, 4, 5, 6, 1),
        c=failures(3, 4, 5, 6),
        x=failures(20, 21),
        y=failures(20, 21),
        z=failures(50),
    )
    assert found == [("abc", 5), ("xy", 2)]


def test_features_that_fail_most_of_the_time_coincide_by_chance():
    rng = random.Random(1)
    often = {name: failures(*(at for at in range(100) if rng.random() < 0.8)) for name in "abcdef"}
    assert clusters_of(**often) == []
    assert clusters_of(a=often["a"], b=often["a"]) == [("ab", len(often["a"].moments))]


def test_the_order_does_not_matter():
    rng = random.Random(2)
    its = {("s", f"f{number}"): failures(*rng.sample(range(12), 5)) for number in range(20)}
    shuffled = dict(rng.sample(sorted(its.items()), len(its)))
    assert find_clusters(its) == find_clusters(shuffled) != ()
    assert all(isinstance(cluster, Cluster) for cluster in find_clusters(its))
