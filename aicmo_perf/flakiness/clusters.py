"""Features that fail together are flaky together: one cluster, one cause to look for, one line to read."""

from __future__ import annotations

from dataclasses import dataclass

from aicmo_perf.model import FeatureKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Flaky features whose failures happen together.

    Attributes:
        features: two at least, in order of their keys.
        together_count: iterations in which at least two of them failed.
    """

    features: tuple[FeatureKey, ...]
    together_count: int
