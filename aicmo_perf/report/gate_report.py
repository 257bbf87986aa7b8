"""What the gate says: passed or failed, each finding with its advice, and how much was judged at all."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from aicmo_perf.comparison import RunComparison
from aicmo_perf.gate import Coverage, Finding, Rule, Verdict
from aicmo_perf.model import SelfTestResult
from aicmo_perf.report.comparison_section import baseline_prose, labels_of
from aicmo_perf.report.document import (
    Block,
    Bullets,
    Document,
    Heading,
    Paragraph,
    Prose,
    Tone,
    bold,
    code,
    prose,
)
from aicmo_perf.report.wording import commit_text, counts_by_status, status_counts_text
from aicmo_perf.units import count_of, format_change

RULE_TITLES = {
    Rule.CRITICAL_FAILING: "Critical feature failing",
    Rule.NEWLY_FAILING: "Newly failing",
    Rule.VANISHED_CRITICAL: "Critical feature missing",
    Rule.FLAKY: "Flaky",
    Rule.SLOWER: "Slower",
    Rule.FASTER: "Faster",
}


def build_gate_report(verdict: Verdict, result: SelfTestResult, comparison: RunComparison | None = None) -> Document:
    """The verdict in full.

    Args:
        verdict: what the gate decided.
        result: the run it judged.
        comparison: the run beside its baselines; None when there was nothing to compare with.
    """
    return Document(
        (
            Heading(1, f"Gate: {result_word(verdict)}"),
            Bullets(tuple(_facts(result, comparison))),
            *_finding_blocks(verdict),
            *_note_blocks(verdict),
            Paragraph(prose(coverage_text(verdict.coverage), visible_text(result, comparison))),
            Paragraph(_result_line(verdict)),
        )
    )


def result_word(verdict: Verdict) -> str:
    """``passed`` or ``failed``."""
    return "passed" if verdict.passed else "failed"


def _facts(result: SelfTestResult, comparison: RunComparison | None) -> Iterator[Prose]:
    run = result.run
    statuses = status_counts_text(counts_by_status(status.status for status in result.features))
    yield prose(bold("Run:"), f" {run.title.removeprefix('run ')} ({run.mode}, commit {commit_text(run)}): {statuses}")
    if comparison is not None:
        for baseline in comparison.baselines:
            yield prose("Baseline of ", *baseline_prose(baseline))


def _finding_blocks(verdict: Verdict) -> Iterator[Block]:
    if not verdict.findings:
        return
    yield Heading(2, "Findings")
    yield Bullets(
        tuple(
            prose(bold(f"{RULE_TITLES[finding.rule]}:", Tone.BAD), f" {finding_text(finding)}")
            for finding in verdict.findings
        )
    )


def _note_blocks(verdict: Verdict) -> Iterator[Block]:
    if verdict.notes:
        yield Heading(2, "Notes")
        yield Bullets(tuple(prose(note) for note in verdict.notes))


def coverage_text(coverage: Coverage) -> str:
    """How much was judged for speed, in one sentence."""
    return (
        f"Judged for speed: {count_of(coverage.judged_count, 'feature')}; "
        f"inconclusive: {coverage.inconclusive_count}; new: {coverage.new_count}; "
        f"vanished: {coverage.vanished_count}."
    )


def visible_text(result: SelfTestResult, comparison: RunComparison | None) -> str:
    """The smallest slowdown that would have been seen, in the median feature and in the worst; empty when not known."""
    if comparison is None:
        return ""
    known = [
        (ratio, item.feature.key) for item in comparison.features if (ratio := item.smallest_visible_ratio) is not None
    ]
    if not known:
        return ""
    worst, key = max(known)
    typical = statistics.median(ratio for ratio, _ in known)
    text = f" Smallest visible slowdown: {format_change(typical)} in the median feature"
    if worst > typical:
        text += f", {format_change(worst)} in {labels_of(result, comparison)[key]}"
    return f"{text}."


def finding_text(finding: Finding) -> str:
    """A finding with its advice, as one text; the message names the feature."""
    return " ".join(part for part in (finding.message.strip(), finding.advice.strip()) if part)


def _result_line(verdict: Verdict) -> Prose:
    rules = [piece for rule in verdict.rules for piece in (", ", code(rule.value))][1:] or ["none"]
    if verdict.passed:
        unjudged = "" if verdict.could_judge else " Speed could not be judged."
        return prose(bold("Passed.", Tone.GOOD), f"{unjudged} Rules: ", *rules, ".")
    findings = count_of(len(verdict.findings), "finding")
    return prose(bold("Failed:", Tone.BAD), f" {findings}. Rules: ", *rules, ".")
