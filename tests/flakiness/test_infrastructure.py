"""Runs that are set aside, because it was the machine."""

from __future__ import annotations

import pytest

from aicmo_perf.flakiness.infrastructure import count_failures, infrastructure_runs, most_failed
from aicmo_perf.flakiness.same_code import Code
from tests.flakiness.pasts import feature, past


def set_aside(text, others=(), features=4):
    """The places of the runs that are set aside, of features that share one past, and others that have their own."""
    pasts = [past(text)] * features + [past(other) for other in others]
    outcomes = {feature(str(number)).key: its for number, its in enumerate(pasts)}
    runs = [its.run for its in pasts[0]]
    found = infrastructure_runs(runs, {run.uuid: Code.of(run) for run in runs}, count_failures(outcomes))
    return [runs.index(run) for run in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("p*9", []),
        ("p*4 f p*4", [4]),
        ("p*8 f", [8]),
        ("p*4 fP p*4", [4]),  # gone when it was retried
        ("p*4 p- p*4", []),  # provoked
        ("p*4 f p*9 f p*4", [4, 14]),
        ("p*4 f f p*9", []),  # it lasts: the code's fault
        ("p*4 7:f 7:f p*9", []),
        ("p*4 7:f 7:p p*9", [4]),
        ("p*4 7:f 8:f 7:p 8:p p*9", [4, 5]),  # both were fine later
        ("p f p f p f", []),  # it is always so
        ("f", []),
        ("f f f", []),
    ],
)
def test_runs_in_which_everything_failed(text, expected):
    assert set_aside(text) == expected


def test_most_features_are_more_than_half_of_three():
    assert set_aside("p*4 f p*4", others=["p*9"] * 3) == [4]
    assert set_aside("p*4 f p*4", others=["p*9"] * 4) == []
    assert set_aside("p*4 f p*4", features=3) == [4]
    assert set_aside("p*4 f p*4", features=2) == []
    assert [most_failed(2, 3), most_failed(2, 4), most_failed(2, 2)] == [True, False, False]
