"""Runs come in the order of time, although an import may bring older ones later."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aicmo_perf.model import RunFilter, RunState

SHA = "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3"


@pytest.fixture
def imported(history):
    """Runs 1 to 3 at noon and later; then, imported, 4 and 5 from the day before, and 6 at the very time of 2."""
    runs = [history.add({"swot": float(number)}, commit_sha=SHA, label="release") for number in (1, 2, 3)]
    day_before = runs[0].started_at - timedelta(days=1)
    moments = (day_before + timedelta(hours=1), day_before, runs[1].started_at)
    return runs + [
        history.add({"swot": float(number)}, started_at=moment, commit_sha=SHA, label="release")
        for number, moment in zip((4, 5, 6), moments, strict=True)
    ]


def ids(runs):
    return [run.id for run in runs]


def test_runs_are_listed_by_time_then_number(history, imported):
    assert ids(history.store.runs(RunFilter())) == [5, 4, 1, 2, 6, 3]
    assert ids(history.store.runs(RunFilter(last=2))) == [6, 3]
    assert ids(history.store.runs(RunFilter(branch="main", last=4))) == [1, 2, 6, 3]
    assert history.store.runs(RunFilter()) == tuple(sorted(imported, key=lambda run: run.moment))


def test_before_a_run_is_what_came_earlier(history, imported):
    def before(run, **more):
        return ids(history.store.runs(RunFilter(before=run.moment, **more)))

    first, second, third, *_, same_time = imported
    assert before(first) == [5, 4], "later numbers, earlier times"
    assert before(third, last=2) == [2, 6]
    assert before(second) == [5, 4, 1], "of the same time, the larger number is later"
    assert before(same_time) == [5, 4, 1, 2]
    assert before(third, state=RunState.RUNNING) == []


def test_the_newest_is_the_latest_started(history, imported):
    found = [history.store.find_run(reference).id for reference in ("latest", "latest~1", "latest~5", SHA, "release")]
    assert found == [3, 6, 5, 3, 3]
    assert history.store.find_run("4").id == 4


def test_series_are_in_the_order_of_time_too(history, imported, make_feature):
    of_feature = history.store.feature_series(make_feature("swot"), RunFilter())
    assert [point.runtime_seconds for point in of_feature.points] == [5, 4, 1, 2, 6, 3]
    newest = history.store.feature_series(make_feature("swot"), RunFilter(last=2))
    assert [point.runtime_seconds for point in newest.points] == [6, 3]
    (of_all,) = history.store.all_series(imported)
    assert of_all.points == of_feature.points
