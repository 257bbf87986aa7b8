"""Where the rate of failure changed, and which failures are an outage and not a flake.

A stretch of versions of the code is as likely, whatever its rate, as

    ln P = ln B(x + a, n - x + b) - ln B(a, b)

for x failures of n attempts; a = .3, b = .5 for first attempts, and a = b = .5 for retries, of which only those that
follow a failure tell something. A boundary must raise the likelihood by more than 1e-4 lowers it. Where several do,
the best set of boundaries is found exactly (dynamic programming), not one after the other: two boundaries around a
few failures may each be nothing alone.

An *outage* is a stretch in which a feature always fails, in several outcomes, so that it was broken and not unlucky: of
a feature that fails nowhere else that is enough; else the stretch must be set apart from all the rest by a boundary's
gain, or fail in a way of its own: three times at least, and with errors that no other failure has. All failures of
outages are left out of "the rest", so that two of them do not excuse each other. To pass on other
code can only lower the rest's rate of failure: it never turns an outage into flakes.

References:
    LUCI Analysis, Chromium infrastructure: test variant changepoint analysis (the likelihoods and priors).
    Jackson et al.: An Algorithm for Optimal Partitioning of Data on an Interval. IEEE Signal Process. Lett. 12 (2005).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import accumulate

_FIRST_PRIOR = (0.3, 0.5)
_RETRY_PRIOR = (0.5, 0.5)
_BOUNDARY_COST = -math.log(1e-4)

_LEAST_OF_ITS_OWN = 3
"""Failures that a way of its own is recognised by: an attempt with its two retries."""

_MOST_BLOCKS = 150
"""Stretches of alike code that boundaries are looked for among; what is older is one stretch. Bounds the time."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """How often a feature failed.

    Attributes:
        failed_count, count: of first attempts, those that failed and all.
        failed_retry_count, retry_count: the same of retries.
    """

    failed_count: int = 0
    count: int = 0
    failed_retry_count: int = 0
    retry_count: int = 0

    def __add__(self, other: Attempts) -> Attempts:
        return Attempts(
            self.failed_count + other.failed_count,
            self.count + other.count,
            self.failed_retry_count + other.failed_retry_count,
            self.retry_count + other.retry_count,
        )

    def __sub__(self, other: Attempts) -> Attempts:
        """What is left without some that are among them."""
        return Attempts(
            self.failed_count - other.failed_count,
            self.count - other.count,
            self.failed_retry_count - other.failed_retry_count,
            self.retry_count - other.retry_count,
        )

    @property
    def all_failed_count(self) -> int:
        """Failures, retries included."""
        return self.failed_count + self.failed_retry_count

    @property
    def all_passed_count(self) -> int:
        """Passes, retries included."""
        return self.count + self.retry_count - self.all_failed_count

    @property
    def always_failed(self) -> bool:
        """Whether none passed, of at least one."""
        return self.all_failed_count > 0 and self.all_passed_count == 0


def log_likelihood(attempts: Attempts) -> float:
    """The ln P of one stretch with an unknown, constant rate."""
    first = _log_beta(attempts.failed_count, attempts.count, *_FIRST_PRIOR)
    return first + _log_beta(attempts.failed_retry_count, attempts.retry_count, *_RETRY_PRIOR) - _LOG_BETA_OF_PRIORS


def _log_beta(failed: int, count: int, a: float, b: float) -> float:
    return math.lgamma(failed + a) + math.lgamma(count - failed + b) - math.lgamma(count + a + b)


_LOG_BETA_OF_PRIORS = _log_beta(0, 0, *_FIRST_PRIOR) + _log_beta(0, 0, *_RETRY_PRIOR)


def is_set_apart(stretch: Attempts, rest: Attempts) -> bool:
    """Whether a stretch has a rate of its own, beyond what a boundary costs."""
    together = log_likelihood(stretch + rest)
    return log_likelihood(stretch) + log_likelihood(rest) - together > _BOUNDARY_COST


def rate_segments(attempts: Sequence[Attempts]) -> tuple[range, ...]:
    """Cut versions of the code into stretches of one rate each.

    Args:
        attempts: one a version, in order of time.

    Returns: the stretches' positions, in order; none without attempts.
    """
    if not attempts:
        return ()
    starts = [at for at in range(len(attempts)) if at == 0 or _is_boundary(attempts[at - 1], attempts[at])]
    starts = [0, *starts[max(1, len(starts) - _MOST_BLOCKS + 1) :]]
    edges = [*starts, len(attempts)]
    sums = list(accumulate(attempts, initial=Attempts()))
    best, previous = [0.0], [0]
    for end in range(1, len(edges)):
        scores = [best[at] + log_likelihood(sums[edges[end]] - sums[edges[at]]) - _BOUNDARY_COST for at in range(end)]
        previous.append(max(range(end), key=scores.__getitem__))
        best.append(scores[previous[-1]])
    segments = []
    end = len(edges) - 1
    while end:
        segments.append(range(edges[previous[end]], edges[end]))
        end = previous[end]
    return tuple(reversed(segments))


def _is_boundary(before: Attempts, after: Attempts) -> bool:
    """Whether a boundary may lie here: within a stretch of like results its ends are always at least as good."""
    firsts, retries = _results(after.failed_count, after.count), _results(after.failed_retry_count, after.retry_count)
    return (
        firsts != _results(before.failed_count, before.count)
        or retries != _results(before.failed_retry_count, before.retry_count)
        or all(firsts)
        or all(retries)
    )


def _results(failed_count: int, count: int) -> tuple[bool, bool]:
    """Whether any failed, whether any passed."""
    return failed_count > 0, failed_count < count


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive versions of the code on which a feature always failed.

    Attributes:
        positions: of the versions, among all of them.
        attempts: on all of them together.
        errors: the kinds of all these failures; empty when that of any is not known.
    """

    positions: tuple[int, ...]
    attempts: Attempts
    errors: frozenset[str] = frozenset()

    @property
    def is_confirmed(self) -> bool:
        """Whether more than one outcome says so."""
        return self.attempts.all_failed_count > 1


def failing_stretches(
    attempts: Sequence[Attempts], settings: Sequence[Hashable], errors: Sequence[AbstractSet[str | None]]
) -> tuple[Stretch, ...]:
    """The longest stretches that always fail, setting by setting, since one may fail where another passes.

    Args:
        attempts: one a version, in order of time; those without attempts are passed over.
        settings: where and how each version ran.
        errors: the kinds of each version's failures; None for one that is not known.
    """
    stretches: list[list[int]] = []
    going_on: dict[Hashable, list[int]] = {}
    for position, (its, setting) in enumerate(zip(attempts, settings, strict=True)):
        if its.all_passed_count:
            going_on.pop(setting, None)
        elif its.always_failed:
            if setting not in going_on:
                stretches.append(going_on.setdefault(setting, []))
            going_on[setting].append(position)
    return tuple(
        Stretch(tuple(positions), sum((attempts[at] for at in positions), Attempts()), _known(errors, positions))
        for positions in stretches
    )


def _known(errors: Sequence[AbstractSet[str | None]], positions: Sequence[int]) -> frozenset[str]:
    kinds = {kind for at in positions for kind in errors[at]}
    return frozenset(kind for kind in kinds if kind is not None) if None not in kinds else frozenset()


def outages(
    stretches: Sequence[Stretch], total: Attempts, other_errors: AbstractSet[str | None] = frozenset()
) -> tuple[Stretch, ...]:
    """Which stretches are outages.

    Args:
        stretches: that always fail.
        total: all attempts on any code.
        other_errors: the kinds of the failures on code that it passes on, too.
    """
    confirmed = [stretch for stretch in stretches if stretch.is_confirmed]
    if not (total - sum((stretch.attempts for stretch in confirmed), Attempts())).all_failed_count:
        return tuple(confirmed)
    found: list[Stretch] = []
    # without an outage the rest fails less often, which may set others apart and never joins one to it again: so what
    # is found does not depend on the order in which it is
    while True:
        rest = total - sum((stretch.attempts for stretch in found), Attempts())
        more = [
            stretch
            for stretch in confirmed
            if stretch not in found
            and (
                is_set_apart(stretch.attempts, rest - stretch.attempts)
                or _fails_its_own_way(stretch, stretches, other_errors)
            )
        ]
        if not more:
            return tuple(sorted(found, key=lambda stretch: stretch.positions))
        found += more


def _fails_its_own_way(stretch: Stretch, stretches: Sequence[Stretch], other_errors: AbstractSet[str | None]) -> bool:
    """Whether it has errors that are known, and that nothing else has."""
    elsewhere = set(other_errors).union(*(other.errors for other in stretches if other is not stretch))
    return (
        stretch.attempts.all_failed_count >= _LEAST_OF_ITS_OWN
        and bool(stretch.errors)
        and stretch.errors.isdisjoint(elsewhere)
    )
