"""An inconsistent feature under investigation: what it does in trials, and what counts as confirmed.

Each set of conditions is tried as often as somebody wants to know, and never more often. That two trials of the same
kind differ is a finding of its own, since nothing was changed between them; it ends whatever was being looked into.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

from aicmo_perf.flakiness.evidence import COINCIDENCE_LIMIT, Observation, Outcome, association, coincidence
from aicmo_perf.flakiness.output_diff import output_diff
from aicmo_perf.flakiness.trials import Laboratory, Line, Question
from aicmo_perf.model import PLAIN, Conditions, FeatureKey, Inconsistency, IterationResult

T = TypeVar("T")

Asking = Generator[list[Question], list[IterationResult | None], T]
"""Looks into something: hands out questions, is sent their answers, and returns what it found."""

LOOKS = (8, 16, 32)
"""Trials each way after which it is judged whether something makes an outcome more frequent."""

_HOPELESS = 0.1
"""So probable a coincidence after a look is not worth another one."""

_LEAST_CONFIRMATIONS = 2
_MOST_CONFIRMATIONS = 40


class Stage(IntEnum):
    """How far an investigation is. Who is behind goes first, so that what several ask alike is asked together.

    In ``ALONE`` each asks what nobody else does, which takes one trial a question; to try the load takes longest.
    """

    PLAIN = 0
    REPETITION = 1
    DIRECTORIES = 2
    FACTORS = 3
    ORDERS = 4
    CHECKS = 5
    ALONE = 6
    LOAD = 7


class Differing(Exception):
    """Trials of the same kind came out differently.

    Attributes:
        is_own: whether no other feature of the process can have made the difference.
    """

    def __init__(self, *, is_own: bool) -> None:
        super().__init__()
        self.is_own = is_own


@dataclass(frozen=True, slots=True)
class Case:
    """What is tried: conditions, and what runs in the process.

    Attributes:
        conditions: the conditions.
        line: the features of the process in their order; None for all suspects of which the same is asked.
    """

    conditions: Conditions
    line: Line | None


class Suspect:
    """One inconsistent feature.

    Attributes:
        key: which one.
        inconsistency: whether signatures are compared, or outputs.
        observations: what the iterations showed, by number.
        usual: what it does in a plain trial.
        usual_in_place: what it does in a plain iteration, if it does otherwise there because trials have directories
            of their own; None where that makes no difference.
        line: what runs in its process when nothing is changed: itself and what it needs to do as it does in a plain
            iteration; None for all suspects, which is cheaper, as long as they do not disturb it.
        stage: how far its investigation is.
        claim_count: claims that were put to the test, any of which may hold by chance.
        diff: lines that differ between two of its outputs; empty until two were at hand.
    """

    def __init__(
        self,
        key: FeatureKey,
        inconsistency: Inconsistency,
        observations: Sequence[Observation],
        laboratory: Laboratory,
    ) -> None:
        self.key = key
        self.inconsistency = inconsistency
        self.observations = tuple(observations)
        self.usual = Outcome(None)
        self.usual_in_place: Outcome | None = None
        self.line: Line | None = None
        self.diff: tuple[str, ...] = ()
        self.stage = Stage.PLAIN
        self._forms: tuple[Outcome, str] | None = None
        self._laboratory = laboratory
        self._seen: dict[Case, list[Outcome]] = {}
        self.claim_count = 1

    def forget_trials(self) -> None:
        """Begin anew, since other suspects disturbed it."""
        self._seen.clear()
        self.claim_count = 1
        self.usual_in_place = None

    def plain_case(self) -> Case:
        """Nothing is changed."""
        return Case(PLAIN, self.line)

    def case(self, conditions: Conditions) -> Case:
        """Some conditions, with what always runs in its process."""
        return Case(conditions, self.line)

    def outcome(self, case: Case) -> Asking[Outcome]:
        """What it does in a case, tried once unless that is known; see outcomes."""
        return (yield from self.outcomes(case, 1))[0]

    def outcomes(self, case: Case, count: int) -> Asking[list[Outcome]]:
        """What it did in a case, tried at least so many times.

        Raises: Differing.
        """
        seen = yield from self.sampled({case: count})
        self._must_agree(case)
        return seen[case]

    def sampled(self, counts: dict[Case, int]) -> Asking[dict[Case, list[Outcome]]]:
        """What it did in some cases, each tried at least so many times; it may differ within one."""
        questions = [
            (case, self._question(case, number))
            for case, count in counts.items()
            for number in range(len(self._seen.get(case, ())), count)
        ]
        if questions:
            answers = yield [question for _, question in questions]
            for (case, _), answer in zip(questions, answers, strict=True):
                self._note(case, answer)
        return {case: list(self._seen[case]) for case in counts}

    def shows(self, case: Case) -> bool:
        """Whether it is not as usual in a case; asked at once, for a search in which each step follows from the last.

        Raises: NoTimeLeft, Differing.
        """
        if case not in self._seen:
            (answer,) = self._laboratory.ask([self._question(case, 0)])
            self._note(case, answer)
        return self._seen[case][0].differs_from(self.usual)

    def confirmed(self, changed: Case, plain: Case | None = None) -> Asking[int]:
        """Try both ways until it can be no coincidence; how often each way, at least.

        Args:
            changed: in which it was not as usual.
            plain: what it is compared with; the plain case when None.

        Raises: Differing.
        """
        plain = plain or self.plain_case()
        self.claim_count += 1
        seen = yield from self.sampled({changed: _LEAST_CONFIRMATIONS, plain: _LEAST_CONFIRMATIONS})
        usual, other = len(seen[plain]), len(seen[changed])
        while not self._is_clear(usual, other, seen[changed][0].call):
            if other < usual:
                other += 1
            else:
                usual += 1
        yield from self.sampled({plain: usual, changed: other})
        self._must_agree(plain)
        self._must_agree(changed)
        return min(usual, other)

    def repeated(self, other_count: int) -> Asking[int]:
        """Try the plain case until it can be no coincidence that it came out otherwise so many times before.

        Args:
            other_count: how often, at least once.

        Returns: how often it was tried.

        Raises: Differing.
        """
        plain = self.plain_case()
        count = _LEAST_CONFIRMATIONS
        while coincidence(count, other_count) >= COINCIDENCE_LIMIT / self.claim_count and count < _MOST_CONFIRMATIONS:
            count += 1
        return len((yield from self.outcomes(plain, count)))

    def provoked_by(self, changed: Case, plain: Case) -> Asking[tuple[int, int, int] | None]:
        """Whether a change makes another outcome more frequent.

        Returns: in how many trials it was not as usual, changed and plain, and of how many each; None when it does not.
        """
        for count in LOOKS:
            unprovoked = yield from self._other_count(plain, count)
            if 2 * unprovoked >= count:
                return None
            others = yield from self._other_count(changed, count)
            probability = association(count - unprovoked, unprovoked, count - others, others)
            if probability < COINCIDENCE_LIMIT / len(LOOKS):
                return others, unprovoked, count
            if probability > _HOPELESS:
                return None
        return None

    def is_promoted_by(self, changed: Case, plain: Case) -> Asking[bool]:
        """Whether a first look makes it rather probable, at most once in ten by chance, that a change provokes it."""
        unprovoked = yield from self._other_count(plain, LOOKS[0])
        others = yield from self._other_count(changed, LOOKS[0])
        return association(LOOKS[0] - unprovoked, unprovoked, LOOKS[0] - others, others) < _HOPELESS

    def _other_count(self, case: Case, count: int) -> Asking[int]:
        """In how many of so many trials it was not as usual."""
        seen = yield from self.sampled({case: count})
        return sum(outcome.differs_from(self.usual) for outcome in seen[case][:count])

    def is_deviating(self, observation: Observation) -> bool:
        """Whether the first call was not as usual."""
        return observation.first.differs_from(self.usual_in_place or self.usual)

    def _question(self, case: Case, number: int) -> Question:
        return Question(
            feature=self.key,
            conditions=case.conditions,
            line=case.line,
            number=number,
            wants_output=self.inconsistency is Inconsistency.OUTPUT and not self.diff,
        )

    def _is_clear(self, usual_count: int, other_count: int, call: int) -> bool:
        """Whether so many trials that agree, each way, are more than a coincidence.

        Args:
            usual_count, other_count: how many.
            call: which one of the changed trials was not as usual.
        """
        # which call differs is known from the first trial, so that one proves nothing; calls before it were as usual
        proving = other_count - (call > 1)
        usual_count += proving * (call - 1)
        # what is usual may be the rarer outcome
        return 2 * coincidence(usual_count, proving) < COINCIDENCE_LIMIT / self.claim_count

    def _note(self, case: Case, answer: IterationResult | None) -> None:
        outcome = Outcome.of(answer, self.inconsistency)
        self._seen.setdefault(case, []).append(outcome)
        if answer is None or answer.output_form is None or self.diff:
            return
        if self._forms is None:
            self._forms = outcome, answer.output_form
        elif outcome.differs_from(self._forms[0]):
            self.diff = output_diff(self._forms[1], answer.output_form)

    def _must_agree(self, case: Case) -> None:
        seen = self._seen[case]
        if len(set(seen)) > 1:
            # every second trial had the suspects in the reverse order
            both = all(len(set(seen[start::2])) > 1 for start in (0, 1))
            raise Differing(is_own=both or case.line is not None)
