"""What is set aside, as a table and in JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from aicmo_perf.model import Feature, QuarantineLine, feature_labels
from aicmo_perf.report.document import Cell, Column, Document, Heading, Paragraph, Table, Tone, prose
from aicmo_perf.report.json_values import Payload, feature_json, moment_json
from aicmo_perf.report.wording import NOTHING

_MOST_NAMES = 5


def build_quarantine_report(lines: Sequence[QuarantineLine], today: date) -> Document:
    """The quarantine as a table.

    Args:
        lines: in the order to show them.
        today: for expiry.
    """
    title = Heading(1, "Quarantine")
    if not lines:
        return Document((title, Paragraph(prose("Nothing is in quarantine."))))
    columns = (
        Column("Entry", wraps=True),
        Column("Features", wraps=True),
        Column("Until"),
        Column("State"),
        Column("Reason", wraps=True),
        Column("Where", optional=True),
        Column("Added", optional=True),
    )
    return Document((title, Table(columns, tuple(_row(line, today) for line in lines))))


def quarantine_payload(lines: Sequence[QuarantineLine], today: date) -> Payload:
    """The quarantine; the format ``aicmo-perf/quarantine``."""
    return {
        "format": "aicmo-perf/quarantine",
        "version": 1,
        "quarantine": [
            {
                "feature": line.entry.feature,
                "reason": line.entry.reason,
                "until": line.entry.until.isoformat(),
                "expired": line.entry.is_expired(today),
                "in_file": line.entry.in_file,
                "added_at": moment_json(line.entry.added_at),
                "added_by": line.entry.added_by,
                "features": [feature_json(feature) for feature in line.features],
                "overruled": [feature_json(feature) for feature in line.overruled],
            }
            for line in lines
        ],
    }


def _row(line: QuarantineLine, today: date) -> tuple[Cell, ...]:
    entry = line.entry
    added = " by ".join(filter(None, (f"{entry.added_at:%Y-%m-%d}" if entry.added_at else "", entry.added_by)))
    return (
        Cell(entry.feature),
        Cell(*_features(line.features)),
        Cell(entry.until.isoformat()),
        Cell(*_state(line, today)),
        Cell(entry.reason),
        Cell("configuration" if entry.in_file else "database"),
        Cell(added or NOTHING),
    )


def _features(features: Sequence[Feature]) -> tuple[str, Tone]:
    if not features:
        return "none in the history", Tone.WARN
    labels = list(feature_labels(features).values())
    rest = len(labels) - _MOST_NAMES
    return ", ".join(labels[:_MOST_NAMES]) + (f", and {rest} more" if rest > 0 else ""), Tone.NORMAL


def _state(line: QuarantineLine, today: date) -> tuple[str, Tone]:
    if line.overruled and len(line.overruled) == len(line.features):
        return "overruled", Tone.MUTED
    if line.entry.is_expired(today):
        return "expired", Tone.BAD
    return (f"holds, overruled for {len(line.overruled)}" if line.overruled else "holds"), Tone.NORMAL
