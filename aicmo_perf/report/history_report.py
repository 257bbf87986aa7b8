"""What the history says: every feature in a line, or one feature run by run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from aicmo_perf.model import ChangePoint, PastResult, Run, Series, feature_labels
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
    change_point_text,
    commit_text,
    environment_text,
    level_tone,
    moment_text,
    run_text,
    runs_text,
    status_cell,
)
from aicmo_perf.units import count_of, format_change, format_seconds, format_share

_RIGHT = Alignment.RIGHT
_SPARKLINE_WIDTH = 30
_OVERVIEW_SPARKLINE_WIDTH = 20


def build_history_overview(series: Sequence[Series], changes: Sequence[ChangePoint] = ()) -> Document:
    """Every feature in a line.

    Args:
        series: one a feature, in the order to show them; a run that is missing in one but not in another series of
            its suite is a gap in the sparkline.
        changes: the change points in these runs, in any order; the last one of each feature is shown.
    """
    windows = window_of(series)
    runs = _distinct(run for window in windows.values() for run in window)
    title = Heading(1, "History")
    if not runs:
        return Document((title, Paragraph(prose("No runs."))))
    labels = feature_labels(one.feature for one in series)
    last = {change.feature.key: change for change in sorted(changes, key=lambda change: change.run.moment)}
    rows = tuple(
        _overview_row(labels[one.feature.key], trend_of(one, windows[one.feature.suite]), last.get(one.feature.key))
        for one in series
    )
    columns = (
        Column("Feature", wraps=True),
        Column("Trend", optional=True),
        Column("Latest", _RIGHT),
        Column("Median", _RIGHT, optional=True),
        Column("Spread", _RIGHT, optional=True),
        Column("Change", _RIGHT),
        Column("Last change point"),
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
                    "Last change point: where the level shifted last. Failing, Flaky: number of runs."
                )
            ),
        )
    )


def _overview_row(label: str, trend: Trend, change: ChangePoint | None) -> tuple[Cell, ...]:
    return (
        Cell(label),
        Cell(sparkline(trend.runtimes_seconds, width=_OVERVIEW_SPARKLINE_WIDTH)),
        Cell(format_seconds(trend.latest_seconds)),
        Cell(format_seconds(trend.median_seconds)),
        Cell(format_share(trend.spread_ratio), Tone.MUTED),
        Cell(format_change(trend.change_ratio)),
        _last_change_cell(change),
        status_cell(trend.latest_status) if trend.latest_status is not None else Cell(NOTHING),
        _count_cell(trend.failing_count, Tone.BAD),
        _count_cell(trend.flaky_count, Tone.WARN),
    )


def _last_change_cell(change: ChangePoint | None) -> Cell:
    if change is None:
        return Cell(NOTHING, Tone.MUTED)
    return Cell(f"{format_change(change.ratio)} at {change.run.title}", level_tone(change.ratio))


def _count_cell(count: int, tone: Tone) -> Cell:
    return Cell(str(count), tone if count else Tone.MUTED)


def _window_text(runs: Sequence[Run]) -> str:
    first, last = moment_text(runs[0].started_at), moment_text(runs[-1].started_at)
    when = first if len(runs) == 1 else f"{first} to {last}"
    return f"{count_of(len(runs), 'run')} ({runs_text(runs)}), {when}"


def _distinct(runs: Iterable[Run]) -> list[Run]:
    by_uuid = {run.uuid: run for run in runs}
    return sorted(by_uuid.values(), key=lambda run: run.moment)


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


def build_feature_history(series: Series, changes: Sequence[ChangePoint] = ()) -> Document:
    """One feature run by run, oldest first.

    Args:
        series: the feature's results.
        changes: its change points in these runs, in any order: each is marked at the first run of the new level.
    """
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
    shifts = {change.run.uuid: change for change in changes}
    if shifts:
        columns.append(Column("Level"))
    if len(machines) > 1:
        columns.append(Column("Machine", optional=True))
    rows = []
    for point, ratio in zip(points, RatiosToPrevious().of(points), strict=True):
        cells = _point_cells(point, ratio)
        if shifts:
            cells.append(_level_cell(shifts.get(point.run.uuid)))
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
            *_change_blocks(changes),
        )
    )


def _level_cell(change: ChangePoint | None) -> Cell:
    """The mark at the first run of a new level."""
    if change is None:
        return Cell("")
    return Cell(f"{'▲' if change.ratio > 1 else '▼'} {format_change(change.ratio)}", level_tone(change.ratio))


def _change_blocks(changes: Sequence[ChangePoint]) -> Iterator[Block]:
    """The change points in words, newest first, with how to look at the commits."""
    if not changes:
        return
    yield Heading(2, "Since When")
    items = []
    for change in sorted(changes, key=lambda change: change.run.moment, reverse=True):
        commits = change.run.commits_since(change.previous_run)
        look = ("; what changed: ", code(f"git log {commits}")) if commits else ()
        items.append(prose(change_point_text(change), *look))
    yield Bullets(tuple(items))
    yield Paragraph(prose("A level is the median of its runs' low quantiles; ▲ and ▼ mark the first run of a new one."))


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
