"""What goes into the judgement of a run's runtimes, and what comes out of it: the values, without the reasoning."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aicmo_perf.errors import UsageError
from aicmo_perf.model import Change

_LONGEST_SECONDS = 1e12
"""Thirty thousand years: anything above is no runtime."""


def is_duration(seconds: float) -> bool:
    """Whether the number can be a runtime: an import may hold others."""
    return 0 <= seconds <= _LONGEST_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class SlownessPolicy:
    """What counts as a change of the runtime.

    Attributes:
        min_effect_ratio: changes under this share of the baseline are not worth a person's time.
        min_effect_seconds: changes under this are not, either.
        min_run_count: baseline runs that are needed to know the spread.
        significance: the share of false ones among the changes called, over all features; where nothing changed, the
            share of runs that alarm.
        max_rerun_count: re-runs of a suspect at most.
        min_runtime_seconds: a feature is too short to judge while it stays under this, now and then.
        max_visible_ratio: a feature so noisy that a change up to this ratio would go unseen is never ``unchanged``.

    Raises: UsageError on values that make no sense: they come from people's configuration.
    """

    min_effect_ratio: float = 0.03
    min_effect_seconds: float = 50e-6
    min_run_count: int = 5
    significance: float = 0.03
    max_rerun_count: int = 6
    min_runtime_seconds: float = 10e-6
    max_visible_ratio: float = 2.0

    def __post_init__(self) -> None:
        for name in ("min_effect_ratio", "min_effect_seconds", "min_runtime_seconds"):
            if not getattr(self, name) >= 0:
                raise UsageError(f"{name} must not be negative.", "Set it to 0 to ask for no least value.")
        if not 0 < self.significance <= 0.5:
            raise UsageError(
                f"A significance of {self.significance:g} makes no sense.", "Write a share up to 0.5, such as 0.03."
            )
        if self.min_run_count < 2:
            raise UsageError("min_run_count must be 2 at least.", "One run alone does not show how much runs differ.")
        if self.max_rerun_count < 0:
            raise UsageError("max_rerun_count must not be negative.", "Set it to 0 to re-run nothing.")
        if not self.max_visible_ratio > 1:
            raise UsageError("max_visible_ratio must be above 1.", "2 stands for a doubling of the runtime.")


@dataclass(frozen=True, slots=True)
class Measurement:
    """One feature's runtime now and before, each run told by its low quantile.

    Numbers that are no durations (negative or not finite: an import may hold such) count as not measured.

    Attributes:
        current_seconds: the run under judgement.
        baseline_seconds: the runs of the level in force, oldest first.
        earlier_levels: the runs of each level before it. They tell the spread, and not where the runtime lies.
        head_reruns_seconds: fresh processes of the code under judgement.
        base_reruns_seconds: fresh processes of the baseline's code, each measured beside the head's of the same index.
        min_effect_ratio, min_effect_seconds: this feature's own thresholds; None for the policy's.
    """

    current_seconds: float
    baseline_seconds: tuple[float, ...]
    earlier_levels: tuple[tuple[float, ...], ...] = ()
    head_reruns_seconds: tuple[float, ...] = ()
    base_reruns_seconds: tuple[float, ...] = ()
    min_effect_ratio: float | None = None
    min_effect_seconds: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "baseline_seconds", _durations(self.baseline_seconds))
        levels = (_durations(level) for level in self.earlier_levels)
        object.__setattr__(self, "earlier_levels", tuple(level for level in levels if level))

    @property
    def run_count(self) -> int:
        """Baseline runs of all levels."""
        return len(self.baseline_seconds) + sum(map(len, self.earlier_levels))

    @property
    def head_seconds(self) -> tuple[float, ...]:
        """The head's re-runs that were measured."""
        return _durations(self.head_reruns_seconds)

    @property
    def pairs_seconds(self) -> tuple[tuple[float, float], ...]:
        """Re-runs (head, base) side by side of which both were measured."""
        both = zip(self.head_reruns_seconds, self.base_reruns_seconds, strict=False)
        return tuple((head, base) for head, base in both if is_duration(head) and is_duration(base))

    def least_effect(self, policy: SlownessPolicy) -> tuple[float, float]:
        """The thresholds that hold for it: a ratio, and seconds."""
        ratio, seconds = self.min_effect_ratio, self.min_effect_seconds
        return (
            policy.min_effect_ratio if ratio is None else ratio,
            policy.min_effect_seconds if seconds is None else seconds,
        )


def _durations(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(float(value) for value in values if is_duration(value))


@dataclass(frozen=True, slots=True)
class CommonFactor:
    """What the run as a whole has to its baselines: the machine, in all likelihood.

    Attributes:
        ratio: current / baseline, the median over the features; 1.0 is equal, above it is slower.
        is_clear: whether the features agree on it beyond chance.
        is_removed: whether the features were judged relative to it.
        feature_count: features it was estimated from.
        is_machine_difference: clear, and so far off that the run was hardly made on a comparable machine.
    """

    ratio: float
    is_clear: bool
    is_removed: bool
    feature_count: int
    is_machine_difference: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeChange:
    """How one runtime stands to its baseline.

    Numbers of evidence are None where nothing was judged. Those that exist for one direction only are of the direction
    in which the runtime deviates.

    Attributes:
        change: the judgement.
        reason: why ``inconclusive``; empty otherwise.
        baseline_run_count: baseline runs that counted, earlier levels' included.
        baseline_seconds: the median of the runs of the level in force; None without any.
        ratio: current / baseline (above 1 is slower), relative to the common factor where that was removed; None when
            either is missing or zero.
        spread_ratio: the relative spread between runs that was reckoned with.
        own_spread_ratio: the spread that the feature's own runs show.
        suite_spread_ratio: the spread typical of the suite, which its own was drawn towards.
        degrees: degrees of freedom of the spread.
        t: how far out the run alone lies, or the pairs together, in units of its own scatter; positive in the
            direction in which the runtime deviates.
        p_slower, p_faster: one-sided, how often chance alone gives as much under the rule that was applied.
        adjusted_p: after Benjamini and Hochberg, over all features; 1 for those that were no suspects.
        bh_rank: its place among all features' p-values, 1 the smallest; None for those that were no suspects.
        critical_p: the p-value it must not exceed to be called.
        smallest_visible_ratio: the least ratio that would be ``regressed`` under the rule that was applied.
        wants_rerun: whether one more re-run may tell more.
        rerun_count: re-runs of the head that counted.
        rerun_ratio: what they say: head / base where both were re-run side by side, else head / baseline; None
            without re-runs.
    """

    change: Change
    reason: str = ""
    baseline_run_count: int = 0
    baseline_seconds: float | None = None
    ratio: float | None = None
    spread_ratio: float | None = None
    own_spread_ratio: float | None = None
    suite_spread_ratio: float | None = None
    degrees: float | None = None
    t: float | None = None
    p_slower: float | None = None
    p_faster: float | None = None
    adjusted_p: float | None = None
    bh_rank: int | None = None
    critical_p: float | None = None
    smallest_visible_ratio: float | None = None
    wants_rerun: bool = False
    rerun_count: int = 0
    rerun_ratio: float | None = None


@dataclass(frozen=True, slots=True)
class RuntimeJudgement:
    """All runtimes of a run, judged together.

    Attributes:
        changes: one a measurement, in the same order.
        common_factor: None when no feature could be judged.
    """

    changes: tuple[RuntimeChange, ...]
    common_factor: CommonFactor | None
