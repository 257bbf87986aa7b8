"""Why one feature is inconsistent: which questions are asked, in which order, and what follows from the answers.

First it is tried with nothing changed. Then each factor alone that could explain all iterations: what is usual in an
iteration with a value of a factor does not depend on that value alone. Then every iteration that is still unexplained:
in its order with nothing else changed, with its workers, and with everything; if the last alone shows it, it takes
several factors together, and delta debugging finds which. What cannot be repeated is sought in what other features
left on disk, in the load, and in chance.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from aicmo_perf.flakiness.account import Account
from aicmo_perf.flakiness.delta_debugging import minimal_features
from aicmo_perf.flakiness.evidence import Observation, Outcome, follows_load
from aicmo_perf.flakiness.suspect import Asking, Case, Differing, Suspect
from aicmo_perf.flakiness.trials import Line
from aicmo_perf.model import (
    FACTOR_FIELDS,
    PLAIN,
    Cause,
    Conditions,
    Factor,
    FeatureKey,
    Inconsistency,
)

FRESH = Conditions(fresh_directory=True)
"""Where nothing is left of anything."""

USED = Conditions(fresh_directory=True, earlier_process_count=1)
"""Where a process before did the same."""

CALL_COUNTS = (2, 10, 50)
"""How often a feature is called in one process to find out whether it can be."""

_NOT_ALONE = frozenset({Factor.ORDER, Factor.WORKERS, Factor.REPETITION, Factor.DIRECTORY, Factor.STATE, Factor.LOAD})
"""Factors that are looked into in ways of their own."""

_PLAIN_TRIALS = 4
_CLAIMS_OF_CHANCE = 10
_VALUES_TRIED = 3
_ITERATIONS_LOOKED_INTO = 6
_ORDERS_TRIED = 2
_PARALLEL_TRIALS = 3


class Investigation:
    """Looks into one suspect.

    Attributes:
        account: of what it depends on.
    """

    def __init__(self, suspect: Suspect, found_order: Sequence[FeatureKey]) -> None:
        self.account = Account(suspect)
        self._suspect = suspect
        self._found_order = tuple(found_order)
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
                yield from self._explain_differing()
            return

    def _explain(self) -> Asking[None]:
        suspect = self._suspect
        # everybody needs these, so that they are asked together
        yield from suspect.sampled(
            {suspect.plain_case(): _PLAIN_TRIALS, suspect.case(FRESH): 1, suspect.case(USED): 1}
            | {Case(PLAIN, observation.line): 1 for observation in self._in_other_orders()}
        )
        suspect.usual = (yield from suspect.outcomes(suspect.plain_case(), _PLAIN_TRIALS))[0]
        yield from self._explain_plain_order()
        yield from self._explain_repetition()
        yield from self._explain_directories()
        yield from self._explain_single_factors()
        for observation in self._in_other_orders():
            # it may be the order as well as a factor that was found
            if not self.account.explains_by_order(observation):
                yield from self._explain_order(observation)
        for observation in self._to_be_explained()[:_ITERATIONS_LOOKED_INTO]:
            if not (yield from self.account.explains(observation)):
                yield from self._look_into(observation)
        if self._unrepeated or not self.account.explanations:
            yield from self._explain_unrepeated()

    def _deviating(self) -> list[Observation]:
        return [one for one in self._suspect.observations if self._suspect.is_deviating(one)]

    def _to_be_explained(self) -> list[Observation]:
        """Iterations whose first call deviates, or a later one that a trial can repeat: those of measuring none can."""
        suspect = self._suspect
        return [
            one
            for one in suspect.observations
            if suspect.is_deviating(one) or (one.is_repeated_call and one.conditions.judged_calls > 1)
        ]

    def _in_other_orders(self) -> list[Observation]:
        """Iterations that changed the order, among other things, and did not come out like the first one."""
        first, *others = self._suspect.observations
        possible = [one for one in others if one.line != first.line and one.conditions.worker_count == 1]
        return [one for one in possible if one.first.differs_from(first.first)][:_ORDERS_TRIED]

    # what one factor does

    def _explain_repetition(self) -> Asking[None]:
        suspect = self._suspect
        possible = tuple(self._possible_values(Factor.REPETITION))
        if any(one.is_repeated_call for one in suspect.observations):
            possible = CALL_COUNTS
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

    def _explain_directories(self) -> Asking[None]:
        suspect = self._suspect
        fresh, used = suspect.case(FRESH), suspect.case(USED)
        yield from suspect.sampled({fresh: 1, used: 1})
        in_fresh, in_used = (yield from suspect.outcome(fresh)), (yield from suspect.outcome(used))
        if in_used.differs_from(in_fresh):
            count = yield from suspect.confirmed(used, fresh)
            yield from self._add_state(in_fresh, in_used, count)
            return
        if in_fresh.differs_from(suspect.usual):
            count = yield from suspect.confirmed(fresh)
            self.account.add({Factor.DIRECTORY}, self.account.contrast_with_usual(in_fresh, FRESH), count)
        yield from self._explain_place()

    def _explain_place(self) -> Asking[None]:
        """What was the project's own directory in iterations is a copy in trials; does it make the difference?"""
        suspect = self._suspect
        plain = {one.first for one in suspect.observations if one.conditions == PLAIN}
        if len(plain) != 1 or suspect.usual in plain:
            return
        (in_place,) = plain
        if not self.account.names(Factor.DIRECTORY):
            fresh = {one: one.conditions.fresh_directory for one in suspect.observations}
            if any(one.first != (suspect.usual if is_fresh else in_place) for one, is_fresh in fresh.items()):
                return
            at_home = [one for one, is_fresh in fresh.items() if not is_fresh]
            # what was measured was called again and again, and would have failed in any of these calls
            is_judged_always = suspect.inconsistency is Inconsistency.STATUS
            call_count = sum(1 + is_judged_always * len(one.result.samples_seconds) for one in at_home)
            count = yield from suspect.repeated(call_count)
            detail = self.account.contrast(in_place, "in the project's own directory", suspect.usual, "in others")
            self.account.add({Factor.DIRECTORY}, detail, min(len(at_home), count), outcomes=(suspect.usual,))
        suspect.usual_in_place = in_place

    def _add_state(self, in_fresh: Outcome, in_used: Outcome, count: int) -> Asking[None]:
        """What an earlier process left changes the outcome; if none of its own, whose?"""
        suspect = self._suspect
        leavers: Line = ()
        alone = (suspect.key,)
        by_itself = yield from suspect.outcome(Case(USED, alone))
        if not by_itself.differs_from((yield from suspect.outcome(Case(FRESH, alone)))):
            leavers = self._leavers(in_fresh)
        detail = self.account.contrast(in_fresh, "in fresh directories", in_used, "after an earlier process in them")
        self.account.add({Factor.STATE}, detail, count, features=leavers, outcomes=(in_fresh, in_used))

    def _leavers(self, in_fresh: Outcome) -> Line:
        """Features whose files change its outcome in the next process, in which it comes first."""
        suspect = self._suspect
        others = [key for key in self._found_order if key != suspect.key]
        usual, suspect.usual = suspect.usual, in_fresh
        try:
            if not suspect.shows(Case(USED, (suspect.key, *others))):
                return ()
            return minimal_features(others, lambda some: suspect.shows(Case(USED, (suspect.key, *some)))).features
        finally:
            suspect.usual = usual

    def _explain_single_factors(self) -> Asking[None]:
        suspect = self._suspect
        cases = [suspect.case(conditions) for conditions in self._single_changes()]
        yield from suspect.sampled(dict.fromkeys(cases, 1))
        explained: set[Factor] = set()
        for case in cases:
            (factor,) = case.conditions.changed
            outcome = yield from suspect.outcome(case)
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
            value = getattr(one.conditions, name)
            effects[value] = effects.get(value, True) and self._suspect.is_deviating(one)
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
        if (yield from self._explain_load()):
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

    # what cannot be repeated

    def _explain_differing(self) -> Asking[None]:
        """Trials of the same kind differ: by what they leave in the project's directory, by the load, or by chance."""
        suspect = self._suspect
        # by now chance is the likelier explanation
        suspect.claim_count += _CLAIMS_OF_CHANCE
        fresh, used = suspect.case(FRESH), suspect.case(USED)
        seen = yield from suspect.sampled({fresh: 2, used: 2})
        if len(set(seen[fresh])) == len(set(seen[used])) == 1 and seen[used][0].differs_from(seen[fresh][0]):
            try:
                count = yield from suspect.confirmed(used, fresh)
            except Differing:
                pass
            else:
                yield from self._add_state(seen[fresh][0], seen[used][0], count)
                return
        if not (yield from self._explain_load()):
            self.account.conclude(Cause.NONDETERMINISTIC, "trials with nothing changed differ")

    def _explain_load(self) -> Asking[bool]:
        suspect = self._suspect
        busy = Conditions(busy_process_count=2 * (os.cpu_count() or 1))
        provoked = yield from suspect.provoked_by(Case(busy, None), Case(PLAIN, None))
        if provoked is not None:
            changed, plain, count = provoked
            detail = f"in {changed} of {count} trials on a busy machine, {plain} on a quiet one"
            self.account.add({Factor.LOAD}, detail, count)
            return True
        known = [one for one in suspect.observations if one.iteration.load_average is not None]
        loads: dict[bool, list[float]] = {True: [], False: []}
        for one in known:
            loads[suspect.is_deviating(one)].append(one.iteration.load_average or 0.0)
        if follows_load(loads[True], loads[False]):
            detail = f"in iterations at a load of {min(loads[True]):.1f} or more, not at {max(loads[False]):.1f}"
            self.account.add({Factor.LOAD}, detail, 0)
            return True
        return False

    def _explain_unrepeated(self) -> Asking[None]:
        """Iterations that deviate, and did not when they were repeated exactly."""
        suspect = self._suspect
        if any(not one.conditions.fresh_directory for one in self._unrepeated):
            others = tuple(key for key in self._found_order if key != suspect.key)
            fresh, used = Case(FRESH, (suspect.key, *others)), Case(USED, (suspect.key, *others))
            in_used, in_fresh = (yield from suspect.outcome(used)), (yield from suspect.outcome(fresh))
            if in_used.differs_from(in_fresh):
                count = yield from suspect.confirmed(used, fresh)
                yield from self._add_state(in_fresh, in_used, count)
                self._unrepeated = [one for one in self._unrepeated if one.conditions.fresh_directory]
        if self.account.explanations and not self._unrepeated:
            return
        yield from suspect.outcomes(suspect.case(Conditions(judged_calls=CALL_COUNTS[-1])), 3)
        if (yield from self._explain_load()):
            return
        measured = {one.is_repeated_call for one in suspect.observations if one.iteration.planned.is_measured}
        if not self._unrepeated and len(measured) > 1:
            self.account.conclude(Cause.NONDETERMINISTIC, "in a repeated call of one iteration, and not of its twin")
        elif not self._unrepeated:
            self.account.conclude(Cause.UNEXPLAINED, "in a repeated call of an iteration, and in no trial")
        elif [one.iteration.number for one in self._deviating()] == [suspect.observations[0].iteration.number]:
            detail = "in the first iteration alone, and never since: for something left outside of the directories?"
            self.account.conclude(Cause.UNEXPLAINED, detail)
        else:
            number = self._unrepeated[0].iteration.number
            self.account.conclude(
                Cause.NONDETERMINISTIC, f"iteration {number} came out differently when it was repeated"
            )
