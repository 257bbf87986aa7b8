"""The rules about what features did: failing, missing, flaky."""

from __future__ import annotations

from collections.abc import Iterator

from aicmo_perf.gate.case import Case
from aicmo_perf.gate.verdict import Finding, Rule
from aicmo_perf.gate.wording import quoted, reference_of, skip_reason, telling_line, title_of
from aicmo_perf.model import FeatureStatus, Status
from aicmo_perf.units import count_of

_FAILING_VERBS = {
    Status.PARTIAL: "fails in some scenarios",
    Status.FAIL: "fails",
    Status.ERROR: "ended in an error",
}


def critical_failing(case: Case) -> Iterator[Finding]:
    """Critical features that are partial, fail or ended in an error."""
    for status in case.result.features:
        if status.critical and status.status.is_failing:
            yield _failing(case, Rule.CRITICAL_FAILING, status)


def newly_failing(case: Case) -> Iterator[Finding]:
    """Features that passed before the change, unless the rule above has told it."""
    told = Rule.CRITICAL_FAILING in case.policy.rules
    for status in case.result.features:
        if status.status.is_failing and case.passed_before(status) and not (status.critical and told):
            yield _failing(case, Rule.NEWLY_FAILING, status)


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


def flaky(case: Case) -> Iterator[Finding]:
    """Features whose signatures differ between the iterations; an output that varies is not meant here."""
    for status in case.result.features:
        if status.is_flaky:
            name = case.label(status.feature)
            signatures = "; ".join(str(signature) for signature in status.signatures)
            yield Finding(
                rule=Rule.FLAKY,
                feature=status.feature,
                message=(
                    f"{name} is flaky: {count_of(len(status.signatures), 'iteration')} of the same code "
                    f"said {signatures}."
                ),
                advice=(
                    "Look for what a fresh process may change: an order, a time, a random number, a file left "
                    f"behind; see its past with: aicmo-perf history {quoted(name)}"
                ),
            )


def _failing(case: Case, rule: Rule, status: FeatureStatus) -> Finding:
    name = case.label(status.feature) + (" (critical)" if status.critical else "")
    parts = [f"{name} {_FAILING_VERBS[status.status]} with {count_of(len(status.errors), 'error')}"]
    if status.errors:
        parts[0] += f" ({telling_line(status.errors[0])})"
    advice = f"Its errors in full: aicmo-perf show {reference_of(case.run)}"
    if case.passed_before(status):
        item = case.compared[status.key]
        parts.append(f"it passed in {title_of(item.previous_run)}")
        if commits := case.commits_since(item):
            advice += f"; what changed: git log {commits}"
    return Finding(rule=rule, feature=status.feature, message="; ".join(parts) + ".", advice=advice)


def _way_past(case: Case) -> str:
    """How to get past the gate with something that is missing on purpose, and for how long."""
    last = (
        "until later commits are compared with this one"
        if case.run.commit_sha
        else "until three runs have been without it"
    )
    return f"pass it with --no-vanished-critical {last}"
