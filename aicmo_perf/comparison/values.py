"""What a comparison says, feature by feature and of the whole run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aicmo_perf.baseline import Baseline, FeatureLevel
from aicmo_perf.model import AcceptedChange, Change, Feature, FeatureKey, Run, Status
from aicmo_perf.stats.comparison import CommonFactor, RuntimeChange, SlownessPolicy

WAITING_LIMIT = 0.05
"""A CPU time that rose by more is no sign of waiting, however much more the wall's clock says."""

WAITING_SHARE = 1 / 3
"""A slowdown of which the CPU's time shows less than this share is one of waiting, not of computing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureComparison:
    """One feature of the run under judgement beside its baseline.

    Attributes:
        feature: which one.
        status: its status now.
        previous_status: its status before the change; None for a new feature. Of the runs that have it, it is that
            of the newest one of another commit. Where there is none, the last three count: for a feature that does
            not pass now it is the newest pass among them, else their newest status.
        previous_run: the run that had it.
        has_baseline: whether there are baseline runs of its suite; without any it is neither new nor compared.
        runtime_seconds: its median runtime now, to be shown; None when there is none.
        past_runtime_seconds: the median over the level's runs of their medians, to be shown; None without any.
        level_seconds: its low quantile now, which is what is judged; None when there is none.
        judgement: how that stands to the level in force; None without any baseline.
        level: the baseline runs that it was compared with; None for a feature that none of them has.
        level_values_seconds: the low quantiles of the level's runs in which it was measured alike, oldest first,
            relative to each run's common factor where machines differ.
        level_value_runs: the runs that these are of.
        min_effect_ratio, min_effect_seconds: what change of it is worth a person's time.
        head_reruns_seconds, base_reruns_seconds: the low quantiles of fresh processes that confirmed it: of the code
            under judgement, and of what it is compared with.
        cpu_ratio: the CPU's time now against that of the level's runs; None where it was not measured.
        is_waiting: whether it regressed by the wall's clock and hardly by the CPU's.
        tail: how its high quantile stands to the level's: told, and never a reason to fail; None when not judged.
        accepted: the change that people accepted with this very run; it is then not judged by the old level.
    """

    feature: Feature
    status: Status
    previous_status: Status | None = None
    previous_run: Run | None = None
    has_baseline: bool = True
    runtime_seconds: float | None = None
    past_runtime_seconds: float | None = None
    level_seconds: float | None = None
    judgement: RuntimeChange | None = None
    level: FeatureLevel | None = None
    level_values_seconds: tuple[float, ...] = ()
    level_value_runs: tuple[Run, ...] = ()
    min_effect_ratio: float | None = None
    min_effect_seconds: float | None = None
    head_reruns_seconds: tuple[float, ...] = ()
    base_reruns_seconds: tuple[float, ...] = ()
    cpu_ratio: float | None = None
    is_waiting: bool = False
    tail: RuntimeChange | None = None
    accepted: AcceptedChange | None = None

    @property
    def change(self) -> Change:
        """The judgement in a word."""
        return self.judgement.change if self.judgement is not None else Change.INCONCLUSIVE

    @property
    def reason(self) -> str:
        """Why it is ``inconclusive``, or why it is not compared at all; empty otherwise."""
        return self.judgement.reason if self.judgement is not None else "no baseline yet"

    @property
    def ratio(self) -> float | None:
        """level_seconds / baseline_seconds as it was judged; None when either is missing."""
        return self.judgement.ratio if self.judgement is not None else None

    @property
    def p_value(self) -> float | None:
        """One-sided, of a slowdown by chance; None when not computed."""
        return self.judgement.p_slower if self.judgement is not None else None

    @property
    def smallest_visible_ratio(self) -> float | None:
        """The least ratio that would have been called ``regressed``; None when not computed."""
        return self.judgement.smallest_visible_ratio if self.judgement is not None else None

    @property
    def baseline_seconds(self) -> float | None:
        """The level's low quantile: the median over its runs; None without any."""
        return self.judgement.baseline_seconds if self.judgement is not None else None

    @property
    def baseline_run_count(self) -> int:
        """Runs that the judgement goes by: those in which it was measured alike, of earlier levels for their spread."""
        return self.judgement.baseline_run_count if self.judgement is not None else 0

    @property
    def wants_rerun(self) -> bool:
        """Whether fresh processes would decide what one run, or those re-runs that there are, cannot."""
        return self.judgement is not None and self.judgement.wants_rerun

    @property
    def is_new(self) -> bool:
        """Whether no baseline run has the feature although there are baseline runs."""
        return self.has_baseline and self.previous_status is None

    @property
    def status_changed(self) -> bool:
        """Whether it had another status before the change."""
        return self.previous_status is not None and self.previous_status is not self.status


@dataclass(frozen=True, slots=True, kw_only=True)
class RunComparison:
    """A whole run beside the baselines of its suites.

    Attributes:
        baselines: one a suite, with the runs and why these.
        features: one a feature of the run, in the run's order.
        vanished: features of the full baseline runs before the change that the run lacks; empty for a run of a
            selection.
        last_seen: the newest of those runs that had the feature, for each of the vanished.
        common_factor: how the run stands to its baseline over all features; None when no runtime was judged.
        is_paired: whether the baseline was measured beside the run, process by process.
        policy: what counted as a change.
    """

    baselines: tuple[Baseline, ...] = ()
    features: tuple[FeatureComparison, ...] = ()
    vanished: tuple[Feature, ...] = ()
    last_seen: Mapping[FeatureKey, Run] = field(default_factory=dict)
    common_factor: CommonFactor | None = None
    is_paired: bool = False
    policy: SlownessPolicy = field(default_factory=SlownessPolicy)

    def by_key(self) -> dict[FeatureKey, FeatureComparison]:
        """The feature comparisons by identity."""
        return {comparison.feature.key: comparison for comparison in self.features}
