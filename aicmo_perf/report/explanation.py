"""The numbers behind one feature's judgement, in the order in which a sceptic asks for them.

Against which runs, and why these? How much do they vary? How far out is this run, and how often would chance alone
put one of so many features there? Is it enough to matter? Did re-runs bear it out? What could have been seen at all?
"""

from __future__ import annotations

from collections.abc import Iterator

from aicmo_perf.baseline import Baseline
from aicmo_perf.comparison import FeatureComparison, RunComparison
from aicmo_perf.model import AcceptedChange, SelfTestResult
from aicmo_perf.report.comparison_section import baseline_prose, labels_of
from aicmo_perf.report.document import (
    Alignment,
    Block,
    Bullets,
    Cell,
    Column,
    Document,
    Heading,
    Paragraph,
    Prose,
    Table,
    Tone,
    bold,
    prose,
)
from aicmo_perf.report.explained_numbers import number_rows, rule_text, verdict_text
from aicmo_perf.report.judgement_notes import factor_prose, pair_count
from aicmo_perf.report.wording import (
    NOTHING,
    accepted_text,
    change_point_text,
    change_tone,
    commit_text,
    moment_text,
    run_text,
    runs_text,
)
from aicmo_perf.units import format_change, format_seconds

_RIGHT = Alignment.RIGHT


def build_explanation(result: SelfTestResult, comparison: RunComparison, item: FeatureComparison) -> Document:
    """Why the gate says of a feature what it says.

    Args:
        result: the run that was judged.
        comparison: the run beside its baselines.
        item: the feature to explain, one of the comparison's.
    """
    label = labels_of(result, comparison)[item.feature.key]
    run = result.run
    return Document(
        (
            Heading(1, f"{label}: {item.change}"),
            Paragraph(prose(bold("Verdict:", change_tone(item.change)), f" {verdict_text(item, comparison)}")),
            Heading(2, "Compared with"),
            Bullets(
                (
                    prose(bold("Run:"), f" {run_text(run)} ({moment_text(run.started_at)}, commit {commit_text(run)})"),
                    *_compared_with(item, comparison),
                )
            ),
            *(() if comparison.is_paired else _level_table(item)),
            *_number_blocks(item, comparison),
            *_rerun_blocks(item),
            Heading(2, "Rule"),
            Paragraph(prose(rule_text(item, comparison))),
        )
    )


def _compared_with(item: FeatureComparison, comparison: RunComparison) -> Iterator[Prose]:
    baseline = next((b for b in comparison.baselines if b.suite == item.feature.suite), None)
    yield prose("Baseline of ", *baseline_prose(baseline or Baseline(suite=item.feature.suite)))
    if comparison.common_factor is not None and comparison.common_factor.is_clear:
        yield factor_prose(comparison.common_factor)
    level = item.level
    if level is None or comparison.is_paired:
        return
    yield prose(bold("Level:"), f" {_start_text(item)}")
    if level.held_back is not None:
        yield prose(
            bold("Held back:", Tone.WARN),
            f" {change_point_text(level.held_back)}; it is not taken for the new level yet, so the runs from there on "
            "are left out.",
        )
    if level.earlier:
        earlier = ", ".join(runs_text(runs).removeprefix("runs ").removeprefix("run ") for runs in level.earlier)
        yield prose(bold("Earlier levels:"), f" runs {earlier}; they tell how much it varies, not how fast it is.")


def _start_text(item: FeatureComparison) -> str:
    """Which runs make the level, and what began it."""
    level = item.level
    assert level is not None, "only a feature with a level is told its start"
    if not level.runs:
        return "no run yet since its start."
    start = level.start
    runs = runs_text(level.runs)
    if start is None:
        return f"{runs}; no change point among them, so it reaches back over all of the baseline."
    if isinstance(start, AcceptedChange):
        return f"{runs}; {accepted_text(start)}."
    commits = start.run.commits_since(start.previous_run)
    return (
        f"{runs}; it begins at a change point, {change_point_text(start)}{f' (commits {commits})' if commits else ''}."
    )


def _level_table(item: FeatureComparison) -> Iterator[Block]:
    """Each run of the level with its low quantile, and this one below them."""
    if item.level is None or not item.level.runs:
        return
    level_seconds = item.baseline_seconds
    rows = [
        (
            Cell(run_text(run)),
            Cell(moment_text(run.started_at)),
            Cell(commit_text(run)),
            Cell(format_seconds(seconds)),
            Cell(_to_level(seconds, level_seconds)),
        )
        for run, seconds in zip(item.level_value_runs, item.level_values_seconds, strict=True)
    ]
    rows.append(
        (
            Cell("now"),
            Cell(NOTHING),
            Cell(NOTHING),
            Cell(format_seconds(item.level_seconds)),
            Cell(_to_level(item.level_seconds, level_seconds), change_tone(item.change)),
        )
    )
    columns = (
        Column("Run", _RIGHT),
        Column("When", optional=True),
        Column("Commit"),
        Column("Low quantile", _RIGHT),
        Column("To the level", _RIGHT),
    )
    yield Table(columns, tuple(rows))


def _to_level(seconds: float | None, level_seconds: float | None) -> str:
    return format_change(seconds / level_seconds) if seconds is not None and level_seconds else NOTHING


def _number_blocks(item: FeatureComparison, comparison: RunComparison) -> Iterator[Block]:
    rows = tuple((Cell(row.name), Cell(row.value), Cell(row.meaning)) for row in number_rows(item, comparison))
    if rows:
        yield Heading(2, "Numbers")
        yield Table((Column("Number"), Column("Value", _RIGHT), Column("Meaning", wraps=True)), rows)


def _rerun_blocks(item: FeatureComparison) -> Iterator[Block]:
    """Each re-run in a fresh process, beside the base's where there is one."""
    if not item.head_reruns_seconds:
        return
    if pair_count(item):
        yield Heading(2, "Pairs")
        yield _pairs_table(item)
    else:
        yield Heading(2, "Re-runs")
        yield _reruns_table(item)
    told = item.judgement.rerun_ratio if item.judgement is not None else None
    if told is not None:
        yield Paragraph(prose(f"Together they say {format_change(told)}."))


def _pairs_table(item: FeatureComparison) -> Table:
    columns = (Column("Pair", _RIGHT), Column("Base", _RIGHT), Column("Head", _RIGHT), Column("Change", _RIGHT))
    # a side that was not measured to its end has no partner
    pairs = zip(item.base_reruns_seconds, item.head_reruns_seconds, strict=False)
    rows = tuple(
        (
            Cell(str(number)),
            Cell(format_seconds(base)),
            Cell(format_seconds(head)),
            Cell(_to_level(head, base)),
        )
        for number, (base, head) in enumerate(pairs, start=1)
    )
    return Table(columns, rows)


def _reruns_table(item: FeatureComparison) -> Table:
    columns = (Column("Re-run", _RIGHT), Column("Low quantile", _RIGHT), Column("To the level", _RIGHT))
    rows = tuple(
        (Cell(str(number)), Cell(format_seconds(head)), Cell(_to_level(head, item.baseline_seconds)))
        for number, head in enumerate(item.head_reruns_seconds, start=1)
    )
    return Table(columns, rows)
