"""Which runs tell what passed and what was there before the change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aicmo_perf.baseline import runs_before_change
from tests.baseline.runs import make_run

NOW = make_run(31)


@pytest.mark.parametrize(
    ("commit", "commits", "told"),
    [
        ("c", "aabb", [4]),
        ("b", "aabb", [2]),
        ("b", "abab", [3]),
        ("b", "bbbb", [4, 3, 2]),
        ("b", "b", [1]),
        ("b", "..bb", [2]),
        (None, "....", [4, 3, 2]),
        (None, "aabb", [4, 3, 2]),
        (None, "..", [2, 1]),
        ("b", "", []),
        (None, "", []),
    ],
)
def test_what_was_is_told_by_another_commit_else_by_the_last_three_runs(commit, commits, told):
    past = [make_run(number, commit_sha=None if sha == "." else sha) for number, sha in enumerate(commits, start=1)]
    assert [run.id for run in runs_before_change(replace(NOW, commit_sha=commit), past)] == told
