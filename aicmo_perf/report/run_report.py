"""What a run's report says: in full for the file, and in short for the end of ``run`` on the console."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from aicmo_perf.comparison import RunComparison
from aicmo_perf.flakiness.wording import cause_text, hidden_text, replay_command
from aicmo_perf.model import (
    Change,
    ChangePoint,
    FeatureStatus,
    FlakinessFinding,
    RunState,
    SelfTestResult,
    Status,
    feature_labels,
)
from aicmo_perf.report.changes_report import change_points_table
from aicmo_perf.report.comparison_section import changed, comparison_blocks, has_baseline, labels_of
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
    Span,
    Table,
    Tone,
    bold,
    code,
    prose,
)
from aicmo_perf.report.flakiness_section import flakiness_blocks, not_excluded, was_checked
from aicmo_perf.report.judgement_notes import change_text, factor_prose, tail_texts, waiting_texts
from aicmo_perf.report.result_sections import (
    Recent,
    features_table,
    problem_blocks,
    recent_cell,
    runtime_blocks,
    state_notice,
    summary_blocks,
)
from aicmo_perf.report.run_facts import header_bullets
from aicmo_perf.report.wording import (
    Labels,
    change_cell,
    counts_by_status,
    duration_text,
    gist,
    status_cell,
    status_counts_text,
    status_tone,
)
from aicmo_perf.units import count_of, format_seconds

_RIGHT = Alignment.RIGHT


def build_run_report(
    result: SelfTestResult,
    comparison: RunComparison | None = None,
    recent: Recent | None = None,
    change_points: Sequence[ChangePoint] = (),
) -> Document:
    """The full report of a run.

    Args:
        result: the run and its features.
        comparison: the run beside its baselines; None when nothing was compared.
        recent: each feature's last runtimes in seconds, oldest first, this run's included; None draws no column.
        change_points: where levels shifted among the baseline runs and this one, in any order.
    """
    labels = labels_of(result, comparison)
    return Document(
        (
            Heading(1, "Self-Test Report"),
            *state_notice(result),
            header_bullets(result.run),
            Heading(2, "Summary"),
            *summary_blocks(result, labels),
            Heading(2, "Features"),
            features_table(result, labels, recent),
            Heading(2, "Performance & Flakiness"),
            *runtime_blocks(result, labels),
            *flakiness_blocks(result, labels),
            Heading(2, "Compared with the baseline"),
            *comparison_blocks(comparison, labels),
            *_since_when(comparison, change_points, labels),
            Heading(2, "Errors and warnings"),
            *problem_blocks(result, labels),
        )
    )


def _since_when(
    comparison: RunComparison | None, change_points: Sequence[ChangePoint], labels: Labels
) -> Iterator[Block]:
    """Where levels shifted; that none did is said too, once there is a past to look through."""
    if comparison is None or not has_baseline(comparison) or (comparison.is_paired and not change_points):
        return
    yield Heading(2, "Since When")
    if change_points:
        named = feature_labels(change.feature for change in change_points)
        yield change_points_table(change_points, {**named, **labels})
    else:
        yield Paragraph(prose("No level has shifted in the runs that this one is compared with."))


def build_run_summary(
    result: SelfTestResult, comparison: RunComparison | None = None, recent: Recent | None = None
) -> Document:
    """What ``run`` prints: a table, then the problems, then one closing line. Arguments as in build_run_report."""
    labels = labels_of(result, comparison)
    problems = tuple(_problems(result, comparison, labels))
    return Document(
        (
            *state_notice(result),
            *((_summary_features(result, comparison, recent, labels),) if result.features else ()),
            *((Bullets(problems),) if problems else ()),
            Paragraph(_closing(result, comparison)),
        )
    )


def _summary_features(
    result: SelfTestResult, comparison: RunComparison | None, recent: Recent | None, labels: Labels
) -> Block:
    compared = comparison.by_key() if comparison is not None else {}
    rows = tuple(
        (
            Cell(labels[status.key]),
            status_cell(status.status),
            Cell(format_seconds(status.runtime_seconds)),
            change_cell(compared.get(status.key)),
            recent_cell(status.key, recent or {}),
            Cell(format_seconds(status.first_call_seconds), Tone.MUTED),
        )
        for status in result.features
    )
    return Table(
        (
            Column("Feature", wraps=True),
            Column("Status"),
            Column("Runtime", _RIGHT),
            Column("Change"),
            Column("Last runs", optional=True),
            Column("First call", _RIGHT, optional=True),
        ),
        rows,
    )


_MOST_IN_TURN = 5
_CHANGE_WORDS = ((Change.REGRESSED, "slower", Tone.BAD), (Change.IMPROVED, "faster", Tone.GOOD))


def _problems(result: SelfTestResult, comparison: RunComparison | None, labels: Labels) -> Iterator[Prose]:
    for status in sorted(result.features, key=lambda s: -s.status.severity):
        if status.status is not Status.PASS:
            yield _status_problem(status, labels[status.key])
    yield from _inconsistencies(result, labels)
    if comparison is not None:
        if comparison.common_factor is not None and comparison.common_factor.is_clear:
            yield factor_prose(comparison.common_factor)
        for change, word, tone in _CHANGE_WORDS:
            for item in changed(comparison, change):
                told = change_text(item, labels[item.feature.key], is_paired=comparison.is_paired)
                yield prose(bold(word, tone), f" {told}")
        for text in waiting_texts(comparison.features, labels):
            yield prose(bold("waiting", Tone.WARN), f" {text}")
        for text in tail_texts(comparison.features, labels):
            yield prose(bold("tail", Tone.WARN), f" {text}")
        for feature in comparison.vanished:
            critical = "a critical feature" if feature.critical else "a feature"
            yield prose(bold("vanished", Tone.WARN), f" {labels[feature.key]}: {critical} of the baseline")


def _inconsistencies(result: SelfTestResult, labels: Labels) -> Iterator[Prose]:
    """The flaky ones, then those whose output alone varies: what was seen, the cause, how to see it again."""
    findings = {finding.feature.key: finding for finding in reversed(result.findings)}
    for status in result.features:
        if status.is_flaky:
            yield prose(
                bold("flaky", Tone.WARN),
                f" {labels[status.key]}: {_seen_text(status)}",
                *_explained(findings.get(status.key), result, labels),
            )
    for status in result.features:
        if status.output_varies:
            yield prose(
                bold("varies", Tone.WARN),
                f" {labels[status.key]}: same status, another output each time",
                *_explained(findings.get(status.key), result, labels),
            )


def _seen_text(status: FeatureStatus) -> str:
    """``pass, fail, pass in turn``; of many iterations ``pass in 7 of 10 iterations, fail in 3``."""
    seen = [signature.status for signature in status.signatures]
    if len(seen) <= _MOST_IN_TURN:
        return f"{', '.join(seen)} in turn"
    (first, count), *others = Counter(seen).items()
    rest = "".join(f", {other} in {times}" for other, times in others)
    return f"{first} in {count} of {count_of(len(seen), 'iteration')}{rest}"


def _explained(finding: FlakinessFinding | None, result: SelfTestResult, labels: Labels) -> Iterator[str | Span]:
    if finding is None:
        return
    if finding.explanations:
        yield f"; {cause_text(finding, labels)}"
    if finding.replay_iteration is not None:
        yield "; see it again: "
        yield code(replay_command(result.run, finding.replay_iteration))


def _status_problem(status: FeatureStatus, label: str) -> Prose:
    if status.status is Status.SKIP:
        text = status.skip_reason or "no reason given"
    elif status.errors:
        more = len(status.errors) - 1
        text = gist(status.errors[0]) + (f" (and {count_of(more, 'more error')})" if more else "")
    else:
        text = "no error was given"
    return prose(bold(status.status.value, status_tone(status.status)), f" {label}: {text}")


def _closing(result: SelfTestResult, comparison: RunComparison | None) -> Prose:
    """One line: how many features, which statuses, what changed, which run."""
    counts = counts_by_status(status.status for status in result.features)
    failing = any(status.status.is_failing for status in result.features)
    run = result.run
    parts = [status_counts_text(counts)] if result.features else []
    flaky_count = sum(status.is_flaky for status in result.features)
    if flaky_count:
        parts.append(f"{flaky_count} flaky")
    elif was_checked(result) and run.state is RunState.COMPLETE:
        hidden = not_excluded(result)
        parts.append("none flaky" + (f": {hidden_text(hidden)}" if hidden is not None else ""))
    if comparison is not None and has_baseline(comparison):
        parts.append(_changes_text(comparison))
    else:
        parts.append("no baseline yet")
    tone = Tone.BAD if failing else Tone.GOOD if result.features else Tone.WARN
    duration = f" in {duration_text(run)}" if run.finished_at is not None else ""
    return prose(
        bold(count_of(len(result.features), "feature"), tone),
        f"{duration}: {'; '.join(parts)} ({run.title}, {run.mode}).",
    )


def _changes_text(comparison: RunComparison) -> str:
    changes = [item.change for item in comparison.features if item.ratio is not None]
    words = {Change.REGRESSED: "slower", Change.IMPROVED: "faster", Change.UNCHANGED: "unchanged"}
    parts = [f"{changes.count(change)} {word}" for change, word in words.items() if changes.count(change)]
    undecided = changes.count(Change.INCONCLUSIVE)
    if undecided:
        parts.append(f"{undecided} inconclusive")
    return ", ".join(parts) or "no runtime to compare"
