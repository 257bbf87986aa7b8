"""How flakiness is put in words: what an iteration changed, what a feature depends on, how often, what to do next.

One place on the pure floor, because the report, the gate's advice and the notices of a run say the same things.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from aicmo_perf.model import (
    Cause,
    Conditions,
    Explanation,
    Factor,
    FeatureKey,
    FlakinessFinding,
    Inconsistency,
    Iteration,
    IterationKind,
    OrderKind,
    OrderRole,
    RateEstimate,
    Run,
)
from aicmo_perf.units import count_of, format_seconds

if TYPE_CHECKING:  # few features are
    from aicmo_perf.flakiness.unstable_time import UnstableTime

Labels = Mapping[FeatureKey, str]
"""What to call each feature; one that is not in it is called by its qualified name."""

_ORDERS = {
    OrderKind.AS_FOUND: "order as found",
    OrderKind.REVERSE: "reverse order",
    OrderKind.SHUFFLE: "shuffled",
    OrderKind.SHUFFLE_MODULES: "modules shuffled",
}
_DAY_SECONDS = 86400.0


def _clock(conditions: Conditions) -> str:
    shift = abs(conditions.clock_shift_seconds)
    much = count_of(round(shift / _DAY_SECONDS), "day") if shift >= _DAY_SECONDS else format_seconds(shift)
    return f"clock {much} {'ahead' if conditions.clock_shift_seconds > 0 else 'back'}"


_CHANGES: Mapping[Factor, Callable[[Conditions], str]] = {
    Factor.ORDER: lambda it: _ORDERS[it.order],
    Factor.REPETITION: lambda it: f"{it.judged_calls} calls in one process",
    Factor.HASH_SEED: lambda it: f"PYTHONHASHSEED={it.hash_seed}",
    Factor.RANDOM_SEED: lambda it: f"seed {it.random_seed}",
    Factor.CLOCK: _clock,
    Factor.TIME_ZONE: lambda it: f"TZ={it.time_zone}",
    Factor.LOCALE: lambda it: f"locale {it.locale}",
    Factor.DIRECTORY: lambda it: "fresh directory",
    Factor.STATE: lambda it: f"after {count_of(it.earlier_process_count, 'earlier process', 'earlier processes')}",
    Factor.CPU_COUNT: lambda it: f"{count_of(it.cpu_count or 1, 'CPU')} seen",
    Factor.WORKERS: lambda it: count_of(it.worker_count, "worker"),
    Factor.LOAD: lambda it: f"{count_of(it.busy_process_count, 'busy process', 'busy processes')} beside it",
}


def order_text(order: OrderKind) -> str:
    """How an iteration was ordered: ``reverse order``."""
    return _ORDERS[order]


def changes_text(conditions: Conditions, *, but: Iterable[Factor] = ()) -> str:
    """What conditions change, with its values: ``reverse order, PYTHONHASHSEED=17``; ``nothing`` for plain ones.

    Args:
        conditions: what an iteration or a trial ran under.
        but: factors that are told elsewhere.
    """
    told = conditions.changed.difference(but)
    return ", ".join(text(conditions) for factor, text in _CHANGES.items() if factor in told) or "nothing"


def iteration_text(iteration: Iteration) -> str:
    """What an iteration was, in a few words: ``nothing changed``, ``a retry``, or what it changed."""
    planned = iteration.planned
    if planned.kind is IterationKind.RETRY:
        return "a retry"
    changes = changes_text(planned.conditions)
    return "nothing changed" if changes == "nothing" else changes


_MEANINGS = {
    Cause.ORDER: "it depends on the order of the features",
    Cause.REPETITION: "called again in the same process it does something else (not idempotent)",
    Cause.HASH_SEED: "it depends on PYTHONHASHSEED",
    Cause.RANDOM_SEED: "it depends on the generators' seed",
    Cause.CLOCK: "it depends on the date or the time of day",
    Cause.TIME_ZONE: "it depends on the time zone",
    Cause.LOCALE: "it depends on the locale",
    Cause.STATE_ON_DISK: "it depends on what an earlier process left in the same directories",
    Cause.DIRECTORY: "it depends on the working directory or the folder of temporary files",
    Cause.CPU_COUNT: "it depends on the number of CPUs seen",
    Cause.PARALLELISM: "it depends on what runs at the same time",
    Cause.TIMING: "it depends on how busy the machine is",
    Cause.NONDETERMINISTIC: "it differs with nothing changed",
    Cause.UNEXPLAINED: "no factor was found that it follows",
    Cause.OUT_OF_TIME: "the time for trials was over before everything was tried",
}
_VERBS = {Inconsistency.STATUS: "fails", Inconsistency.OUTPUT: "varies"}


def cause_name(explanation: Explanation) -> str:
    """The cause in a word or two: ``order``, ``hash seed and clock``."""
    return _and([cause.value for cause in explanation.causes])


def explanation_text(
    explanation: Explanation, labels: Labels, inconsistency: Inconsistency = Inconsistency.STATUS
) -> str:
    """A cause in plain words with its evidence: ``order: fails after a and b (victim); confirmed 4 times``."""
    verb = _VERBS[inconsistency]
    others = _and([labels.get(key, key[1]) for key in explanation.features])
    if explanation.role is OrderRole.VICTIM and others:
        meaning = f"{verb} after {others} (victim)"
    elif explanation.role is OrderRole.BRITTLE and others:
        meaning = f"{verb} unless {others} {'runs' if len(explanation.features) == 1 else 'run'} before it (brittle)"
    elif explanation.causes == (Cause.STATE_ON_DISK,) and others:
        meaning = f"it depends on what {others} left in the same directories in an earlier process"
    else:
        meaning = _MEANINGS[explanation.causes[0]] if len(explanation.causes) == 1 else ""
        meaning += f"{', ' if meaning else ''}together with {others}" if others else ""
    if len(explanation.causes) > 1:
        meaning = f"{meaning}, " * bool(meaning) + "only when all of these change together"
    parts = [meaning, explanation.detail]
    if explanation.confirmed_count:
        parts.append(f"confirmed {count_of(explanation.confirmed_count, 'time')}")
    return f"{cause_name(explanation)}: {'; '.join(part for part in parts if part)}"


def cause_text(finding: FlakinessFinding, labels: Labels) -> str:
    """Everything that a finding says of the cause, in one line; that nobody looked, if nobody did."""
    if not finding.explanations:
        return "not looked for"
    return "; and ".join(explanation_text(one, labels, finding.inconsistency) for one in finding.explanations)


_ADVICE = {
    Cause.ORDER: "Let it set up what it relies on itself, or the others put back what they change.",
    Cause.REPETITION: "Make the call leave nothing behind: module state, caches, environment variables, files.",
    Cause.HASH_SEED: "Sort what comes out of a set, or whatever else follows hash().",
    Cause.RANDOM_SEED: "Seed a generator of its own, or promise less of the text.",
    Cause.CLOCK: "Pass the time in as an argument, and fix it where the result is checked.",
    Cause.TIME_ZONE: "Use aware times in UTC.",
    Cause.LOCALE: "Name encoding and formats; do not leave them to the machine.",
    Cause.STATE_ON_DISK: "Write to a fresh temporary folder, or clear what it wrote.",
    Cause.DIRECTORY: "Find files from __file__ or through an argument, not from the current folder.",
    Cause.CPU_COUNT: "Take the number of workers as an argument.",
    Cause.PARALLELISM: "Give each worker files, ports and names of its own.",
    Cause.TIMING: "Wait for the event, not for a time; join threads before returning.",
    Cause.NONDETERMINISTIC: "Look for uuids, unseeded generators, threads, and answers that come in any order.",
    Cause.UNEXPLAINED: "Replay the iteration below; more iterations narrow it down.",
    Cause.OUT_OF_TIME: "Check it again with a larger --flakiness-budget: the search then goes on.",
}


def advice_text(finding: FlakinessFinding) -> str:
    """What to do next, by the finding's first cause and by whether there may be more; empty when nobody looked."""
    causes = [one.causes[0] for one in finding.explanations]
    told = [cause for cause in causes if cause is causes[0] or cause is Cause.OUT_OF_TIME]
    return " ".join(_ADVICE[cause] for cause in dict.fromkeys(told))


def replay_command(run: Run, iteration: int) -> str:
    """What shows an iteration again: ``aicmo-perf run --replay 12:2``."""
    return f"aicmo-perf run --replay {run.title.removeprefix('run ')}:{iteration}"


def percent(share: float) -> str:
    """A probability to two digits: ``26%``, ``0.71%``, ``under 0.1%``."""
    if 0 < share < 0.001:
        return "under 0.1%"
    hundredths = share * 100
    return f"{hundredths:.0f}%" if hundredths >= 9.95 or not hundredths else f"{hundredths:.2g}%"


def rate_text(rate: RateEstimate) -> str:
    """How often, and how sure that is: ``2 of 10: 20% (95%: 4.4% to 50%)``; of what never differed, what can hide."""
    if rate.rate is None:
        return "no runs"
    seen = f"{_number(rate.deviating_count)} of {_number(rate.run_count)}"
    if rate.not_excluded is not None:
        return f"{seen}: {hidden_text(rate.not_excluded)}"
    return f"{seen}: {percent(rate.rate)} (95%: {percent(rate.low)} to {percent(rate.high)})"


def hidden_text(not_excluded: float) -> str:
    """What not having seen it differ does not exclude: ``a rate under 26% can hide (95%)``."""
    return f"a rate under {percent(not_excluded)} can hide (95%)"


def _number(count: float) -> str:
    """A count, which is no whole number where older runs weigh less."""
    return f"{count:.1f}".removesuffix(".0")


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def unstable_text(unstable: UnstableTime) -> str:
    """Two runtimes on unchanged code: ``1.00 ms, or 2.10 ms in 30% of 40 runs of unchanged code``."""
    return (
        f"{format_seconds(unstable.fast_seconds)}, or {format_seconds(unstable.slow_seconds)} in "
        f"{percent(unstable.slow_share)} of {count_of(unstable.run_count, 'run')} of unchanged code"
    )
