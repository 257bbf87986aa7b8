"""How far a run is and what it is doing, told by its events; what to draw of it is another matter."""

from __future__ import annotations

from aicmo_perf.flakiness.wording import iteration_text
from aicmo_perf.model import Iteration, IterationKind, IterationResult, RunRole
from aicmo_perf.self_test.engine import Collected, EngineEvent, IterationStarted, Started
from aicmo_perf.units import count_of
from aicmo_perf.workflows.flakiness_check import TrialStarted
from aicmo_perf.workflows.turns import TurnStarted

RunEvent = EngineEvent | TrialStarted | TurnStarted


class Course:
    """The course of a run.

    What comes after the iterations that were asked for (further ones, retries, trials in search of a cause, turns of a
    paired run, re-runs of suspects) begins anew each time: how much there will be is not known.

    Args:
        iterations: how many were asked for.

    Attributes:
        part: which of the parts it is in, from 1; the first is the iterations that were asked for.
        done, total: features of the part that are through and that there are; no total while that is not known.
        description: what is going on, in a few words.
    """

    def __init__(self, iterations: int) -> None:
        self.part = 1
        self.done = 0
        self.total: int | None = None
        self.description = "collecting features"
        self._iterations = iterations
        self._turns = ""
        self._where = ""

    def follow(self, event: RunEvent) -> None:
        """Take the next event."""
        match event:
            case TurnStarted():
                self._turns = _turn(event)
                self._begin_anew(self._turns)
            case TrialStarted(number, (_, name)):
                if number == 1:
                    self._begin_anew("")
                self.description = f"looking for the cause: {count_of(number, 'trial')}, {name}"
            case IterationStarted(iteration) if not self._turns:
                self._where = self._place(iteration)
                if iteration.number > self._iterations:
                    self._begin_anew(f"collecting features{self._where}")
            case Collected(features=features) if self._turns:
                # both sides of a turn share its bar
                self.total = (self.total or 0) + len(features)
            case Collected(number, features):
                self.total = len(features) * (self._iterations if number <= self._iterations else 1)
            case Started(feature):
                self.description = f"{self._turns}: {feature.name}" if self._turns else f"{feature.name}{self._where}"
            case IterationResult():
                self.done += 1
            case _:
                pass

    def _begin_anew(self, description: str) -> None:
        self.part += 1
        self.done, self.total, self.description = 0, None, description

    def _place(self, iteration: Iteration) -> str:
        """Which iteration, and what it changes: `` (iteration 4 of 10: reverse order)``; nothing of the only one."""
        if iteration.number == self._iterations == 1:
            return ""
        of_all = f" of {self._iterations}" if iteration.number <= self._iterations else ""
        changes = "" if iteration.planned.kind is IterationKind.PLAIN else f": {iteration_text(iteration)}"
        return f" (iteration {iteration.number}{of_all}{changes})"


def _turn(event: TurnStarted) -> str:
    """``confirming 3 suspects, re-run 2 of at most 6``; ``pair 4 of at most 24, 2 features undecided``."""
    place = f"{event.turn} of at most {event.most_turns}"
    if event.role is RunRole.RERUN_HEAD:
        return f"confirming {count_of(event.feature_count or 0, 'suspect')}, re-run {place}"
    if event.feature_count is None:
        return f"pair {place}"
    return f"pair {place}, {count_of(event.feature_count, 'feature')} undecided"
