"""From a run beside its baselines to a verdict."""

from __future__ import annotations

from collections.abc import Iterator

from aicmo_perf.baseline import Baseline
from aicmo_perf.comparison import RunComparison
from aicmo_perf.gate import flaky, outcomes, speed
from aicmo_perf.gate.attempts import Standing
from aicmo_perf.gate.case import Case
from aicmo_perf.gate.knowledge import Knowledge
from aicmo_perf.gate.quarantine import quarantine_notes
from aicmo_perf.gate.verdict import SPEED_RULES, GatePolicy, Rule, Verdict
from aicmo_perf.gate.wording import listing, skip_reason
from aicmo_perf.model import RunState, SelfTestResult, Status
from aicmo_perf.units import count_of

_INSPECTIONS = {
    Rule.CRITICAL_FAILING: outcomes.critical_failing,
    Rule.NEWLY_FAILING: outcomes.newly_failing,
    Rule.VANISHED_CRITICAL: outcomes.vanished_critical,
    Rule.FLAKY: flaky.flaky,
    Rule.SLOWER: speed.slower,
    Rule.FASTER: speed.faster,
}


def judge(
    result: SelfTestResult,
    comparison: RunComparison | None,
    policy: GatePolicy | None = None,
    knowledge: Knowledge | None = None,
) -> Verdict:
    """Decide whether a run passes.

    Args:
        result: the run, with at least one feature (what to say of a run without any is the caller's to decide;
            here it passes and could not be judged).
        comparison: the run beside its baselines, made with the policy's slowness; None when there is nothing to
            compare with.
        policy: what to look for; the default rules with their default thresholds when None.
        knowledge: what is known of the features besides; when None, whatever fails or is flaky counts.
    """
    policy = policy or GatePolicy()
    case = Case(result, comparison or RunComparison(), policy, knowledge)
    rules = tuple(rule for rule in Rule if rule in policy.rules)
    return Verdict(
        findings=tuple(finding for rule in rules for finding in _INSPECTIONS[rule](case)),
        notes=tuple(_notes(case)),
        rules=rules,
        coverage=speed.coverage_of(case),
        could_judge=_could_judge(case),
    )


def _could_judge(case: Case) -> bool:
    """Whether some suite has a usable baseline and, where speed is asked for, some feature was judged by it."""
    if not any(baseline.is_usable for baseline in case.comparison.baselines):
        return False
    return not SPEED_RULES & case.policy.rules or speed.coverage_of(case).judged_count > 0


def _notes(case: Case) -> Iterator[str]:
    """Sentences that fail nothing and still matter."""
    run = case.run
    if not case.result.features:
        yield "No features were found, so nothing was judged."
    if run.state is not RunState.COMPLETE:
        yield f"{run.title_at_start} is {run.state}: only what it finished was judged."
    yield from _baseline_notes(case)
    yield from outcomes.failed_machine(case)
    yield from quarantine_notes(case)
    yield from flaky.flaky_notes(case)
    yield from outcomes.broken_before(case)
    yield from _skipped_critical(case)
    told = case.with_standing(Standing.NEWLY_FLAKY) or case.with_standing(Standing.KNOWN_FLAKY)
    if Rule.FLAKY in case.policy.rules and case.result.features and not case.flakiness_checked and not told:
        yield "Flakiness was not checked: one iteration has nothing to differ from."
    gone = [
        case.label(feature)
        for feature in case.comparison.vanished
        if not (feature.critical and Rule.VANISHED_CRITICAL in case.policy.rules)
    ]
    if gone:
        yield f"{count_of(len(gone), 'feature has', 'features have')} vanished: {listing(gone)}."
    yield from speed.speed_notes(case)


def _baseline_notes(case: Case) -> Iterator[str]:
    for suite in dict.fromkeys((*case.run.suites, *case.baselines)):
        baseline = case.baselines.get(suite, Baseline(suite=suite))
        if not baseline.runs:
            why = f": {baseline.why}" if baseline.why else ""
            yield (
                f"There is no baseline yet for suite {suite}{why}; "
                f"speed is judged from {case.policy.slowness.min_run_count} baseline runs on."
            )
        elif baseline.obstacle:
            yield f"Runtimes of suite {suite} were not compared: {baseline.obstacle}."
        yield from baseline.notes


def _skipped_critical(case: Case) -> Iterator[str]:
    told = Rule.VANISHED_CRITICAL in case.policy.rules
    for status in case.result.features:
        if status.critical and status.status is Status.SKIP and not (told and case.is_skipped_anew(status)):
            yield f"{case.label(status.feature)} (critical) was skipped{skip_reason(status)}."
