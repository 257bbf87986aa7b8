"""Features whose flakiness is known, checked by the real engine: what shows is found, explained, and nothing else is.

``benchmarks/flakiness_trial.py`` does the same with all causes and many seeds, which takes minutes.
"""

from __future__ import annotations

from aicmo_perf.model import PLAIN, IterationKind
from tests.flakiness_suite.checking import check
from tests.flakiness_suite.table import DRAWING, PLANTED


def test_ten_iterations_show_whatever_is_certain_to_show_and_accuse_no_innocent(tmp_path):
    checked = check(tmp_path, seed=1, explain=False)
    assert (checked.missed, checked.accused) == ([], [])
    assert checked.feature_count - len(PLANTED) >= 10
    assert len(checked.planted) >= 25
    assert [one.planned.kind for one in checked.iterations].count(IterationKind.TWIN) == 1
    assert sum(one.planned.conditions == PLAIN for one in checked.iterations) == 2


def test_the_seed_of_the_generators_is_changed_in_live_mode(tmp_path):
    checked = check(tmp_path, seed=1, live=True, iterations=3, explain=False)
    assert checked.found == {one.name for one in DRAWING}


def test_cause_and_polluter_are_named(tmp_path):
    selection = ("switches_to_euros", "prices_in_dollars", "adds_up")
    checked = check(tmp_path, seed=2, selection=selection, iterations=3)
    assert (checked.missed, checked.accused, checked.misjudged) == ([], [], [])
    assert len(checked.findings) == len(checked.planted) == 1
