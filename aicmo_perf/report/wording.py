"""How single facts are worded in every report: moments, commits, machines, roles, statuses, changes.

One place, so that two reports never call one thing by two names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aicmo_perf.model import (
    AcceptedChange,
    Change,
    ChangePoint,
    Environment,
    FeatureKey,
    Run,
    RunRole,
    Status,
    telling_line,
)
from aicmo_perf.report.document import Cell, Tone
from aicmo_perf.units import count_of, format_change, format_seconds

if TYPE_CHECKING:
    from aicmo_perf.comparison import FeatureComparison

Labels = Mapping[FeatureKey, str]
"""What to call each feature."""

NOTHING = "–"
_STATUS_TONES = {
    Status.PASS: Tone.GOOD,
    Status.PARTIAL: Tone.WARN,
    Status.FAIL: Tone.BAD,
    Status.ERROR: Tone.BAD,
    Status.SKIP: Tone.MUTED,
}
_CHANGE_TONES = {
    Change.REGRESSED: Tone.BAD,
    Change.IMPROVED: Tone.GOOD,
    Change.UNCHANGED: Tone.NORMAL,
    Change.INCONCLUSIVE: Tone.MUTED,
}
_GIST_LENGTH = 200


def moment_text(moment: datetime | None) -> str:
    """A moment for people, in UTC: ``2025-03-01 09:30:00 UTC``."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if moment is not None else NOTHING


def duration_seconds(run: Run) -> float | None:
    """Seconds from the run's start to its end; None while it has none."""
    return (run.finished_at - run.started_at).total_seconds() if run.finished_at is not None else None


def duration_text(run: Run) -> str:
    """The run's duration for people."""
    return format_seconds(duration_seconds(run))


def commit_text(run: Run) -> str:
    """The commit, shortened to ten digits; ``+ changes`` when the working tree differed from it."""
    if not run.commit_sha:
        return NOTHING
    return run.commit_sha[:10] + (" + changes" if run.dirty else "")


_COMPANION_TEXTS = {
    RunRole.PAIRED_BASE: "paired base",
    RunRole.RERUN_HEAD: "re-run",
    RunRole.RERUN_BASE: "base re-run",
}


def role_text(run: Run) -> str:
    """What a run is for: ``pull request 7``, ``paired base of run 12``; empty for one that stands for itself."""
    parts = [f"pull request {run.pull_request}"] if run.pull_request else []
    if run.role in _COMPANION_TEXTS:
        whose = f" of run {run.companion_of}" if run.companion_of is not None else ""
        parts.append(f"{_COMPANION_TEXTS[run.role]}{whose}")
    elif run.role is RunRole.PAIRED_HEAD:
        parts.append("paired with a base")
    return ", ".join(parts)


def run_text(run: Run) -> str:
    """The run's number, or the start of its uuid when it is not stored."""
    return str(run.id) if run.id is not None else run.uuid[:13]


def runs_text(runs: Sequence[Run]) -> str:
    """Which runs, oldest first, neighbours drawn together: ``runs 3, 5–9``."""
    groups: list[list[Run]] = []
    for run in runs:
        last = groups[-1][-1].id if groups else None
        if run.id is not None and last is not None and run.id == last + 1:
            groups[-1].append(run)
        else:
            groups.append([run])
    named = ", ".join(
        run_text(group[0]) if len(group) == 1 else f"{run_text(group[0])}–{run_text(group[-1])}" for group in groups
    )
    return f"run {named}" if len(runs) == 1 else f"runs {named}"


def environment_text(environment: Environment) -> str:
    """Machine, interpreter, fingerprint: ``Apple M2, 8 CPUs, Darwin arm64, CPython 3.12.1 (e1-4fa0969c5483)``."""
    facts = environment.facts
    cpu_count = facts.get("cpu_count")
    parts = (
        facts.get("cpu_model"),
        count_of(int(cpu_count), "CPU") if isinstance(cpu_count, int | float) else cpu_count,
        _joined(facts, "system", "architecture"),
        _joined(facts, "python_implementation", "python_version"),
    )
    known = ", ".join(str(part) for part in parts if part)
    return f"{known} ({environment.fingerprint})" if known else "not recorded"


def _joined(facts: Mapping[str, object], *names: str) -> str:
    return " ".join(str(facts[name]) for name in names if facts.get(name))


def status_cell(status: Status) -> Cell:
    """A status in its tone."""
    return Cell(status.value, _STATUS_TONES[status])


def status_tone(status: Status) -> Tone:
    """The tone of a status."""
    return _STATUS_TONES[status]


def change_tone(change: Change) -> Tone:
    """The tone of a change."""
    return _CHANGE_TONES[change]


def change_cell(comparison: FeatureComparison | None) -> Cell:
    """A feature's change against its baseline in one cell: ``+12.3% regressed``, ``new``, or a dash."""
    if comparison is not None and comparison.is_new:
        return Cell("new", Tone.MUTED)
    if comparison is None or comparison.ratio is None:
        return Cell(NOTHING, Tone.MUTED)
    return Cell(f"{format_change(comparison.ratio)} {comparison.change}", change_tone(comparison.change))


def confidence_text(confidence: float) -> str:
    """How sure a change point is, never rounded up to certainty: ``97%``, ``over 99%``."""
    return "over 99%" if confidence > 0.99 else f"{int(confidence * 100)}%"


def level_tone(ratio: float) -> Tone:
    """The tone of a level that shifted: slower is bad."""
    return Tone.BAD if ratio > 1 else Tone.GOOD


def change_point_text(change: ChangePoint) -> str:
    """One change point in a line, without its feature: ``+18.0% since run 31: 1.00 ms → 1.18 ms, 97% sure``."""
    return (
        f"{format_change(change.ratio)} since {change.run.title}: {format_seconds(change.before_seconds)} → "
        f"{format_seconds(change.after_seconds)}, {confidence_text(change.confidence)} sure"
    )


def accepted_text(accepted: AcceptedChange) -> str:
    """Who took a new level as it is, when and why: ``since run 31, accepted by ann on 2025-03-01: a new cache``."""
    return f"since {accepted.run.title}, {accepted.summary}"


def status_counts_text(counts: Mapping[Status, int]) -> str:
    """The statuses that occur: ``7 pass, 1 partial, 1 error``."""
    return ", ".join(f"{counts[status]} {status}" for status in Status if counts.get(status)) or "no features"


def counts_by_status(statuses: Iterable[Status]) -> dict[Status, int]:
    """How often each status occurs, all five of them."""
    counts = dict.fromkeys(Status, 0)
    for status in statuses:
        counts[status] += 1
    return counts


def gist(error: str) -> str:
    """The telling line of an error, shortened."""
    line = telling_line(error) or "(no text)"
    return line if len(line) <= _GIST_LENGTH else line[: _GIST_LENGTH - 1] + "…"
