"""What one feature depends on in the directories it runs in: what is left there, by whom, and where they are."""

from __future__ import annotations

from collections.abc import Sequence

from aicmo_perf.flakiness.account import Account
from aicmo_perf.flakiness.delta_debugging import minimal_features
from aicmo_perf.flakiness.evidence import Outcome
from aicmo_perf.flakiness.suspect import Asking, Case, Suspect
from aicmo_perf.flakiness.trials import Line
from aicmo_perf.model import PLAIN, Conditions, Factor, FeatureKey, Inconsistency

FRESH = Conditions(fresh_directory=True)
"""Where nothing is left of anything."""

USED = Conditions(fresh_directory=True, earlier_process_count=1)
"""Where a process before did the same."""


class Directories:
    """Looks into what one suspect's directories do to it.

    Args:
        suspect: which one.
        account: takes what is found.
        found_order: all features, in the order of a plain iteration.
    """

    def __init__(self, suspect: Suspect, account: Account, found_order: Sequence[FeatureKey]) -> None:
        self._suspect = suspect
        self._account = account
        self._found_order = tuple(found_order)

    def explain(self) -> Asking[None]:
        """Whether it depends on what an earlier process left, or on where it runs."""
        suspect = self._suspect
        fresh, used = suspect.case(FRESH), suspect.case(USED)
        yield from suspect.sampled({fresh: 1, used: 1})
        in_fresh, in_used = (yield from suspect.outcome(fresh)), (yield from suspect.outcome(used))
        if in_used.differs_from(in_fresh):
            count = yield from suspect.confirmed(used, fresh)
            yield from self.add_state(in_fresh, in_used, count)
            return
        if in_fresh.differs_from(suspect.usual):
            count = yield from suspect.confirmed(fresh)
            self._account.add({Factor.DIRECTORY}, self._account.contrast_with_usual(in_fresh, FRESH), count)
        yield from self._explain_place()

    def _explain_place(self) -> Asking[None]:
        """What was the project's own directory in iterations is a copy in trials; does it make the difference?"""
        suspect = self._suspect
        plain = {one.first for one in suspect.observations if one.conditions == PLAIN}
        if len(plain) != 1 or suspect.usual in plain:
            return
        (in_place,) = plain
        if not self._account.names(Factor.DIRECTORY):
            fresh = {one: one.conditions.fresh_directory for one in suspect.observations}
            if any(one.first != (suspect.usual if is_fresh else in_place) for one, is_fresh in fresh.items()):
                return
            at_home = [one for one, is_fresh in fresh.items() if not is_fresh]
            # what was measured was called again and again, and would have failed in any of these calls
            is_judged_always = suspect.inconsistency is Inconsistency.STATUS
            call_count = sum(1 + is_judged_always * len(one.result.samples_seconds) for one in at_home)
            count = yield from suspect.repeated(call_count)
            detail = self._account.contrast(in_place, "in the project's own directory", suspect.usual, "in others")
            self._account.add({Factor.DIRECTORY}, detail, min(len(at_home), count), outcomes=(suspect.usual,))
        suspect.usual_in_place = in_place

    def add_state(self, in_fresh: Outcome, in_used: Outcome, count: int) -> Asking[None]:
        """What an earlier process left changes the outcome; if none of its own, whose?"""
        suspect = self._suspect
        leavers: Line = ()
        alone = (suspect.key,)
        by_itself = yield from suspect.outcome(Case(USED, alone))
        if not by_itself.differs_from((yield from suspect.outcome(Case(FRESH, alone)))):
            leavers = self._leavers(in_fresh)
        detail = self._account.contrast(in_fresh, "in fresh directories", in_used, "after an earlier process in them")
        self._account.add({Factor.STATE}, detail, count, features=leavers, outcomes=(in_fresh, in_used))

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
