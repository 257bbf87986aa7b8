"""Features for which another size of change is worth a person's time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aicmo_perf.model.feature import Feature


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureThresholds:
    """What change of some features is worth a person's time.

    Attributes:
        match: a glob, as `Feature.is_meant_by` takes it.
        min_effect_ratio, min_effect_seconds: in place of what holds for all features; None leaves that as it is.
    """

    match: str
    min_effect_ratio: float | None = None
    min_effect_seconds: float | None = None

    @classmethod
    def of(cls, feature: Feature, thresholds: Sequence[FeatureThresholds]) -> FeatureThresholds:
        """What holds for a feature: of several that match, each value is that of the last one that has it."""
        ratio = seconds = None
        for item in thresholds:
            if feature.is_meant_by(item.match):
                ratio = ratio if item.min_effect_ratio is None else item.min_effect_ratio
                seconds = seconds if item.min_effect_seconds is None else item.min_effect_seconds
        return cls(match=feature.qualified_name, min_effect_ratio=ratio, min_effect_seconds=seconds)
