"""Why one feature does not do again what it did: what others left on disk, the load, or chance.

Of what differs with nothing changed, chance is known before the load was tried: it is concluded at once, and the load
takes its place if it turns out to be the reason.
"""

from __future__ import annotations

from collections.abc import Sequence

from aicmo_perf.flakiness.account import Account
from aicmo_perf.flakiness.directories import FRESH, USED, Directories
from aicmo_perf.flakiness.evidence import Observation, follows_load
from aicmo_perf.flakiness.suspect import Asking, Case, Differing, Stage, Suspect
from aicmo_perf.model import PLAIN, Cause, Conditions, Factor, FeatureKey

MANY_CALLS = 50
"""In one process: what fails so seldom is rather found in them than in processes."""

_CLAIMS_OF_CHANCE = 10
_PROCESSES_OF_MANY_CALLS = 3
_BUSY_PROCESSES_PER_CPU = 2


class Unrepeated:
    """Looks into what one suspect does not do again.

    Args:
        suspect: which one.
        account: takes what is found.
        directories: of the suspect.
        found_order: all features, in the order of a plain iteration.
        cpu_count: CPUs that may be used, all of which have to be busy.
    """

    def __init__(
        self,
        suspect: Suspect,
        account: Account,
        directories: Directories,
        found_order: Sequence[FeatureKey],
        cpu_count: int,
    ) -> None:
        self._suspect = suspect
        self._account = account
        self._directories = directories
        self._found_order = tuple(found_order)
        self._busy = Conditions(busy_process_count=_BUSY_PROCESSES_PER_CPU * cpu_count)

    def explain_differing(self) -> Asking[None]:
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
                yield from self._directories.add_state(seen[fresh][0], seen[used][0], count)
                return
        self._account.conclude(Cause.NONDETERMINISTIC, "trials with nothing changed differ")
        if not (yield from self.explain_load()):
            yield from self._explain_by_load_average()

    def explain_load(self) -> Asking[bool]:
        """Whether it deviates more often in trials on a busy machine."""
        suspect = self._suspect
        if self._account.names(Factor.LOAD):
            return True
        suspect.stage = Stage.LOAD
        provoked = yield from suspect.provoked_by(Case(self._busy, None), Case(PLAIN, None))
        if provoked is None:
            return False
        changed, plain, count = provoked
        detail = f"in {changed} of {count} trials on a busy machine, {plain} on a quiet one"
        self._account.add({Factor.LOAD}, detail, count)
        return True

    def _explain_by_load_average(self) -> Asking[None]:
        """Whether iterations of what differs with nothing changed deviated when the load was highest.

        Trials have to lean to the same side: both together are as improbable by chance as any other claim.
        """
        loads: dict[bool, list[float]] = {True: [], False: []}
        for one in self._suspect.observations:
            if one.iteration.load_average is not None:
                loads[self._suspect.is_deviating(one)].append(one.iteration.load_average)
        if not follows_load(loads[True], loads[False]):
            return
        if (yield from self._suspect.is_promoted_by(Case(self._busy, None), Case(PLAIN, None))):
            detail = f"in iterations at a load of {min(loads[True]):.1f} or more, not at {max(loads[False]):.1f}"
            self._account.add({Factor.LOAD}, detail, 0)

    def explain(self, unrepeated: Sequence[Observation]) -> Asking[None]:
        """Iterations that deviate, and did not when they were repeated exactly.

        Args:
            unrepeated: those; if none, nothing at all was found in a trial.
        """
        suspect = self._suspect
        if self._account.names(Factor.LOAD):
            return
        if any(not one.conditions.fresh_directory for one in unrepeated):
            others = tuple(key for key in self._found_order if key != suspect.key)
            fresh, used = Case(FRESH, (suspect.key, *others)), Case(USED, (suspect.key, *others))
            in_used, in_fresh = (yield from suspect.outcome(used)), (yield from suspect.outcome(fresh))
            if in_used.differs_from(in_fresh):
                count = yield from suspect.confirmed(used, fresh)
                yield from self._directories.add_state(in_fresh, in_used, count)
                unrepeated = [one for one in unrepeated if one.conditions.fresh_directory]
                if not unrepeated:
                    return
        many = suspect.case(Conditions(judged_calls=MANY_CALLS))
        yield from suspect.outcomes(many, _PROCESSES_OF_MANY_CALLS)
        self._conclude(unrepeated)
        yield from self.explain_load()

    def _conclude(self, unrepeated: Sequence[Observation]) -> None:
        suspect = self._suspect
        deviating = [one.iteration.number for one in suspect.observations if suspect.is_deviating(one)]
        measured = {one.is_repeated_call for one in suspect.observations if one.iteration.planned.is_measured}
        if not unrepeated and len(measured) > 1:
            self._account.conclude(Cause.NONDETERMINISTIC, "in a repeated call of one iteration, and not of its twin")
        elif not unrepeated:
            self._account.conclude(Cause.UNEXPLAINED, "in a repeated call of an iteration, and in no trial")
        elif deviating == [suspect.observations[0].iteration.number]:
            detail = (
                "in the first iteration alone, and never since: by chance, or by what is outside of its directories"
            )
            self._account.conclude(Cause.UNEXPLAINED, detail)
        elif all(one.conditions.worker_count > 1 for one in suspect.observations if suspect.is_deviating(one)):
            detail = "only where several workers ran at once, and too seldom in trials to be sure that it was they"
            self._account.conclude(Cause.UNEXPLAINED, detail)
        else:
            number = unrepeated[0].iteration.number
            detail = f"iteration {number} came out differently when it was repeated"
            self._account.conclude(Cause.NONDETERMINISTIC, detail)
