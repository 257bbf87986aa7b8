"""A run beside its baselines, as blocks: which runs and why these, what got slower, what is new, gone or changed."""

from __future__ import annotations

from collections.abc import Iterator

from aicmo_perf.baseline import Baseline
from aicmo_perf.comparison import FeatureComparison, RunComparison
from aicmo_perf.model import Change, Feature, FeatureKey, SelfTestResult, feature_labels
from aicmo_perf.report.document import (
    Alignment,
    Block,
    Bullets,
    Cell,
    Column,
    Paragraph,
    Prose,
    Table,
    Tone,
    bold,
    prose,
)
from aicmo_perf.report.wording import Labels, change_tone, runs_text
from aicmo_perf.units import count_of, format_change, format_ratio, format_seconds

NO_BASELINE = "There is no baseline yet"
_RIGHT = Alignment.RIGHT
_CHANGE_ORDER = {
    Change.REGRESSED: 0,
    Change.IMPROVED: 1,
    Change.UNCHANGED: 2,
    Change.INCONCLUSIVE: 3,
}


def labels_of(result: SelfTestResult, comparison: RunComparison | None = None) -> dict[FeatureKey, str]:
    """What to call each feature of a run and each that vanished from it."""
    vanished: tuple[Feature, ...] = comparison.vanished if comparison is not None else ()
    compared = [item.feature for item in comparison.features] if comparison is not None else []
    return feature_labels([*(status.feature for status in result.features), *compared, *vanished])


def new_features(comparison: RunComparison) -> list[FeatureComparison]:
    """Features without a past although their suite has a baseline."""
    return [item for item in comparison.features if item.is_new]


def status_changes(comparison: RunComparison) -> list[FeatureComparison]:
    """Features whose status was another before the change."""
    return [item for item in comparison.features if item.status_changed]


def has_baseline(comparison: RunComparison | None) -> bool:
    """Whether any suite has past runs to be compared with."""
    return comparison is not None and any(baseline.runs for baseline in comparison.baselines)


def comparison_blocks(
    comparison: RunComparison | None, labels: Labels, *, side_names: tuple[str, str] = ("Baseline median", "Now")
) -> Iterator[Block]:
    """The whole section, without its heading."""
    if comparison is None or not comparison.baselines:
        yield Paragraph(
            prose(
                f"{NO_BASELINE}: later runs of the same suites, in the same mode and on the same machine, "
                "can be compared with this one."
            )
        )
        return
    yield Bullets(tuple(baseline_prose(baseline) for baseline in comparison.baselines))
    yield from _changes_table(comparison, labels, side_names)
    yield from _listed("New Features:", [_named(item.feature, labels) for item in new_features(comparison)])
    yield from _listed("Vanished Features:", [_named(gone, labels) for gone in comparison.vanished], Tone.WARN)
    yield from _listed(
        "Status Changes:",
        [
            f"{labels[item.feature.key]}: {_previous_status_text(item)} → {item.status}"
            for item in sorted(status_changes(comparison), key=lambda item: -item.status.severity)
        ],
    )


def baseline_prose(baseline: Baseline) -> Prose:
    """Which past runs a suite is compared with, how many, why these, and what forbids it."""
    why = baseline.why.rstrip(".")
    if not baseline.runs:
        text = f"{NO_BASELINE}{f' ({why})' if why else ''}."
    else:
        text = f"{count_of(len(baseline.runs), 'run')} ({runs_text(baseline.runs)}){f': {why}' if why else ''}."
    if baseline.obstacle:
        text += f" Runtimes are not compared: {baseline.obstacle.rstrip('.')}."
    return prose(bold(f"{baseline.suite}:"), f" {text}")


def _changes_table(comparison: RunComparison, labels: Labels, side_names: tuple[str, str]) -> Iterator[Block]:
    compared = [item for item in comparison.features if item.has_baseline and not item.is_new]
    if not compared:
        return
    compared.sort(key=lambda item: (_CHANGE_ORDER[item.change], -(item.ratio or 0.0), labels[item.feature.key]))
    columns = (
        Column("Feature", wraps=True),
        Column(side_names[0], _RIGHT),
        Column(side_names[1], _RIGHT),
        Column("Ratio", _RIGHT),
        Column("Change"),
        Column("Reason", wraps=True, optional=True),
    )
    rows = tuple(
        (
            Cell(labels[item.feature.key]),
            Cell(format_seconds(item.baseline_seconds)),
            Cell(format_seconds(item.runtime_seconds)),
            Cell(format_ratio(item.ratio)),
            Cell(_change_text(item), change_tone(item.change)),
            Cell(item.reason),
        )
        for item in compared
    )
    yield Table(columns, rows)


def _change_text(item: FeatureComparison) -> str:
    if item.ratio is None or item.change is Change.INCONCLUSIVE:
        return item.change.value
    return f"{item.change} ({format_change(item.ratio)})"


def _previous_status_text(item: FeatureComparison) -> str:
    return f"{item.previous_status}" + (f" ({item.previous_run.title})" if item.previous_run is not None else "")


def _named(feature: Feature, labels: Labels) -> str:
    return labels[feature.key] + (" (critical)" if feature.critical else "")


def _listed(title: str, texts: list[str], tone: Tone = Tone.NORMAL) -> Iterator[Block]:
    if texts:
        yield Paragraph(prose(bold(title, tone)))
        yield Bullets(tuple(prose(text) for text in texts))


def regressions(comparison: RunComparison) -> list[FeatureComparison]:
    """What got slower, worst first."""
    slower = [item for item in comparison.features if item.change is Change.REGRESSED]
    return sorted(slower, key=lambda item: -(item.ratio or 0.0))


def regression_text(item: FeatureComparison, label: str) -> str:
    """One regression in a line."""
    return (
        f"{label}: {format_change(item.ratio)}, {format_seconds(item.runtime_seconds)} "
        f"against {format_seconds(item.baseline_seconds)} (median of {count_of(item.baseline_run_count, 'run')})"
    )
