"""What the history says: every feature in a line, or one feature run by run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from aicmo_perf.model import PastResult, Run, Series, feature_labels
from aicmo_perf.report.document import (
    Alignment,
    Block,
    Bullets,
    Cell,
    Column,
    Document,
    Heading,
    Paragraph,
    Table,
    Tone,
    bold,
    code,
    prose,
)
from aicmo_perf.report.sparkline import sparkline
from aicmo_perf.report.trend import RatiosToPrevious, Trend, trend_of, window_of
from aicmo_perf.report.wording import (
    NOTHING,
    commit_text,
    environment_text,
    moment_text,
    run_text,
    runs_text,
    status_cell,
)
from aicmo_perf.units import count_of, format_change, format_seconds, format_share

_RIGHT = Alignment.RIGHT
_SPARKLINE_WIDTH = 30


def build_history_overview(series: Sequence[Series]) -> Document:
    """Every feature in a line.

    Args:
        series: one a feature, in the order to show them; a run that is missing in one but not in another series of
            its suite is a gap in the sparkline.
    """
    windows = window_of(series)
    runs = _distinct(run for window in windows.values() for run in window)
    title = Heading(1, "History")
    if not runs:
        return Document((title, Paragraph(prose("No runs."))))
    labels = feature_labels(one.feature for one in series)
    rows = tuple(_overview_row(labels[one.feature.key], trend_of(one, windows[one.feature.suite])) for one in series)
    columns = (
        Column("Feature", wraps=True),
        Column("Trend", optional=True),
        Column("Latest", _RIGHT),
        Column("Median", _RIGHT),
        Column("Spread", _RIGHT, optional=True),
        Column("Change", _RIGHT),
        Column("Status"),
        Column("Failing", _RIGHT, optional=True),
        Column("Flaky", _RIGHT, optional=True),
    )
    return Document(
        (
            title,
            Paragraph(prose(f"{_window_text(runs)}, {count_of(len(series), 'feature')}.")),
            *_mixture_notes(runs),
            Table(columns, rows),
            Paragraph(
                prose(
                    "Spread: interquartile range by median. Change: newest third of the window against the oldest. "
                    "Failing, Flaky: number of runs."
                )
            ),
        )
    )


def _overview_row(label: str, trend: Trend) -> tuple[Cell, ...]:
    return (
        Cell(label),
        Cell(sparkline(trend.runtimes_seconds, width=_SPARKLINE_WIDTH)),
        Cell(format_seconds(trend.latest_seconds)),
        Cell(format_seconds(trend.median_seconds)),
        Cell(format_share(trend.spread_ratio), Tone.MUTED),
        Cell(format_change(trend.change_ratio)),
        status_cell(trend.latest_status) if trend.latest_status is not None else Cell(NOTHING),
        _count_cell(trend.failing_count, Tone.BAD),
        _count_cell(trend.flaky_count, Tone.WARN),
    )


def _count_cell(count: int, tone: Tone) -> Cell:
    return Cell(str(count), tone if count else Tone.MUTED)


def _window_text(runs: Sequence[Run]) -> str:
    first, last = moment_text(runs[0].started_at), moment_text(runs[-1].started_at)
    when = first if len(runs) == 1 else f"{first} to {last}"
    return f"{count_of(len(runs), 'run')} ({runs_text(runs)}), {when}"


def _distinct(runs: Iterable[Run]) -> list[Run]:
    by_uuid = {run.uuid: run for run in runs}
    return sorted(by_uuid.values(), key=lambda run: (run.started_at, run.id or 0))


def _mixture_notes(runs: Sequence[Run]) -> Iterator[Block]:
    """Warnings that the runs were not measured alike, with the option that separates them."""
    notes = []
    environments = dict.fromkeys(run.environment.fingerprint for run in runs)
    if len(environments) > 1:
        fingerprints = ", ".join(environments)
        notes.append(
            prose(
                f"The runs were measured on {len(environments)} machines ({fingerprints}); choose one with ",
                code("--environment"),
                ".",
            )
        )
    if len({run.mode for run in runs}) > 1:
        notes.append(prose("Deterministic and live runs are mixed; choose one kind with ", code("--mode"), "."))
    if len({run.options.quick for run in runs}) > 1:
        notes.append(prose("Quick and full runs are mixed; they time different scenarios."))
    if notes:
        yield Paragraph(prose(bold("Not all of these numbers are comparable:", Tone.WARN)))
        yield Bullets(tuple(notes))


def build_feature_history(series: Series) -> Document:
    """One feature run by run, oldest first."""
    feature = series.feature
    points = series.points
    title = Heading(1, f"History of {feature.name}")
    critical = ", critical" if feature.critical else ""
    identity = Paragraph(prose(f"{feature.qualified_name} of suite {feature.suite} ({feature.category}{critical})"))
    if not points:
        return Document((title, identity, Paragraph(prose("No runs."))))
    runs = [point.run for point in points]
    trend = trend_of(series, runs)
    machines = dict.fromkeys(run.environment.fingerprint for run in runs)
    columns = [
        Column("Run", _RIGHT),
        Column("When"),
        Column("Commit", optional=True),
        Column("Branch", wraps=True, optional=True),
        Column("Mode", optional=True),
        Column("Runtime", _RIGHT),
        Column("To previous", _RIGHT),
        Column("Status"),
    ]
    if len(machines) > 1:
        columns.append(Column("Machine", optional=True))
    rows = []
    for point, ratio in zip(points, RatiosToPrevious().of(points), strict=True):
        cells = _point_cells(point, ratio)
        if len(machines) > 1:
            cells.append(Cell(point.run.environment.fingerprint, Tone.MUTED))
        rows.append(tuple(cells))
    return Document(
        (
            title,
            identity,
            Bullets(tuple(prose(bold(f"{name}:"), f" {text}") for name, text in _trend_facts(trend, runs))),
            *_mixture_notes(runs),
            Table(tuple(columns), tuple(rows)),
            Paragraph(
                prose("To previous: against the nearest earlier run in the same mode, on the same machine, as deep.")
            ),
        )
    )


def _trend_facts(trend: Trend, runs: Sequence[Run]) -> Iterator[tuple[str, str]]:
    yield "Runs", _window_text(runs)
    if len({run.environment.fingerprint for run in runs}) == 1:
        yield "Environment", environment_text(runs[-1].environment)
    yield "Trend", sparkline(trend.runtimes_seconds, width=_SPARKLINE_WIDTH)
    yield "Latest", format_seconds(trend.latest_seconds)
    yield "Median", f"{format_seconds(trend.median_seconds)} (spread {format_share(trend.spread_ratio)})"
    yield "Change over the window", format_change(trend.change_ratio)
    yield "Failing", f"{trend.failing_count} of {count_of(trend.run_count, 'run')}"
    yield "Flaky", f"{trend.flaky_count} of {count_of(trend.run_count, 'run')}"


def _point_cells(point: PastResult, ratio: float | None) -> list[Cell]:
    run = point.run
    status = status_cell(point.status)
    remark = " (flaky)" if point.is_flaky else " (output varies)" if point.output_varies else ""
    return [
        Cell(run_text(run)),
        Cell(moment_text(run.started_at)),
        Cell(commit_text(run)),
        Cell(run.branch or NOTHING),
        Cell(run.mode.value + ("" if run.options.quick else ", full")),
        Cell(format_seconds(point.runtime_seconds)),
        Cell(format_change(ratio)),
        Cell(status.text + remark, Tone.WARN if point.is_flaky else status.tone),
    ]
