"""How well a judge judges: figures for change-point detectors and for gates, from their published definitions.

F1 and covering are those of van den Burg and Williams (An Evaluation of Change Point Detection Algorithms,
arXiv:2003.06222, 2020): a change counts as found within five points, each prediction finds one change at most, the
beginning of a series counts as a change that everybody finds; precision is taken over all annotators together and
recall is their mean. Covering is the best overlap (Jaccard) of each true segment with a predicted one, weighted by its
length.

The gate's figure is *red*: how often a run of a hundred unchanged features raises any alarm at all. That is what a
team lives with; a false positive rate of 1 % a feature is two red runs in three.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from judging_data import Array, GateFeature, KnownSeries, SeriesData, Source

Detect = Callable[[Array], Sequence[int]]

MARGIN = 5
"""Points by which a change may be misplaced."""

NATURAL_MARGIN = 3
"""For natural steps, which are abrupt."""

EFFECTS = (0.02, 0.05, 0.10, 0.20)
FEATURE_COUNT = 100
SLOWED_COUNT = 10
"""Slower features among the hundred when power is measured."""

_POWER_SHARE = 0.25
_LEAST_POWER_RUNS = 20
_ONLINE_WAITS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50)
_ONLINE_SEED = 7
_ONLINE_FIRST = 40
_ONLINE_LENGTH = 160


def matches(truth: Sequence[int], predicted: Sequence[int], margin: int = MARGIN) -> int:
    """True changes that a prediction lies near; each prediction serves one of them, the nearest first in time."""
    free = set(predicted)
    count = 0
    for change in sorted(truth):
        near = [(abs(change - place), place) for place in free if abs(change - place) <= margin]
        if near:
            free.remove(min(near)[1])
            count += 1
    return count


def f1(annotations: Sequence[Sequence[int]], predicted: Sequence[int], margin: int = MARGIN) -> float:
    """Harmonic mean of precision (over all annotators' changes) and recall (mean over annotators).

    Args:
        annotations: each annotator's changes, as indices of first points.
        predicted: the detector's.
    """
    guesses = {0, *predicted}
    truths = [{0, *changes} for changes in annotations]
    precision = matches(sorted(set().union(*truths)), sorted(guesses), margin) / len(guesses)
    recall = statistics.fmean(matches(sorted(truth), sorted(guesses), margin) / len(truth) for truth in truths)
    return 2 * precision * recall / (precision + recall)


def covering(annotations: Sequence[Sequence[int]], predicted: Sequence[int], length: int) -> float:
    """Share of the series that the predicted segments cover, mean over annotators."""
    guessed = _segments(predicted, length)
    return statistics.fmean(
        sum((end - start) * max(_overlap((start, end), other) for other in guessed) for start, end in truth) / length
        for truth in (_segments(changes, length) for changes in annotations)
    )


def _segments(changes: Sequence[int], length: int) -> list[tuple[int, int]]:
    return list(itertools.pairwise(sorted({0, length, *(place for place in changes if 0 < place < length)})))


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> float:
    common = min(one[1], other[1]) - max(one[0], other[0])
    return max(common, 0) / (max(one[1], other[1]) - min(one[0], other[0]))


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorScore:
    """What a change-point detector reaches.

    Attributes:
        false_per_thousand: alarms in a thousand points without a lasting change.
        found_shares: of one step, by its size in percent.
        f1_one, f1_many, covering_many: on series with one step, with none to five.
        natural_share: natural steps found.
        f1_annotated, covering_annotated: on the Turing change point dataset.
        seconds: for 500,000 points.
        online: judged at each commit; None when not asked for.
    """

    false_per_thousand: float
    found_shares: Mapping[int, float]
    f1_one: float
    f1_many: float
    covering_many: float
    natural_share: float
    f1_annotated: float
    covering_annotated: float
    seconds: float
    online: OnlineScore | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlineScore:
    """What a detector reaches when it judges each commit as it arrives.

    Attributes:
        false_per_thousand: new false alarms in a thousand commits.
        found_share: steps of 10 % that are found within 50 commits.
        delay_commits: after how many commits, at the median; infinite when over half are missed.
    """

    false_per_thousand: float
    found_share: float
    delay_commits: float


class _Timed:
    """A detector that adds up the time it takes and cleans what it returns."""

    def __init__(self, detect: Detect) -> None:
        self._detect = detect
        self.seconds = 0.0
        self.point_count = 0

    def __call__(self, values: Array) -> list[int]:
        started = time.perf_counter()
        found = self._detect(values)
        self.seconds += time.perf_counter() - started
        self.point_count += len(values)
        return sorted({int(place) for place in found if 0 < int(place) < len(values)})


def score_detector(
    detect: Detect, data: SeriesData, *, detect_general: Detect | None = None, online_count: int = 60
) -> DetectorScore:
    """Measure a detector.

    Args:
        detect: takes runtimes, oldest first; returns the indices of the first points of new levels.
        data: series with known answers.
        detect_general: for series that are no runtimes, where it is another.
        online_count: histories that are also judged commit by commit; 0 for none.
    """
    timed = _Timed(detect)
    quiet = [item for item in data.unchanged if not item.has_burst]
    false_count = sum(len(timed(item.values)) for item in quiet)
    found: dict[int, list[bool]] = defaultdict(list)
    f1_one = []
    for item in data.one_step:
        places = timed(item.values)
        assert item.size_percent is not None
        found[item.size_percent].append(any(abs(place - item.changes[0]) <= MARGIN for place in places))
        f1_one.append(f1([item.changes], places))
    many = [(item, timed(item.values)) for item in data.several_steps]
    natural = [
        any(abs(place - change) <= NATURAL_MARGIN for place in places)
        for item, places in ((item, timed(item.values)) for item in data.natural)
        for change in item.changes
    ]
    general = _Timed(detect_general or detect)
    annotated = [(item, general(_standardised(item.values))) for item in data.annotated]
    return DetectorScore(
        false_per_thousand=1000 * false_count / sum(len(item.values) for item in quiet),
        found_shares={size: _share(hits) for size, hits in sorted(found.items())},
        f1_one=statistics.fmean(f1_one),
        f1_many=statistics.fmean(f1([item.changes], places) for item, places in many),
        covering_many=statistics.fmean(covering([item.changes], places, len(item.values)) for item, places in many),
        natural_share=_share(natural),
        f1_annotated=statistics.fmean(f1(item.annotations, places) for item, places in annotated),
        covering_annotated=statistics.fmean(
            covering(item.annotations, places, len(item.values)) for item, places in annotated
        ),
        seconds=timed.seconds / timed.point_count * 500_000,
        online=_score_online(_Timed(detect), data, online_count) if online_count else None,
    )


def _standardised(values: Array) -> Array:
    """Mean 0 and standard deviation 1, as the benchmark does it; then above 0, for those who take logarithms."""
    scaled = (values - values.mean()) / values.std()
    return np.asarray(scaled - scaled.min() + 1.0)


def _share(hits: Sequence[bool]) -> float:
    return sum(hits) / len(hits) if hits else float("nan")


def _score_online(detect: _Timed, data: SeriesData, count: int) -> OnlineScore:
    """Steps: judge after each of some waits. False alarms: judge unchanged histories at each commit from the 40th."""
    generator = np.random.default_rng(_ONLINE_SEED)
    by_history: dict[str, list[KnownSeries]] = defaultdict(list)
    for item in data.one_step:
        by_history[item.name].append(item)
    histories = list(by_history.values())
    waits = [
        _wait(detect, item)
        for index in generator.permutation(len(histories))[:count]
        for item in histories[index]
        if item.size_percent == 10
    ]
    quiet = [item for item in data.unchanged if not item.has_burst]
    alarm_count = commit_count = 0
    for index in generator.permutation(len(quiet))[: max(20, count // 2)]:
        values = quiet[index].values[:_ONLINE_LENGTH]
        seen: list[int] = []
        for length in range(_ONLINE_FIRST, len(values) + 1):
            for place in detect(values[:length]):
                if all(abs(place - other) > MARGIN for other in seen):
                    seen.append(place)
                    alarm_count += place >= _ONLINE_FIRST - MARGIN
        commit_count += len(values) - _ONLINE_FIRST + 1
    return OnlineScore(
        false_per_thousand=1000 * alarm_count / commit_count,
        found_share=_share([wait is not None for wait in waits]),
        delay_commits=statistics.median(float("inf") if wait is None else wait for wait in waits),
    )


def _wait(detect: _Timed, item: KnownSeries) -> int | None:
    """Commits after a step until it is found; None when it is not."""
    for wait in _ONLINE_WAITS:
        if item.changes[0] + wait > len(item.values):
            return None
        places = detect(item.values[: item.changes[0] + wait])
        if any(abs(place - item.changes[0]) <= MARGIN for place in places):
            return wait
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateAnswer:
    """What a gate says of a run.

    Attributes:
        regressed: for each feature, whether it alarms.
        extra_run_count: further runs of a feature that it asked for, of head and base together.
        inconclusive_count: features that it says it cannot judge.
        visible_ratios: the smallest slowdown that it says it could see, for those features it says so of.
    """

    regressed: Sequence[bool]
    extra_run_count: int = 0
    inconclusive_count: int = 0
    visible_ratios: Sequence[float] = ()


Gate = Callable[[Sequence[GateFeature]], GateAnswer]


@dataclass(frozen=True, slots=True, kw_only=True)
class GateScore:
    """What a gate reaches on runs of a hundred features.

    Attributes:
        run_count: unchanged runs it judged.
        red_share: unchanged runs with any alarm.
        false_share: unchanged features with an alarm.
        powers: slower features found, by the effect.
        extra_run_count: further runs of a feature an unchanged run.
        inconclusive_share: unchanged features that it says it cannot judge.
        visible_ratio: median over unchanged features; None when it does not say.
    """

    run_count: int
    red_share: float
    false_share: float
    powers: Mapping[float, float]
    extra_run_count: float
    inconclusive_share: float
    visible_ratio: float | None


def score_gate(gate: Gate, source: Source, *, run_count: int, seed: int = 11) -> GateScore:
    """Measure a gate; all gates see the same runs, and a smaller count the first of them.

    Args:
        gate: takes a run's features.
        source: where runs come from.
        run_count: unchanged runs; a quarter as many (20 at least) for each effect, ten slower features in each.
        seed: of the runs drawn.
    """
    answers = [gate(source.draw(_generator(seed, 0, index), [0.0] * FEATURE_COUNT)) for index in range(run_count)]
    powers = {}
    for place, effect in enumerate(EFFECTS, start=1):
        hits: list[bool] = []
        for index in range(power_run_count(run_count)):
            generator = _generator(seed, place, index)
            slowed = {int(feature) for feature in generator.permutation(FEATURE_COUNT)[:SLOWED_COUNT]}
            effects = [effect if feature in slowed else 0.0 for feature in range(FEATURE_COUNT)]
            regressed = gate(source.draw(generator, effects)).regressed
            hits += [bool(regressed[feature]) for feature in slowed]
        powers[effect] = _share(hits)
    visible = [ratio for answer in answers for ratio in answer.visible_ratios]
    return GateScore(
        run_count=run_count,
        red_share=_share([any(answer.regressed) for answer in answers]),
        false_share=_share([bool(alarm) for answer in answers for alarm in answer.regressed]),
        powers=powers,
        extra_run_count=statistics.fmean(answer.extra_run_count for answer in answers),
        inconclusive_share=sum(answer.inconclusive_count for answer in answers) / (run_count * FEATURE_COUNT),
        visible_ratio=statistics.median(visible) if visible else None,
    )


def power_run_count(run_count: int) -> int:
    """Runs with slower features for each effect, when so many unchanged ones are judged."""
    return max(_LEAST_POWER_RUNS, round(_POWER_SHARE * run_count))


def _generator(seed: int, purpose: int, index: int) -> np.random.Generator:
    return np.random.default_rng([seed, purpose, index])


@dataclass(frozen=True, slots=True)
class SummarySpread:
    """How well one way of summarising a run repeats: its spread between runs of unchanged code, relative."""

    summary: str
    spread_ratio: float


def summary_spreads(source: Source, summaries: Mapping[str, Callable[[Array], float]]) -> tuple[SummarySpread, ...]:
    """How well each summary of a run repeats, and before them how far the samples of one run scatter.

    For a summary 1.4826 · MAD of ln(summary of a run) over the runs of a feature, median over the features; for the
    samples the same over those of a run, median over all runs.
    """
    features = list(source.processes())
    within = statistics.median(_robust_spread(run) for runs in features for run in runs)
    return (
        SummarySpread("(samples of one run)", within),
        *(
            SummarySpread(
                name, statistics.median(_robust_spread([summarise(run) for run in runs]) for runs in features)
            )
            for name, summarise in summaries.items()
        ),
    )


def _robust_spread(values: Sequence[float] | Array) -> float:
    logs = np.log(np.asarray(values))
    return float(1.4826 * np.median(np.abs(logs - np.median(logs))))
