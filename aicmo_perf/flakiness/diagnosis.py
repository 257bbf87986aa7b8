"""What the inconsistent features of a flakiness check depend on.

A cause is claimed when the outcome followed it alone, both ways, so often that a random feature would not have
(`aicmo_perf.flakiness.evidence`). All suspects are looked into at the same time, and what several of them ask alike
is one trial (`aicmo_perf.flakiness.trials`).

What it costs, in processes: some 25 trials for any number of suspects that depend on one same factor, 5 to 10 more for
each further factor. What has to be tried with predecessors or apart from other suspects is tried for each by itself,
when all that is shared was: some 2·log₂ n + 6 trials for what depends on the order of n features, 20 for one that takes
several factors together. Simulated, ten iterations: 41 suspects of 40 kinds take 390 trials, half of them are
explained after 94, and all but one after 400.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from aicmo_perf.flakiness.bench import Bench
from aicmo_perf.flakiness.evidence import inconsistent, observations
from aicmo_perf.flakiness.investigation import Investigation
from aicmo_perf.flakiness.rates import estimate_rate
from aicmo_perf.flakiness.suspect import Asking, Stage, Suspect
from aicmo_perf.flakiness.trials import Laboratory, NoTimeLeft, Question
from aicmo_perf.model import (
    Cause,
    Explanation,
    Feature,
    FeatureKey,
    FlakinessFinding,
    Inconsistency,
    Iteration,
    IterationResult,
)

_OUT_OF_TIME = Explanation(causes=(Cause.OUT_OF_TIME,))


def diagnose(
    features: Sequence[Feature],
    iterations: Sequence[Iteration],
    results: Mapping[FeatureKey, Sequence[IterationResult]],
    bench: Bench,
    *,
    cpu_count: int,
    may_go_on: Callable[[], bool] = lambda: True,
) -> tuple[FlakinessFinding, ...]:
    """Find out why features are inconsistent.

    Args:
        features: all that were run, in the order of a plain iteration.
        iterations: what was run.
        results: of each feature, one an iteration; those of an iteration that was cut short may be missing.
        bench: where features are tried.
        cpu_count: CPUs that trials may use.
        may_go_on: asked before each trial; when it says no, what was not tried by then is said to be so.

    Returns: one finding for each inconsistent feature, in the order of the features.
    """
    found_order = tuple(feature.key for feature in features)
    laboratory = Laboratory(bench, found_order, may_go_on)
    kinds = inconsistent(results)
    suspects = {
        feature.key: Suspect(
            feature.key,
            kinds[feature.key],
            observations(feature.key, kinds[feature.key], iterations, results[feature.key], found_order),
            laboratory,
        )
        for feature in features
        if feature.key in kinds
    }
    investigations = {key: Investigation(suspect, found_order, cpu_count) for key, suspect in suspects.items()}
    _run(laboratory, suspects, {key: one.run() for key, one in investigations.items()})
    return tuple(
        _finding(
            feature,
            suspects[feature.key],
            _explanations(investigations[feature.key]),
            sorted(results[feature.key], key=lambda result: result.iteration),
            laboratory.cost_of(feature.key),
        )
        for feature in features
        if feature.key in suspects
    )


def _run(
    laboratory: Laboratory, suspects: Mapping[FeatureKey, Suspect], asking: dict[FeatureKey, Asking[None]]
) -> None:
    """Let all ask until none has a question left, or there is no time.

    What several ask alike comes first, and then one suspect after the other is looked into to its end: so as many
    as possible are explained whenever the time is over.
    """
    waiting: dict[FeatureKey, list[Question]] = {}

    def go_on(key: FeatureKey, answers: list[IterationResult | None] | None) -> None:
        with suppress(StopIteration):
            waiting[key] = next(asking[key]) if answers is None else asking[key].send(answers)

    with suppress(NoTimeLeft):
        for key in asking:
            go_on(key, None)
        while waiting:
            stage = min(suspects[key].stage for key in waiting)
            next_ones = [key for key in waiting if suspects[key].stage is stage]
            # who was answered last waits at the end
            asked = {key: waiting.pop(key) for key in (next_ones[-1:] if stage is Stage.ALONE else next_ones)}
            answers = iter(laboratory.ask([question for of_one in asked.values() for question in of_one]))
            for key, of_one in asked.items():
                go_on(key, [next(answers) for _ in of_one])


def _explanations(investigation: Investigation) -> tuple[Explanation, ...]:
    found = investigation.account.explanations
    return found if investigation.is_over else (*found, _OUT_OF_TIME)


def _finding(
    feature: Feature,
    suspect: Suspect,
    explanations: tuple[Explanation, ...],
    results: Sequence[IterationResult],
    trial_count: int,
) -> FlakinessFinding:
    usual = results[0]

    def is_usual(result: IterationResult) -> bool:
        if suspect.inconsistency is Inconsistency.STATUS:
            return result.signature == usual.signature
        return result.output_digest == usual.output_digest

    others = [result for result in results if not is_usual(result)]
    return FlakinessFinding(
        feature=feature,
        inconsistency=suspect.inconsistency,
        explanations=explanations,
        usual=usual.signature,
        other=others[0].signature,
        iterations=tuple(result.iteration for result in others),
        replay_iteration=others[0].iteration,
        rate=estimate_rate(len(others), len(results)),
        output_diff=suspect.diff,
        trial_count=trial_count,
    )
