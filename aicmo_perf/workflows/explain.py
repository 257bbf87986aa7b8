"""Which feature of a judged run people want explained."""

from __future__ import annotations

from aicmo_perf.comparison import FeatureComparison
from aicmo_perf.errors import NotFoundError, UsageError, nearest_hint
from aicmo_perf.workflows.judging import JudgedRun


def find_judged_feature(judged: JudgedRun, glob: str) -> FeatureComparison:
    """The one feature of the run that a name or glob means, as in the history.

    Raises: NotFoundError, with the nearest names, when the run has none; UsageError when it means several.
    """
    meant = [item for item in judged.comparison.features if item.feature.is_meant_by(glob)]
    run = judged.result.run
    if not meant:
        names = [item.feature.name for item in judged.comparison.features]
        raise NotFoundError(
            f"{run.title_at_start} has no feature called {glob!r}.",
            nearest_hint(glob, names, otherwise=f"'aicmo-perf show {run.id}' lists its features."),
        )
    if len(meant) > 1:
        names = [f"{item.feature.suite}:{item.feature.qualified_name}" for item in meant]
        raise UsageError(f"{glob!r} means {len(meant)} features, and one is explained.", f"Name one: {names[0]}")
    return meant[0]
