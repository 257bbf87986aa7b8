"""The exact signed-rank test beside SciPy's, and what it must hold whatever the values are."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aicmo_perf.stats.signed_rank import signed_rank_sf

values = st.lists(st.floats(-5, 5).map(lambda value: round(value, 2)), max_size=7)


def test_it_is_scipys_exact_one() -> None:
    stats = pytest.importorskip("scipy.stats")
    for differences in ([0.5, 0.7, -0.1, 1.2, 0.3, -0.4, 2.0], [-1.0, -2.0, 3.5, 0.1], [i + 0.5 for i in range(20)]):
        expected = stats.wilcoxon(differences, alternative="greater", method="exact").pvalue
        assert signed_rank_sf(differences) == pytest.approx(expected, rel=1e-12)


@settings(max_examples=50, deadline=None)
@given(values)
def test_it_counts_the_signs_that_give_as_much(differences: list[float]) -> None:
    """By throwing the coins in every way, ties and zeros included."""
    stats = pytest.importorskip("scipy.stats")
    kept = [value for value in differences if value]
    ranks = stats.rankdata([abs(value) for value in kept]) if kept else []
    observed = sum(rank for rank, value in zip(ranks, kept, strict=True) if value > 0)
    throws = list(itertools.product((0, 1), repeat=len(kept)))
    as_large = sum(sum(r for r, up in zip(ranks, throw, strict=True) if up) >= observed for throw in throws)
    assert signed_rank_sf(differences) == pytest.approx(as_large / len(throws))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0.01, 5), max_size=12, unique=True), st.data())
def test_a_value_that_turns_positive_is_more_evidence(magnitudes: list[float], data: st.DataObject) -> None:
    differences = [data.draw(st.sampled_from((-1, 1))) * value for value in magnitudes]
    for index, value in enumerate(differences):
        turned = [*differences[:index], abs(value), *differences[index + 1 :]]
        assert signed_rank_sf(turned) <= signed_rank_sf(differences)


def test_nothing_is_no_evidence() -> None:
    assert signed_rank_sf([]) == 1
    assert signed_rank_sf([0.0, 0.0]) == 1
    assert signed_rank_sf([1.0, 2.0, 3.0]) == 1 / 8
