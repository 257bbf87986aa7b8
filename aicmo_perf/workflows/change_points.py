"""Since when: the change points of whole histories, kept in the store and brought up to date as runs arrive.

The arithmetic, and NumPy with it, is imported only when there is something to compute: most commands find the answer
of an earlier one. A store that may not be written is analysed in memory, to the same answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from aicmo_perf.model import ChangePoint, Feature, FeatureKey, Line, RunFilter, RunState
from aicmo_perf.store import KeptSeries, KeptShift, LineState, MeasuredSeries, Store

if TYPE_CHECKING:
    from aicmo_perf.stats.change_points import Settled

ALGORITHM = "performance-1"
"""Names what is kept. Whoever changes what the analysis finds, or how it writes down what is settled, counts up."""

_PORTION_SIZE = 50
"""Features that are read and analysed at once."""


def change_points_of(
    store: Store,
    line: Line,
    features: Sequence[Feature] | None = None,
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[ChangePoint, ...]:
    """Where the levels of features shifted in a line of runs; oldest first.

    Of each feature count the low quantiles of the line's complete runs, companions left out, in which it passed with
    as many scenarios as in the newest one in which it passed.

    Args:
        store: where the runs are. If it can be written, what is found out is kept.
        line: which runs.
        features: only of these; None for all.
        on_progress: called with the number of features done and of all, while there is something to compute.
    """
    state = store.analyses.state_of(line, ALGORITHM)
    if state.is_fresh:
        return _with_runs(store, store.analyses.shifts(state, features))
    series = _brought_up_to_date(store, state, features, on_progress)
    wanted = series.keys() if features is None else [feature.key for feature in features if feature.key in series]
    return _with_runs(store, [shift for key in wanted for shift in series[key].shifts])


def all_change_points(
    store: Store, run_filter: RunFilter, *, on_progress: Callable[[int, int], None] | None = None
) -> tuple[ChangePoint, ...]:
    """The change points at the runs of a filter, found in the whole line of each; oldest first.

    Args:
        store: where the runs are.
        run_filter: which runs; if it names a suite, only that suite's features count.
        on_progress: as for `change_points_of`, line by line.
    """
    runs = [run for run in store.runs(run_filter) if run.state is RunState.COMPLETE and run.companion_of is None]
    ids = {run.id for run in runs}
    found = [
        point
        for line in dict.fromkeys(map(Line.of, runs))
        for point in change_points_of(store, line, on_progress=on_progress)
        if point.run.id in ids and run_filter.suite in (None, point.feature.suite)
    ]
    return tuple(sorted(found, key=_by_time))


def _by_time(point: ChangePoint) -> tuple[object, ...]:
    return (point.run.moment, point.feature.key)


def _with_runs(store: Store, shifts: Iterable[KeptShift]) -> tuple[ChangePoint, ...]:
    shifts = list(shifts)
    runs = store.analyses.runs({number for shift in shifts for number in (shift.run_id, shift.previous_run_id)})
    points = [
        ChangePoint(
            feature=shift.feature,
            run=runs[shift.run_id],
            previous_run=runs[shift.previous_run_id],
            before_seconds=shift.before_seconds,
            after_seconds=shift.after_seconds,
            confidence=shift.confidence,
        )
        for shift in shifts
        if shift.run_id in runs and shift.previous_run_id in runs  # both were there a moment ago
    ]
    return tuple(sorted(points, key=_by_time))


def _brought_up_to_date(
    store: Store,
    state: LineState,
    features: Sequence[Feature] | None,
    on_progress: Callable[[int, int], None] | None,
) -> Mapping[FeatureKey, KeptSeries]:
    """What is known of each feature once the runs since are analysed: of all features, or at least of these."""
    kept = store.analyses.series(state)
    # What is kept of a line must cover all of its features; without keeping, those asked for are enough.
    analysed = list(store.features() if features is None or store.can_write else features)

    def start(feature: Feature) -> int:
        # one that is not known has no result in the runs that are covered
        return kept[feature.key].first_needed if feature.key in kept else state.covered_count

    analysed.sort(key=start)  # so that those of one portion need about the same runs
    found: dict[FeatureKey, KeptSeries] = {}
    for first in range(0, len(analysed), _PORTION_SIZE):
        portion = analysed[first : first + _PORTION_SIZE]
        found.update((item.feature.key, item) for item in _extended(store, state, portion, start(portion[0]), kept))
        if on_progress is not None:
            on_progress(first + len(portion), len(analysed))
    if store.can_write:
        store.analyses.keep(state, list(found.values()))
    return {**kept, **found}


def _extended(
    store: Store, state: LineState, features: Sequence[Feature], first: int, kept: Mapping[FeatureKey, KeptSeries]
) -> Iterator[KeptSeries]:
    """Those of the features' series that the runs since add to.

    Args:
        store, state: the line.
        features: which ones.
        first: place of the first run that any of them needs.
        kept: what is known of them.
    """
    measured = store.analyses.measured(state, features, first)
    grown = [feature for feature in features if _last_place(measured.get(feature.key)) >= state.covered_count]
    # More or fewer inputs take another time: what was measured with as many as now are comes to count instead.
    changed = [
        feature
        for feature in grown
        if feature.key in kept and kept[feature.key].scenario_count != measured[feature.key].scenario_counts[-1]
    ]
    anew = store.analyses.measured(state, changed, 0)
    for feature in grown:
        if feature.key in anew:
            yield _analysed(state, feature, anew[feature.key], None)
        else:
            yield _analysed(state, feature, measured[feature.key], kept.get(feature.key))


def _last_place(measured: MeasuredSeries | None) -> int:
    return measured.places[-1] if measured is not None else -1


def _analysed(state: LineState, feature: Feature, measured: MeasuredSeries, kept: KeptSeries | None) -> KeptSeries:
    """A feature's series, from the beginning or from where it had settled."""
    from aicmo_perf.stats import change_points

    first = kept.first_needed if kept is not None else 0
    scenario_count = measured.scenario_counts[-1]
    rows = zip(measured.places, measured.scenario_counts, measured.low_seconds, strict=True)
    counting = [(place, seconds) for place, count, seconds in rows if count == scenario_count and place >= first]
    places = [place for place, _ in counting]
    values = [seconds for _, seconds in counting]

    before, pairs = _unpacked(kept.settled) if kept is not None else (change_points.Settled(), {})
    settled = change_points.settle(values, before)
    passed = settled.needed_from - before.needed_from
    shifts = change_points.shifts_of(values[passed:], settled)
    for shift in shifts:
        if shift.index not in pairs:
            position = shift.index - before.needed_from
            pairs[shift.index] = (state.run_ids[places[position]], state.run_ids[places[position - 1]])
    return KeptSeries(
        feature=feature,
        scenario_count=scenario_count,
        first_needed=places[passed],
        settled=_packed(settled, pairs),
        shifts=tuple(
            KeptShift(
                feature=feature,
                run_id=pairs[shift.index][0],
                previous_run_id=pairs[shift.index][1],
                before_seconds=shift.level_before,
                after_seconds=shift.level_after,
                confidence=shift.confidence,
            )
            for shift in shifts
        ),
    )


def _packed(settled: Settled, pairs: Mapping[int, tuple[int, int]]) -> str:
    """What is settled as JSON, each shift with the numbers of its run and of the one before."""
    shifts = [{**asdict(shift), "runs": pairs[shift.index]} for shift in settled.shifts]
    return json.dumps({"count": settled.count, "needed_from": settled.needed_from, "shifts": shifts})


def _unpacked(text: str) -> tuple[Settled, dict[int, tuple[int, int]]]:
    from aicmo_perf.stats.change_points import Settled, Shift

    packed = json.loads(text)
    pairs = {shift["index"]: tuple(shift.pop("runs")) for shift in packed["shifts"]}
    shifts = tuple(Shift(**shift) for shift in packed["shifts"])
    return Settled(shifts=shifts, count=packed["count"], needed_from=packed["needed_from"]), pairs
