"""The rules about what features did: failing, missing."""

from __future__ import annotations

from collections.abc import Iterator

from aicmo_perf.flakiness.wording import percent
from aicmo_perf.gate.attempts import Standing
from aicmo_perf.gate.case import Case
from aicmo_perf.gate.verdict import Finding, Rule
from aicmo_perf.gate.wording import listing, quote_of, reference_of, skip_reason, title_of
from aicmo_perf.model import FeatureStatus, FlakyState, Status
from aicmo_perf.units import count_of

_FAILING_VERBS = {
    Status.PARTIAL: "fails in some scenarios",
    Status.FAIL: "fails",
    Status.ERROR: "ended in an error",
}


CHANCE_PROBABILITY = 0.05
"""What is known as flaky looks broken when chance alone would fail it so often less than this."""


def critical_failing(case: Case) -> Iterator[Finding]:
    """Critical features that are partial, fail or ended in an error."""
    for status in case.result.features:
        if case.failing_rule(status) is Rule.CRITICAL_FAILING:
            yield _failing(case, Rule.CRITICAL_FAILING, status)


def newly_failing(case: Case) -> Iterator[Finding]:
    """Features that passed before the change or are known to pass at times, unless the rule above has told it."""
    for status in case.result.features:
        if case.failing_rule(status) is Rule.NEWLY_FAILING:
            yield _failing(case, Rule.NEWLY_FAILING, status)


def failed_machine(case: Case) -> Iterator[str]:
    """That most features failed, which is seldom each one's own fault."""
    exercised = [status for status in case.result.features if status.status is not Status.SKIP]
    failing = sum(status.status.is_failing for status in exercised)
    if case.knowledge is None or not failing:
        return
    from aicmo_perf.flakiness.infrastructure import most_failed  # not needed where nothing failed

    if most_failed(failing, len(exercised)):
        yield f"Most features failed ({failing} of {len(exercised)}), which looks like the machine or a broken set-up."


def broken_before(case: Case) -> Iterator[str]:
    """What fails as it did before, which no rule tells."""
    broken = []
    for status in case.with_standing(Standing.FAILING):
        record = case.knowledge.records.get(status.key) if case.knowledge is not None else None
        if record is not None and record.state is FlakyState.BROKEN and case.failing_rule(status) is None:
            since = f" (since {title_of(record.broken_since)})" if record.broken_since is not None else ""
            broken.append(f"{case.label(status.feature)}{since}")
    if broken:
        yield f"{count_of(len(broken), 'feature is', 'features are')} broken as before: {listing(broken)}."


def vanished_critical(case: Case) -> Iterator[Finding]:
    """Critical features that were there before the change, and that this run lacks or skips."""
    for feature in case.comparison.vanished:
        if feature.critical:
            seen = title_of(case.comparison.last_seen.get(feature.key))
            yield Finding(
                rule=Rule.VANISHED_CRITICAL,
                feature=feature,
                message=f"{case.label(feature)} (critical) has vanished: {seen} had it, this run does not.",
                advice=(
                    f"Bring {feature.qualified_name} back into suite {feature.suite}; if it was renamed or removed "
                    f"on purpose, {_way_past(case)}."
                ),
            )
    for status in case.result.features:
        if case.is_skipped_anew(status):
            seen = title_of(case.compared[status.key].previous_run)
            yield Finding(
                rule=Rule.VANISHED_CRITICAL,
                feature=status.feature,
                message=(
                    f"{case.label(status.feature)} (critical) is skipped now, and passed in {seen}"
                    f"{skip_reason(status)}."
                ),
                advice=(
                    "Install or bring back what it is skipped for, or make it uncritical; if it is skipped on "
                    f"purpose, {_way_past(case)}."
                ),
            )


def _failing(case: Case, rule: Rule, status: FeatureStatus) -> Finding:
    name = case.label(status.feature) + (" (critical)" if status.critical else "")
    parts = [f"{name} {_FAILING_VERBS[status.status]} with {count_of(len(status.errors), 'error')}"]
    if status.errors:
        parts[0] += f" ({quote_of(status.errors[0])})"
    advice = f"Its errors in full: aicmo-perf show {reference_of(case.run)}"
    if case.standings[status.key] is Standing.LOOKS_BROKEN:
        parts.append(_despite_its_record(case, status))
    elif retries := case.attempts[status.key].retries:
        parts.append(f"{count_of(len(retries), 'retry', 'retries')} failed, too")
    if case.passed_before(status):
        item = case.compared[status.key]
        parts.append(f"it passed in {title_of(item.previous_run)}")
        if commits := case.commits_since(item):
            advice += f"; what changed: git log {commits}"
    return Finding(rule=rule, feature=status.feature, message="; ".join(parts) + ".", advice=advice)


def _despite_its_record(case: Case, status: FeatureStatus) -> str:
    """What it means that a feature known as flaky did not pass once."""
    attempts = case.attempts[status.key].unperturbed
    record = case.knowledge.records.get(status.key) if case.knowledge is not None else None
    rate = record.rate.rate if record is not None else None
    known = f"it is known as flaky{f' (rate {percent(rate)})' if rate else ''}"
    if not attempts.retries:
        return f"{known} and was not retried, which 'aicmo-perf run --gate' does"
    chance = (rate or 0.0) ** len(attempts.made)
    if chance >= CHANCE_PROBABILITY:
        return f"{known} and failed {attempts.score}, which chance alone does in {percent(chance)} of all cases"
    return f"{known}, yet failed {attempts.score}; this looks broken"


def _way_past(case: Case) -> str:
    """How to get past the gate with something that is missing on purpose, and for how long."""
    last = (
        "until later commits are compared with this one"
        if case.run.commit_sha
        else "until three runs have been without it"
    )
    return f"pass it with --no-vanished-critical {last}"
