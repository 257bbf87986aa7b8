"""What is said of runs: a list of them, and one in every detail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aicmo_perf.model import Run, RunState, SelfTestResult, Status, feature_labels
from aicmo_perf.report.document import (
    Alignment,
    Cell,
    Column,
    Document,
    Heading,
    Paragraph,
    Table,
    Tone,
    prose,
)
from aicmo_perf.report.flakiness_section import flakiness_blocks
from aicmo_perf.report.result_sections import (
    features_table,
    problem_blocks,
    state_notice,
)
from aicmo_perf.report.run_facts import detail_bullets, environment_bullets, option_bullets
from aicmo_perf.report.wording import (
    NOTHING,
    commit_text,
    duration_text,
    moment_text,
    role_text,
    run_text,
    status_counts_text,
)

_RIGHT = Alignment.RIGHT


def build_runs_report(runs: Sequence[Run], counts: Mapping[int, Mapping[Status, int]]) -> Document:
    """The list of runs.

    Args:
        runs: in the order to show them.
        counts: how many features had which status, by the run's id.
    """
    title = Heading(1, "Runs")
    if not runs:
        return Document((title, Paragraph(prose("No runs."))))
    has_roles = any(role_text(run) for run in runs)
    columns = (
        Column("Run", _RIGHT),
        Column("When"),
        Column("Mode", optional=True),
        Column("State"),
        Column("Features", wraps=True),
        *((Column("Role", wraps=True),) if has_roles else ()),
        Column("Duration", _RIGHT, optional=True),
        Column("Commit", optional=True),
        Column("Branch", wraps=True, optional=True),
        Column("Suites", wraps=True, optional=True),
        Column("Label", wraps=True, optional=True),
    )
    return Document((title, Table(columns, tuple(_run_row(run, counts, has_roles=has_roles) for run in runs))))


def _run_row(run: Run, counts: Mapping[int, Mapping[Status, int]], *, has_roles: bool) -> tuple[Cell, ...]:
    by_status = counts.get(run.id, {}) if run.id is not None else {}
    failing = any(count and status.is_failing for status, count in by_status.items())
    return (
        Cell(run_text(run)),
        Cell(moment_text(run.started_at)),
        Cell(run.mode.value),
        Cell(run.state.value, Tone.NORMAL if run.state is RunState.COMPLETE else Tone.WARN),
        Cell(status_counts_text(by_status), Tone.BAD if failing else Tone.NORMAL),
        *((Cell(role_text(run)),) if has_roles else ()),
        Cell(duration_text(run)),
        Cell(commit_text(run)),
        Cell(run.branch or NOTHING),
        Cell(", ".join(run.suites) or NOTHING),
        Cell(run.label or ""),
    )


def build_run_details(result: SelfTestResult) -> Document:
    """One run in every detail: how it was asked to measure, on what machine, by whom, and each feature."""
    run = result.run
    labels = feature_labels(status.feature for status in result.features)
    environment = environment_bullets(run) if run.environment.facts else Paragraph(prose("Not recorded."))
    return Document(
        (
            Heading(1, run.title_at_start),
            *state_notice(result),
            detail_bullets(run),
            Heading(2, "Options"),
            option_bullets(run),
            Heading(2, "Environment"),
            environment,
            Heading(2, "Features"),
            features_table(result, labels),
            Heading(2, "Flakiness"),
            *flakiness_blocks(result, labels),
            Heading(2, "Errors and warnings"),
            *problem_blocks(result, labels),
        )
    )
