"""What one run says of its features, as blocks: summary, table, runtimes, errors.

The sections are shared by the report of a run and by its details, so that both tell the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from aicmo_perf.model import FeatureKey, FeatureStatus, RunState, SelfTestResult, Status
from aicmo_perf.report.document import (
    Alignment,
    Block,
    Bullets,
    Cell,
    CodeBlock,
    Column,
    Heading,
    Paragraph,
    Prose,
    Table,
    Tone,
    bold,
    code,
    prose,
)
from aicmo_perf.report.sparkline import sparkline
from aicmo_perf.report.wording import NOTHING, Labels, counts_by_status, status_cell, status_tone
from aicmo_perf.units import count_of, format_bytes, format_seconds

Recent = Mapping[FeatureKey, Sequence[float | None]]
"""Each feature's last runtimes in seconds, oldest first and the run's own last; None where there is none."""

LAST_RUN_COUNT = 20
"""How many runs the sparkline of a run's report goes back, itself included."""

_RIGHT = Alignment.RIGHT


def state_notice(result: SelfTestResult) -> tuple[Block, ...]:
    """The warning that a run is not whole; nothing for a complete one."""
    finished = count_of(len(result.features), "feature")
    if result.run.state is RunState.INTERRUPTED:
        lead, rest = "Interrupted:", f"the run ended early; this is what had finished by then ({finished})."
    elif result.run.state is RunState.RUNNING:
        lead, rest = "Still running:", f"the run has not ended; this is what has finished so far ({finished})."
    else:
        return ()
    return (Paragraph(prose(bold(lead, Tone.WARN), f" {rest}")),)


def summary_blocks(result: SelfTestResult, labels: Labels) -> Iterator[Block]:
    """How many features have which status, how many of these are critical, and which critical ones fail."""
    everywhere = counts_by_status(status.status for status in result.features)
    critical = counts_by_status(status.status for status in result.features if status.critical)
    rows = [
        (
            status_cell(status) if everywhere[status] else Cell(status.value, Tone.MUTED),
            Cell(str(everywhere[status])),
            Cell(str(critical[status])),
        )
        for status in Status
    ]
    rows.append((Cell("total"), Cell(str(sum(everywhere.values()))), Cell(str(sum(critical.values())))))
    yield Table((Column("Status"), Column("Features", _RIGHT), Column("Critical", _RIGHT)), tuple(rows))
    failing = [labels[s.key] for s in result.features if s.critical and s.status.is_failing]
    if failing:
        yield Paragraph(prose(bold("Critical features failing:", Tone.BAD), f" {', '.join(failing)}"))


def features_table(result: SelfTestResult, labels: Labels, recent: Recent | None = None) -> Block:
    """Every feature in the run's order: what it is, its status, its measurements."""
    if not result.features:
        return Paragraph(prose("No features."))
    columns = [
        Column("Feature", wraps=True),
        Column("Category", optional=True),
        Column("Critical", optional=True),
        Column("Status"),
        Column("Runtime", _RIGHT),
        Column("First call", _RIGHT, optional=True),
        Column("Samples", _RIGHT, optional=True),
        Column("Peak memory", _RIGHT, optional=True),
        Column("Errors", _RIGHT, optional=True),
        Column("Warnings", _RIGHT, optional=True),
    ]
    if recent is not None:
        columns.append(Column("Last runs", optional=True))
    rows = []
    for status in result.features:
        cells = [
            Cell(labels[status.key]),
            Cell(status.category.value),
            Cell("yes" if status.critical else "no"),
            status_cell(status.status),
            Cell(format_seconds(status.runtime_seconds)),
            Cell(format_seconds(status.first_call_seconds)),
            Cell(str(status.sample_count)),
            Cell(format_bytes(status.peak_rss_bytes)),
            Cell(str(len(status.errors))),
            Cell(str(len(status.warnings))),
        ]
        if recent is not None:
            cells.append(recent_cell(status.key, recent))
        rows.append(tuple(cells))
    return Table(tuple(columns), tuple(rows))


def recent_cell(key: FeatureKey, recent: Recent) -> Cell:
    """The feature's last runs as a sparkline."""
    return Cell(sparkline(recent.get(key, ())[-LAST_RUN_COUNT:]))


def runtime_blocks(result: SelfTestResult, labels: Labels) -> Iterator[Block]:
    """The features' runtimes, longest first; those without one at the end, with the reason."""
    yield Paragraph(prose(bold("Feature Runtimes:")))
    if not result.features:
        yield Paragraph(prose("No features."))
        return
    by_runtime = sorted(
        result.features,
        key=lambda status: (
            status.runtime_seconds is None,
            -(status.runtime_seconds or 0.0),
            labels[status.key],
        ),
    )
    yield Bullets(tuple(prose(f"{labels[status.key]}: {_runtime_text(status)}") for status in by_runtime))


def _runtime_text(status: FeatureStatus) -> str:
    if status.runtime_seconds is None:
        if status.status is Status.SKIP:
            return f"{NOTHING} (skipped: {status.skip_reason or 'no reason given'})"
        if status.status.is_failing:
            return f"{NOTHING} (not measured: status {status.status})"
        return f"{NOTHING} (not measured)"
    runtime = format_seconds(status.runtime_seconds)
    if status.min_seconds is None:
        return runtime
    samples = count_of(status.sample_count, "sample")
    return f"{runtime} (median of {samples}, fastest {format_seconds(status.min_seconds)})"


def problem_blocks(result: SelfTestResult, labels: Labels) -> Iterator[Block]:
    """Errors, warnings and skip reasons in full, the worst status first."""
    troubled = [s for s in result.features if s.errors or s.warnings or s.status is not Status.PASS]
    if not troubled:
        yield Paragraph(prose("None."))
    for status in sorted(troubled, key=lambda s: -s.status.severity):
        yield Heading(3, f"{labels[status.key]} ({status.status})")
        if status.status is Status.SKIP:
            yield Paragraph(prose(bold("Skipped:"), f" {status.skip_reason or 'no reason given'}"))
        elif not status.errors and status.status.is_failing:
            yield Paragraph(prose(bold("Errors:", status_tone(status.status)), " none was given."))
        yield from _texts("Errors", status.errors, status_tone(status.status))
        yield from _texts("Warnings", status.warnings, Tone.WARN)


def _texts(title: str, texts: Sequence[str], tone: Tone) -> Iterator[Block]:
    if texts:
        yield Paragraph(prose(bold(f"{title} ({len(texts)}):", tone)))
        for text in texts:
            yield CodeBlock(text)


def selection_prose(globs: Sequence[str]) -> Prose:
    """The globs that chose features, each to be read literally."""
    pieces = [piece for glob in globs for piece in (", ", code(glob))][1:]
    return prose(*pieces)
