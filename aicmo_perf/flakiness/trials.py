"""Questions about features, answered by as few processes as can be.

What costs is a process, not a feature. So whoever looks into a feature asks questions, and those that many ask alike
are answered by one trial: the suspects stand in one line, in the order in which they were found. Since one suspect
may disturb another, every second trial of the kind has them in the reverse order: what does not depend on the others
comes out alike. Whoever wants to be sure, or asks for certain predecessors, says what the line is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aicmo_perf.flakiness.bench import Bench
from aicmo_perf.model import PLAIN, Conditions, FeatureKey, IterationResult, Trial

Line = tuple[FeatureKey, ...]
"""Features in one process, in their order."""


class NoTimeLeft(Exception):
    """No further trial may be begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What becomes of a feature under some conditions.

    Attributes:
        feature: which one.
        conditions: what it runs under.
        line: what runs in its process, the feature included; None for whichever suspects the same is asked about.
        number: from 0; each further one is a trial of its own.
        wants_output: whether the canonical form of the output is asked for.
    """

    feature: FeatureKey
    conditions: Conditions = PLAIN
    line: Line | None = None
    number: int = 0
    wants_output: bool = False


class Laboratory:
    """Answers questions by trials on a bench, and counts what they cost."""

    def __init__(self, bench: Bench, found_order: Sequence[FeatureKey], may_go_on: Callable[[], bool]) -> None:
        """Args:
        bench: where features are tried.
        found_order: all features, in the order of a plain iteration.
        may_go_on: asked before each trial.
        """
        self._bench = bench
        self._places = {key: place for place, key in enumerate(found_order)}
        self._may_go_on = may_go_on
        self._costs: defaultdict[FeatureKey, int] = defaultdict(int)

    def cost_of(self, feature: FeatureKey) -> int:
        """Features that were run for it: itself, and what was to run before it, in each process."""
        return self._costs[feature]

    def ask(self, questions: Sequence[Question]) -> list[IterationResult | None]:
        """Answer questions; None for a feature that was not found.

        Raises: NoTimeLeft.
        """
        alike: defaultdict[tuple[Conditions, Line | None, int], list[Question]] = defaultdict(list)
        for question in questions:
            alike[question.conditions, question.line, question.number].append(question)
        answers: dict[Question, IterationResult | None] = {}
        for (conditions, line, number), of_trial in alike.items():
            features = self._shared_line(of_trial, number) if line is None else _needed(line, conditions, of_trial)
            results = self._run(
                Trial(
                    conditions=conditions,
                    features=features,
                    wants_outputs=any(question.wants_output for question in of_trial),
                )
            )
            for question in of_trial:
                answers[question] = results.get(question.feature)
                lasts = 1 if line is None else features.index(question.feature) + 1
                self._costs[question.feature] += lasts * (1 + conditions.earlier_process_count)
        return [answers[question] for question in questions]

    def _shared_line(self, questions: Sequence[Question], number: int) -> Line:
        suspects = {question.feature for question in questions}
        return tuple(sorted(suspects, key=self._places.__getitem__, reverse=number % 2 == 1))

    def _run(self, trial: Trial) -> dict[FeatureKey, IterationResult]:
        if not self._may_go_on():
            raise NoTimeLeft
        return dict(self._bench.run(trial))


def _needed(line: Line, conditions: Conditions, questions: Sequence[Question]) -> Line:
    """The line as far as anybody asks, unless what comes later matters too."""
    if conditions.worker_count > 1 or conditions.earlier_process_count:
        return line
    return line[: 1 + max(line.index(question.feature) for question in questions)]
