"""Where a feature's level begins: at its last change point, so that an old step is neither noise nor news.

A baseline that spans a step tells neither how fast the feature was nor how much it varies. So of the baseline's runs
only those of the *level in force* are what a runtime is compared with; the levels before it still tell the spread. A
change point moves the level in force by these rules:

1. A level that is faster than the one in force, or as fast again, is taken at once: what was won must not be lost.
2. A slower level is taken once it is settled, ten baseline runs old. Until then the level in force ends before the
   step, and the runs after it are left out: from when the step is found (a few runs) a regression goes on failing until
   it is ten runs old or accepted, and no longer. Runs of the very code under judgement are no baseline before that
   (`choice`), so repeating a red run does not turn it green.
3. Of another branch than the run's (the default branch's runs, which judge a branch or a pull request) every level is
   taken at once: its steps are not this change's doing. Where such runs are followed by the branch's own, the step
   between the two is no change point.
4. A change that people accepted with a run begins a level there, whatever the statistics say; it holds for the runs
   of that run's branch from then on.

A window of thirty runs leaves twenty of the old level while ten of the new one settle.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from aicmo_perf.baseline.choice import is_of_another_branch
from aicmo_perf.model import AcceptedChange, ChangePoint, Line, Run

SETTLED_RUN_COUNT = 10
"""Baseline runs after which a slower level is the new normal."""

_SAME_LEVEL_RATIO = 1.02
"""A level is as fast again up to this: no change point tells of less."""

_SAME_STEP_RUN_COUNT = 3
"""A change point fewer runs than this after an accepted change is that very step, found a little late."""


@dataclass(frozen=True, slots=True)
class FeatureLevel:
    """The baseline runs of one feature, by its levels.

    Attributes:
        runs: the level in force, oldest first; empty when none has come since an accepted change.
        earlier: the levels before it, which tell the spread.
        start: what began the level in force among the baseline's runs; None when it reaches back beyond them.
        held_back: a recent slowdown that is not yet taken for the new level; the runs from it on are left out.
    """

    runs: tuple[Run, ...]
    earlier: tuple[tuple[Run, ...], ...] = ()
    start: ChangePoint | AcceptedChange | None = None
    held_back: ChangePoint | None = None


class LevelRules:
    """Finds the levels of features in the baseline of a suite.

    Args:
        run: the run under judgement.
        past: its baseline, oldest first, those of the default branch before the run's own.
    """

    def __init__(self, run: Run, past: Sequence[Run]) -> None:
        self._run = run
        self._past = tuple(past)
        self._positions: dict[Line, list[int]] = {}
        for position, earlier in enumerate(self._past):
            self._positions.setdefault(Line.of(earlier), []).append(position)
        self._forks = tuple(
            position
            for position in range(1, len(self._past))
            if self._past[position].branch != self._past[position - 1].branch
        )
        self._undivided = FeatureLevel(self._past)
        self._oldest = min((earlier.moment for earlier in self._past), default=run.moment)

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines that the baseline's runs belong to."""
        return tuple(self._positions)

    def level_of(self, points: Sequence[ChangePoint], accepted: Sequence[AcceptedChange]) -> FeatureLevel:
        """The levels of one feature.

        Args:
            points: its change points on these lines, in any order; those outside the baseline are passed over.
            accepted: its accepted changes, in any order.
        """
        steps = sorted(
            ((position, point) for point in points if (position := self._first_after(point)) is not None),
            key=lambda step: step[0],
        )
        walk = _Walk(end=len(self._past))
        for position, change in self._accepted(accepted):
            walk.begin(position, change)
        for position, point in steps:
            if isinstance(walk.start, AcceptedChange) and position < walk.first + _SAME_STEP_RUN_COUNT:
                continue
            self._step(walk, position, point)
        if walk.start is None and walk.held_back is None:
            return self._undivided
        borders = {position for position, _ in steps} | set(self._forks)
        return FeatureLevel(
            runs=self._past[walk.first : walk.end],
            earlier=self._pieces(walk.first, borders),
            start=walk.start,
            held_back=walk.held_back,
        )

    def _first_after(self, point: ChangePoint) -> int | None:
        """Where a change point's new level begins in the baseline; None when it does not begin there."""
        if point.run.moment < self._oldest:
            return None
        positions = self._positions.get(Line.of(point.run), [])
        later = [position for position in positions if self._past[position].moment >= point.run.moment]
        begins_here = len(later) < len(positions) or (later and self._past[later[0]].uuid == point.run.uuid)
        return later[0] if later and begins_here else None

    def _accepted(self, changes: Sequence[AcceptedChange]) -> list[tuple[int, AcceptedChange]]:
        """Where the last accepted change that holds for these runs begins its level; none or one."""
        for change in sorted(changes, key=lambda change: change.run.moment, reverse=True):
            origin, moment = _origin(change.run), change.run.moment
            if moment >= self._run.moment:
                continue
            alike = [position for position, past in enumerate(self._past) if _origin(past) == origin]
            later = [position for position in alike if self._past[position].moment >= moment]
            if later and later[0] == 0 and self._past[0].uuid != change.run.uuid:
                return []  # long ago: all the baseline has come since
            if later:
                return [(later[0], change)]
            if origin == _origin(self._run):
                return [(len(self._past), change)]
        return []

    def _step(self, walk: _Walk, position: int, point: ChangePoint) -> None:
        """Move the level in force by one change point, or hold it back."""
        if position < walk.first:
            return
        line = Line.of(point.run)
        in_force_seconds = walk.seconds_by_line.get(line, point.before_seconds)
        is_settled = len(self._past) - position >= SETTLED_RUN_COUNT
        is_as_fast = point.after_seconds <= _SAME_LEVEL_RATIO * in_force_seconds
        if is_settled or is_as_fast or is_of_another_branch(point.run, self._run):
            walk.begin(position, point)
            walk.end, walk.held_back = len(self._past), None
            walk.seconds_by_line = {line: point.after_seconds}
        elif walk.held_back is None:
            walk.end, walk.held_back = position, point
            walk.seconds_by_line[line] = in_force_seconds

    def _pieces(self, end: int, borders: set[int]) -> tuple[tuple[Run, ...], ...]:
        """The runs before a position, divided at the borders."""
        cuts = sorted({0, end} | {border for border in borders if border < end})
        return tuple(self._past[first:last] for first, last in itertools.pairwise(cuts) if last > first)


def _origin(run: Run) -> tuple[str | None, str | None]:
    """Whose code a run is of: a branch's, or a pull request's, which may come from a branch of the same name."""
    return (run.branch, run.pull_request)


@dataclass(slots=True)
class _Walk:
    """Where the level in force lies, on the way from the oldest step to the newest.

    Attributes:
        end: the position after its last run.
        first: the position of its first run.
        start, held_back: as in FeatureLevel.
        seconds_by_line: how long the feature takes at that level, on each line where it is known.
    """

    end: int
    first: int = 0
    start: ChangePoint | AcceptedChange | None = None
    held_back: ChangePoint | None = None
    seconds_by_line: dict[Line, float] = field(default_factory=dict)

    def begin(self, position: int, start: ChangePoint | AcceptedChange) -> None:
        """Let the level in force begin at a position."""
        self.first, self.start = position, start
