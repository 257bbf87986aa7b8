"""Which of two versions is slower, when both were measured in turns on one machine?

A fresh process of either version makes a pair; what disturbs the machine disturbs both. On d = ln(head / base), one
value a pair, each feature by itself:

    effect  the median of d
    s²      the scaled MAD of d, shrunk over the features: (w·min(s0, 3s)² + f·s²) / (w + f), not under (0.75 s)², with
            f = 0.4 (n - 1), w = 4 (1 - 1/F) for F features, s0 the geometric mean over these, and s not under 0.7 %
    t       = effect / (s √(1.57 / n)) against Student's t with f + w degrees of freedom
    p       = 2 · min(p of t, p of the signed-rank test), at most 1

With unchanged code the two processes of a pair could have changed places, so that d is as likely positive as negative
whatever the noise is like: the signed-rank test, computed exactly, asks for no more. It needs a dozen pairs, though,
while t sees a large change after four. Either may call, hence the factor 2. A location that fewer wild values can move
than the spread must not go with it: with the Hodges-Lehmann estimate in place of the median, every fifth run of
unchanged code with disturbed processes was red.

The pairs are looked at as they come, up to N of them, and each look may err. Of the false discovery rate q, the look at
n pairs may spend q · ((n - 2)² - (n - 3)²) / (N - 2)²: little while there are few pairs (the power family of error
spending functions; what the looks spend is added up, which holds however they hang together). Benjamini and Hochberg's
procedure runs over all features, each p-value divided by the share that its look may spend. A change must be large
enough besides, relatively and absolutely. A feature that is neither slower nor faster by as much, each with p ≤ 10 %,
is ``unchanged``. What is none of these wants another pair, and is ``inconclusive`` until it gets one.

Measured with a least effect of 3 %: runs of unchanged code with a false alarm, how often one slower feature is found,
and pairs that a feature took. Python workloads in pairs of consecutive processes, dealt out at random (200 runs of 10
features), and simulated suites with 1-5 % between processes (150 runs of 5 features, 15 % of whose processes are slowed
down by a half; the same with every fifth process slowed down by 10-80 % in all its features):

    where                                false alarms   found at +5 %   +10 %   +20 %   pairs
    a shared machine                     0.0 %          100 %           100 %   100 %   8
    an overloaded one, 20 pairs at most  0.0 %          2 %             13 %    38 %    20
    simulated, disturbed features        0.0 %          -               99 %    -       23
    simulated, disturbed processes       0.0 %          -               97 %    -       29

References:
    Smyth: Linear Models and Empirical Bayes Methods. Stat. Appl. Genet. Mol. Biol. 3 (2004) (moderated t).
    Kim, DeMets: Design and Analysis of Group Sequential Tests Based on the Type I Error Spending Rate Function.
    Biometrika 74 (1987), 149-154 (the power family).
    Schuirmann: A Comparison of the Two One-Sided Tests Procedure ... for Assessing the Equivalence of Average
    Bioavailability. J. Pharmacokinet. Biopharm. 15 (1987), 657-680 (unchanged).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from aicmo_perf.model import Change
from aicmo_perf.stats.distributions import student_t_isf, student_t_sf
from aicmo_perf.stats.multiple import benjamini_hochberg, critical_p_value
from aicmo_perf.stats.robust import Level, clock_step, robust_level
from aicmo_perf.stats.runtimes import CommonFactor, Measurement, RuntimeChange, RuntimeJudgement, SlownessPolicy
from aicmo_perf.stats.signed_rank import signed_rank_sf
from aicmo_perf.units import count_of, format_share

DEFAULT_PAIR_COUNT = 60
"""Pairs after which a feature that is not decided will hardly ever be."""

LEAST_PAIR_COUNT = 3
"""Before, nothing is decided."""

_SPREAD_FLOOR = 0.007
"""0.5 % between processes of the same code, for a difference of two."""

_PRIOR_DEGREES = 4.0
"""The weight, in degrees of freedom, of what a large suite tells of one feature's spread."""

_MEDIAN_VARIANCE_FACTOR = 1.57
"""π/2: the variance of a median is that of the mean, times this."""

_UNCHANGED_P = 0.10
"""How often a change as large as the least effect may be called ``unchanged``."""

_LARGEST_LOG = 700.0


def judge_pairs(
    measurements: Sequence[Measurement],
    policy: SlownessPolicy | None = None,
    *,
    max_pair_count: int = DEFAULT_PAIR_COUNT,
) -> RuntimeJudgement:
    """Judge all features of a paired run together; the method is at the head of the module.

    Args:
        measurements: one a feature. Its re-runs are the pairs, the i-th of the head beside the i-th of the base; pairs
            with a value that is no positive duration are left out.
        policy: thresholds; the default one when None.
        max_pair_count: how many looks there may be: N above.

    Returns: one change a measurement, in the same order; those that another pair may decide want a re-run. No common
        factor is removed: both sides share the machine.

    Raises: nothing; too little data, or impossible data, is the change ``inconclusive``.
    """
    policy = policy or SlownessPolicy()
    paired = [_Pairs.of(measurement, policy) for measurement in measurements]
    judged = _judge([pairs for pairs in paired if pairs.differences], policy, max_pair_count)
    rest = iter(judged)
    effects = [change.ratio for change in judged if change.ratio is not None]
    common_factor = None
    if effects:
        common_factor = CommonFactor(
            ratio=statistics.median(effects),
            is_clear=False,
            is_removed=False,
            feature_count=len(effects),
            is_machine_difference=False,
        )
    changes = tuple(next(rest) if pairs.differences else _NOT_JUDGED for pairs in paired)
    return RuntimeJudgement(changes, common_factor)


_NOT_JUDGED = RuntimeChange(change=Change.INCONCLUSIVE, reason="no pair in which both sides were measured")


@dataclass(frozen=True, slots=True)
class _Pairs:
    """One feature's pairs.

    Attributes:
        differences: ln(head / base), one a pair.
        base_seconds: the median of the base's values; None without any.
        least_effect: the least |ln(ratio)| that is worth a person's time.
    """

    differences: tuple[float, ...]
    base_seconds: float | None
    least_effect: float

    @classmethod
    def of(cls, measurement: Measurement, policy: SlownessPolicy) -> _Pairs:
        """The pairs of a measurement, as far as they are durations."""
        # a runtime of 0 s has no logarithm
        pairs = [(head, base) for head, base in measurement.pairs_seconds if head and base]
        if not pairs:
            return cls((), None, 0.0)
        base_seconds = statistics.median(base for _, base in pairs)
        share, seconds = measurement.least_effect(policy)
        # a single tick of a coarse clock is no effect
        seconds = max(seconds, 1.5 * clock_step([value for pair in pairs for value in pair]))
        return cls(
            tuple(math.log(head / base) for head, base in pairs),
            base_seconds,
            max(math.log1p(share), math.log1p(seconds / base_seconds)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evidence:
    """What one feature's pairs tell, whatever size of change anybody cares for.

    Attributes:
        differences: ln(head / base), one a pair.
        effect: their median.
        spread: the shrunk spread of one of them.
        degrees: of freedom of that.
        share: of the error, that the look at so many pairs may spend.
    """

    differences: tuple[float, ...]
    effect: float
    spread: float
    degrees: float
    share: float

    @property
    def standard_error(self) -> float:
        """Of the effect."""
        return self.spread * math.sqrt(_MEDIAN_VARIANCE_FACTOR / len(self.differences))

    def p_slower(self, than: float = 0.0) -> float:
        """How often chance alone gives differences this far above some value; both tests, at most 1."""
        by_t = student_t_sf((self.effect - than) / self.standard_error, self.degrees)
        return min(1.0, 2 * min(by_t, signed_rank_sf([value - than for value in self.differences])))

    def p_faster(self, than: float = 0.0) -> float:
        """The same below it."""
        by_t = student_t_sf((than - self.effect) / self.standard_error, self.degrees)
        return min(1.0, 2 * min(by_t, signed_rank_sf([than - value for value in self.differences])))

    def p_beyond(self, effect: float) -> float:
        """How often chance alone makes a change of this size, either way, look as small as it does."""
        return max(self.p_slower(than=-effect), self.p_faster(than=effect))

    def visible_effect(self, critical_p: float) -> float:
        """The least effect that t would call."""
        return student_t_isf(critical_p / 2, self.degrees) * self.standard_error


def _evidence(paired: Sequence[_Pairs], levels: Sequence[Level], max_pair_count: int) -> list[_Evidence]:
    typical = _typical_spread(levels)
    weight = _PRIOR_DEGREES * (1 - 1 / len(levels))
    evidence = []
    for pairs, level in zip(paired, levels, strict=True):
        own = level.effective_degrees
        known = weight + own
        variance = (weight * min(typical, 3 * level.spread) ** 2 + own * level.spread**2) / known if known else 0.0
        evidence.append(
            _Evidence(
                differences=pairs.differences,
                effect=level.location,
                spread=max(math.sqrt(variance), 0.75 * level.spread),
                degrees=known,
                share=_spending_share(level.count, max_pair_count),
            )
        )
    return evidence


def _typical_spread(levels: Sequence[Level]) -> float:
    return math.exp(math.fsum(math.log(level.spread) for level in levels) / len(levels))


def _spending_share(count: int, max_pair_count: int) -> float:
    """The share of the error that the look at so many pairs may spend; over all looks they add up to 1."""
    if count < LEAST_PAIR_COUNT:
        return 0.0
    looks = max(max_pair_count - LEAST_PAIR_COUNT + 1, 1)
    look = min(count - LEAST_PAIR_COUNT + 1, looks)
    return (look**2 - (look - 1) ** 2) / looks**2


@dataclass(frozen=True, slots=True)
class _Direction:
    """All features' evidence of a change in one direction.

    Attributes:
        p_values: one a feature.
        adjusted: the same, divided by what their looks may spend, after Benjamini and Hochberg.
        shares: what the looks may spend.
        significance: the false discovery rate.
    """

    p_values: tuple[float, ...]
    adjusted: tuple[float, ...]
    shares: tuple[float, ...]
    significance: float

    @classmethod
    def of(cls, p_values: Sequence[float], shares: Sequence[float], significance: float) -> _Direction:
        """Weigh the p-values of all features together."""
        scaled = [min(1.0, p / share) if share else 1.0 for p, share in zip(p_values, shares, strict=True)]
        return cls(tuple(p_values), benjamini_hochberg(scaled), tuple(shares), significance)

    def is_called(self, index: int) -> bool:
        """Whether this feature stands out of all."""
        return self.adjusted[index] <= self.significance

    def critical_p(self, index: int) -> float:
        """The p-value up to which this feature would be called, the others being what they are."""
        called = [self.is_called(each) for each in range(len(self.adjusted))]
        critical = critical_p_value(self.significance, called=sum(called), total=len(called), is_called=called[index])
        return critical * self.shares[index]

    def rank(self, index: int) -> int:
        """The place of this feature's adjusted p-value among all, from 1."""
        return 1 + sum(other < self.adjusted[index] for other in self.adjusted)


def _judge(paired: Sequence[_Pairs], policy: SlownessPolicy, max_pair_count: int) -> list[RuntimeChange]:
    """Judge the features that have pairs."""
    if not paired:
        return []
    levels = [robust_level(pairs.differences, spread_floor=_SPREAD_FLOOR) for pairs in paired]
    evidence = _evidence(paired, levels, max_pair_count)
    shares = [each.share for each in evidence]
    # too few pairs say nothing, and may leave no degrees of freedom
    p_slower = [each.p_slower() if each.share else 1.0 for each in evidence]
    p_faster = [each.p_faster() if each.share else 1.0 for each in evidence]
    slower = _Direction.of(p_slower, shares, policy.significance)
    faster = _Direction.of(p_faster, shares, policy.significance)
    changes = []
    for index, (pairs, level, each) in enumerate(zip(paired, levels, evidence, strict=True)):
        direction = slower if each.effect >= 0 else faster
        change = _decide(pairs, each, is_called=direction.is_called(index))
        visible_ratio = None
        if each.share:
            visible_ratio = _exp(max(each.visible_effect(slower.critical_p(index)), pairs.least_effect))
        is_open = change is Change.INCONCLUSIVE
        changes.append(
            RuntimeChange(
                change=change,
                reason=_why_open(level.count, visible_ratio) if is_open else "",
                baseline_run_count=level.count,
                baseline_seconds=pairs.base_seconds,
                ratio=_exp(each.effect),
                spread_ratio=math.expm1(each.spread),
                p_slower=slower.p_values[index],
                p_faster=faster.p_values[index],
                adjusted_p=direction.adjusted[index],
                bh_rank=direction.rank(index),
                critical_p=direction.critical_p(index),
                smallest_visible_ratio=visible_ratio,
                wants_rerun=is_open and level.count < max_pair_count,
                rerun_count=level.count,
                rerun_ratio=_exp(each.effect),
                degrees=each.degrees,
                t=abs(each.effect) / each.standard_error if each.share else None,
                own_spread_ratio=math.expm1(level.spread),
                suite_spread_ratio=math.expm1(_typical_spread(levels)),
            )
        )
    return changes


def _decide(pairs: _Pairs, evidence: _Evidence, *, is_called: bool) -> Change:
    if not evidence.share:
        return Change.INCONCLUSIVE
    if is_called and abs(evidence.effect) >= pairs.least_effect:
        return Change.REGRESSED if evidence.effect > 0 else Change.IMPROVED
    if evidence.p_beyond(pairs.least_effect) <= _UNCHANGED_P:
        return Change.UNCHANGED
    return Change.INCONCLUSIVE


def _why_open(count: int, visible_ratio: float | None) -> str:
    pairs = count_of(count, "pair")
    if visible_ratio is None:
        return f"{pairs}; {LEAST_PAIR_COUNT} are needed at least"
    if visible_ratio > 100:
        return f"not even a hundredfold change can be seen in {pairs}"
    return f"a change under {format_share(visible_ratio - 1)} cannot be seen in {pairs}"


def _exp(value: float) -> float:
    return math.exp(min(value, _LARGEST_LOG))
