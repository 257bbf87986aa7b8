"""What counts as the same code, and which outcomes on it are flips."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aicmo_perf.flakiness.same_code import Code, SameCode, by_code
from aicmo_perf.flakiness.segments import Attempts
from aicmo_perf.model import Environment, Mode, RunOptions
from tests.flakiness.pasts import MAC, past, run


@pytest.mark.parametrize(
    ("changes", "is_same"),
    [
        ({}, True),
        ({"branch": "other", "label": "again", "suites": ("suite", "another")}, True),
        ({"environment": Environment({"system": "Linux", "hostname": "elsewhere"})}, True),
        ({"commit_sha": "other"}, False),
        ({"commit_sha": None}, False),
        ({"dirty": True}, False),
        ({"dirty": None}, True),  # not known, as of an imported run
        ({"environment": MAC}, False),
        ({"mode": Mode.LIVE}, False),
        ({"options": RunOptions(quick=False)}, False),
    ],
)
def test_same_code(changes, is_same):
    assert (Code.of(run(1, "commit")) == Code.of(replace(run(2, "commit"), **changes))) is is_same


def test_what_is_not_committed_is_the_same_as_itself_only():
    for unknown in ({"commit_sha": None}, {"dirty": True}):
        one, other = replace(run(1, "commit"), **unknown), replace(run(2, "commit"), **unknown)
        assert Code.of(one) == Code.of(one) != Code.of(other)


def on_one_code(text):
    runs = past(" ".join(f"7:{word}" for word in text.split()))
    return SameCode.of(Code.of(runs[0].run), runs)


@pytest.mark.parametrize(
    ("text", "flips", "provoked", "where"),
    [
        ("p p", 0, 0, []),
        ("f f", 0, 0, []),
        ("p p f p", 1, 0, [2]),
        ("f f pf f", 1, 0, [2]),
        ("p f", 1, 0, [1]),  # as many passes as failures: the failure is it
        ("f p", 1, 0, [0]),
        ("fP p", 1, 0, [0]),
        ("p+ p- p--", 0, 3, [1, 2]),
        ("f- f+", 0, 1, [1]),
        ("pf- p-", 1, 0, [0]),
        ("+ -", 0, 0, []),
    ],
)
def test_flips(text, flips, provoked, where):
    its = on_one_code(text)
    assert (its.flip_count, its.provoked_count) == (flips, provoked)
    assert [int(one.uuid.removeprefix("run ")) for one in its.flipping_runs()] == where


def test_retries_are_counted_apart():
    assert on_one_code("pf fFP p- f").attempts == Attempts(3, 5, 1, 2)


def test_versions_come_in_the_order_in_which_they_were_first_run():
    runs = past("3:p 1:p 3:f mac/3:p")
    found = by_code([Code.of(its.run) for its in runs], runs)
    assert [[its.run.uuid for its in one.runs] for one in found] == [["run 0", "run 2"], ["run 1"], ["run 3"]]
