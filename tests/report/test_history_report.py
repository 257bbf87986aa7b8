"""Histories: trends in a line, one feature run by run, lists and details of runs, comparisons, verdicts."""

from __future__ import annotations

import dataclasses
import re

import pytest

from aicmo_perf.gate import Verdict
from aicmo_perf.model import Environment, Mode, PastResult, RunOptions, RunRole, RunState, Series, Status
from aicmo_perf.report.changes_report import build_changes_report, grouped_changes
from aicmo_perf.report.compare_report import build_compare_report
from aicmo_perf.report.gate_report import build_gate_report
from aicmo_perf.report.history_report import build_feature_history, build_history_overview
from aicmo_perf.report.runs_report import build_run_details, build_runs_report
from aicmo_perf.report.to_console import to_console
from aicmo_perf.report.to_markdown import to_markdown
from aicmo_perf.report.trend import RatiosToPrevious, trend_of, window_of
from aicmo_perf.report.wording import confidence_text


def test_overview(history_series, golden):
    golden("history.md", to_markdown(build_history_overview(history_series)))


def test_overview_on_the_console(history_series, golden):
    golden("history.txt", to_console(build_history_overview(history_series), width=100))


def test_one_feature(history_series, golden):
    golden("history_feature.md", to_markdown(build_feature_history(history_series[1])))


def test_overview_names_the_last_change_of_each_feature(history_series, changes):
    rows = re.findall(r"^\| (\w+) \|(.*)\|$", to_markdown(build_history_overview(history_series, changes)), re.M)
    cells = dict(rows)
    assert "| -20.0% at run 7 |" in cells["persona_generator"]
    assert "| **+50.0% at run 7** |" in cells["deck"]


@pytest.mark.parametrize("width", [80, 100])
def test_the_last_change_is_shown_at_any_width(history_series, changes, width):
    text = to_console(build_history_overview(history_series, changes), width=width)
    assert "-20.0% at run 7" in text
    assert max(map(len, text.splitlines())) <= width


def test_a_feature_history_marks_its_change_points(history_series, changes, golden):
    own = [change for change in changes if change.feature.name == "persona_generator"]
    document = build_feature_history(history_series[0], own)
    golden("history_changed.md", to_markdown(document))
    marks = [line.split() for line in to_console(document, width=80).splitlines() if "▲" in line or "▼" in line]
    assert [(line[0], line[-2:]) for line in marks[:2]] == [("5", ["▲", "+18.0%"]), ("7", ["▼", "-20.0%"])]


def test_changes_are_grouped_by_commit_newest_first(changes, golden):
    golden("changes.md", to_markdown(build_changes_report(changes, 8)))


def test_a_commit_measured_twice_is_one_group(changes):
    twice = [changes[1], dataclasses.replace(changes[2], run=dataclasses.replace(changes[1].run, id=6, uuid="0196"))]
    (group,) = grouped_changes(twice)
    assert [run.id for run in group.runs] == [5, 6]
    without_commit = [
        dataclasses.replace(change, run=dataclasses.replace(change.run, commit_sha=None)) for change in twice
    ]
    assert len(grouped_changes(without_commit)) == 2
    assert all(group.commits == "" for group in grouped_changes(without_commit))


def test_no_changes_say_in_how_many_runs():
    assert "No level shifted in 50 runs." in to_markdown(build_changes_report([], 50))


@pytest.mark.parametrize("confidence", [0.95, 0.999, 1.0])
def test_a_change_is_never_called_certain(confidence):
    assert "100" not in confidence_text(confidence)


def test_run_details(rich_result, golden):
    golden("run_details.md", to_markdown(build_run_details(rich_result)))


def test_comparison_of_two_sides(rich_result, rich_comparison, golden):
    document = build_compare_report(rich_result, rich_comparison, first="latest~1", second="latest")
    golden("compare.md", to_markdown(document))
    numbered = to_markdown(build_compare_report(rich_result, rich_comparison, first="9", second="12"))
    assert numbered.startswith("# Comparison of run 12 with run 9\n")


def test_runs(rich_result, interrupted_result):
    document = build_runs_report([rich_result.run, interrupted_result.run], {12: {Status.PASS: 7, Status.FAIL: 1}})
    rows = re.findall(r"^\| (\d+) \| .*? \| (\w+) \| (\w+) \| (.*?) \|", to_markdown(document), re.M)
    assert rows == [
        ("12", "deterministic", "complete", "**7 pass, 1 fail**"),
        ("13", "deterministic", "interrupted", "no features"),
    ]


@pytest.mark.parametrize(
    ("given", "role"),
    [
        ({"pull_request": "7"}, "pull request 7"),
        ({"role": RunRole.PAIRED_BASE, "companion_of": 12}, "paired base of run 12"),
        ({"role": RunRole.RERUN_HEAD, "companion_of": 12}, "re-run of run 12"),
        ({"role": RunRole.RERUN_BASE, "companion_of": 12}, "base re-run of run 12"),
        ({"role": RunRole.PAIRED_HEAD, "pull_request": "7"}, "pull request 7, paired with a base"),
    ],
)
def test_runs_and_details_say_what_a_run_is_for(rich_result, given, role):
    run = dataclasses.replace(rich_result.run, **given)
    assert f"| {role} |" in to_markdown(build_runs_report([run, rich_result.run], {}))
    assert f"- **Role:** {role}\n" in to_markdown(build_run_details(dataclasses.replace(rich_result, run=run)))
    assert "Role" not in to_markdown(build_runs_report([rich_result.run], {}))


def test_a_missing_run_is_a_gap_in_the_sparkline(history_series):
    persona, deck = history_series
    window = window_of(history_series)["aicmo"]
    assert [run.id for run in window] == list(range(1, 9))
    trend = trend_of(deck, window)
    assert [value is None for value in trend.runtimes_seconds] == [number in (2, 4) for number in range(1, 9)]
    assert trend.run_count == 7
    assert trend_of(persona, window).run_count == 8


def trend_of_values(history_series, *values, failing=()):
    runs = [point.run for point in history_series[0].points]
    points = tuple(
        PastResult(run=run, status=Status.ERROR if p in failing else Status.PASS, runtime_seconds=value)
        for p, (run, value) in enumerate(zip(runs, values, strict=False))
    )
    return trend_of(Series(history_series[0].feature, points), [point.run for point in points])


def test_trend_measures(history_series):
    trend = trend_of_values(history_series, 1.0, 2.0, 3.0, 4.0, 5.0, 60.0)
    assert trend.median_seconds == 3.5
    assert trend.latest_seconds == 60.0
    assert trend.spread_ratio == pytest.approx((4.75 - 2.25) / 3.5)
    assert trend.change_ratio == pytest.approx(32.5 / 1.5)


def test_a_crash_is_neither_latest_nor_fast(history_series):
    trend = trend_of_values(history_series, 1.0, 1.0, 0.001, failing=(2,))
    assert trend.latest_seconds is None
    assert trend.latest_status is Status.ERROR
    assert trend.change_ratio == 1.0
    assert trend.failing_count == 1


@pytest.mark.parametrize("values", [(), (1.0,), (None, None), (0.0, 0.0)])
def test_too_little_for_a_trend_is_said_to_be_nothing(history_series, values):
    trend = trend_of_values(history_series, *values)
    assert trend.spread_ratio is None
    assert trend.change_ratio is None


@pytest.mark.parametrize(
    "other",
    [
        {"mode": Mode.LIVE},
        {"environment": Environment({"cpu_model": "Xeon"})},
        {"options": RunOptions(quick=False)},
    ],
)
def test_ratios_skip_runs_measured_otherwise(history_series, other):
    runs = [point.run for point in history_series[0].points[:3]]
    runs[1] = dataclasses.replace(runs[1], **other)
    points = [
        PastResult(run=run, status=Status.PASS, runtime_seconds=value)
        for run, value in zip(runs, (1.0, 5.0, 2.0), strict=True)
    ]
    assert RatiosToPrevious().of(points) == (None, None, 2.0)


def test_mixed_machines_are_pointed_out(history_series):
    document = to_markdown(build_history_overview(history_series))
    assert "measured on 2 machines" in document
    assert "`--environment`" in document
    alike = [
        dataclasses.replace(series, points=tuple(p for p in series.points if p.run.id != 4))
        for series in history_series
    ]
    assert "machines" not in to_markdown(build_history_overview(alike))


def test_a_history_without_runs_says_so(history_series):
    empty = Series(history_series[0].feature, ())
    for document in (build_history_overview([empty]), build_history_overview([]), build_feature_history(empty)):
        assert "No runs." in to_markdown(document)
    assert "No runs." in to_markdown(build_runs_report([], {}))


def test_details_of_a_bare_run(minimal_result):
    text = to_markdown(build_run_details(minimal_result))
    assert text.startswith("# Run 01950000-0000\n")
    assert "Not recorded." in text
    assert "**Seed:** not fixed" in text


def test_details_of_an_interrupted_run_say_so_first(interrupted_result):
    assert interrupted_result.run.state is RunState.INTERRUPTED
    assert to_markdown(build_run_details(interrupted_result)).split("\n\n")[1].startswith("**Interrupted:**")


def test_a_passed_gate_says_what_it_could_not_judge(rich_result):
    text = to_markdown(build_gate_report(Verdict(could_judge=False, notes=("There is no baseline yet.",)), rich_result))
    assert text.startswith("# Gate: passed\n")
    assert "- There is no baseline yet." in text
    assert "Speed could not be judged." in text
    assert "Judged for speed: 0 features" in text


def test_a_failed_gate_names_each_finding_with_its_advice(failed_verdict, rich_result, rich_comparison):
    text = to_markdown(build_gate_report(failed_verdict, rich_result, rich_comparison))
    assert text.startswith("# Gate: failed\n")
    assert "- **Critical feature missing:** old_generator has vanished. Restore it, 100%: now." in text
    assert text.rstrip().splitlines()[-1].startswith("**Failed:** 3 findings.")
