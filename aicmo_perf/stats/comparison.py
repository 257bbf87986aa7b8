"""Is it slower than it was? One run is one observation, and a suspicion is confirmed before it is told.

Samples within a process agree far better than processes of the same code do, so tests on pooled samples alarm on
nearly every run. Here a run counts once, with its low quantile (`model.summary`), and its spread is the one *between*
runs (`levels`). Even so, a single run is not both quiet and powerful at a hundred features, each with its tail
(`screening`). Re-running the few suspects in fresh processes is, side by side with the baseline's code where that is at
hand (`confirmation`). A feature is judged by

    the confirmation    when it has re-runs: interleaved with those of the base, or of the head alone
    the one-run rule    when it has none: nobody could re-run it, or the time was up

and those that were no suspects have p = 1. Benjamini and Hochberg's procedure runs over *all* features, and a change
must besides be large enough, relatively *and* absolutely, to be worth a person's time. What cannot be decided is
``inconclusive``, with its reason and the smallest change that could have been seen. Only suspects of a slowdown are
re-run; improvements are judged by the one run, because nothing fails for want of them.

Measured on real runs of unchanged code (docs/judging.md has the sources, and other tools beside): red is the share of
runs of 100 features with any alarm, power that of finding a slowdown of +5 / +10 / +20 %, re-runs those of a run:

    source               interleaved re-runs             head re-runs only         one run alone
    dedicated machines   red 1 %, 82/94/99 %, 17         0 %, 13/67/94 %, 10       1 %, 0/1/23 %
    hosted CI runners    red 0 %, 1/3/25 %, 23           0 %, 0/1/3 %, 12          4 %, 0/0/2 %
    forks of JMH         red 2 %, 21/70/86 %, 7          7 %, 8/72/85 %, 4         4 %, 0/18/74 %
    a shared machine     red 0 %, 12/52/89 %, 26         0 %, 0/0/0 %, 22          2 %, 0/0/0 %

References:
    Benjamini, Hochberg: Controlling the False Discovery Rate. J. R. Statist. Soc. B 57 (1995), 289-300.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from aicmo_perf.model import Change
from aicmo_perf.stats.common_factor import common_factor
from aicmo_perf.stats.confirmation import CONFIRMED_EFFECT_SHARE, Confirmation, confirm, visible_in_reruns
from aicmo_perf.stats.levels import Level, feature_levels, log_seconds
from aicmo_perf.stats.multiple import benjamini_hochberg, critical_p_value
from aicmo_perf.stats.runtimes import (
    CommonFactor,
    Measurement,
    RuntimeChange,
    RuntimeJudgement,
    SlownessPolicy,
    is_duration,
)
from aicmo_perf.stats.screening import Screened, screen, visible_in_one_run
from aicmo_perf.stats.tail import SuiteTail
from aicmo_perf.units import count_of, format_seconds, format_share

__all__ = [
    "CommonFactor",
    "Measurement",
    "RuntimeChange",
    "RuntimeJudgement",
    "SlownessPolicy",
    "judge_runtimes",
]

_LARGEST_LOG = 700.0
"""exp() overflows a little above."""


def judge_runtimes(
    measurements: Sequence[Measurement],
    policy: SlownessPolicy | None = None,
    *,
    confirming: bool = False,
    remove_common_factor: bool | None = None,
) -> RuntimeJudgement:
    """Judge all features of a run together; the method is at the head of the module.

    Args:
        measurements: one a feature.
        policy: thresholds; the default one when None.
        confirming: whether suspects can be re-run, or were. Then judge, re-run those that want it once (the head, and
            the base beside it where it is at hand), and judge again with what they said, until none wants it.
        remove_common_factor: whether to judge relative to what the whole run has in common; None when it is clear.

    Returns: the changes, and the common factor.

    Raises: nothing; too little data, or impossible data, is the change ``inconclusive``.
    """
    policy = policy or SlownessPolicy()
    reasons = [_why_not_judged(measurement, policy) for measurement in measurements]
    able = [item for item, reason in zip(measurements, reasons, strict=True) if not reason]
    levels = feature_levels(able)
    deviations = [log_seconds(item.current_seconds) - level.location for item, level in zip(able, levels, strict=True)]
    factor = common_factor(levels, deviations, is_removed=remove_common_factor)
    log_factor = math.log(factor.ratio) if factor is not None and factor.is_removed else 0.0
    cases = [
        _Case.of(item, level, log_factor, policy, confirming=confirming)
        for item, level in zip(able, levels, strict=True)
    ]
    judged = iter(_judge(cases, policy, confirming=confirming))
    changes = (
        _not_judged(measurement, reason) if reason else next(judged)
        for measurement, reason in zip(measurements, reasons, strict=True)
    )
    return RuntimeJudgement(tuple(changes), factor)


def _why_not_judged(measurement: Measurement, policy: SlownessPolicy) -> str:
    """What keeps a measurement from being judged at all; empty when nothing does."""
    run_count = measurement.run_count if measurement.baseline_seconds else 0
    if not is_duration(measurement.current_seconds):
        return "not measured"
    if run_count < policy.min_run_count:
        found = count_of(run_count, "baseline run") if run_count else "no baseline runs"
        return f"{found}; {policy.min_run_count} are needed"
    baseline_seconds = statistics.median(measurement.baseline_seconds)
    longest_seconds = max(measurement.current_seconds, baseline_seconds)
    if longest_seconds < policy.min_runtime_seconds:
        return (
            f"too short to judge: {format_seconds(longest_seconds)}, "
            f"while {format_seconds(policy.min_runtime_seconds)} is the least"
        )
    if measurement.current_seconds == 0 or baseline_seconds == 0:
        return "the clock was too coarse: it measured 0 s"
    return ""


def _not_judged(measurement: Measurement, reason: str) -> RuntimeChange:
    """What can be told of a measurement that cannot be judged: the median and the ratio, where there are any."""
    past = measurement.baseline_seconds
    baseline_seconds = statistics.median(past) if past else None
    ratio = None
    if baseline_seconds and is_duration(measurement.current_seconds) and measurement.current_seconds > 0:
        ratio = measurement.current_seconds / baseline_seconds
    return RuntimeChange(
        change=Change.INCONCLUSIVE,
        reason=reason,
        baseline_run_count=measurement.run_count,
        baseline_seconds=baseline_seconds,
        ratio=ratio,
        rerun_count=len(measurement.head_seconds),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One feature in one direction: positive deviations of ln(seconds) are where the change is looked for.

    Attributes:
        measurement: the numbers as given.
        level: in ln(seconds), of this direction.
        deviation: of the run.
        heads: of each head re-run.
        pairs: of each head re-run from the base's beside it.
        least_effect: the least deviation that is worth a person's time.
        planned_count: re-runs that would confirm it if it were a suspect.
        is_relative: whether the run was judged relative to its common factor.
    """

    measurement: Measurement
    level: Level
    deviation: float
    heads: tuple[float, ...]
    pairs: tuple[float, ...]
    least_effect: float
    planned_count: int
    is_relative: bool

    @classmethod
    def of(
        cls, measurement: Measurement, level: Level, log_factor: float, policy: SlownessPolicy, *, confirming: bool
    ) -> _Case:
        """The case of a slowdown."""
        location = level.location + log_factor
        pairs = measurement.pairs_seconds
        heads = [head for head, _ in pairs] or measurement.head_seconds
        ratio, seconds = measurement.least_effect(policy)
        return cls(
            measurement=measurement,
            level=level,
            deviation=log_seconds(measurement.current_seconds) - location,
            # re-runs come later than the run, and have another machine's mood, so its common factor is not theirs
            heads=tuple(log_seconds(head) - level.location for head in heads),
            pairs=tuple(log_seconds(head) - log_seconds(base) for head, base in pairs),
            least_effect=math.log1p(max(ratio, seconds / math.exp(level.location))),
            planned_count=len(heads) or (policy.max_rerun_count if confirming else 0),
            is_relative=log_factor != 0,
        )

    def mirrored(self, policy: SlownessPolicy) -> _Case:
        """The case of an improvement: its least effect is one that would bring the runtime back by a least slowdown."""
        ratio, seconds = self.measurement.least_effect(policy)
        lost_share = seconds / math.exp(self.level.location)
        return _Case(
            measurement=self.measurement,
            level=self.level.mirrored(),
            deviation=-self.deviation,
            heads=tuple(-value for value in self.heads),
            pairs=tuple(-value for value in self.pairs),
            least_effect=max(math.log1p(ratio), -math.log1p(-lost_share) if lost_share < 1 else math.inf),
            planned_count=len(self.heads),
            is_relative=self.is_relative,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Direction:
    """All features' evidence of a change in one direction.

    Attributes:
        cases: the features.
        tail: what the suite's past runs say.
        screened: what the run alone says of each.
        confirmations: what its re-runs say; None without any.
        p_values: of each, under the rule that it is judged by.
        adjusted: the same after Benjamini and Hochberg; 1 for those that are no suspects.
        called: whether each stands out of all.
        significance: the false discovery rate.
    """

    cases: Sequence[_Case]
    tail: SuiteTail
    screened: Sequence[Screened]
    confirmations: Sequence[Confirmation | None]
    p_values: Sequence[float]
    adjusted: Sequence[float]
    called: Sequence[bool]
    significance: float

    @classmethod
    def of(cls, cases: Sequence[_Case], policy: SlownessPolicy) -> _Direction:
        """Weigh each feature against all."""
        levels = [case.level for case in cases]
        tail = SuiteTail.of(levels)
        screened = screen(levels, tail, [case.deviation for case in cases], [case.least_effect for case in cases])
        confirmations = [
            confirm(
                case.level,
                tail,
                case.heads,
                case.pairs,
                least_effect=case.least_effect,
                suspect_share=seen.suspect_share,
                is_relative=case.is_relative,
            )
            if case.heads
            else None
            for case, seen in zip(cases, screened, strict=True)
        ]
        p_values = [
            seen.p_value if told is None else told.p_value for seen, told in zip(screened, confirmations, strict=True)
        ]
        suspected = [p if seen.is_suspect else 1.0 for p, seen in zip(p_values, screened, strict=True)]
        adjusted = benjamini_hochberg(suspected)
        return cls(
            cases=cases,
            tail=tail,
            screened=screened,
            confirmations=confirmations,
            p_values=p_values,
            adjusted=adjusted,
            called=[seen.is_suspect and p <= policy.significance for seen, p in zip(screened, adjusted, strict=True)],
            significance=policy.significance,
        )

    def critical_p(self, index: int) -> float:
        """The p-value that the feature must not exceed, the others being what they are."""
        called = sum(self.called)
        return critical_p_value(self.significance, called=called, total=len(self.called), is_called=self.called[index])

    def rank(self, index: int) -> int | None:
        """The place of the feature's adjusted p-value among all, from 1; None when it is no suspect."""
        if not self.screened[index].is_suspect:
            return None
        return 1 + sum(other < self.adjusted[index] for other in self.adjusted)

    def effect(self, index: int) -> float:
        """The deviation that is told by everything there is."""
        told, deviation = self.confirmations[index], self.cases[index].deviation
        return deviation if told is None else min(deviation, told.effect)

    def needed_effect(self, index: int) -> float:
        """The least effect under the rule that the feature is judged by."""
        share = 1.0 if self.confirmations[index] is None else CONFIRMED_EFFECT_SHARE
        return share * self.cases[index].least_effect

    def is_large(self, index: int) -> bool:
        """Whether the change would be worth a person's time."""
        return self.effect(index) >= self.needed_effect(index)

    def visible_deviation(self, index: int) -> float:
        """The deviation from which on this feature would be called."""
        case, critical_p = self.cases[index], self.critical_p(index)
        # a suspect that nobody re-ran is judged by the one run
        by_reruns = case.planned_count > 0 and (bool(case.heads) or not self.screened[index].is_suspect)
        if by_reruns:
            are_paired = bool(case.pairs) or not case.heads
            told = self.confirmations[index]
            seen = visible_in_reruns(
                case.level,
                self.tail,
                critical_p,
                case.planned_count,
                spread=case.level.spread if told is None else told.spread,
                are_paired=are_paired,
                suspect_share=self.screened[index].suspect_share,
            )
        else:
            seen = visible_in_one_run(case.level, self.tail, critical_p)
        least_share = CONFIRMED_EFFECT_SHARE if by_reruns else 1.0
        return max(seen, least_share * case.least_effect, self.screened[index].suspect_deviation)


def _judge(cases: Sequence[_Case], policy: SlownessPolicy, *, confirming: bool) -> list[RuntimeChange]:
    """Judge the features of which each can be judged."""
    slower = _Direction.of(cases, policy)
    faster = _Direction.of([case.mirrored(policy) for case in cases], policy)
    changes = []
    for index, case in enumerate(cases):
        level = case.level
        visible_ratio = _exp(slower.visible_deviation(index))
        change, reason = _decide(slower, faster, index, visible_ratio, policy)
        direction = slower if case.deviation >= 0 else faster
        told = slower.confirmations[index]
        is_open = confirming and slower.screened[index].is_suspect and (told is None or not told.is_hopeless)
        changes.append(
            RuntimeChange(
                change=change,
                reason=reason,
                baseline_run_count=case.measurement.run_count,
                baseline_seconds=statistics.median(case.measurement.baseline_seconds),
                ratio=_exp(case.deviation),
                spread_ratio=_exp(level.spread) - 1,
                own_spread_ratio=_exp(level.own_spread) - 1,
                suite_spread_ratio=_exp(level.suite_spread) - 1,
                degrees=level.degrees,
                t=direction.screened[index].t,
                p_slower=slower.p_values[index],
                p_faster=faster.p_values[index],
                adjusted_p=direction.adjusted[index],
                bh_rank=direction.rank(index),
                critical_p=direction.critical_p(index),
                smallest_visible_ratio=visible_ratio,
                wants_rerun=is_open and len(case.measurement.head_reruns_seconds) < policy.max_rerun_count,
                rerun_count=len(case.heads),
                rerun_ratio=None if told is None else _exp(told.shown_effect),
            )
        )
    return changes


def _decide(
    slower: _Direction, faster: _Direction, index: int, visible_ratio: float, policy: SlownessPolicy
) -> tuple[Change, str]:
    """Evidence and effect together make a change, or the reason why there is none to be told."""
    if slower.is_large(index):
        return (Change.REGRESSED, "") if slower.called[index] else (Change.INCONCLUSIVE, _unseen(visible_ratio))
    if faster.is_large(index):
        if faster.called[index]:
            return Change.IMPROVED, ""
        gain = 1 - _exp(-faster.visible_deviation(index))
        return Change.INCONCLUSIVE, f"a gain under {format_share(gain)} cannot be seen here"
    if visible_ratio > policy.max_visible_ratio:
        return Change.INCONCLUSIVE, _unseen(visible_ratio)
    return Change.UNCHANGED, ""


def _unseen(visible_ratio: float) -> str:
    """The reason why a feature that may be slower is not called so."""
    if visible_ratio > 100:
        return "not even a hundredfold change can be seen here"
    return f"a change under {format_share(visible_ratio - 1)} cannot be seen here"


def _exp(deviation: float) -> float:
    return math.exp(min(deviation, _LARGEST_LOG))
