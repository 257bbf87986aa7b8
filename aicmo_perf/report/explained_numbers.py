"""One judgement in words and numbers: each number with what it means, the rule that applied, the verdict.

The formulas stand in ``stats``; here they are only put into words beside their values, for the report and for JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from aicmo_perf.comparison import FeatureComparison, RunComparison
from aicmo_perf.model import Change
from aicmo_perf.report.judgement_notes import confirmed_text, pair_count
from aicmo_perf.report.wording import NOTHING
from aicmo_perf.stats.comparison import CommonFactor, RuntimeChange
from aicmo_perf.units import count_of, format_change, format_ratio, format_seconds, format_share


class Design(StrEnum):
    """From which processes a judgement was made, from the weakest to the strongest."""

    ONE_RUN = "one_run"
    HEAD_RERUNS = "head_reruns"
    INTERLEAVED_RERUNS = "interleaved_reruns"
    PAIRED = "paired"


_DESIGN_TEXTS = {
    Design.ONE_RUN: (
        "One run alone: this run's one low quantile against the baseline's runs. One process cannot be told from its "
        "own bad luck, so the margin is the widest of the four rules."
    ),
    Design.HEAD_RERUNS: (
        "Confirmed by re-runs of the head: fresh processes of this code against the baseline's runs. They rule out one "
        "unlucky process, but not a machine that has become slower since."
    ),
    Design.INTERLEAVED_RERUNS: (
        "Confirmed by interleaved re-runs: fresh processes of this code and of the baseline's, turn by turn on the "
        "same machine. A change must show against the baseline's runs and between the pairs."
    ),
    Design.PAIRED: (
        "Paired: both versions in fresh processes, turn by turn on the same machine. Each pair is one observation, and "
        "no history is needed."
    ),
}


@dataclass(frozen=True, slots=True)
class NumberRow:
    """A number for people: what it is called, its value with its unit, and what it means."""

    name: str
    value: str
    meaning: str


def design_of(item: FeatureComparison, comparison: RunComparison) -> Design:
    """From which processes a feature was judged."""
    if comparison.is_paired:
        return Design.PAIRED
    if pair_count(item):
        return Design.INTERLEAVED_RERUNS
    return Design.HEAD_RERUNS if item.head_reruns_seconds else Design.ONE_RUN


def rule_text(item: FeatureComparison, comparison: RunComparison) -> str:
    """Which rule applied, in words."""
    return _DESIGN_TEXTS[design_of(item, comparison)]


def verdict_text(item: FeatureComparison, comparison: RunComparison) -> str:
    """The verdict in one sentence."""
    if item.is_new:
        return "new: no baseline run has it, so there is nothing to compare it with."
    if item.ratio is None:
        return f"{item.change}: {item.reason or 'not judged'}."
    stands = f"{format_seconds(item.level_seconds)} against {format_seconds(item.baseline_seconds)}"
    size = f"{stands} ({format_change(item.ratio)})"
    if item.change is Change.INCONCLUSIVE:
        return f"inconclusive: {size}, {item.reason}."
    if item.change is Change.UNCHANGED:
        visible = item.smallest_visible_ratio
        seen = f"; a slowdown from {format_change(visible)} on would have been seen" if visible is not None else ""
        return f"unchanged: {size}{seen}."
    borne_out = confirmed_text(item, is_paired=comparison.is_paired)
    word = "slower" if item.change is Change.REGRESSED else "faster"
    return f"{item.change}: {word} by evidence and by size, {size}{f', {borne_out}' if borne_out else ''}."


def number_rows(item: FeatureComparison, comparison: RunComparison) -> Iterator[NumberRow]:
    """Every number of a judgement, in the order in which they are reckoned; none for a feature without a baseline."""
    judged = item.judgement
    if judged is None or item.level_seconds is None:
        return
    yield from _side_rows(item, judged, is_paired=comparison.is_paired)
    if comparison.common_factor is not None:
        yield _factor_row(comparison.common_factor)
    if judged.ratio is not None:
        yield NumberRow("Effect", format_change(judged.ratio), _effect_meaning(comparison))
    yield from _threshold_rows(item)
    yield from _spread_rows(judged, is_paired=comparison.is_paired)
    if judged.t is not None:
        whose = "the pairs lie" if comparison.is_paired else "this run alone lies"
        yield NumberRow("t", f"{judged.t:.2f}", f"how far out {whose}, in units of its standard error")
    yield from _evidence_rows(judged, comparison)
    if judged.smallest_visible_ratio is not None:
        yield NumberRow(
            "Visible from",
            format_change(judged.smallest_visible_ratio),
            "the smallest slowdown that would have been called one",
        )
    if item.cpu_ratio is not None:
        waits = ": it waits, it does not compute" if item.is_waiting else ", told beside the clock's"
        yield NumberRow("CPU time", format_change(item.cpu_ratio), f"the processor's time{waits}")
    if item.tail is not None and item.tail.ratio is not None:
        yield NumberRow("Tail", format_change(item.tail.ratio), f"of the 90% quantiles: {item.tail.change}; told only")


def _side_rows(item: FeatureComparison, judged: RuntimeChange, *, is_paired: bool) -> Iterator[NumberRow]:
    """What was, and what is."""
    median = format_seconds(item.runtime_seconds)
    if is_paired:
        name, base, head = "Base", "the median process of the base", "the median process of this version"
    else:
        name, base, head = "Level", f"median of {count_of(len(item.level_values_seconds), 'run')}", "this run"
    if judged.baseline_seconds is not None:
        yield NumberRow(name, format_seconds(judged.baseline_seconds), f"low quantile: {base}")
    yield NumberRow("Now", format_seconds(item.level_seconds), f"low quantile: {head} (its median call: {median})")


def _factor_row(factor: CommonFactor) -> NumberRow:
    clear = "clear" if factor.is_clear else "not clear"
    done = "removed before judging" if factor.is_removed else "not removed"
    over = count_of(factor.feature_count, "feature")
    return NumberRow("Common factor", format_ratio(factor.ratio), f"shared by {over}; {clear}, {done}")


def _effect_meaning(comparison: RunComparison) -> str:
    if comparison.is_paired:
        return "head against base, over all pairs"
    factor = comparison.common_factor
    removed = ", the common factor removed" if factor is not None and factor.is_removed else ""
    return f"now against the level{removed}"


def _threshold_rows(item: FeatureComparison) -> Iterator[NumberRow]:
    least_ratio, least_seconds = item.min_effect_ratio, item.min_effect_seconds
    if least_ratio is None or least_seconds is None or not item.baseline_seconds:
        return
    from_seconds = least_seconds / item.baseline_seconds
    both = f"{format_share(least_ratio)} and {format_seconds(least_seconds)}"
    which = "the time" if from_seconds > least_ratio else "the share"
    yield NumberRow(
        "Minimum effect",
        format_change(1 + max(least_ratio, from_seconds)),
        f"the larger of {both}; here it is {which}",
    )


def _spread_rows(judged: RuntimeChange, *, is_paired: bool) -> Iterator[NumberRow]:
    if is_paired:
        between = f"between the ratios of {count_of(judged.rerun_count, 'pair')}"
    else:
        between = f"between {count_of(judged.baseline_run_count, 'run')}, each about its own level"
    rows = (
        ("Own spread", judged.own_spread_ratio, between),
        ("Suite's spread", judged.suite_spread_ratio, "typical of the features judged with it"),
        ("Spread", judged.spread_ratio, "the own, drawn towards the suite's: what it was judged by"),
    )
    for name, ratio, meaning in rows:
        if ratio is not None:
            yield NumberRow(name, format_share(ratio), meaning)
    if judged.degrees is not None:
        yield NumberRow("Degrees of freedom", f"{judged.degrees:.1f}", "how well that spread is known")


def _evidence_rows(judged: RuntimeChange, comparison: RunComparison) -> Iterator[NumberRow]:
    is_faster = judged.ratio is not None and judged.ratio < 1
    p_value = judged.p_faster if is_faster else judged.p_slower
    if p_value is not None:
        how = "faster" if is_faster else "slower"
        yield NumberRow("p-value", p_text(p_value), f"how often chance alone makes it as much {how}, one-sided")
    if p_value is not None:
        total = sum(item.p_value is not None for item in comparison.features)
        yield NumberRow("Rank", *_rank(judged.bh_rank, total))
    if judged.critical_p is not None:
        yield NumberRow("Threshold", p_text(judged.critical_p), "p-values up to this one are called at that rank")
    if judged.adjusted_p is not None:
        yield NumberRow("Adjusted p-value", p_text(judged.adjusted_p), "the share of false alarms among those called")


def _rank(rank: int | None, total: int) -> tuple[str, str]:
    """The place of a p-value among all features', and what that means."""
    if rank is None:
        return NOTHING, f"no suspect: among all {total} features its p-value counts as 1"
    return f"{rank} of {total}", "of its p-value among the features (Benjamini–Hochberg)"


def p_text(p_value: float) -> str:
    """A probability for people, to three digits whatever its size: it is held against a threshold as small."""
    return f"{p_value:.3g}"
