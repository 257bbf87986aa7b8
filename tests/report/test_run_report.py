"""The report of a run: what it must say, word for word where people and scripts look for it."""

from __future__ import annotations

import dataclasses
import re

import pytest

from aicmo_perf.baseline import Baseline
from aicmo_perf.comparison import FeatureComparison, RunComparison
from aicmo_perf.model import Category, Change, FeatureStatus, Mode, RunOptions, SelfTestResult, Signature, Status
from aicmo_perf.report.generator import ReportGenerator
from aicmo_perf.report.run_report import build_run_report, build_run_summary
from aicmo_perf.report.to_console import to_console
from aicmo_perf.report.to_markdown import to_markdown
from aicmo_perf.stats.comparison import RuntimeChange
from aicmo_perf.units import parse_seconds


def section(markdown: str, title: str) -> str:
    """The text below a heading of level 2."""
    return re.split(r"^## ", markdown.split(f"\n## {title}\n", 1)[1], maxsplit=1, flags=re.M)[0]


def with_iterations(result: SelfTestResult, iterations: int) -> SelfTestResult:
    options = RunOptions(iterations=iterations)
    return dataclasses.replace(result, run=dataclasses.replace(result.run, options=options))


def test_rich_markdown(rich_result, rich_comparison, recent, golden):
    golden("run_rich.md", to_markdown(build_run_report(rich_result, rich_comparison, recent)))


def test_minimal_markdown(minimal_result, golden):
    golden("run_minimal.md", ReportGenerator().generate_markdown_report(minimal_result))


def test_summary_on_the_console(rich_result, rich_comparison, recent, golden):
    golden("run_summary.txt", to_console(build_run_summary(rich_result, rich_comparison, recent), width=110))


def test_runtimes_stand_longest_first_and_none_vanishes(rich_result):
    lines = re.findall(
        r"^- (\w+): (.+)$",
        section(to_markdown(build_run_report(rich_result)), "Performance & Flakiness").split("**Flakiness")[0],
        flags=re.M,
    )
    assert sorted(name for name, _ in lines) == sorted(status.name for status in rich_result.features)
    measured = [parse_seconds(text.split(" (")[0]) for _, text in lines if not text.startswith("–")]
    assert len(measured) == 5
    assert measured == sorted(measured, reverse=True)
    unmeasured = [text for _, text in lines[len(measured) :]]
    assert set(unmeasured) == {
        "– (not measured: status error)",
        "– (not measured: status partial)",
        "– (skipped: fpdf2 is not installed)",
    }


@pytest.mark.parametrize("runtime", [1e-9, 4.2e-6, 0.0004, 0.00049, 3600.0])
def test_no_runtime_is_shown_as_zero(minimal_result, runtime):
    status = FeatureStatus("tiny", Category.OTHER, Status.PASS, runtime_seconds=runtime, first_call_seconds=runtime)
    result = dataclasses.replace(minimal_result, features=(status,))
    item = FeatureComparison(
        feature=status.feature, status=Status.PASS, previous_status=Status.PASS, runtime_seconds=runtime,
        past_runtime_seconds=runtime * 3000, level_seconds=runtime,
        judgement=RuntimeChange(
            change=Change.IMPROVED, baseline_seconds=runtime * 3000, ratio=1 / 3000, baseline_run_count=9
        ),
    )  # fmt: skip
    comparison = RunComparison(baselines=(Baseline(suite="", runs=(result.run,)),), features=(item,))
    for build in (build_run_report, build_run_summary):
        document = build(result, comparison, {status.key: (runtime,)})
        for text in (to_markdown(document), to_console(document)):
            assert not re.search(r"\b0\.000\s*(s|ms|x)?\b", text)
            assert not re.search(r"\b0(\.0+)? (s|ms)\b", text)


def test_mode_line(rich_result):
    assert "**Mode:** Deterministic ✅ (stub outputs, fixed seeds)\n" in to_markdown(build_run_report(rich_result))
    live = dataclasses.replace(rich_result, run=dataclasses.replace(rich_result.run, mode=Mode.LIVE))
    assert "**Mode:** Live\n" in to_markdown(build_run_report(live))


def test_summary_counts_every_status(rich_result):
    text = section(to_markdown(build_run_report(rich_result)), "Summary")
    rows = dict(re.findall(r"^\| \**(\w+)\** \| (\d+ \| \d+) \|$", text, re.M))
    assert "**Critical features failing:** deck" in text
    assert rows == {
        "pass": "4 | 2", "partial": "1 | 0", "fail": "1 | 0", "error": "1 | 1", "skip": "1 | 0", "total": "8 | 3",
    }  # fmt: skip


def test_flakiness_names_each_iteration(rich_result):
    text = section(to_markdown(build_run_report(rich_result)), "Performance & Flakiness")
    assert "**Flakiness Detected:** ⚠️" in text
    assert (
        "- calendar_generator: iterations 1, 3: pass, 0 errors, 0 warnings; iteration 2: fail, 2 errors, 0 warnings"
        in text
    )
    assert "No inconsistencies" not in text
    varies = text.split("**Output Varies:**")[1]
    assert "- pillars_generator: 3 different outputs in 3 iterations" in varies
    assert "calendar_generator" not in varies


def test_flakiness_wording_without_inconsistencies(minimal_result):
    steady = FeatureStatus("only", Category.OTHER, Status.PASS, signatures=(Signature(Status.PASS, 0, 0),) * 3)
    checked = with_iterations(dataclasses.replace(minimal_result, features=(steady,)), 3)
    assert "**Flakiness Check:** No inconsistencies detected ✅" in to_markdown(build_run_report(checked))
    unchecked = to_markdown(build_run_report(minimal_result))
    assert "**Flakiness Check:** Not checked (one iteration; use --flakiness-check)" in unchecked
    assert "No inconsistencies" not in unchecked


def test_a_run_cut_short_is_not_called_consistent(interrupted_result):
    text = to_markdown(build_run_report(interrupted_result))
    assert text.split("\n\n")[1].startswith("**Interrupted:**")
    assert "No inconsistencies" not in text
    assert "**Flakiness Check:** Not checked (no feature was seen in two iterations)" in text
    assert "Interrupted" in to_console(build_run_summary(interrupted_result)).splitlines()[0]
    assert "none flaky" not in to_console(build_run_summary(interrupted_result))


def test_a_feature_seen_in_fewer_iterations_is_named(rich_result):
    features = list(rich_result.features)
    features[0] = dataclasses.replace(features[0], signatures=features[0].signatures[:1])
    text = to_markdown(build_run_report(dataclasses.replace(rich_result, features=tuple(features))))
    assert "Seen in fewer iterations than asked for: persona_generator (1 of 3)." in text


def test_comparison_orders_by_judgement(rich_result, rich_comparison):
    text = section(to_markdown(build_run_report(rich_result, rich_comparison)), "Compared with the baseline")
    assert "**aicmo:** 6 runs (runs 3, 5–9): the last 6 complete runs on branch main with the same machine." in text
    names = re.findall(r"^\| (\w+) \|", text, flags=re.M)[1:]
    assert names == ["persona_generator", "zip_package", "pillars_generator", "swot_generator", "deck"]
    row = "| persona_generator | 1.00 ms | 1.23 ms | 1.23x | **regressed (+23.0%)** | +6.0% |  |"
    assert row in text, "medians beside the change of low quantiles"
    new, rest = text.split("**New Features:**")[1].split("**Vanished Features:**")
    vanished, changed = rest.split("**Status Changes:**")
    assert re.findall(r"^- (\w+)", new, re.M) == ["calendar_generator", "pdf", "html"]
    assert "- old_generator (critical)" in vanished
    assert "- deck: pass (run 9) → error" in changed


@pytest.mark.parametrize("with_comparison", [True, False])
def test_without_past_runs_there_is_no_baseline_yet(rich_result, with_comparison):
    items = tuple(
        FeatureComparison(feature=s.feature, status=s.status, has_baseline=False) for s in rich_result.features
    )
    empty = RunComparison(baselines=(Baseline(suite="aicmo", why="no earlier run of it"),), features=items)
    document = build_run_report(rich_result, empty if with_comparison else None)
    text = section(to_markdown(document), "Compared with the baseline")
    assert "There is no baseline yet" in text
    assert "New Features" not in text
    assert "|" not in text
    summary = to_console(build_run_summary(rich_result, empty if with_comparison else None), width=160)
    assert "no baseline yet" in summary.splitlines()[-1]


def test_an_obstacle_is_said(rich_result, rich_comparison):
    baseline = dataclasses.replace(rich_comparison.baselines[0], obstacle="run 9 was measured on another machine")
    comparison = dataclasses.replace(rich_comparison, baselines=(baseline,))
    text = to_markdown(build_run_report(rich_result, comparison))
    assert "Runtimes are not compared: run 9 was measured on another machine." in text


def test_errors_are_told_in_full(rich_result):
    text = section(to_markdown(build_run_report(rich_result)), "Errors and warnings")
    deck = next(status for status in rich_result.features if status.name == "deck")
    for error in deck.errors:
        assert f"```text\n{error}\n```" in text
    assert "**Skipped:** fpdf2 is not installed" in text
    assert "deprecated <b>" in text
    assert text.index("### deck (error)") < text.index("### calendar_generator (fail)")


def test_equal_names_are_told_apart(minimal_result):
    features = tuple(
        FeatureStatus("swot", Category.OTHER, Status.PASS, suite="s", qualified_name=f"{module}.swot")
        for module in ("first", "second")
    )
    text = to_markdown(build_run_report(dataclasses.replace(minimal_result, features=features)))
    assert "- first.swot: –" in text
    assert "- second.swot: –" in text


def test_summary_says_what_happened(rich_result, rich_comparison):
    lines = to_console(build_run_summary(rich_result, rich_comparison), width=160).splitlines()
    assert any("error deck: KeyError: '[bold]logo[/bold]' (and 1 more error)" in line for line in lines)
    assert any("flaky calendar_generator: pass, fail, pass in turn" in line for line in lines)
    slower = "slower persona_generator: +23.0%, 1.21 ms against 980 µs (1% quantile, 6 runs)"
    assert any(slower in line for line in lines)
    assert any("faster zip_package: -29.1%" in line for line in lines)
    assert lines[-1] == (
        "8 features in 12.3 s: 4 pass, 1 partial, 1 fail, 1 error, 1 skip; 1 flaky; "
        "1 slower, 1 faster, 1 unchanged, 1 inconclusive (run 12, deterministic)."
    )


def test_what_stands_beside_a_judgement_is_told(rich_result, confirmed_comparison, changes, golden):
    document = build_run_report(rich_result, confirmed_comparison, None, changes)
    text = to_markdown(document)
    compared = section(text, "Compared with the baseline")
    golden("run_judged.md", f"{compared}## Since When\n{section(text, 'Since When')}")
    assert "the whole run was 1.21 times as slow (over 9 features); removed before judging." in compared
    assert "looks like another machine" in compared
    summary = to_console(build_run_summary(rich_result, confirmed_comparison), width=160)
    assert (
        "slower persona_generator: +23.0%, 1.21 ms against 980 µs "
        "(1% quantile, 6 runs, confirmed by 3 interleaved re-runs); "
        "since run 9 (commits 8888888888..9999999999)"
    ) in " ".join(summary.split())
    assert "waiting persona_generator: +23.0% by the clock, +1.0% of CPU time" in summary
    assert "tail pillars_generator: +45.0% at the 90% quantile of its calls" in summary


def test_a_common_factor_that_is_not_clear_is_not_told(rich_result, rich_comparison):
    assert "Common factor" not in to_markdown(build_run_report(rich_result, rich_comparison))


def test_a_faster_run_is_said_to_be_fast(rich_result, rich_comparison):
    factor = dataclasses.replace(rich_comparison.common_factor, ratio=0.8, is_clear=True)
    text = to_markdown(build_run_report(rich_result, dataclasses.replace(rich_comparison, common_factor=factor)))
    assert "the whole run was 1.25 times as fast (over 3 features); not removed." in text


def test_a_paired_run_is_said_to_be_paired(rich_result, paired_comparison):
    text = section(to_markdown(build_run_report(rich_result, paired_comparison)), "Compared with the baseline")
    assert "interleaved with commit bbbbbbbbbb in 8 pairs." in text
    assert "| Pairs |" in text
    assert "| 8 (+21.0%) |" in text
    summary = to_console(build_run_summary(rich_result, paired_comparison), width=160)
    assert "(1% quantile, in 8 interleaved pairs)" in summary


def test_without_change_points_it_says_so_once_there_is_a_past(rich_result, rich_comparison):
    text = to_markdown(build_run_report(rich_result, rich_comparison))
    assert section(text, "Since When").strip().startswith("No level has shifted")
    assert "Since When" not in to_markdown(build_run_report(rich_result))


@pytest.mark.parametrize("width", [80, 100])
def test_the_console_stays_within_its_width(rich_result, confirmed_comparison, changes, width):
    text = to_console(build_run_report(rich_result, confirmed_comparison, None, changes), width=width)
    assert max(map(len, text.splitlines())) <= width
    assert "regressed (+23.0%)" in text


def test_a_run_without_features_renders(minimal_result):
    empty = dataclasses.replace(minimal_result, features=())
    assert "No features." in to_markdown(build_run_report(empty))
    assert "0 features" in to_console(build_run_summary(empty))
