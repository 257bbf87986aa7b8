"""The rule about features that disagree with themselves, and what is said of those that are known for it."""

from __future__ import annotations

from collections.abc import Iterator

from aicmo_perf.flakiness.wording import advice_text, cause_text, percent, rate_text, replay_command
from aicmo_perf.gate.attempts import Standing
from aicmo_perf.gate.case import Case
from aicmo_perf.gate.verdict import Finding, Rule
from aicmo_perf.gate.wording import quoted
from aicmo_perf.model import FeatureStatus, FlakinessFinding, Inconsistency


def flaky(case: Case) -> Iterator[Finding]:
    """Features that disagree with themselves and were not known for it; an output that varies is not meant here."""
    for status in case.result.features:
        if _is_told(case, status):
            yield Finding(
                rule=Rule.FLAKY,
                feature=status.feature,
                message=f"{_sentence(case, status)}.",
                advice=_advice(case, status),
            )


def flaky_notes(case: Case) -> Iterator[str]:
    """What is known as flaky and passed at last; and what is newly flaky, for those who do not want it to fail."""
    for status in case.with_standing(Standing.KNOWN_FLAKY):
        record = case.knowledge.records[status.key] if case.knowledge is not None else None
        rate = f" (rate {percent(record.rate.rate)})" if record is not None and record.rate.rate else ""
        name = case.label(status.feature)
        yield f"{name} is known as flaky{rate}: it {case.attempts[status.key].story}; that it passed counts."
    if case.knowledge is not None and Rule.FLAKY not in case.policy.rules:
        for status in case.with_standing(Standing.NEWLY_FLAKY):
            yield f"{_sentence(case, status)}; that rule is off."


def _is_told(case: Case, status: FeatureStatus) -> bool:
    if case.knowledge is None:
        return status.is_flaky
    standing = case.standings[status.key]
    if standing is Standing.FAILING:
        # it fails always, but not always alike; that is worth a word where nothing else is said of it
        return status.is_flaky and case.failing_rule(status) is None
    return standing is Standing.NEWLY_FLAKY


def _sentence(case: Case, status: FeatureStatus) -> str:
    """What it did and why, as far as that is known, without the final stop."""
    newly = "newly " if case.knowledge is not None else ""
    attempts = case.attempts[status.key]
    text = f"{case.label(status.feature)} is {newly}flaky: on unchanged code it {attempts.story}"
    if case.knowledge is not None and not attempts.has_passed and status.key in case.knowledge.passed_here:
        text += ", but passed in an earlier run of it"
    finding = _finding_of(case, status)
    if finding is None:
        return text
    return f"{text}; flake rate {rate_text(finding.rate)}; cause: {cause_text(finding, case.labels)}"


def _advice(case: Case, status: FeatureStatus) -> str:
    name = quoted(case.label(status.feature))
    finding = _finding_of(case, status)
    if finding is None or not finding.explanations:
        failed = case.attempts[status.key].failed
        replay = replay_command(case.run, failed[0].number) if failed else ""
        seen = f"See it with: {replay} -k {name}; learn why" if replay else "Learn why"
        return f"{seen} with: aicmo-perf run --flakiness-check=10; see its past with: aicmo-perf flaky {name}"
    iteration = finding.replay_iteration or finding.iterations[0]
    return f"{advice_text(finding)} See it with: {replay_command(case.run, iteration)} -k {name}"


def _finding_of(case: Case, status: FeatureStatus) -> FlakinessFinding | None:
    """What a flakiness check found out of its signatures; None if there was none."""
    return next(
        (
            finding
            for finding in case.result.findings
            if finding.feature.key == status.key and finding.inconsistency is Inconsistency.STATUS
        ),
        None,
    )
