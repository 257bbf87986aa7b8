"""Runs to choose among."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from aicmo_perf.model import Environment, Mode, Run

MACHINE = Environment(
    {"cpu_model": "Example CPU", "cpu_count": 8, "python_implementation": "CPython", "python_version": "3.12.4"}
)
START = datetime(2025, 1, 1, tzinfo=UTC)


def make_run(number, **values):
    defaults = {
        "uuid": f"00000000-0000-7000-8000-{number:012}",
        "id": number,
        "started_at": START + timedelta(hours=number),
        "mode": Mode.DETERMINISTIC,
        "suites": ("aicmo",),
        "environment": MACHINE,
        "branch": "main",
    }
    return Run(**{**defaults, **values})
