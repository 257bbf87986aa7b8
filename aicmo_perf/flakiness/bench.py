"""Where features are tried: the one interface that a diagnosis needs, whoever runs the features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from aicmo_perf.model import FeatureKey, IterationResult, Trial


class Bench(Protocol):
    """Runs some features in fresh processes, under given conditions."""

    def run(self, trial: Trial) -> Mapping[FeatureKey, IterationResult]:
        """What became of each feature of a trial; those that were not found are left out.

        A trial is not measured: each feature is judged as often as the conditions say, and not sampled. Unless the
        conditions say otherwise, its processes share no files with those of another trial: each trial has a working
        directory and a folder of temporary files of its own.
        """
