"""Stable, flaky, broken or unknown: what a feature did on each version of the code, judged. Never two of them at once.

What each means is told in `history`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aicmo_perf.flakiness.rates import runs_to_exclude
from aicmo_perf.flakiness.same_code import Code, SameCode
from aicmo_perf.flakiness.segments import Attempts, Stretch, failing_stretches, outages, rate_segments
from aicmo_perf.model import Run
from aicmo_perf.model.outcomes import FlakyState

_LEAST_OUTCOMES = 2
"""One outcome agrees with nothing."""

_PASSED_ELSEWHERE_COUNT = 10
"""Runs in other settings that pass after which one that failed, and has not run since, is not heard any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What a feature is.

    Attributes:
        state: see there.
        broken_since: the first run of the outage that goes on; None unless it is broken.
        outage_codes: on which it was broken, then or now.
    """

    state: FlakyState
    broken_since: Run | None = None
    outage_codes: frozenset[Code] = frozenset()


def state_without_failures(outcome_count: int) -> FlakyState:
    """The state of a feature that was never seen to fail, perturbed or not."""
    return FlakyState.STABLE if outcome_count >= _LEAST_OUTCOMES else FlakyState.UNKNOWN


def assess(codes: Sequence[SameCode], excluded_rate: float) -> Assessment:
    """Judge what a feature did.

    Args:
        codes: every version of the code that it ran on, in the order in which they were first run.
        excluded_rate: a lone failure is forgotten once the passes since exclude this rate (95 %).
    """
    attempts = [its.attempts for its in codes]
    total = sum(attempts, Attempts())
    errors = [its.errors for its in codes]
    stretches = failing_stretches(attempts, [its.code.setting for its in codes], errors)
    flaky_errors = {kind for its in codes if its.attempts.all_passed_count for kind in its.errors}
    broken = outages(stretches, total, flaky_errors)
    in_outage = {position for stretch in broken for position in stretch.positions}
    outage_codes = frozenset(codes[position].code for position in in_outage)

    ongoing = [stretch for stretch in broken if _goes_on(stretch, codes)]
    if ongoing:
        first = min(stretch.positions[0] for stretch in ongoing)
        return Assessment(state=FlakyState.BROKEN, broken_since=codes[first].runs[0].run, outage_codes=outage_codes)
    if total.count + total.retry_count + sum(its.perturbed_count for its in codes) < _LEAST_OUTCOMES:
        return Assessment(state=FlakyState.UNKNOWN, outage_codes=outage_codes)
    others = [its for position, its in enumerate(codes) if position not in in_outage]
    still_flips = _still_flips([its.attempts for its in others], [its.flip_count for its in others])
    # code on which it always fails, unless provoked, is an outage of the unperturbed outcomes alone
    perturbed = [its for its in codes if its.provoked_count or its.code not in outage_codes]
    if still_flips or _still_flips(
        [Attempts(its.provoked_count, its.perturbed_count) for its in perturbed],
        [its.provoked_count for its in perturbed],
    ):
        state = FlakyState.FLAKY
    elif _fails_alone(others, runs_to_exclude(excluded_rate)):
        state = FlakyState.UNKNOWN
    else:
        state = FlakyState.STABLE
    return Assessment(state=state, outage_codes=outage_codes)


def _goes_on(outage: Stretch, codes: Sequence[SameCode]) -> bool:
    """Whether a feature has not passed since, in this setting or too often elsewhere, nor when it was provoked."""
    its_codes = [codes[position] for position in outage.positions]
    setting = its_codes[0].code.setting
    later = [its for its in codes[outage.positions[-1] + 1 :] if its.attempts.all_passed_count]
    return (
        not any(its.provoked_count for its in its_codes)
        and not any(its.code.setting == setting for its in later)
        and sum(len(its.runs) for its in later) < _PASSED_ELSEWHERE_COUNT
    )


def _still_flips(attempts: Sequence[Attempts], flip_counts: Sequence[int]) -> bool:
    """Whether there are flips since the rate of failure was last nothing, as far as its change points tell."""
    if not any(flip_counts):
        return False
    tried = [position for position, its in enumerate(attempts) if its.count + its.retry_count]
    for segment in reversed(rate_segments([attempts[position] for position in tried])):
        positions = [tried[at] for at in segment]
        if any(flip_counts[position] for position in positions):
            return True
        if not any(attempts[position].all_failed_count for position in positions):
            return False
    return False


def _fails_alone(codes: Sequence[SameCode], forgotten_after: int) -> bool:
    """Whether a failure that nothing explains has fewer passes after it than it is forgotten after."""
    passes = 0
    for its in reversed(codes):
        if passes >= forgotten_after:
            return False
        if its.attempts.always_failed:
            return True
        passes += its.attempts.all_passed_count
    return False
