"""A runtime that is one of two on unchanged code, now this, now that: unstable in time, which no noise is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class UnstableTime:
    """The two levels of a runtime.

    Attributes:
        fast_seconds, slow_seconds: median of either.
        slow_share: of the runs, 0 ... 1.
        run_count: runs that it was seen in: the newest stretch without a change of level.
    """

    fast_seconds: float
    slow_seconds: float
    slow_share: float
    run_count: int


def unstable_time(seconds: Sequence[float]) -> UnstableTime | None:
    """Whether a runtime is one of two.

    Args:
        seconds: one a run of one setting, oldest first.
    """
    return None
