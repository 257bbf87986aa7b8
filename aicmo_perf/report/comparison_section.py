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
    titled_list,
)
from aicmo_perf.report.judgement_notes import (
    factor_prose,
    judgement_lists,
    rerun_cell_text,
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
    yield Bullets(tuple(compared_with(comparison)))
    yield from _changes_table(comparison, labels, side_names)
    yield from judgement_lists(comparison, labels)
    yield from titled_list("New Features:", [_named(item.feature, labels) for item in new_features(comparison)])
    yield from titled_list("Vanished Features:", [_named(gone, labels) for gone in comparison.vanished], Tone.WARN)
    yield from titled_list(
        "Status Changes:",
        [
            f"{labels[item.feature.key]}: {_previous_status_text(item)} → {item.status}"
            for item in sorted(status_changes(comparison), key=lambda item: -item.status.severity)
        ],
    )


def compared_with(comparison: RunComparison) -> Iterator[Prose]:
    """What the run is compared with: each suite's baseline, and what all features share."""
    for baseline in comparison.baselines:
        yield baseline_prose(baseline)
    if comparison.common_factor is not None and comparison.common_factor.is_clear:
        yield factor_prose(comparison.common_factor)


def baseline_prose(baseline: Baseline) -> Prose:
    """Which past runs a suite is compared with, how many, why these, and what forbids it."""
    why = baseline.why.rstrip(".")
    if not baseline.runs:
        text = f"{NO_BASELINE}{f' ({why})' if why else ''}."
    else:
        text = f"{count_of(len(baseline.runs), 'run')} ({runs_text(baseline.runs)}){f': {why}' if why else ''}."
    if baseline.obstacle:
        text += f" Runtimes are not compared: {baseline.obstacle.rstrip('.')}."
    return prose(bold(f"{baseline.suite}:"), " ".join(("", text, *baseline.notes)))


def _changes_table(comparison: RunComparison, labels: Labels, side_names: tuple[str, str]) -> Iterator[Block]:
    compared = [item for item in comparison.features if item.has_baseline and not item.is_new]
    if not compared:
        return
    compared.sort(key=lambda item: (_CHANGE_ORDER[item.change], -(item.ratio or 0.0), labels[item.feature.key]))
    has_reruns = any(rerun_cell_text(item) for item in compared)
    columns = (
        Column("Feature", wraps=True),
        Column(side_names[0], _RIGHT),
        Column(side_names[1], _RIGHT),
        Column("Ratio", _RIGHT, optional=True),
        Column("Change"),
        Column("Visible from", _RIGHT, optional=True),
        *((Column("Pairs" if comparison.is_paired else "Re-runs", _RIGHT, optional=True),) if has_reruns else ()),
        Column("Reason", wraps=True, optional=True),
    )
    rows = tuple(
        (
            Cell(labels[item.feature.key]),
            Cell(format_seconds(item.past_runtime_seconds)),
            Cell(format_seconds(item.runtime_seconds)),
            Cell(format_ratio(item.ratio)),
            Cell(_change_text(item), change_tone(item.change)),
            Cell(format_change(item.smallest_visible_ratio)),
            *((Cell(rerun_cell_text(item)),) if has_reruns else ()),
            Cell(item.reason),
        )
        for item in compared
    )
    yield Table(columns, rows)
    yield Paragraph(
        prose(
            "The runtimes are medians; ratio and change are those of the 1% quantiles, by which runtimes are judged. "
            "Visible from: the smallest slowdown that would have been called one."
        )
    )


def _change_text(item: FeatureComparison) -> str:
    if item.ratio is None or item.change is Change.INCONCLUSIVE:
        return item.change.value
    return f"{item.change} ({format_change(item.ratio)})"


def _previous_status_text(item: FeatureComparison) -> str:
    return f"{item.previous_status}" + (f" ({item.previous_run.title})" if item.previous_run is not None else "")


def _named(feature: Feature, labels: Labels) -> str:
    return labels[feature.key] + (" (critical)" if feature.critical else "")


def median_ratio(item: FeatureComparison) -> float | None:
    """The median runtime now against that of the baseline's runs: what is shown, not what is judged."""
    now, past = item.runtime_seconds, item.past_runtime_seconds
    return now / past if now is not None and past else None


def changed(comparison: RunComparison, change: Change) -> list[FeatureComparison]:
    """What changed in one direction, the largest change first."""
    found = [item for item in comparison.features if item.change is change]
    return sorted(found, key=lambda item: item.ratio or 0.0, reverse=change is Change.REGRESSED)
