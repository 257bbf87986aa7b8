"""The explanation of a judgement: each number a sceptic asks for, with its unit."""

from __future__ import annotations

import dataclasses

import pytest

from aicmo_perf.baseline import FeatureLevel
from aicmo_perf.comparison import FeatureComparison, RunComparison
from aicmo_perf.model import AcceptedChange, Change
from aicmo_perf.report.explained_numbers import Design, design_of, number_rows, rule_text, verdict_text
from aicmo_perf.report.explanation import build_explanation
from aicmo_perf.report.to_console import to_console
from aicmo_perf.report.to_markdown import to_markdown
from tests.report.examples import START, item_of, make_feature, make_run, with_item


def explained(result, comparison: RunComparison, name: str) -> str:
    return to_markdown(build_explanation(result, comparison, item_of(comparison, name)))


def numbers(comparison: RunComparison, name: str) -> dict[str, str]:
    return {row.name: row.value for row in number_rows(item_of(comparison, name), comparison)}


def test_a_confirmed_regression(rich_result, confirmed_comparison, golden):
    golden("explanation.md", explained(rich_result, confirmed_comparison, "persona_generator"))


def test_a_paired_regression_has_pairs_and_no_level(rich_result, paired_comparison, golden):
    text = explained(rich_result, paired_comparison, "persona_generator")
    assert "Level" not in text
    golden("explanation_paired.md", explained(rich_result, paired_comparison, "persona_generator"))


@pytest.mark.parametrize("width", [80, 100])
def test_it_fits_the_console(rich_result, confirmed_comparison, width):
    document = build_explanation(rich_result, confirmed_comparison, item_of(confirmed_comparison, "persona_generator"))
    assert max(map(len, to_console(document, width=width).splitlines())) <= width


def test_each_run_of_the_level_stands_with_its_low_quantile(rich_result, rich_comparison):
    text = explained(rich_result, rich_comparison, "persona_generator")
    for run, low in ((3, "970 µs"), (5, "980 µs"), (6, "992 µs")):
        assert f"| {run} | 2025-03-01 " in text
        assert f"| {low} |" in text
    assert "| now | – | – | 1.21 ms | **+23.0%** |" in text
    assert "reaches back over all of the baseline" in text


def test_which_least_effect_applied(rich_comparison):
    # 50 µs are 5.1 % of 980 µs, and next to nothing of 2.35 s
    assert numbers(rich_comparison, "persona_generator")["Minimum effect"] == "+5.1%"
    assert numbers(rich_comparison, "zip_package")["Minimum effect"] == "+3.0%"


def test_the_p_value_of_its_own_direction_is_told(rich_comparison):
    assert numbers(rich_comparison, "persona_generator")["p-value"] == "0.0004"
    assert numbers(rich_comparison, "zip_package")["p-value"] == "1e-05"


def test_the_rank_is_told_among_the_features_that_were_judged(rich_comparison):
    assert numbers(rich_comparison, "persona_generator")["Rank"] == "1 of 3"


@pytest.mark.parametrize(
    ("head", "base", "is_paired", "design"),
    [
        ((), (), False, Design.ONE_RUN),
        ((1.0,), (), False, Design.HEAD_RERUNS),
        ((1.0,), (1.0,), False, Design.INTERLEAVED_RERUNS),
        ((1.0,), (1.0,), True, Design.PAIRED),
    ],
)
def test_the_rule_that_applied(rich_comparison, head, base, is_paired, design):
    comparison = dataclasses.replace(
        with_item(rich_comparison, "persona_generator", head_reruns_seconds=head, base_reruns_seconds=base),
        is_paired=is_paired,
    )
    item = item_of(comparison, "persona_generator")
    assert design_of(item, comparison) is design
    assert rule_text(item, comparison)


def test_re_runs_of_the_head_alone_are_set_against_the_level(rich_result, rich_comparison):
    comparison = with_item(rich_comparison, "persona_generator", head_reruns_seconds=(0.00098, 0.00196))
    text = explained(rich_result, comparison, "persona_generator")
    assert "## Re-runs" in text
    assert "| 2 | 1.96 ms | +100.0% |" in text


def test_an_accepted_level_names_who_and_why(rich_result, rich_comparison):
    item = item_of(rich_comparison, "persona_generator")
    accepted = AcceptedChange(
        feature=item.feature, run=make_run(5), accepted_at=START, accepted_by="ann", reason="a better model"
    )
    level = FeatureLevel(item.level.runs[1:], start=accepted)
    comparison = with_item(
        rich_comparison, "persona_generator", level=level, level_value_runs=item.level_value_runs[1:],
        level_values_seconds=item.level_values_seconds[1:],
    )  # fmt: skip
    text = explained(rich_result, comparison, "persona_generator")
    assert "runs 5–9; since run 5, accepted by ann on 2025-03-01: a better model." in text


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("persona_generator", "regressed: slower by evidence and by size, 1.21 ms against 980 µs (+23.0%)."),
        ("zip_package", "improved: faster by evidence and by size, "),
        ("pillars_generator", "unchanged: "),
        ("swot_generator", "inconclusive: 4.12 µs against 4.00 µs (+2.9%), too short to judge (under 10 µs)."),
        ("deck", "inconclusive: it ended in an error."),
        ("html", "new: no baseline run has it"),
    ],
)
def test_every_change_has_a_verdict_in_a_sentence(rich_result, rich_comparison, name, start):
    item = item_of(rich_comparison, name)
    assert verdict_text(item, rich_comparison).startswith(start)
    assert explained(rich_result, rich_comparison, name).startswith(f"# {name}: {item.change}\n")


def test_a_feature_without_any_past_is_explained_too(minimal_result):
    item = FeatureComparison(feature=make_feature("only"), status=minimal_result.features[0].status, has_baseline=False)
    comparison = RunComparison(features=(item,))
    text = to_markdown(build_explanation(minimal_result, comparison, item))
    assert "no baseline yet" in text
    assert item.change is Change.INCONCLUSIVE
    assert "## Numbers" not in text
