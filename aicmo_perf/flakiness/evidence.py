"""What iterations and trials say of one feature, and when what they say is more than a coincidence.

A feature that is random, whatever its rate, also follows some factor for a while, and there are a dozen factors. So a
claim is weighed against the best that chance can do. The factor at its plain value showed the usual outcome a times,
changed it showed another one b times, without exception: a feature that differs with probability p, whatever p is,
does just this with (1 − p)ᵃ·pᵇ ≤ (a/(a+b))ᵃ·(b/(a+b))ᵇ, which for five each way is 1 in 1,024. Where a factor only
makes an outcome more frequent, as load does, it is Fisher's exact test.

References:
    Fisher (1935): The logic of inductive inference. Journal of the Royal Statistical Society 98(1), 39–82.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aicmo_perf.flakiness.orders import split_among
from aicmo_perf.model import (
    Conditions,
    FeatureKey,
    Inconsistency,
    Iteration,
    IterationResult,
    Signature,
    Status,
    is_of_repeated_call,
)

COINCIDENCE_LIMIT = 1e-3
"""How probable it may be that a random feature is said to follow something, per feature."""

LOAD_COINCIDENCE_LIMIT = 0.01
"""The same of the load average of iterations: trials on a busy machine have to say the rest, since fewer than thirteen
iterations cannot be less probable than one in a thousand (6 of 12 are the busiest by chance once in 924)."""


def inconsistent(results: Mapping[FeatureKey, Sequence[IterationResult]]) -> dict[FeatureKey, Inconsistency]:
    """Which features differ between iterations, and in what: the signature, or the output alone."""
    found = {}
    for key, of_feature in results.items():
        if len({result.signature for result in of_feature}) > 1:
            found[key] = Inconsistency.STATUS
        elif len({result.output_digest for result in of_feature}) > 1:
            found[key] = Inconsistency.OUTPUT
    return found


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one iteration or trial showed of a feature, as far as its inconsistency is concerned.

    Attributes:
        signature: of the call that is told of; None when the feature was not found.
        output_digest: where the output alone differs; None where the signature does.
        call: its number in the process.
    """

    signature: Signature | None
    output_digest: str | None = None
    call: int = 1

    def differs_from(self, other: Outcome) -> bool:
        """Whether it is another outcome, whichever call it is of."""
        return (self.signature, self.output_digest) != (other.signature, other.output_digest)

    @classmethod
    def of(cls, result: IterationResult | None, inconsistency: Inconsistency) -> Outcome:
        """What a result shows; None stands for a feature that was not found."""
        if result is None:
            return cls(None)
        digest = result.output_digest if inconsistency is Inconsistency.OUTPUT else None
        return cls(result.signature, digest, result.judged_calls)

    @property
    def is_failing(self) -> bool:
        """Whether a person has to look."""
        return self.signature is None or self.signature.status.is_failing


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One feature in one iteration.

    Attributes:
        iteration: which one.
        result: what it said.
        first: of the process's first call, as far as it is known: of several calls, the output is that of the one
            that is told.
        is_repeated_call: whether the result tells of a later call, the first of which had passed.
        line: what ran in its process, in order, the feature included.
        place: where in that line it came.
    """

    iteration: Iteration
    result: IterationResult
    first: Outcome
    is_repeated_call: bool
    line: tuple[FeatureKey, ...]
    place: int

    @property
    def conditions(self) -> Conditions:
        """What it came about under."""
        return self.iteration.planned.conditions

    @property
    def before(self) -> tuple[FeatureKey, ...]:
        """What ran before it in its process."""
        return self.line[: self.place]


def observations(
    key: FeatureKey,
    inconsistency: Inconsistency,
    iterations: Iterable[Iteration],
    results: Iterable[IterationResult],
    found_order: tuple[FeatureKey, ...],
) -> tuple[Observation, ...]:
    """One feature's results beside what they came about under, by number; iterations without a result are left out.

    Args:
        key: which feature.
        inconsistency: whether signatures are compared, or outputs.
        iterations: all of the check.
        results: those of the feature.
        found_order: all features in the order of an iteration that is not told another one.
    """
    by_number = {result.iteration: result for result in results}
    seen = []
    for iteration in sorted(iterations, key=lambda iteration: iteration.number):
        result = by_number.get(iteration.number)
        if result is None:
            continue
        order = iteration.planned.order or found_order
        lines = split_among(order, iteration.planned.conditions.worker_count)
        line = next((line for line in lines if key in line), (key,))
        first = _first_call(result)
        seen.append(
            Observation(
                iteration=iteration,
                result=result,
                first=Outcome(first, Outcome.of(result, inconsistency).output_digest),
                is_repeated_call=first != result.signature,
                line=line,
                place=line.index(key),
            )
        )
    return tuple(seen)


def _first_call(result: IterationResult) -> Signature:
    """The signature without what repeated calls added to it."""
    left = sum(not is_of_repeated_call(error) for error in result.errors)
    if left == len(result.errors):
        return result.signature
    return Signature(result.status if left else Status.PASS, left, len(result.warnings))


def coincidence(usual_count: int, other_count: int) -> float:
    """The highest probability that a random feature is the usual so many times, and then not the usual so many times.

    The maximum over p of (1 − p)ᵃ·pᵇ, which is at p = b/(a+b); 1.0 when either is 0.
    """
    total = usual_count + other_count
    return (usual_count / total) ** usual_count * (other_count / total) ** other_count if total else 1.0


def association(usual_plain: int, other_plain: int, usual_changed: int, other_changed: int) -> float:
    """Fisher's exact test, one-sided: how probable it is that a change that does nothing seems to provoke so much.

    Args:
        usual_plain, other_plain: trials in which nothing was changed, by their outcome.
        usual_changed, other_changed: trials in which it was.
    """
    plain, changed = usual_plain + other_plain, usual_changed + other_changed
    other = other_plain + other_changed
    ways = sum(
        math.comb(changed, count) * math.comb(plain, other - count)
        for count in range(other_changed, min(changed, other) + 1)
    )
    return ways / math.comb(plain + changed, other)


def follows_load(deviating: Sequence[float], usual: Sequence[float]) -> bool:
    """Whether iterations of a random feature deviate whenever the load average was higher, and rather not by chance.

    With k of n that deviate, they are the k with the highest loads by chance once in n over k, however the load went
    up and down: 3 to 7 of 10 say enough, 2 of 15 do, and one alone takes a hundred.

    Args:
        deviating, usual: loads, of iterations by their outcome.
    """
    if not deviating or not usual or min(deviating) <= max(usual):
        return False
    return 1 / math.comb(len(deviating) + len(usual), len(deviating)) < LOAD_COINCIDENCE_LIMIT
