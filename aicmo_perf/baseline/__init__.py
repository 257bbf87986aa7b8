"""Which past runs a run may be compared with, whether they are enough, and where each feature's level begins.

Two runs are comparable when suite, mode, environment fingerprint and depth (quick or full) agree: anything else
compares numbers of different things as if they were one. A baseline holds complete runs from before the run under
judgement, never itself, never a companion, and never a pull request's run unless people name it.

All of them tell what passed and what was there; how fast a feature was is told by the runs of its level in force
(`levels`), which begins at its last change point.

Nothing here reads the store or asks git: `baseline_queries` says what to ask, `choose_baseline` picks among the
answers, and what lies in a commit's history is a predicate.
"""

from aicmo_perf.baseline.before import runs_before_change
from aicmo_perf.baseline.choice import (
    DEFAULT_WINDOW,
    Baseline,
    choose_baseline,
    fits,
    machine_count,
    named_baseline,
    paired_baseline,
)
from aicmo_perf.baseline.comparable import IsInHistory, Terms, obstacle_between
from aicmo_perf.baseline.levels import SETTLED_RUN_COUNT, FeatureLevel, LevelRules
from aicmo_perf.baseline.query import BaselineQuery, baseline_queries
from aicmo_perf.baseline.spec import BaselineKind, BaselineSpec

__all__ = [
    "DEFAULT_WINDOW",
    "SETTLED_RUN_COUNT",
    "Baseline",
    "BaselineKind",
    "BaselineQuery",
    "BaselineSpec",
    "FeatureLevel",
    "IsInHistory",
    "LevelRules",
    "Terms",
    "baseline_queries",
    "choose_baseline",
    "fits",
    "machine_count",
    "named_baseline",
    "obstacle_between",
    "paired_baseline",
    "runs_before_change",
]
