"""Why one feature is inconsistent: which questions are asked, in which order, and what follows from the answers.

First it is tried with nothing changed. Then each factor alone that could explain all iterations: what is usual in an
iteration with a value of a factor does not depend on that value alone. Then every iteration that is still unexplained:
in its order with nothing else changed, with its workers, and with everything; if the last alone shows it, it takes
several factors together, and delta debugging finds which. What cannot be repeated is sought in what other features
left on disk, in the load, and in chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from aicmo_perf.flakiness.account import Account
from aicmo_perf.flakiness.delta_debugging import minimal_features
from aicmo_perf.flakiness.directories import FRESH, USED, Directories
from aicmo_perf.flakiness.evidence import Observation, Outcome
from aicmo_perf.flakiness.suspect import Asking, Case, Differing, Stage, Suspect
from aicmo_perf.flakiness.trials import Line
from aicmo_perf.flakiness.unrepeated import MANY_CALLS, Unrepeated
from aicmo_perf.model import FACTOR_FIELDS, PLAIN, Conditions, Factor, FeatureKey

_CALL_COUNTS = (2, 10, MANY_CALLS)
"""How often a feature is called in one process to find out whether it can be."""

_NOT_ALONE = frozenset({Factor.ORDER, Factor.WORKERS, Factor.REPETITION, Factor.DIRECTORY, Factor.STATE, Factor.LOAD})
"""Factors that are looked into in ways of their own."""

_PLAIN_TRIALS = 4
_SHARED_PLAIN_TRIALS = 10
"""They cost no more for many suspects than for one, and each of them saves every claim some trials of its own."""

_VALUES_TRIED = 3
_ITERATIONS_LOOKED_INTO = 6
_ORDERS_TRIED = 2
_PARALLEL_TRIALS = 8


class Investigation:
    """Looks into one suspect.

    Args:
        suspect: which one.
        found_order: all features, in the order of a plain iteration.
        cpu_count: CPUs that may be used.

    Attributes:
        account: of what it depends on.
        is_over: whether everything was tried.
    """

    def __init__(self, suspect: Suspect, found_order: Sequence[FeatureKey], cpu_count: int) -> None:
        self.account = Account(suspect)
        self.is_over = False
        self._suspect = suspect
        self._found_order = tuple(found_order)
        self._directories = Directories(suspect, self.account, found_order)
        self._chance = Unrepeated(suspect, self.account, self._directories, found_order, cpu_count)
        self._unrepeated: list[Observation] = []

    def run(self) -> Asking[None]:
        """Find explanations; at least one, unless there is no time for it.

        Raises: NoTimeLeft.
        """
        suspect = self._suspect
        while True:
            try:
                yield from self._explain()
            except Differing as differing:
                if not differing.is_own and suspect.line is None:
                    # the others in its process may have made the difference
                    suspect.line = (suspect.key,)
                    suspect.forget_trials()
                    self.account.clear()
                    self._unrepeated.clear()
                    continue
                yield from self._chance.explain_differing()
            self.is_over = True
            return

    def _explain(self) -> Asking[None]:
        suspect = self._suspect
        self._enter(Stage.PLAIN)
        count = _SHARED_PLAIN_TRIALS if suspect.line is None else _PLAIN_TRIALS
        plain = suspect.plain_case()
        seen = yield from suspect.sampled({plain: count, suspect.case(FRESH): 1, suspect.case(USED): 1})
        # where they differ, as when the machine is busy by itself, what is rarer may still follow the load
        ((suspect.usual, _),) = Counter(seen[plain]).most_common(1)
        yield from suspect.outcomes(plain, count)
        yield from self._explain_plain_order()
        self._enter(Stage.REPETITION)
        yield from self._explain_repetition()
        self._enter(Stage.DIRECTORIES)
        yield from self._directories.explain()
        self._enter(Stage.FACTORS)
        yield from self._explain_single_factors()
        self._enter(Stage.ORDERS)
        in_other_orders = yield from self._that_follow_the_order()
        self._enter(Stage.CHECKS)
        cases = self.account.cases(self._to_be_explained()[:_ITERATIONS_LOOKED_INTO])
        yield from suspect.sampled(dict.fromkeys(cases, 1))
        self._enter(Stage.ALONE)
        for observation in in_other_orders:
            # it may be the order as well as a factor that was found
            if not self.account.explains_by_order(observation):
                yield from self._explain_order(observation)
        for observation in self._to_be_explained()[:_ITERATIONS_LOOKED_INTO]:
            if not (yield from self.account.explains(observation)):
                yield from self._look_into(observation)
        if self._unrepeated or not self.account.explanations:
            yield from self._chance.explain(self._unrepeated)

    def _enter(self, stage: Stage) -> None:
        """What it asks with a line of its own, nobody else does."""
        self._suspect.stage = stage if self._suspect.line is None else max(stage, Stage.ALONE)

    def _to_be_explained(self) -> list[Observation]:
        """Iterations whose first call deviates, or a later one that a trial can repeat: those of measuring none can."""
        suspect = self._suspect
        return [
            one
            for one in suspect.observations
            if suspect.is_deviating(one) or (one.is_repeated_call and one.conditions.judged_calls > 1)
        ]

    def _that_follow_the_order(self) -> Asking[list[Observation]]:
        """Iterations in another order that alone, tried twice, makes it deviate."""
        suspect = self._suspect
        first, *others = suspect.observations
        possible = [one for one in others if one.line != first.line and one.conditions.worker_count == 1]
        tried = [one for one in possible if one.first.differs_from(first.first)][:_ORDERS_TRIED]
        seen = yield from suspect.sampled({Case(PLAIN, one.line): 1 for one in tried})
        following = [one for one in tried if seen[Case(PLAIN, one.line)][0].differs_from(suspect.usual)]
        yield from suspect.sampled({Case(PLAIN, one.line): 2 for one in following})
        return following

    # what one factor does

    def _explain_repetition(self) -> Asking[None]:
        suspect = self._suspect
        possible = tuple(self._possible_values(Factor.REPETITION))
        if any(one.is_repeated_call for one in suspect.observations):
            possible = _CALL_COUNTS
        for calls in possible:
            case = suspect.case(Conditions(judged_calls=calls))
            outcome = yield from suspect.outcome(case)
            if outcome.differs_from(suspect.usual):
                count = yield from suspect.confirmed(case)
                detail = self.account.contrast(
                    suspect.usual, "in the first call of a process", outcome, f"in call {outcome.call}"
                )
                self.account.add({Factor.REPETITION}, detail, count)
                return

    def _explain_single_factors(self) -> Asking[None]:
        suspect = self._suspect
        cases = [suspect.case(conditions) for conditions in self._single_changes()]
        seen = yield from suspect.sampled(dict.fromkeys(cases, 1))
        explained: set[Factor] = set()
        for case in cases:
            (factor,) = case.conditions.changed
            outcome = seen[case][0]
            if factor not in explained and outcome.differs_from(suspect.usual):
                count = yield from suspect.confirmed(case)
                self.account.add({factor}, self.account.contrast_with_usual(outcome, case.conditions), count)
                explained.add(factor)

    def _single_changes(self) -> Iterator[Conditions]:
        """One factor each, with values that iterations had."""
        for factor in Factor:
            if factor not in _NOT_ALONE:
                for value in self._possible_values(factor)[:_VALUES_TRIED]:
                    yield replace(PLAIN, **{FACTOR_FIELDS[factor]: value})

    def _possible_values(self, factor: Factor) -> list[Any]:
        """A factor's values in iterations that deviate, unless they did nothing in another iteration."""
        name = FACTOR_FIELDS[factor]
        effects: dict[Any, bool] = {}
        for one in self._suspect.observations:
            is_deviating = self._suspect.is_deviating(one)
            if is_deviating and self.account.explains_by_order(one):
                continue
            value = getattr(one.conditions, name)
            effects[value] = effects.get(value, True) and is_deviating
        return [value for value, is_possible in effects.items() if is_possible and value != getattr(PLAIN, name)]

    # what an iteration says

    def _explain_plain_order(self) -> Asking[None]:
        """What runs before it in a plain iteration belongs to what is usual, if that makes a difference."""
        suspect = self._suspect
        plain = [one for one in suspect.observations if one.conditions == PLAIN and suspect.is_deviating(one)]
        if not plain or not plain[0].before:
            return
        needed = yield from self._explain_order(plain[0], is_usual=True)
        if needed:
            suspect.line = (*needed, suspect.key)
            suspect.usual = (yield from suspect.outcomes(suspect.plain_case(), _PLAIN_TRIALS))[0]

    def _look_into(self, observation: Observation) -> Asking[None]:
        suspect = self._suspect
        conditions = observation.conditions
        if (yield from self._explain_order(observation)):
            return
        if conditions.worker_count > 1 and (yield from self._explain_workers(observation)):
            return
        unordered = conditions.without({Factor.ORDER, Factor.WORKERS})
        replayed = yield from suspect.outcomes(Case(unordered, observation.line), 2)
        if replayed[0].differs_from(suspect.usual):
            yield from self._explain_together(observation, replayed[0])
        else:
            self._unrepeated.append(observation)

    def _explain_order(self, observation: Observation, *, is_usual: bool = False) -> Asking[Line]:
        """Whether it deviates after the features that an iteration had before it, with nothing else changed.

        Args:
            observation: in the iteration.
            is_usual: whether it is a plain one.

        Returns: those that are necessary; none if it does not.
        """
        suspect = self._suspect
        case = Case(PLAIN, observation.line)
        outcome = yield from suspect.outcome(case)
        if not outcome.differs_from(suspect.usual):
            return ()
        yield from suspect.outcomes(case, 2)
        # the search asks what nobody else does
        suspect.stage = Stage.ALONE
        yield []
        needed = self._necessary(observation.before, PLAIN)
        count = yield from suspect.confirmed(Case(PLAIN, self._after(needed, observation.before)))
        detail = self.account.contrast(suspect.usual, "without", outcome, "after that")
        self.account.add_order(detail, count, needed, self.account.role(outcome), is_usual=is_usual)
        return needed

    def _necessary(self, before: Line, conditions: Conditions) -> Line:
        """Those of the features before it that make the difference, given what always runs before it."""
        suspect = self._suspect
        kept = suspect.line or ()
        return minimal_features(
            [key for key in before if key not in kept],
            lambda some: suspect.shows(Case(conditions, self._after(some, before))),
        ).features

    def _after(self, some: Sequence[FeatureKey], order: Line) -> Line:
        """It, some features before it, and what always runs before it, in an order."""
        always = self._suspect.line or ()
        return (*(key for key in order if key in some or key in always), self._suspect.key)

    def _explain_workers(self, observation: Observation) -> Asking[bool]:
        suspect = self._suspect
        planned = observation.iteration.planned
        order = planned.order or self._found_order
        workers = planned.conditions.only({Factor.WORKERS})
        parallel = Case(workers, order)
        if not (yield from self._ever_deviates(parallel)):
            return False
        known = self.account.polluters
        whole = replace(observation, line=order, place=order.index(suspect.key))
        if not known.intersection(whole.before) and (yield from self._explain_order(whole)):
            # by what a feature of another worker left on disk
            return True
        others = tuple(key for key in order if key not in known)
        if known and not (yield from self._ever_deviates(Case(workers, others))):
            # the same polluters, although in another worker
            return True
        if (yield from self._chance.explain_load()):
            return True
        provoked = yield from suspect.provoked_by(parallel, Case(PLAIN, (*observation.before, suspect.key)))
        if provoked is None:
            return False
        changed, plain, count = provoked
        detail = f"in {changed} of {count} trials with {planned.conditions.worker_count} workers, {plain} with one"
        self.account.add({Factor.WORKERS}, detail, count)
        return True

    def _ever_deviates(self, case: Case) -> Asking[bool]:
        seen = yield from self._suspect.sampled({case: _PARALLEL_TRIALS})
        return any(one.differs_from(self._suspect.usual) for one in seen[case])

    def _explain_together(self, observation: Observation, outcome: Outcome) -> Asking[None]:
        """Neither the order nor any factor alone shows it, all of them together do: which are necessary?"""
        suspect = self._suspect
        conditions = observation.conditions
        possible = conditions.changed - {Factor.WORKERS} | {Factor.ORDER}
        factors = [factor for factor in Factor if factor in possible]

        def case(some: Sequence[Factor]) -> Case:
            line = observation.line if Factor.ORDER in some else suspect.line
            return Case(conditions.only(set(some) - {Factor.ORDER}), line)

        necessary = minimal_features(factors, lambda some: suspect.shows(case(some))).features
        changed = case(necessary)
        needed: Line = ()
        if Factor.ORDER in necessary:
            needed = self._necessary(observation.before, changed.conditions)
            changed = Case(changed.conditions, self._after(needed, observation.before))
        for factor in necessary if len(necessary) > 1 else ():
            yield from suspect.outcomes(case([other for other in necessary if other is not factor]), 2)
        count = yield from suspect.confirmed(changed)
        self.account.add(
            set(necessary),
            self.account.contrast_with_usual(outcome, changed.conditions),
            count,
            features=needed,
            role=self.account.role(outcome) if needed else None,
        )
