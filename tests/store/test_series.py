"""Features, and their series over runs."""

from __future__ import annotations

import pytest

from aicmo_perf.model import Mode, RunFilter, RunState, Status


@pytest.fixture
def runs(history, make_iteration):
    """Four runs: the third is live, in the fourth ``swot`` fails and ``deck`` is new."""
    added = [
        history.add({"swot": 1.0, "persona": 10.0}),
        history.add({"swot": 2.0}),
        history.add({"swot": 3.0, "persona": 30.0}, mode=Mode.LIVE),
    ]
    last = history.store.start_run(history.new_run())
    history.record(last, make_iteration("swot", status=Status.FAIL, errors=("a", "b"), scenario_count=2))
    history.record(last, make_iteration("deck", samples_seconds=(5.0,)))
    return [*added, history.store.finish_run(last, RunState.COMPLETE, last.started_at)]


def runtimes(series):
    return [(point.run.id, point.runtime_seconds) for point in series.points]


def test_a_features_series_is_oldest_first_and_carries_its_runs(history, runs, make_feature):
    series = history.store.feature_series(make_feature("swot"), RunFilter())
    assert runtimes(series) == [(1, 1.0), (2, 2.0), (3, 3.0), (4, None)]
    assert [point.run for point in series.points] == runs
    last = series.points[-1]
    assert (last.status, last.error_count, last.warning_count, last.scenario_count) == (Status.FAIL, 2, 0, 2)
    assert (last.is_flaky, last.output_varies) == (False, False)


def test_flaky_and_varying_results_are_told_apart(history, make_iteration, make_feature):
    run = history.store.start_run(history.new_run())
    history.record(run, make_iteration("a"), make_iteration("a", iteration=2, status=Status.FAIL))
    history.record(run, make_iteration("b", output_digest="x"), make_iteration("b", iteration=2, output_digest="y"))
    points = [history.store.feature_series(make_feature(name), RunFilter()).points[0] for name in "ab"]
    assert [(point.status, point.is_flaky, point.output_varies) for point in points] == [
        (Status.FAIL, True, False),
        (Status.PASS, False, True),
    ]


@pytest.mark.parametrize(
    ("run_filter", "ids"),
    [
        (RunFilter(last=2), [3, 4]),
        (RunFilter(mode=Mode.DETERMINISTIC), [1, 2, 4]),
        (RunFilter(mode=Mode.DETERMINISTIC, branch="main", last=1), [4]),
        (RunFilter(suite="shop"), [1, 2, 3, 4]),
        (RunFilter(branch="nowhere"), []),
    ],
    ids=repr,
)
def test_a_features_series_in_the_runs_of_a_filter(history, runs, make_feature, run_filter, ids):
    series = history.store.feature_series(make_feature("swot"), run_filter)
    assert [point.run.id for point in series.points] == ids


def test_the_newest_results_are_counted_not_the_newest_runs(history, runs, make_feature):
    series = history.store.feature_series(make_feature("persona"), RunFilter(last=2))
    assert runtimes(series) == [(1, 10.0), (3, 30.0)]
    failing = history.store.feature_series(
        make_feature("swot"), RunFilter(last=1), statuses=frozenset({Status.FAIL, Status.ERROR})
    )
    assert runtimes(failing) == [(4, None)]


def test_a_feature_that_is_not_stored_has_an_empty_series(history, runs, make_feature):
    for unknown in (make_feature("nowhere"), make_feature("swot", suite="billing")):
        assert history.store.feature_series(unknown, RunFilter()).points == ()


def test_all_series_over_exactly_these_runs(history, runs):
    chosen = (runs[3], runs[0])
    found = history.store.all_series(chosen)
    assert [(series.feature.name, runtimes(series)) for series in found] == [
        ("swot", [(1, 1.0), (4, None)]),
        ("persona", [(1, 10.0)]),
        ("deck", [(4, 5.0)]),
    ]
    assert found[0].points[0].run is runs[0], "the run that was given, not another copy"
    assert history.store.all_series(()) == ()


def test_all_series_of_features_come_as_they_were_asked_for(history, runs, make_feature):
    wanted = (make_feature("deck"), make_feature("nowhere"), make_feature("swot"))
    found = history.store.all_series(runs[:2], wanted)
    assert [series.feature for series in found] == list(wanted)
    assert [runtimes(series) for series in found] == [[], [], [(1, 1.0), (2, 2.0)]]


def test_more_runs_than_fit_into_one_statement(history, monkeypatch, make_feature, runs):
    monkeypatch.setattr("aicmo_perf.store.run_rows._IDS_PER_STATEMENT", 2)
    whole = history.store.all_series(runs)
    assert [len(series.points) for series in whole] == [4, 2, 1]
    assert history.store.runs(RunFilter())[3].suites == ("shop",)
    wanted = [series.feature for series in whole]
    assert history.store.all_series(runs, wanted) == whole


@pytest.mark.parametrize(
    ("globs", "names", "in_billing"),
    [
        ([], ["swot", "persona", "deck", "swot", "x[1]"], ["swot", "x[1]"]),
        (["sw*"], ["swot", "swot"], ["swot"]),
        (["shop.p*", "deck"], ["persona", "deck"], []),
        (["billing:*"], ["swot", "x[1]"], ["swot", "x[1]"]),
        (["x[1]"], ["x[1]"], ["x[1]"]),
        (["SWOT"], [], []),
    ],
)
def test_globs(history, runs, make_feature, make_iteration, globs, names, in_billing):
    run = history.store.start_run(history.new_run())
    for name in ("swot", "x[1]"):
        history.record(run, make_iteration(name, feature=make_feature(name, suite="billing")))
    assert [feature.name for feature in history.store.features(globs)] == names
    assert [feature.name for feature in history.store.features(globs, suite="billing")] == in_billing
