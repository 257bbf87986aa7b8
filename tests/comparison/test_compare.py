"""Which runtimes may meet, and what is new, changed or vanished."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo_perf.baseline import Baseline, FeatureLevel
from aicmo_perf.comparison import Circumstances, Reruns, SuiteBaseline, compare_with_baselines
from aicmo_perf.model import (
    AcceptedChange,
    Category,
    Change,
    ChangePoint,
    Environment,
    Feature,
    FeatureStatus,
    FeatureThresholds,
    PastResult,
    Run,
    RunOptions,
    RunState,
    SelfTestResult,
    Series,
    Status,
)

START = datetime(2025, 1, 1, tzinfo=UTC)
PAST_RUNS = tuple(
    Run(uuid=f"past-{number}", id=number, started_at=START + timedelta(hours=number), suites=("aicmo",))
    for number in range(1, 11)
)
NOW = Run(uuid="now", id=11, started_at=START + timedelta(hours=11), suites=("aicmo",))
WOBBLE = (1.01, 0.99, 1.0, 1.02, 0.98, 1.005, 0.995, 1.012, 0.988, 1.001)


def status_of(name="swot", status=Status.PASS, runtime_seconds=0.1, scenario_count=2, **values):
    return FeatureStatus(
        name,
        Category.GENERATOR,
        status,
        runtime_seconds=runtime_seconds,
        scenario_count=scenario_count,
        suite="aicmo",
        **{"low_seconds": runtime_seconds, **values},
    )


def series_of(name="swot", *, runs=PAST_RUNS, seconds=0.1, critical=False, **values):
    points = [
        PastResult(
            **{
                "run": run,
                "status": Status.PASS,
                "runtime_seconds": 1.1 * seconds * wobble,
                "low_seconds": seconds * wobble,
                "scenario_count": 2,
            }
            | values
        )
        for run, wobble in zip(runs, WOBBLE, strict=False)
    ]
    return Series(Feature(suite="aicmo", qualified_name=name, name=name, critical=critical), tuple(points))


def compare(statuses, series, *, run=NOW, runs=PAST_RUNS, obstacle="", levels=None, policy=None, **circumstances):
    baseline = Baseline(suite="aicmo", runs=runs, why="the last 10 runs", obstacle=obstacle)
    suite = SuiteBaseline(baseline, {item.feature.qualified_name: item for item in series}, levels or {})
    result = SelfTestResult(run, tuple(statuses))
    return compare_with_baselines(result, [suite], policy, Circumstances(**circumstances))


@pytest.mark.parametrize(
    ("now_seconds", "change"),
    [(0.150, Change.REGRESSED), (0.060, Change.IMPROVED), (0.101, Change.UNCHANGED)],
)
def test_low_quantiles_are_judged_and_medians_shown(now_seconds, change):
    (item,) = compare([status_of(runtime_seconds=7.0, low_seconds=now_seconds)], [series_of()]).features
    assert item.change is change
    assert item.reason == ""
    assert item.ratio == pytest.approx(now_seconds / item.baseline_seconds)
    assert item.baseline_seconds == pytest.approx(0.10005)
    assert (item.runtime_seconds, item.past_runtime_seconds) == (7.0, pytest.approx(0.110055))
    assert item.level_values_seconds == tuple(0.1 * wobble for wobble in WOBBLE)
    assert item.level.runs == PAST_RUNS
    assert item.baseline_run_count == 10
    assert (item.previous_status, item.previous_run) == (Status.PASS, PAST_RUNS[-1])
    assert item.p_value is not None
    assert item.smallest_visible_ratio > 1.0
    assert not item.is_new
    assert not item.status_changed


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (Status.PARTIAL, "some of its scenarios fail"),
        (Status.FAIL, "it fails"),
        (Status.ERROR, "it ended in an error"),
        (Status.SKIP, "it was skipped"),
    ],
)
def test_what_does_not_pass_is_never_faster(status, reason):
    (item,) = compare([status_of(status=status, low_seconds=0.001)], [series_of()]).features
    assert (item.change, item.reason, item.ratio, item.p_value) == (Change.INCONCLUSIVE, reason, None, None)
    assert item.status_changed


def test_what_was_not_measured_is_inconclusive():
    (item,) = compare([status_of(low_seconds=None)], [series_of()]).features
    assert (item.change, item.reason) == (Change.INCONCLUSIVE, "not measured")


def test_only_past_runs_that_passed_and_were_measured_alike_count():
    good = series_of().points
    points = (
        replace(good[0], status=Status.FAIL, low_seconds=0.0001),
        replace(good[1], scenario_count=3, low_seconds=9.0),
        replace(good[2], low_seconds=None),
        *good[3:],
    )
    (item,) = compare([status_of()], [Series(series_of().feature, points)]).features
    assert item.baseline_run_count == 7
    assert item.change is Change.UNCHANGED


def test_another_number_of_scenarios_is_not_compared():
    (item,) = compare([status_of(scenario_count=1)], [series_of()]).features
    assert (item.change, item.reason) == (Change.INCONCLUSIVE, "measured with 1 scenario, with 2 before")


def test_a_past_without_a_pass_tells_nothing_of_speed():
    (item,) = compare([status_of()], [series_of(status=Status.ERROR)]).features
    assert item.reason == "no baseline run in which it passed and was measured"
    assert (item.previous_status, item.status_changed) == (Status.ERROR, True)


def test_few_runs_are_inconclusive_with_their_number():
    (item,) = compare([status_of()], [series_of(runs=PAST_RUNS[:2])], runs=PAST_RUNS[:2]).features
    assert item.reason == "2 baseline runs; 5 are needed"
    assert item.ratio == pytest.approx(1.0)


def test_an_obstacle_keeps_runtimes_apart_but_not_statuses():
    (item,) = compare([status_of(low_seconds=0.9)], [series_of()], obstacle="another machine").features
    assert (item.change, item.reason, item.ratio) == (Change.INCONCLUSIVE, "another machine", None)
    assert item.previous_status is Status.PASS


def past_of(statuses, commits):
    """A feature's series with so many runs, each of a commit; a dot is a run without one."""
    runs = [replace(run, commit_sha=None if sha == "." else sha) for run, sha in zip(PAST_RUNS, commits, strict=False)]
    points = tuple(PastResult(run=run, status=status) for run, status in zip(runs, statuses, strict=True))
    return Series(series_of().feature, points)


P, F, S = Status.PASS, Status.FAIL, Status.SKIP


@pytest.mark.parametrize(
    ("commit", "commits", "statuses", "now", "previous"),
    [
        ("c", "aab", (P, P, F), F, (F, 3)),
        ("b", "aab", (P, P, F), F, (P, 2)),
        ("b", "aabbbbb", (P, P, F, F, F, F, F), F, (P, 2)),
        ("b", "aab", (F, F, P), F, (F, 2)),
        ("b", "b", (P,), F, (P, 1)),
        ("b", "bbb", (P, F, F), F, (P, 1)),
        (None, "...", (P, F, F), F, (P, 1)),
        (None, "...", (P, F, F), S, (P, 1)),
        (None, "....", (P, F, F, S), F, (S, 4)),
        (None, "...", (P, F, F), P, (F, 3)),
        (None, "...", (F, P, P), P, (P, 3)),
    ],
)
def test_previous_status_is_that_of_before_the_change(commit, commits, statuses, now, previous):
    series = past_of(statuses, commits)
    runs = tuple(point.run for point in series.points)
    (item,) = compare([status_of(status=now)], [series], run=replace(NOW, commit_sha=commit), runs=runs).features
    assert (item.previous_status, item.previous_run.id) == previous
    assert not item.is_new


def test_previous_status_is_that_of_a_run_that_has_the_feature():
    (item,) = compare([status_of(status=F)], [past_of((P, P), "aa")], run=replace(NOW, commit_sha="b")).features
    assert (item.previous_status, item.previous_run.id) == (P, 2)


@pytest.mark.parametrize("series", [[], [Series(series_of().feature, ())]], ids=["no series", "no points"])
def test_new_is_what_no_baseline_run_has(series):
    (item,) = compare([status_of()], series).features
    assert item.is_new
    assert (item.change, item.reason) == (Change.INCONCLUSIVE, "new: no baseline run has it")


def test_without_baseline_nothing_is_new_and_nothing_compared():
    comparison = compare([status_of()], [], runs=())
    (item,) = comparison.features
    assert not item.is_new
    assert (item.has_baseline, item.reason) == (False, "no baseline yet")
    (other,) = compare_with_baselines(SelfTestResult(NOW, (status_of(),)), []).features
    assert (other.has_baseline, other.is_new) == (False, False)


def test_features_keep_the_order_of_the_run():
    names = ["c", "a", "b", "d"]
    statuses = [status_of(name, Status.FAIL if name == "a" else Status.PASS) for name in names]
    comparison = compare(statuses, [series_of(name) for name in "dba"])
    assert [item.feature.name for item in comparison.features] == names
    assert comparison.by_key()["aicmo", "b"].change is Change.UNCHANGED
    assert comparison.by_key()["aicmo", "c"].is_new


def test_all_features_are_judged_together():
    """A suspect among few is less of one among many that were looked at."""

    def suspect_among(count):
        others = [status_of(f"other{number}") for number in range(count)]
        series = [series_of(), *(series_of(item.name) for item in others)]
        return compare([status_of(low_seconds=0.15), *others], series).features[0]

    assert suspect_among(3).smallest_visible_ratio < suspect_among(300).smallest_visible_ratio


def test_the_baselines_order_is_kept_whatever_the_series_has():
    """A branch's own runs come after the default branch's, even when those are newer."""
    own = tuple(replace(run, branch="topic", commit_sha="b" * 40) for run in PAST_RUNS[:5])
    main = tuple(replace(run, commit_sha="a" * 40) for run in PAST_RUNS[5:])
    series = series_of(runs=(*own, *main))
    (item,) = compare([status_of()], [series], run=replace(NOW, commit_sha="c" * 40), runs=(*main, *own)).features
    assert item.previous_run == own[-1]
    assert item.level_values_seconds == tuple(0.1 * wobble for wobble in (*WOBBLE[5:], *WOBBLE[:5]))


# levels


STEP = ChangePoint(
    feature=series_of().feature,
    run=PAST_RUNS[5],
    previous_run=PAST_RUNS[4],
    before_seconds=0.2,
    after_seconds=0.1,
    confidence=0.99,
)
ACCEPTED = AcceptedChange(feature=series_of().feature, run=PAST_RUNS[9], accepted_at=START, accepted_by="anna")


def stepped():
    """Five runs of 0.2 s, then five of 0.1 s."""
    before, after = series_of(seconds=0.2).points[:5], series_of(seconds=0.1).points[5:]
    return Series(series_of().feature, (*before, *after))


def test_only_the_level_in_force_tells_how_fast_it_was():
    level = FeatureLevel(PAST_RUNS[5:], (PAST_RUNS[:5],), STEP)
    (item,) = compare([status_of()], [stepped()], levels={"swot": level}).features
    assert item.baseline_seconds == pytest.approx(0.1, rel=0.02)
    assert item.level_value_runs == PAST_RUNS[5:]
    assert item.baseline_run_count == 10, "the earlier level tells the spread"
    assert item.change is Change.UNCHANGED
    assert item.level == level
    assert item.previous_run == PAST_RUNS[9]


def test_a_young_level_is_judged_with_the_spread_of_the_earlier_ones():
    level = FeatureLevel(PAST_RUNS[8:], (PAST_RUNS[:8],), replace(STEP, run=PAST_RUNS[8]))
    (item,) = compare([status_of(low_seconds=0.2)], [stepped()], levels={"swot": level}).features
    assert (item.change, item.baseline_seconds) == (Change.REGRESSED, pytest.approx(0.1, rel=0.02))


def test_no_run_since_an_accepted_change_is_no_regression():
    level = FeatureLevel((), (PAST_RUNS,), ACCEPTED)
    (item,) = compare([status_of(low_seconds=0.9)], [series_of()], levels={"swot": level}).features
    assert (item.change, item.reason) == (
        Change.INCONCLUSIVE,
        "no baseline run since its change was accepted with run 10",
    )


def test_a_run_that_was_accepted_is_not_judged_by_the_old_level():
    accepted = replace(ACCEPTED, run=NOW)
    statuses = [status_of(low_seconds=0.15), status_of("persona", low_seconds=0.15)]
    swot, persona = compare(
        statuses, [series_of(), series_of("persona")], accepted={("aicmo", "swot"): accepted}
    ).features
    assert (swot.change, swot.accepted, swot.reason) == (
        Change.INCONCLUSIVE,
        accepted,
        "its change was accepted with run 11",
    )
    assert swot.ratio == pytest.approx(1.5, rel=0.02)
    assert (persona.change, persona.accepted) == (Change.REGRESSED, None)


# thresholds, re-runs, tails, the CPU


def test_some_features_have_least_effects_of_their_own():
    thresholds = (
        FeatureThresholds(match="s*", min_effect_ratio=0.9),
        FeatureThresholds(match="swot", min_effect_seconds=2.0),
        FeatureThresholds(match="swot", min_effect_ratio=0.01, min_effect_seconds=1e-9),
    )
    names = ["swot", "slides", "persona"]
    statuses = [status_of(name, low_seconds=0.15) for name in names]
    features = compare(statuses, [series_of(name) for name in names], thresholds=thresholds).features
    assert [item.change for item in features] == [Change.REGRESSED, Change.UNCHANGED, Change.REGRESSED]


def test_reruns_are_handed_on():
    reruns = Reruns(head_seconds=(0.15,) * 6, base_seconds=(0.1,) * 6)
    (item,) = compare([status_of(low_seconds=0.15)], [series_of()], reruns={("aicmo", "swot"): reruns}).features
    assert (item.head_reruns_seconds, item.base_reruns_seconds) == ((0.15,) * 6, (0.1,) * 6)
    assert item.judgement.rerun_count == 6


@pytest.mark.parametrize(
    ("high_seconds", "sample_count", "told"),
    [(0.5, 10, Change.REGRESSED), (0.2, 10, Change.UNCHANGED), (0.5, 9, None), (None, 10, None)],
)
def test_the_tail_is_judged_apart(high_seconds, sample_count, told):
    series = series_of()
    series = Series(
        series.feature, tuple(replace(point, high_seconds=2 * point.low_seconds) for point in series.points)
    )
    (item,) = compare([status_of(high_seconds=high_seconds, sample_count=sample_count)], [series]).features
    assert item.change is Change.UNCHANGED
    assert (item.tail.change if item.tail else None) is told


def test_the_tail_of_one_in_a_large_suite_is_found_too():
    names = [f"f{number:03}" for number in range(120)]
    series = [series_of(name) for name in names]
    series = [
        Series(one.feature, tuple(replace(point, high_seconds=2 * point.low_seconds) for point in one.points))
        for one in series
    ]
    high_seconds = dict.fromkeys(names, 0.2) | {"f110": 0.8}
    statuses = [status_of(name, high_seconds=high_seconds[name], sample_count=10) for name in names]
    tails = {item.feature.name: item.tail for item in compare(statuses, series).features if item.tail is not None}
    assert [name for name, tail in tails.items() if tail.change is Change.REGRESSED] == ["f110"]
    assert len(tails) < len(names)
    unchanged = [replace(status, high_seconds=0.2) for status in statuses]
    assert all(item.tail is None for item in compare(unchanged, series).features)


@pytest.mark.parametrize(
    ("low_seconds", "cpu_seconds", "is_waiting"),
    [
        (0.15, 0.08, True),
        (0.15, 0.083, True),
        (0.15, 0.09, False),
        (0.15, 0.11, False),
        (0.1, 0.08, False),
        (0.15, None, False),
        (0.15, 0.0, False),
    ],
)
def test_what_is_slower_by_the_wall_and_not_by_the_cpu_is_waiting(low_seconds, cpu_seconds, is_waiting):
    status = status_of(low_seconds=low_seconds, cpu_seconds=cpu_seconds)
    (item,) = compare([status], [series_of(cpu_seconds=0.08)]).features
    assert item.is_waiting is is_waiting
    assert item.cpu_ratio == (pytest.approx(cpu_seconds / 0.08) if cpu_seconds else None)


def test_a_clock_that_shows_no_cpu_time_says_nothing():
    (item,) = compare([status_of(low_seconds=0.15, cpu_seconds=0.1)], [series_of(cpu_seconds=0.0)]).features
    assert (item.cpu_ratio, item.is_waiting) == (None, False)


# several machines


def on_two_machines(names, slow=2.0):
    """Every other run on a machine that takes twice as long, and a series for each name."""
    runs = tuple(
        replace(run, environment=Environment({"cpu_model": "Slow"})) if number % 2 else run
        for number, run in enumerate(PAST_RUNS)
    )
    series = []
    for number, name in enumerate(names):
        points = (
            PastResult(
                run=run,
                status=Status.PASS,
                low_seconds=0.1 * (number + 1) * wobble * (slow if run.environment.facts else 1.0),
                scenario_count=2,
            )
            for run, wobble in zip(runs, WOBBLE, strict=True)
        )
        series.append(Series(series_of(name).feature, tuple(points)))
    return runs, series


def test_machines_are_compared_relative_to_what_all_features_have_in_common():
    names = [f"f{number}" for number in range(8)]
    runs, series = on_two_machines(names)
    third = replace(NOW, environment=Environment({"cpu_model": "Third"}))
    statuses = [
        status_of(name, low_seconds=3.0 * 0.1 * (number + 1) * (1.5 if number == 5 else 1.0))
        for number, name in enumerate(names)
    ]
    comparison = compare(statuses, series, run=third, runs=runs)
    assert [item.change for item in comparison.features] == [
        Change.REGRESSED if number == 5 else Change.UNCHANGED for number in range(8)
    ]
    assert comparison.common_factor.is_removed
    assert comparison.features[5].ratio == pytest.approx(1.5, rel=0.05)


def test_few_features_cannot_tell_a_machine_from_the_code():
    runs, series = on_two_machines(["a", "b"])
    features = compare([status_of("a"), status_of("b", low_seconds=9.0)], series, runs=runs).features
    for item in features:
        assert item.change is Change.INCONCLUSIVE
        assert item.reason == (
            "measured on several machines, and 2 features cannot tell a machine's speed from the code's; 5 are needed"
        )


# what vanished


def gone_names(comparison):
    return [feature.name for feature in comparison.vanished]


def test_what_the_newest_full_run_of_another_commit_had_has_vanished():
    runs = tuple(replace(run, commit_sha="a" if run.id < 8 else "b") for run in PAST_RUNS)
    series = [
        series_of("swot", runs=runs),
        series_of("persona", runs=runs[:7]),
        series_of("older", runs=runs[:6]),
        series_of("since", runs=runs[7:]),
    ]
    repeated = compare([status_of("swot")], series, run=replace(NOW, commit_sha="b"), runs=runs)
    assert gone_names(repeated) == ["persona"]
    assert repeated.last_seen == {("aicmo", "persona"): runs[6]}
    later = compare([status_of("swot")], series, run=replace(NOW, commit_sha="c"), runs=runs)
    assert gone_names(later) == ["since"]


def test_without_commits_what_any_of_the_last_three_full_runs_had_has_vanished():
    series = [series_of("swot"), series_of("persona", runs=PAST_RUNS[:8]), series_of("older", runs=PAST_RUNS[:7])]
    comparison = compare([status_of("swot")], series)
    assert gone_names(comparison) == ["persona"]
    assert comparison.last_seen == {("aicmo", "persona"): PAST_RUNS[7]}


def test_the_newest_run_of_a_selection_does_not_tell_what_vanished():
    selected = replace(PAST_RUNS[-1], options=RunOptions(selection=("swot",)))
    runs = (*PAST_RUNS[:-1], selected)
    series = [series_of("swot", runs=runs), series_of("persona", runs=runs[:-1])]
    assert gone_names(compare([status_of("swot")], series, runs=runs)) == ["persona"]
    only = [series_of("swot", runs=(selected,)), series_of("persona", runs=(selected,))]
    assert gone_names(compare([status_of("swot")], only, runs=(selected,))) == []


@pytest.mark.parametrize(
    "run",
    [
        replace(NOW, options=RunOptions(selection=("swot",))),
        replace(NOW, state=RunState.INTERRUPTED),
        replace(NOW, state=RunState.RUNNING),
    ],
    ids=["of a selection", "interrupted", "running"],
)
def test_nothing_vanishes_from_a_part(run):
    assert gone_names(compare([status_of("swot")], [series_of("swot"), series_of("persona")], run=run)) == []


def test_an_empty_result_compares_to_nothing():
    comparison = compare_with_baselines(SelfTestResult(NOW), [])
    assert comparison.common_factor is None
    assert (comparison.features, comparison.vanished, comparison.baselines) == ((), (), ())


# whatever an import may hold


ODD = st.one_of(
    st.none(), st.sampled_from([0.0, 1e-9, 1e5, -1.0, float("nan"), float("inf"), 1e-320]), st.floats(1e-9, 1e5)
)


@given(
    st.lists(ODD, min_size=10, max_size=10),
    st.tuples(ODD, ODD, ODD),
    st.tuples(ODD, ODD),
    st.sampled_from([0, 3, 10]),
    st.booleans(),
)
def test_odd_values_are_never_an_error(values, now, reruns, start, on_other_machine):
    low, high, cpu = now
    runs = (
        tuple(replace(run, environment=Environment({"x": 1})) for run in PAST_RUNS) if on_other_machine else PAST_RUNS
    )
    points = tuple(
        PastResult(
            run=run, status=Status.PASS, scenario_count=2, low_seconds=value, high_seconds=value, cpu_seconds=value
        )
        for run, value in zip(runs, values, strict=True)
    )
    names = [f"f{number}" for number in range(6)]
    comparison = compare(
        [status_of(name, low_seconds=low, high_seconds=high, cpu_seconds=cpu, sample_count=10) for name in names],
        [Series(series_of(name).feature, points) for name in names],
        runs=runs,
        levels={"f0": FeatureLevel(runs[start:], (runs[:start],) if start else ())},
        reruns={("aicmo", "f0"): Reruns(head_seconds=tuple(value for value in reruns if value is not None))},
    )
    for item in comparison.features:
        if item.change in (Change.REGRESSED, Change.IMPROVED):
            assert item.ratio is not None
            assert item.baseline_run_count >= comparison.policy.min_run_count


@given(st.randoms(use_true_random=False), st.floats(0.5, 2.0))
def test_the_order_of_the_baseline_does_not_matter(random, ratio):
    series = series_of()
    points, runs = list(series.points), list(PAST_RUNS)
    random.shuffle(points)
    random.shuffle(runs)
    status = status_of(low_seconds=0.1 * ratio)
    (usual,) = compare([status], [series]).features
    (shuffled,) = compare([status], [Series(series.feature, tuple(points))], runs=tuple(runs)).features
    assert shuffled.judgement == usual.judgement
