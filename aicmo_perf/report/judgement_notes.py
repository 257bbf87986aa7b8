"""What must be said beside a judgement lest it mislead.

What all features share, re-runs, accepted levels, waiting instead of computing, tails.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from aicmo_perf.comparison import FeatureComparison, RunComparison
from aicmo_perf.model import AcceptedChange, Change
from aicmo_perf.report.document import Block, Prose, Tone, bold, prose, titled_list
from aicmo_perf.report.wording import Labels, accepted_text
from aicmo_perf.units import count_of, format_change, format_ratio, format_seconds

if TYPE_CHECKING:
    from aicmo_perf.stats.comparison import CommonFactor


def factor_prose(factor: CommonFactor) -> Prose:
    """What all features share, and what was made of it."""
    slow, times = factor.ratio > 1, format_ratio(max(factor.ratio, 1 / factor.ratio)).removesuffix("x")
    over = count_of(factor.feature_count, "feature")
    text = f" the whole run was {times} times as {'slow' if slow else 'fast'} (over {over})"
    text += "; removed before judging." if factor.is_removed else "; not removed."
    if factor.is_machine_difference:
        text += " So much looks like another machine, or a busy one."
    return prose(bold("Common factor:", Tone.WARN), text)


def pair_count(item: FeatureComparison) -> int:
    """Fresh processes of head and base that were measured beside each other."""
    return min(len(item.head_reruns_seconds), len(item.base_reruns_seconds))


def rerun_cell_text(item: FeatureComparison) -> str:
    """How many re-runs or pairs there were, and what they say: ``6 (+17.5%)``; empty without any."""
    judged = item.judgement
    if judged is None or not judged.rerun_count:
        return ""
    return f"{judged.rerun_count}" + (f" ({format_change(judged.rerun_ratio)})" if judged.rerun_ratio else "")


def confirmed_text(item: FeatureComparison, *, is_paired: bool) -> str:
    """By what a change is borne out: ``confirmed by 6 re-runs``, ``in 8 pairs``; empty for one run alone."""
    count = item.judgement.rerun_count if item.judgement is not None else 0
    if not count:
        return ""
    if is_paired:
        return f"in {count_of(count, 'interleaved pair')}"
    kind = "interleaved re-run" if pair_count(item) else "re-run"
    return f"confirmed by {count_of(count, kind)}"


def judgement_lists(comparison: RunComparison, labels: Labels) -> Iterator[Block]:
    """Lists of what the table cannot hold: accepted levels, waiting, tails."""
    yield from titled_list("Accepted Changes:", _accepted_texts(comparison.features, labels))
    yield from titled_list("Waiting, Not Computing:", waiting_texts(comparison.features, labels), Tone.WARN)
    yield from titled_list("Slow Now and Then:", tail_texts(comparison.features, labels), Tone.WARN)


def _accepted_texts(items: Iterable[FeatureComparison], labels: Labels) -> list[str]:
    told = ((item, accepted_of(item)) for item in items)
    return [f"{labels[item.feature.key]}: {accepted_text(accepted)}" for item, accepted in told if accepted]


def accepted_of(item: FeatureComparison) -> AcceptedChange | None:
    """The accepted change that this run's level, or the baseline's, began with."""
    if item.accepted is not None:
        return item.accepted
    start = item.level.start if item.level is not None else None
    return start if isinstance(start, AcceptedChange) else None


def waiting_texts(items: Iterable[FeatureComparison], labels: Labels) -> list[str]:
    """Features that take longer by the clock and not by the processor."""
    return [
        f"{labels[item.feature.key]}: {format_change(item.ratio)} by the clock, {format_change(item.cpu_ratio)} of CPU "
        "time; look for what it waits for: a lock, a file, the network, a busy machine"
        for item in items
        if item.is_waiting
    ]


def tail_texts(items: Iterable[FeatureComparison], labels: Labels) -> list[str]:
    """Features whose slow calls got slower; told, never gated."""
    return [
        f"{labels[item.feature.key]}: {format_change(item.tail.ratio)} at the 90% quantile of its calls{_typical(item)}"
        for item in items
        if item.tail is not None and item.tail.change is Change.REGRESSED
    ]


def _typical(item: FeatureComparison) -> str:
    return "" if item.ratio is None else f", {format_change(item.ratio)} at the 1% quantile, by which it is judged"


def change_text(item: FeatureComparison, label: str, *, is_paired: bool) -> str:
    """One change in a line: by how much, from what to what, borne out by what, since when."""
    parts = [count_of(item.baseline_run_count, "run")] if not is_paired else []
    parts += filter(None, [confirmed_text(item, is_paired=is_paired)])
    return (
        f"{label}: {format_change(item.ratio)}, {format_seconds(item.level_seconds)} against "
        f"{format_seconds(item.baseline_seconds)} ({', '.join(['1% quantile', *parts])}){since_text(item)}"
    )


def since_text(item: FeatureComparison) -> str:
    """Since when it has been slower, where earlier runs already were; empty otherwise."""
    point = item.level.held_back if item.level is not None else None
    if point is None or item.change is not Change.REGRESSED:
        return ""
    commits = point.run.commits_since(point.previous_run)
    return f"; since {point.run.title}" + (f" (commits {commits})" if commits else "")
