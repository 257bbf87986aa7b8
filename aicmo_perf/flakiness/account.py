"""What was found out of one suspect so far: in words for people, and as what it says of iterations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from aicmo_perf.flakiness.evidence import Observation, Outcome
from aicmo_perf.flakiness.suspect import Asking, Case, Suspect
from aicmo_perf.flakiness.trials import Line
from aicmo_perf.flakiness.wording import changes_text
from aicmo_perf.model import (
    CAUSE_OF_FACTOR,
    Cause,
    Conditions,
    Explanation,
    Factor,
    FeatureKey,
    Inconsistency,
    OrderRole,
    Status,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What an explanation says of iterations.

    Attributes:
        factors: which have to be changed, the order apart.
        line: features that have to come before it, in this order.
        is_absence: whether it deviates when not all of them do.
        outcomes: those that it explains under any conditions.
    """

    factors: frozenset[Factor] = frozenset()
    line: Line = ()
    is_absence: bool = False
    outcomes: tuple[Outcome, ...] = ()


class Account:
    """What one suspect depends on, as far as it is known."""

    def __init__(self, suspect: Suspect) -> None:
        self._suspect = suspect
        self._confirmed: list[Explanation] = []
        self._concluded: Explanation | None = None
        self._found: list[_Found] = []

    @property
    def explanations(self) -> tuple[Explanation, ...]:
        """In the order in which they were found, and what was concluded last."""
        return (*self._confirmed, *([self._concluded] if self._concluded else []))

    def clear(self) -> None:
        """Nothing is known any more."""
        self._confirmed.clear()
        self._concluded = None
        self._found.clear()

    def add(
        self,
        factors: set[Factor],
        detail: str,
        count: int,
        *,
        features: Line = (),
        role: OrderRole | None = None,
        outcomes: tuple[Outcome, ...] = (),
    ) -> None:
        """Something it depends on; it takes the place of a conclusion.

        Args:
            factors: one, or several that have to be changed together.
            detail: in words.
            count: how often that was confirmed, each way.
            features: which pollute it, or are needed.
            role: in an order.
            outcomes: those that are explained by this under any conditions.
        """
        causes = tuple(CAUSE_OF_FACTOR[factor] for factor in Factor if factor in factors)
        self._confirmed.append(
            Explanation(causes=causes, role=role, features=features, detail=detail, confirmed_count=count)
        )
        self._concluded = None
        line = features if Factor.ORDER in factors else ()
        self._found.append(_Found(factors=frozenset(factors - {Factor.ORDER}), line=line, outcomes=outcomes))

    def add_order(self, detail: str, count: int, features: Line, role: OrderRole, *, is_usual: bool) -> None:
        """Features before it on which it depends.

        Args:
            detail, count, features, role: as in add.
            is_usual: whether they come before it in a plain iteration, so that it deviates where they do not.
        """
        self.add({Factor.ORDER}, detail, count, features=features, role=role)
        self._found[-1] = replace(self._found[-1], is_absence=is_usual)

    def conclude(self, cause: Cause, detail: str) -> None:
        """What cannot be confirmed by changing anything."""
        self._concluded = Explanation(causes=(cause,), detail=detail)

    def names(self, factor: Factor) -> bool:
        """Whether it is known to depend on a factor."""
        return any(factor in found.factors for found in self._found)

    @property
    def polluters(self) -> frozenset[FeatureKey]:
        """All features on which it is known to depend, by their place in an order."""
        return frozenset(key for found in self._found for key in found.line)

    def explains(self, observation: Observation) -> Asking[bool]:
        """Whether something that was found makes it deviate in an iteration, if need be by a trial with its values."""
        for found in self._found:
            explains = self._explains(found, observation)
            if isinstance(explains, Case):
                explains = (yield from self._suspect.outcome(explains)).differs_from(self._suspect.usual)
            if explains:
                return True
        return False

    def cases(self, observations: Iterable[Observation]) -> list[Case]:
        """What has to be tried to say whether iterations are explained."""
        explained = [self._explains(found, observation) for observation in observations for found in self._found]
        return [case for case in explained if isinstance(case, Case)]

    def explains_by_order(self, observation: Observation) -> bool:
        """Whether the features before it are known to make it deviate, by themselves."""
        return any(
            found.line and not found.factors and found.is_absence is not set(found.line).issubset(observation.before)
            for found in self._found
        )

    def _explains(self, found: _Found, observation: Observation) -> bool | Case:
        """Whether it makes it deviate in an iteration, or what has to be tried to know."""
        suspect = self._suspect
        conditions = observation.conditions
        before = observation.before
        if observation.first in found.outcomes:
            return True
        if found.is_absence:
            return not set(found.line) <= set(before)
        if Factor.STATE in found.factors:
            return not conditions.fresh_directory
        if Factor.LOAD in found.factors:
            return True
        if not (found.factors <= conditions.changed and set(found.line) <= set(before)):
            return False
        if not found.factors or Factor.WORKERS in found.factors:
            return True
        line = (*(key for key in before if key in found.line), suspect.key) if found.line else suspect.line
        return Case(conditions.only(found.factors), line)

    def contrast(self, one: Outcome, where: str, another: Outcome, elsewhere: str) -> str:
        """Two outcomes in words: ``passes alone, fails after them``."""
        if self._suspect.inconsistency is Inconsistency.OUTPUT:
            return f"one output {where}, another {elsewhere}"
        verbs = [_verb(outcome) for outcome in (one, another)]
        if verbs[0] == verbs[1]:
            verbs = [f"{verb} ({outcome.signature})" for verb, outcome in zip(verbs, (one, another), strict=True)]
        return f"{verbs[0]} {where}, {verbs[1]} {elsewhere}"

    def contrast_with_usual(self, outcome: Outcome, conditions: Conditions) -> str:
        """The same for what some conditions do: ``passes with nothing changed, fails with PYTHONHASHSEED=17``."""
        return self.contrast(self._suspect.usual, "with nothing changed", outcome, f"with {changes_text(conditions)}")

    def role(self, outcome: Outcome) -> OrderRole:
        """What it is in an order, if others before it make it come out like this."""
        is_needed = self._suspect.usual.is_failing and not outcome.is_failing
        return OrderRole.BRITTLE if is_needed else OrderRole.VICTIM


def _verb(outcome: Outcome) -> str:
    if outcome.signature is None:
        return "is not found"
    return {Status.PASS: "passes", Status.SKIP: "is skipped"}.get(outcome.signature.status, "fails")
