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
from dataclasses import dataclass, replace
from typing import Any

from aicmo_perf.flakiness.delta_debugging import minimal_features
from aicmo_perf.flakiness.evidence import Observation, Outcome, follows_load
from aicmo_perf.flakiness.suspect import Asking, Case, Differing, Suspect
from aicmo_perf.flakiness.trials import Line
from aicmo_perf.flakiness.wording import changes_text
from aicmo_perf.model import (
    CAUSE_OF_FACTOR,
    FACTOR_FIELDS,
    PLAIN,
    Cause,
    Conditions,
    Explanation,
    Factor,
    FeatureKey,
    Inconsistency,
    OrderRole,
    Status,
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
_VALUES_TRIED = 3
_ITERATIONS_LOOKED_INTO = 6
_PARALLEL_TRIALS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What an explanation says of iterations.

    Attributes:
        factors: which have to be changed, the order and workers apart.
        line: features that have to come before it, in this order.
        is_absence: whether it deviates when not all of them do.
        outcomes: those that it explains under any conditions.
    """

    factors: frozenset[Factor] = frozenset()
    line: Line = ()
    is_absence: bool = False
    outcomes: tuple[Outcome, ...] = ()


class Investigation:
    """Looks into one suspect.

    Attributes:
        explanations: those found so far.
    """

    def __init__(self, suspect: Suspect, found_order: Sequence[FeatureKey]) -> None:
        self.explanations: list[Explanation] = []
        self._suspect = suspect
        self._found_order = tuple(found_order)
        self._found: list[_Found] = []
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
                    self.explanations.clear()
                    self._found.clear()
                    self._unrepeated.clear()
                    continue
                yield from self._explain_differing()
            return

    def _explain(self) -> Asking[None]:
        suspect = self._suspect
        # everybody needs these, so that they are asked together
        yield from suspect.sampled({suspect.plain_case(): _PLAIN_TRIALS, suspect.case(FRESH): 1, suspect.case(USED): 1})
        suspect.usual = (yield from suspect.outcomes(suspect.plain_case(), _PLAIN_TRIALS))[0]
        yield from self._explain_plain_order()
        yield from self._explain_repetition()
        yield from self._explain_directories()
        yield from self._explain_single_factors()
        for observation in self._deviating()[:_ITERATIONS_LOOKED_INTO]:
            if not (yield from self._is_explained(observation)):
                yield from self._look_into(observation)
        if self._unrepeated or not self.explanations:
            yield from self._explain_unrepeated()

    def _deviating(self) -> list[Observation]:
        return [one for one in self._suspect.observations if self._suspect.is_deviating(one)]

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
                detail = f"call 1 in a process {self._does(suspect.usual)}, call {outcome.call} {self._does(outcome)}"
                self._add({Factor.REPETITION}, detail, count)
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
            self._add({Factor.DIRECTORY}, self._contrast(in_fresh, FRESH), count)
        yield from self._explain_place()

    def _explain_place(self) -> Asking[None]:
        """What was the project's own directory in iterations is a copy in trials; does it make the difference?"""
        suspect = self._suspect
        plain = {one.first for one in suspect.observations if one.iteration.planned.conditions == PLAIN}
        if len(plain) != 1 or suspect.usual in plain:
            return
        (in_place,) = plain
        if not any(Factor.DIRECTORY in found.factors for found in self._found):
            fresh = {one: one.iteration.planned.conditions.fresh_directory for one in suspect.observations}
            if any(one.first != (suspect.usual if is_fresh else in_place) for one, is_fresh in fresh.items()):
                return
            at_home = [one for one, is_fresh in fresh.items() if not is_fresh]
            # what was measured was called again and again
            call_count = sum(1 + len(one.result.samples_seconds) for one in at_home)
            count = yield from suspect.repeated(call_count)
            detail = f"{self._does(in_place)} in the project's own directory, {self._does(suspect.usual)} in others"
            self._add({Factor.DIRECTORY}, detail, min(len(at_home), count), outcomes=(suspect.usual,))
        suspect.usual_in_place = in_place

    def _add_state(self, in_fresh: Outcome, in_used: Outcome, count: int) -> Asking[None]:
        """What an earlier process left changes the outcome; if none of its own, whose?"""
        suspect = self._suspect
        leavers: Line = ()
        alone = (suspect.key,)
        by_itself = yield from suspect.outcome(Case(USED, alone))
        if not by_itself.differs_from((yield from suspect.outcome(Case(FRESH, alone)))):
            leavers = self._leavers(in_fresh)
        detail = f"{self._does(in_fresh)} in fresh directories, {self._does(in_used)} after an earlier process in them"
        self._add({Factor.STATE}, detail, count, features=leavers, outcomes=(in_fresh, in_used))

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
                self._add({factor}, self._contrast(outcome, case.conditions), count)
                explained.add(factor)

    def _single_changes(self) -> Iterator[Conditions]:
        for factor in Factor:
            if factor not in _NOT_ALONE:
                for value in self._possible_values(factor)[:_VALUES_TRIED]:
                    yield replace(PLAIN, **{FACTOR_FIELDS[factor]: value})

    def _possible_values(self, factor: Factor) -> list[Any]:
        """A factor's values in iterations that deviate, unless they did nothing in another iteration."""
        name = FACTOR_FIELDS[factor]
        effects: dict[Any, bool] = {}
        for one in self._suspect.observations:
            value = getattr(one.iteration.planned.conditions, name)
            effects[value] = effects.get(value, True) and self._suspect.is_deviating(one)
        return [value for value, is_possible in effects.items() if is_possible and value != getattr(PLAIN, name)]

    # what an iteration says

    def _is_explained(self, observation: Observation) -> Asking[bool]:
        """Whether something that was found makes it deviate."""
        suspect = self._suspect
        conditions = observation.iteration.planned.conditions
        before = observation.line[: observation.line.index(suspect.key)]
        for found in self._found:
            if observation.first in found.outcomes:
                return True
            if Factor.STATE in found.factors:
                if not conditions.fresh_directory:
                    return True
            elif Factor.WORKERS in found.factors:
                if conditions.worker_count > 1:
                    return True
            elif Factor.LOAD in found.factors:
                return True
            elif found.is_absence:
                if not set(found.line) <= set(before):
                    return True
            elif found.factors <= conditions.changed and set(found.line) <= set(before):
                if not found.factors:
                    return True
                line = (*(key for key in before if key in found.line), suspect.key) if found.line else suspect.line
                outcome = yield from suspect.outcome(Case(conditions.only(found.factors), line))
                if outcome.differs_from(suspect.usual):
                    return True
        return False

    def _explain_plain_order(self) -> Asking[None]:
        """What runs before it in a plain iteration belongs to what is usual, if that makes a difference."""
        suspect = self._suspect
        plain = [one for one in suspect.observations if one.iteration.planned.conditions == PLAIN]
        before = self._found_order[: self._found_order.index(suspect.key)]
        if not before or not any(suspect.is_deviating(one) for one in plain):
            return
        case = Case(PLAIN, (*before, suspect.key))
        outcome = yield from suspect.outcome(case)
        if outcome.differs_from(suspect.usual):
            needed = yield from self._explain_order(before, outcome)
            self._found[-1] = replace(self._found[-1], is_absence=True)
            suspect.line = (*needed, suspect.key)
            suspect.usual = (yield from suspect.outcomes(suspect.plain_case(), _PLAIN_TRIALS))[0]

    def _look_into(self, observation: Observation) -> Asking[None]:
        suspect = self._suspect
        conditions = observation.iteration.planned.conditions
        before = observation.line[: observation.line.index(suspect.key)]
        line = (*before, suspect.key)
        in_order = yield from suspect.outcome(Case(PLAIN, line))
        if in_order.differs_from(suspect.usual):
            yield from self._explain_order(before, in_order)
            return
        if conditions.worker_count > 1 and (yield from self._explain_workers(observation)):
            return
        replayed = yield from suspect.outcomes(Case(conditions.without({Factor.ORDER, Factor.WORKERS}), line), 2)
        if replayed[0].differs_from(suspect.usual):
            yield from self._explain_together(conditions, before, replayed[0])
        else:
            self._unrepeated.append(observation)

    def _explain_order(self, before: Line, outcome: Outcome) -> Asking[Line]:
        """It deviates after these features and nothing else; the ones that are necessary."""
        suspect = self._suspect
        yield from suspect.outcomes(Case(PLAIN, (*before, suspect.key)), 2)
        needed = self._necessary(before, PLAIN)
        count = yield from suspect.confirmed(Case(PLAIN, self._after(needed, before)))
        self._add(
            {Factor.ORDER},
            f"{self._does(suspect.usual)} without" if suspect.line else f"{self._does(suspect.usual)} alone",
            count,
            features=needed,
            role=self._role(outcome),
        )
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

    def _role(self, outcome: Outcome) -> OrderRole:
        is_needed = self._suspect.usual.is_failing and not outcome.is_failing
        return OrderRole.BRITTLE if is_needed else OrderRole.VICTIM

    def _explain_workers(self, observation: Observation) -> Asking[bool]:
        suspect = self._suspect
        planned = observation.iteration.planned
        order = planned.order or self._found_order
        parallel = Case(planned.conditions.only({Factor.WORKERS}), order)
        seen = yield from suspect.sampled({parallel: _PARALLEL_TRIALS})
        if not any(one.differs_from(suspect.usual) for one in seen[parallel]):
            return False
        before = order[: order.index(suspect.key)]
        in_order = yield from suspect.outcome(Case(PLAIN, (*before, suspect.key)))
        if in_order.differs_from(suspect.usual):
            # what the features of another worker left on disk
            if not any(found.line and set(found.line) <= set(before) for found in self._found):
                yield from self._explain_order(before, in_order)
            return True
        if (yield from self._explain_load()):
            return True
        provoked = yield from suspect.provoked_by(parallel, Case(PLAIN, (*before, suspect.key)))
        if provoked is None:
            return False
        changed, plain, count = provoked
        detail = f"in {changed} of {count} trials with {planned.conditions.worker_count} workers, {plain} with one"
        self._add({Factor.WORKERS}, detail, count)
        return True

    def _explain_together(self, conditions: Conditions, before: Line, outcome: Outcome) -> Asking[None]:
        """Neither the order nor any factor alone shows it, all of them together do: which are necessary?"""
        suspect = self._suspect
        factors = [factor for factor in Factor if factor in conditions.changed or factor is Factor.ORDER]
        factors.remove(Factor.WORKERS) if Factor.WORKERS in factors else None

        def case(some: Sequence[Factor]) -> Case:
            line = (*before, suspect.key) if Factor.ORDER in some else suspect.line
            return Case(conditions.only(set(some) - {Factor.ORDER}), line)

        necessary = minimal_features(factors, lambda some: suspect.shows(case(some))).features
        changed = case(necessary)
        needed: Line = ()
        if Factor.ORDER in necessary:
            needed = self._necessary(before, changed.conditions)
            changed = Case(changed.conditions, self._after(needed, before))
        for factor in necessary if len(necessary) > 1 else ():
            yield from suspect.outcomes(case([other for other in necessary if other is not factor]), 2)
        count = yield from suspect.confirmed(changed)
        self._add(
            set(necessary),
            self._contrast(outcome, changed.conditions),
            count,
            features=needed,
            role=self._role(outcome) if needed else None,
        )

    # what cannot be repeated

    def _explain_differing(self) -> Asking[None]:
        """Trials of the same kind differ: by what they leave in the project's directory, by the load, or by chance."""
        suspect = self._suspect
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
            self._conclude(Cause.NONDETERMINISTIC, "trials with nothing changed differ")

    def _explain_load(self) -> Asking[bool]:
        suspect = self._suspect
        busy = Conditions(busy_process_count=2 * (os.cpu_count() or 1))
        provoked = yield from suspect.provoked_by(Case(busy, None), Case(PLAIN, None))
        if provoked is not None:
            changed, plain, count = provoked
            detail = f"in {changed} of {count} trials on a busy machine, {plain} on a quiet one"
            self._add({Factor.LOAD}, detail, count)
            return True
        known = [one for one in suspect.observations if one.iteration.load_average is not None]
        loads: dict[bool, list[float]] = {True: [], False: []}
        for one in known:
            loads[suspect.is_deviating(one)].append(one.iteration.load_average or 0.0)
        if follows_load(loads[True], loads[False]):
            detail = f"in iterations at a load of {min(loads[True]):.1f} or more, not at {max(loads[False]):.1f}"
            self._add({Factor.LOAD}, detail, 0)
            return True
        return False

    def _explain_unrepeated(self) -> Asking[None]:
        """Iterations that deviate, and did not when they were repeated exactly."""
        suspect = self._suspect
        if any(not one.iteration.planned.conditions.fresh_directory for one in self._unrepeated):
            others = tuple(key for key in self._found_order if key != suspect.key)
            fresh, used = Case(FRESH, (suspect.key, *others)), Case(USED, (suspect.key, *others))
            in_used, in_fresh = (yield from suspect.outcome(used)), (yield from suspect.outcome(fresh))
            if in_used.differs_from(in_fresh):
                count = yield from suspect.confirmed(used, fresh)
                yield from self._add_state(in_fresh, in_used, count)
                self._unrepeated = [one for one in self._unrepeated if one.iteration.planned.conditions.fresh_directory]
        if self.explanations and not self._unrepeated:
            return
        yield from suspect.outcomes(suspect.case(Conditions(judged_calls=CALL_COUNTS[-1])), 3)
        if (yield from self._explain_load()):
            return
        if not self._unrepeated:
            self._conclude(Cause.UNEXPLAINED, "in a repeated call when it is measured, but in no trial")
        elif [one.iteration.number for one in self._deviating()] == [suspect.observations[0].iteration.number]:
            detail = "in the first iteration alone, and never since: for something left outside of the directories?"
            self._conclude(Cause.UNEXPLAINED, detail)
        else:
            number = self._unrepeated[0].iteration.number
            self._conclude(Cause.NONDETERMINISTIC, f"iteration {number} came out differently when it was repeated")

    # words

    def _add(
        self,
        factors: set[Factor],
        detail: str,
        count: int,
        *,
        features: Line = (),
        role: OrderRole | None = None,
        outcomes: tuple[Outcome, ...] = (),
    ) -> None:
        causes = tuple(CAUSE_OF_FACTOR[factor] for factor in Factor if factor in factors)
        self.explanations.append(
            Explanation(causes=causes, role=role, features=features, detail=detail, confirmed_count=count)
        )
        line = features if Factor.ORDER in factors else ()
        self._found.append(_Found(factors=frozenset(factors - {Factor.ORDER}), line=line, outcomes=outcomes))

    def _conclude(self, cause: Cause, detail: str) -> None:
        self.explanations.append(Explanation(causes=(cause,), detail=detail))

    def _contrast(self, outcome: Outcome, conditions: Conditions) -> str:
        changed = changes_text(conditions)
        if self._suspect.inconsistency is Inconsistency.OUTPUT:
            return f"another output with {changed}"
        return f"{self._does(self._suspect.usual)} with nothing changed, {self._does(outcome)} with {changed}"

    def _does(self, outcome: Outcome) -> str:
        if self._suspect.inconsistency is Inconsistency.OUTPUT:
            return "gives one output" if not outcome.differs_from(self._suspect.usual) else "gives another"
        if outcome.signature is None:
            return "is not found"
        return {Status.PASS: "passes", Status.SKIP: "is skipped"}.get(outcome.signature.status, "fails")
