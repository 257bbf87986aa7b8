"""The rules about how long features take, and what has to be said of that judgement lest it mislead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from aicmo_perf.comparison import FeatureComparison
from aicmo_perf.flakiness.wording import unstable_text
from aicmo_perf.gate.case import Case
from aicmo_perf.gate.verdict import Coverage, Finding, Rule
from aicmo_perf.gate.wording import listing, p_text, quoted, reference_of
from aicmo_perf.model import AcceptedChange, Change, ChangePoint
from aicmo_perf.model.summary import HIGH_QUANTILE, LOW_QUANTILE
from aicmo_perf.units import count_of, format_change, format_ratio, format_seconds, format_share

_LEAST_COMMON = 3
"""So many features have to be slower together before the machine is suspected."""


def slower(case: Case) -> Iterator[Finding]:
    """Features whose runtime has regressed."""
    for item in case.changed(Change.REGRESSED):
        yield Finding(
            rule=Rule.SLOWER,
            feature=item.feature,
            message=f"{case.label(item.feature)} is slower: {_numbers(case, item)}{_instability(case, item)}.",
            advice=_slower_advice(case, item),
        )


def faster(case: Case) -> Iterator[Finding]:
    """Features whose runtime has improved, for those who want each one looked at."""
    for item in case.changed(Change.IMPROVED):
        commits = case.commits_since(item)
        look = f"Look through git log {commits} whether" if commits else "Look whether"
        yield Finding(
            rule=Rule.FASTER,
            feature=item.feature,
            message=f"{case.label(item.feature)} is faster: {_numbers(case, item)}.",
            advice=f"{look} it still does all its work; {_acceptance(case, item)}",
        )


def coverage_of(case: Case) -> Coverage:
    """How much of the run was judged for speed."""
    compared = [item for item in case.comparison.features if item.has_baseline and not item.is_new]
    inconclusive = sum(item.change is Change.INCONCLUSIVE for item in compared)
    return Coverage(
        judged_count=len(compared) - inconclusive,
        inconclusive_count=inconclusive,
        new_count=sum(item.is_new for item in case.comparison.features),
        vanished_count=len(case.comparison.vanished),
    )


def speed_notes(case: Case) -> Iterator[str]:
    """What else there is to say of the runtimes, from the whole run to single features."""
    yield from _common_factor(case)
    if Rule.FASTER not in case.policy.rules and (improved := case.changed(Change.IMPROVED)):
        told = [f"{case.label(item.feature)} ({_numbers(case, item)})" for item in improved]
        yield f"{count_of(len(told), 'feature is', 'features are')} faster: {listing(told)}."
    yield from _accepted(case)
    yield from _settled(case)
    yield from _tails(case)
    yield from _unstable(case)
    yield from _certainty(case)
    yield from _doubts(case)


def _numbers(case: Case, item: FeatureComparison) -> str:
    """A change in figures: ``1.32 ms against 1.10 ms (+20.0%, 1% quantile, 20 runs, p < 0.0001)``."""
    common = case.comparison.common_factor
    beyond = " beyond the whole run" if common is not None and common.is_removed else ""
    parts = [f"{format_change(item.ratio)}{beyond}", f"{LOW_QUANTILE:.0%} quantile"]
    rerun_count = item.judgement.rerun_count if item.judgement is not None else 0
    if case.comparison.is_paired:
        parts.append(count_of(rerun_count, "interleaved pair"))
    else:
        parts.append(count_of(item.baseline_run_count, "run"))
    if item.p_value is not None and item.change is Change.REGRESSED:
        parts.append(p_text(item.p_value))
    confirmed = ""
    if rerun_count and not case.comparison.is_paired:
        kind = " interleaved" if item.base_reruns_seconds else ""
        confirmed = f"; confirmed by {rerun_count}{kind} re-run{'' if rerun_count == 1 else 's'}"
        if item.judgement is not None and item.judgement.rerun_ratio is not None:
            confirmed += f", {format_change(item.judgement.rerun_ratio)}"
    return (
        f"{format_seconds(item.level_seconds)} against {format_seconds(item.baseline_seconds)} "
        f"({', '.join(parts)}{confirmed})"
    )


def _instability(case: Case, item: FeatureComparison) -> str:
    """That it takes now this, now that on unchanged code, as the end of a sentence; empty when it does not."""
    unstable = case.unstable_time(item.feature.key)
    return f"; it is unstable in time: {unstable_text(unstable)}" if unstable is not None else ""


def _unstable(case: Case) -> Iterator[str]:
    """Features that are unstable in time, which is no flakiness: they agree with themselves in all but the time."""
    slower = {item.feature.key for item in case.changed(Change.REGRESSED)} if Rule.SLOWER in case.policy.rules else ()
    for status in case.result.features:
        unstable = case.unstable_time(status.key)
        if unstable is not None and status.key not in slower:
            yield f"{case.label(status.feature)} is unstable in time: {unstable_text(unstable)}."


def _slower_advice(case: Case, item: FeatureComparison) -> str:
    history = f"see since when with: aicmo-perf history {quoted(case.label(item.feature))}"
    slower_count = len(case.changed(Change.REGRESSED))
    judged = coverage_of(case).judged_count
    # what was measured side by side was on the same machine in the same minutes
    was_apart = not item.base_reruns_seconds
    if was_apart and slower_count >= _LEAST_COMMON and 2 * slower_count > judged:
        return (
            f"{slower_count} of {judged} features are slower at once, which looks like a busy or different machine: "
            "run it again before you look for the cause in the code."
        )
    if item.is_waiting:
        return (
            f"It is waiting, not computing: its CPU time hardly changed ({format_change(item.cpu_ratio)}); look for a "
            f"lock, a file, the network or a busy machine; {history}; {_acceptance(case, item)}"
        )
    held_back = item.level.held_back if item.level is not None else None
    if held_back is not None:
        commits = held_back.run.commits_since(held_back.previous_run)
        look = f"Look through git log {commits}, since" if commits else "Since"
        return f"{look} {held_back.run.title} it has been slower; {_acceptance(case, item)}"
    if commits := case.commits_since(item):
        return f"Look through git log {commits}; {history}; {_acceptance(case, item)}"
    return f"Run it again to rule out a busy machine; {history}; {_acceptance(case, item)}"


def _acceptance(case: Case, item: FeatureComparison) -> str:
    """How to say that a change is meant."""
    name = quoted(case.label(item.feature))
    held_back = item.level.held_back if item.level is not None else None
    began = held_back.run if held_back is not None else case.run
    return f"if it is meant: aicmo-perf baseline accept {name} --run {reference_of(began)}"


def _common_factor(case: Case) -> Iterator[str]:
    """What all features have in common, which is the machine's doing."""
    common = case.comparison.common_factor
    if common is None or not (common.is_clear or common.is_removed or common.is_machine_difference):
        return
    so_much = f"{format_ratio(common.ratio)} as long as the baseline, over {count_of(common.feature_count, 'feature')}"
    so_much += "; each was judged relative to that" if common.is_removed else "; that was not taken out"
    if common.is_machine_difference:
        yield (
            f"This run looks like another machine, or a busy one: as a whole it took {so_much}. If it may be the code, "
            "'aicmo-perf run --against REF' tells."
        )
    else:
        yield f"As a whole this run took {so_much}."


def _accepted(case: Case) -> Iterator[str]:
    """Changes that people accepted, while the baseline still tells of them."""
    texts = []
    for item in case.comparison.features:
        start = item.level.start if item.level is not None else None
        change = item.accepted or (start if isinstance(start, AcceptedChange) else None)
        if change is not None:
            this = f", {format_change(item.ratio)}" if item.accepted and item.ratio else ""
            texts.append(f"{case.label(item.feature)} ({change.run.title}{this}, {change.summary})")
    if texts:
        yield f"{count_of(len(texts), 'change was', 'changes were')} accepted: {listing(texts, '; ')}."


def _settled(case: Case) -> Iterator[str]:
    """Slowdowns that nobody accepted and that time has made the baseline."""
    texts = []
    for item in case.comparison.features:
        start = item.level.start if item.level is not None else None
        if isinstance(start, ChangePoint) and start.ratio > 1:
            texts.append(f"{case.label(item.feature)} ({format_change(start.ratio)} since {start.run.title})")
    if texts:
        yield f"Judged by a slower level that has become the baseline: {listing(texts)}."


def _tails(case: Case) -> Iterator[str]:
    """Features whose slowest calls got slower while the others did not."""
    texts = [
        f"{case.label(item.feature)} ({format_change(item.tail.ratio)} at the {HIGH_QUANTILE:.0%} quantile)"
        for item in case.comparison.features
        if item.tail is not None and item.tail.change is Change.REGRESSED and item.change is not Change.REGRESSED
    ]
    if texts:
        yield f"Only the slowest calls got slower, which fails nothing: {listing(texts)}."


def _certainty(case: Case) -> Iterator[str]:
    """How much the judgements are worth, where they are not worth the most."""
    if case.comparison.is_paired:
        if undecided := [item for item in case.comparison.features if item.wants_rerun]:
            yield (
                f"{count_of(len(undecided), 'feature')} could not be decided in the time there was: "
                f"{listing(case.labels_of(undecided))}; more of it: --against-budget."
            )
        return
    regressed = case.changed(Change.REGRESSED)
    if alone := [item for item in regressed if not item.head_reruns_seconds]:
        yield f"One run alone judged {listing(case.labels_of(alone))}; 'aicmo-perf run --gate' confirms by re-runs."
    if head_only := [item for item in regressed if item.head_reruns_seconds and not item.base_reruns_seconds]:
        yield (
            f"Re-runs of this code alone confirmed {listing(case.labels_of(head_only))}: a machine that was busy all "
            "the while looks the same."
        )
    if cut := [item for item in case.comparison.features if item.wants_rerun]:
        yield (
            f"Re-runs ended before {count_of(len(cut), 'suspect')} could be decided: {listing(case.labels_of(cut))}; "
            "more time for them: --confirm-budget."
        )


def _doubts(case: Case) -> Iterator[str]:
    """What has a baseline and was still not judged for speed, by reason, the commonest first."""
    by_reason: dict[str, list[FeatureComparison]] = defaultdict(list)
    for item in case.comparison.features:
        baseline = case.baselines.get(item.feature.suite)
        has_said_so = item.accepted is not None or (baseline is not None and baseline.obstacle == item.reason)
        if item.has_baseline and not item.is_new and item.change is Change.INCONCLUSIVE and not has_said_so:
            # each noisy feature has a smallest visible change of its own; together they are one reason
            by_reason["" if item.smallest_visible_ratio is not None else item.reason].append(item)
    count = sum(map(len, by_reason.values()))
    if count:
        groups = sorted(by_reason.items(), key=lambda group: -len(group[1]))
        told = [f"{listing(case.labels_of(items))} ({reason or _smallest_visible(items)})" for reason, items in groups]
        yield f"{count_of(count, 'feature')} could not be judged for speed: {listing(told, '; ')}."


def _smallest_visible(items: list[FeatureComparison]) -> str:
    """What size of change would have been seen in features that are too noisy."""
    if len(items) == 1:
        return items[0].reason
    ratios = [item.smallest_visible_ratio for item in items if item.smallest_visible_ratio is not None]
    low, high = (format_share(bound(ratios) - 1) for bound in (min, max))
    return (
        f"changes under {low} cannot be seen here"
        if low == high
        else (f"changes under {low} to {high}, a different share for each, cannot be seen here")
    )
