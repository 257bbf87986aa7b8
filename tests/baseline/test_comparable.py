"""What keeps the runtimes of two runs apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aicmo_perf.baseline import Terms, obstacle_between
from aicmo_perf.model import Environment, Mode, RunOptions
from tests.baseline.runs import make_run

NOW = make_run(31)

FACTS = {
    "cpu_model": "Apple M2",
    "cpu_count": 8,
    "system": "Darwin",
    "python_implementation": "CPython",
    "python_version": "3.12.4",
}


@pytest.mark.parametrize(
    ("facts", "obstacle"),
    [
        (FACTS, ""),
        ({**FACTS, "python_version": "3.12.9"}, ""),
        ({**FACTS, "python_version": "3.13.0"}, "run 12 was measured on another interpreter (Python 3.13)"),
        (
            {**FACTS, "python_implementation": "PyPy"},
            "run 12 was measured on another interpreter (PyPy 3.12)",
        ),
        (
            {**FACTS, "cpu_count": 1},
            "run 12 was measured on another machine (Apple M2, 1 CPU, Darwin, Python 3.12)",
        ),
        ({"architecture": "arm64"}, "run 12 was measured on another machine (arm64)"),
        ({}, "run 12 was measured on another machine"),
    ],
)
def test_another_environment_is_named(facts, obstacle):
    run = replace(NOW, environment=Environment(FACTS))
    assert obstacle_between(run, make_run(12, environment=Environment(facts))) == obstacle


def test_another_depth_is_named():
    full = make_run(12, options=RunOptions(quick=False))
    assert obstacle_between(NOW, full) == "run 12 was a full run, run 31 a quick one"


def test_another_machine_is_no_obstacle_for_those_who_want_any():
    other = make_run(12, environment=Environment(FACTS))
    assert obstacle_between(NOW, other)
    assert obstacle_between(NOW, other, any_environment=True) == ""
    live = replace(other, mode=Mode.LIVE)
    assert "live" in obstacle_between(NOW, live, any_environment=True)
    assert Terms(any_environment=True).admits(NOW, other, "aicmo")
    assert not Terms().admits(NOW, other, "aicmo")


@pytest.mark.parametrize(
    ("sha", "known", "placed"),
    [("a", {"a": True}, True), ("a", {"a": False}, False), ("a", {}, None), (None, {"a": True}, None)],
)
def test_a_run_is_placed_by_its_commit(sha, known, placed):
    assert Terms(is_in_history=known.get).places(make_run(1, commit_sha=sha)) is placed
    assert Terms().places(make_run(1, commit_sha=sha)) is None
