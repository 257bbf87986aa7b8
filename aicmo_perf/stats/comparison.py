"""Is it slower than it was? One run is one observation.

Samples within a process agree far better than processes of the same code do, so tests on pooled samples alarm on
nearly every run. Here a run counts once, with its median, and its spread is the one *between* runs. On z = ln(runtime),
each feature by itself:

    mu, s   median and scaled MAD of the n baseline runs, s not under 0.5 %
    s²      <- (w·min(s0, 3s)² + d·s²) / (w + d), not under (0.75 s)²: the spread of few runs is drawn towards s0, the
            geometric mean over the features; d = 0.4 (n - 1), w = 4 (1 - 1/F) for F features
    t       = (z - mu) / (s √(1 + 1.57 / n)) against Student's t with d + w degrees of freedom

A run-level outlier breaks the bell curve, however, and among a hundred features every other run has one. So a p-value
is never less than the share of the *other* features' baseline runs that lay as far out, in units of their own spread:
runs are exchangeable, and what the suite did before on unchanged code it does again. And a feature that was itself as
slow in over 10 % of its baseline runs has shown nothing new.

Benjamini and Hochberg's procedure then runs over all features together, and a change must besides be large enough,
relatively *and* absolutely, to be worth a person's time. What cannot be decided is ``inconclusive``, with its reason.

Measured on simulated suites of unchanged code (log-normal, 2–10 % between runs; 1000 runs) with outliers of 1.5x in no,
one in 500 and one in 100 of all results, past and present alike; power is that of finding one slower feature:

    features, baseline runs   runs with a false alarm    found at +20 %   at +50 %        at +100 %
    100, 20                   1.0 / 5.3 / 6.8 %          33 / 2 / 0 %     88 / 24 / 6 %   100 / 76 / 61 %
    20, 20                    0.8 / 3.4 / 6.1 %          47 / 25 / 3 %    96 / 68 / 31 %  100 / 92 / 77 %
    100, 5                    4.0 / 11.7 / 23.3 %        6 / 4 / 2 %      67 / 55 / 32 %  90 / 84 / 72 %

One run alone cannot be both quiet and powerful. With outliers about, the chance of a false alarm is near 1 / (n + 1),
that the farthest of n + 1 exchangeable runs is the last one: twenty baseline runs are worth waiting for.

References:
    Smyth: Linear Models and Empirical Bayes Methods. Stat. Appl. Genet. Mol. Biol. 3 (2004) (moderated t).
    Westfall, Young: Resampling-Based Multiple Testing. Wiley 1993 (the maximum over exchangeable runs).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from aicmo_perf.errors import UsageError
from aicmo_perf.model import Change
from aicmo_perf.stats.multiple import benjamini_hochberg, critical_p_value
from aicmo_perf.stats.robust import Level, clock_step, robust_level
from aicmo_perf.stats.tail import Standing, SuiteTail
from aicmo_perf.units import count_of, format_seconds, format_share

_SPREAD_FLOOR_RATIO = 0.005
"""No machine repeats itself better than this between processes, whatever a handful of runs suggests."""

_PRIOR_DEGREES = 4.0
"""The weight, in degrees of freedom, of what a large suite tells of one feature's spread."""

_CLOCK_SECONDS = 1e-12
"""Under any clock's resolution; stands in for a runtime of 0 s, which has no logarithm."""

_LONGEST_SECONDS = 1e12
"""Thirty thousand years: anything above is no runtime."""

_LARGEST_LOG = 700.0
"""exp() overflows a little above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlownessPolicy:
    """What counts as a change of the runtime.

    Attributes:
        min_effect_ratio: changes under this share of the baseline are not worth a person's time.
        min_effect_seconds: changes under this are not, either.
        min_run_count: baseline runs that are needed to know the spread.
        significance: the share of runs of unchanged code that may alarm (a false discovery rate over the features).
        min_runtime_seconds: a feature is too short to judge while it stays under this, now and then.
        max_visible_ratio: a feature so noisy that a change up to this ratio would go unseen is never ``unchanged``.

    Raises: UsageError on values that make no sense: they come from people's configuration.
    """

    min_effect_ratio: float = 0.10
    min_effect_seconds: float = 50e-6
    min_run_count: int = 5
    significance: float = 0.02
    min_runtime_seconds: float = 10e-6
    max_visible_ratio: float = 2.0

    def __post_init__(self) -> None:
        for name in ("min_effect_ratio", "min_effect_seconds", "min_runtime_seconds"):
            if not getattr(self, name) >= 0:
                raise UsageError(f"{name} must not be negative.", "Set it to 0 to ask for no least value.")
        if not 0 < self.significance <= 0.5:
            raise UsageError(
                f"A significance of {self.significance:g} makes no sense.", "Write a share up to 0.5, such as 0.02."
            )
        if self.min_run_count < 2:
            raise UsageError("min_run_count must be 2 at least.", "One run alone does not show how much runs differ.")
        if not self.max_visible_ratio > 1:
            raise UsageError("max_visible_ratio must be above 1.", "2 stands for a doubling of the runtime.")


@dataclass(frozen=True, slots=True)
class Measurement:
    """One feature's runtime now and in each baseline run.

    Attributes:
        current_seconds: the run-level median now.
        baseline_seconds: one run-level median a baseline run, in any order. Those that are no durations
            (negative or not finite: an import may hold such) are left out.
    """

    current_seconds: float
    baseline_seconds: tuple[float, ...]

    def __post_init__(self) -> None:
        usable = tuple(float(value) for value in self.baseline_seconds if _is_duration(value))
        object.__setattr__(self, "baseline_seconds", usable)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeChange:
    """How one runtime stands to its baseline.

    Attributes:
        change: the judgement.
        reason: why ``inconclusive``; empty otherwise.
        baseline_run_count: baseline runs that counted.
        baseline_seconds: their median; None without any.
        ratio: current / baseline_seconds (above 1 is slower); None when either is missing or zero.
        spread_ratio: the relative spread between runs that was reckoned with; None when not judged.
        p_slower, p_faster: one-sided, how often chance alone gives as much; None when not judged.
        smallest_visible_ratio: the least ratio that would have been ``regressed``; None when not judged.
    """

    change: Change
    reason: str = ""
    baseline_run_count: int = 0
    baseline_seconds: float | None = None
    ratio: float | None = None
    spread_ratio: float | None = None
    p_slower: float | None = None
    p_faster: float | None = None
    smallest_visible_ratio: float | None = None


def runtime_changes(
    measurements: Sequence[Measurement], policy: SlownessPolicy | None = None
) -> tuple[RuntimeChange, ...]:
    """Judge all features of a run together; the method is at the head of the module.

    Args:
        measurements: one a feature.
        policy: thresholds; the default one when None.

    Returns: one change a measurement, in the same order.

    Raises: nothing; too little data, or impossible data, is the change ``inconclusive``.
    """
    policy = policy or SlownessPolicy()
    reasons = [_why_not_judged(measurement, policy) for measurement in measurements]
    judged = iter(_judge([item for item, reason in zip(measurements, reasons, strict=True) if not reason], policy))
    return tuple(
        _not_judged(measurement, reason) if reason else next(judged)
        for measurement, reason in zip(measurements, reasons, strict=True)
    )


def _is_duration(value: float) -> bool:
    return 0 <= value <= _LONGEST_SECONDS


def _why_not_judged(measurement: Measurement, policy: SlownessPolicy) -> str:
    """What keeps a measurement from being judged at all; empty when nothing does."""
    run_count = len(measurement.baseline_seconds)
    if not _is_duration(measurement.current_seconds):
        return "not measured"
    if run_count < policy.min_run_count:
        found = count_of(run_count, "baseline run") if run_count else "no baseline runs"
        return f"{found}; {policy.min_run_count} are needed"
    baseline_seconds = robust_level(measurement.baseline_seconds).location
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
    baseline_seconds = robust_level(past).location if past else None
    ratio = None
    if baseline_seconds and _is_duration(measurement.current_seconds) and measurement.current_seconds > 0:
        ratio = measurement.current_seconds / baseline_seconds
    return RuntimeChange(
        change=Change.INCONCLUSIVE,
        reason=reason,
        baseline_run_count=len(past),
        baseline_seconds=baseline_seconds,
        ratio=ratio,
    )


def _judge(measurements: Sequence[Measurement], policy: SlownessPolicy) -> list[RuntimeChange]:
    """Judge the measurements of which each can be judged."""
    standings = _standings(measurements)
    slower = _Direction.of(standings, policy.significance)
    faster = _Direction.of([standing.mirrored() for standing in standings], policy.significance)
    judged = []
    for index, (measurement, standing) in enumerate(zip(measurements, standings, strict=True)):
        baseline_seconds = robust_level(measurement.baseline_seconds).location
        # a median of logarithms is not quite the logarithm of the median, and people see the latter
        offset = standing.location - math.log(baseline_seconds)
        evidence = _Evidence(
            p_slower=slower.p_values[index],
            p_faster=faster.p_values[index],
            is_slower=slower.called[index],
            is_faster=faster.called[index],
            visible_ratio=_exp(offset + slower.visible_deviation(index)),
            visible_gain_ratio=_exp(offset - faster.visible_deviation(index)),
        )
        change, reason = _decide(measurement.current_seconds, baseline_seconds, evidence, policy)
        judged.append(
            RuntimeChange(
                change=change,
                reason=reason,
                baseline_run_count=len(measurement.baseline_seconds),
                baseline_seconds=baseline_seconds,
                ratio=measurement.current_seconds / baseline_seconds,
                spread_ratio=_exp(standing.spread) - 1,
                p_slower=evidence.p_slower,
                p_faster=evidence.p_faster,
                smallest_visible_ratio=max(
                    evidence.visible_ratio,
                    1 + policy.min_effect_ratio,
                    1 + policy.min_effect_seconds / baseline_seconds,
                ),
            )
        )
    return judged


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evidence:
    """What the runs tell of one feature, whatever size of change anybody cares for.

    Attributes:
        p_slower, p_faster: as in RuntimeChange.
        is_slower, is_faster: whether it stands out of all features.
        visible_ratio: from which ratio on it would stand out as slower.
        visible_gain_ratio: from which ratio down it would stand out as faster.
    """

    p_slower: float
    p_faster: float
    is_slower: bool
    is_faster: bool
    visible_ratio: float
    visible_gain_ratio: float

    @property
    def unseen_loss(self) -> str:
        """The reason why a feature that may be slower is not called so."""
        if self.visible_ratio > 100:
            return "not even a hundredfold change can be seen here"
        return f"a change under {format_share(self.visible_ratio - 1)} cannot be seen here"

    @property
    def unseen_gain(self) -> str:
        """The reason why a feature that may be faster is not called so."""
        return f"a gain under {format_share(1 - self.visible_gain_ratio)} cannot be seen here"


def _decide(
    current_seconds: float, baseline_seconds: float, evidence: _Evidence, policy: SlownessPolicy
) -> tuple[Change, str]:
    """Evidence and effect together make a change, or the reason why there is none to be told."""
    shorter, longer = sorted((current_seconds, baseline_seconds))
    is_large = longer / shorter - 1 >= policy.min_effect_ratio and longer - shorter >= policy.min_effect_seconds
    if is_large and current_seconds > baseline_seconds:
        return (Change.REGRESSED, "") if evidence.is_slower else (Change.INCONCLUSIVE, evidence.unseen_loss)
    if is_large and current_seconds < baseline_seconds:
        return (Change.IMPROVED, "") if evidence.is_faster else (Change.INCONCLUSIVE, evidence.unseen_gain)
    if evidence.visible_ratio > policy.max_visible_ratio:
        return Change.INCONCLUSIVE, evidence.unseen_loss
    return Change.UNCHANGED, ""


def _log(seconds: float) -> float:
    return math.log(max(seconds, _CLOCK_SECONDS))


def _exp(deviation: float) -> float:
    return math.exp(min(deviation, _LARGEST_LOG))


def _log_level(measurement: Measurement) -> Level:
    """The baseline's level in ln(seconds), its spread at least half a step of the clock: one tick is no evidence."""
    past = measurement.baseline_seconds
    step_seconds = clock_step(past)
    median_seconds = robust_level(past).location
    half_step = 0.5 * math.log1p(step_seconds / median_seconds)
    return robust_level([_log(value) for value in past], spread_floor=max(_SPREAD_FLOOR_RATIO, half_step))


def _standings(measurements: Sequence[Measurement]) -> list[Standing]:
    """Every feature's runs in units of its moderated spread."""
    if not measurements:
        return []
    levels = [_log_level(measurement) for measurement in measurements]
    typical = math.exp(math.fsum(math.log(level.spread) for level in levels) / len(levels))
    weight = _PRIOR_DEGREES * (1 - 1 / len(levels))
    standings = []
    for measurement, level in zip(measurements, levels, strict=True):
        own = level.effective_degrees
        variance = (weight * min(typical, 3 * level.spread) ** 2 + own * level.spread**2) / (weight + own)
        spread = max(math.sqrt(variance), 0.75 * level.spread)
        scale = spread * level.prediction_factor
        standings.append(
            Standing(
                t=(_log(measurement.current_seconds) - level.location) / scale,
                past=tuple(sorted((_log(value) - level.location) / scale for value in measurement.baseline_seconds)),
                degrees=own + weight,
                location=level.location,
                spread=spread,
                scale=scale,
            )
        )
    return standings


@dataclass(frozen=True, slots=True)
class _Direction:
    """All features' evidence of a change in one direction.

    Attributes:
        standings: of the features; mirrored for the faster direction.
        tail: how far the suite's baseline runs lay out in this direction.
        p_values: one a feature.
        called: which features stand out of all.
        significance: the false discovery rate.
    """

    standings: Sequence[Standing]
    tail: SuiteTail
    p_values: tuple[float, ...]
    called: tuple[bool, ...]
    significance: float

    @classmethod
    def of(cls, standings: Sequence[Standing], significance: float) -> _Direction:
        """Weigh each feature's standing against those of all."""
        tail = SuiteTail.of(standings)
        p_values = tuple(tail.p_value(standing) for standing in standings)
        called = tuple(p <= significance for p in benjamini_hochberg(p_values))
        return cls(standings, tail, p_values, called, significance)

    def visible_deviation(self, index: int) -> float:
        """The deviation of ln(runtime) from which on this feature would be called."""
        critical = critical_p_value(
            self.significance, called=sum(self.called), total=len(self.called), is_called=self.called[index]
        )
        standing = self.standings[index]
        return self.tail.visible_t(standing, critical) * standing.scale
