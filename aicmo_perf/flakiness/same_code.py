"""Two outcomes on one version of the code that differ: the only evidence that separates a flake from a regression.

The code is the same when commit, environment, mode and depth agree, and nothing was changed beside the commit. What
is not committed is the same code only as itself, within its run.

- A *flip* is an unperturbed outcome (plain, twin or retry) that differs from what the feature usually did on this
  code: of three passes and a failure the failure. Twins, retries and further runs of a commit all count alike.
- A *provoked flip* is the outcome of a perturbed iteration that differs from all unperturbed ones, which agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aicmo_perf.flakiness.segments import Attempts
from aicmo_perf.model import IterationKind, Mode, Run
from aicmo_perf.model.outcomes import RunOutcomes

_PASSED_ONCE = Attempts(count=1)


@dataclass(frozen=True, slots=True)
class Setting:
    """Where and how a feature runs: it may well fail always on one machine and never on another.

    Attributes:
        environment: the fingerprint.
        mode, quick: as in Run and its options.
    """

    environment: str
    mode: Mode
    quick: bool

    @classmethod
    def of(cls, run: Run) -> Setting:
        """That of a run."""
        return cls(run.environment.fingerprint, run.mode, run.options.quick)


@dataclass(frozen=True, slots=True)
class Code:
    """One version of the code in one setting.

    Attributes:
        version: the commit; the run's uuid where there is none, or more than it was run.
        setting: where and how it ran.
    """

    version: str
    setting: Setting

    def __hash__(self) -> int:
        # it is looked up for each result, and versions are hardly ever run in two settings
        return hash(self.version)

    @classmethod
    def of(cls, run: Run) -> Code:
        """That of a run."""
        is_committed = run.commit_sha is not None and not run.dirty
        return cls(run.commit_sha if run.commit_sha and is_committed else run.uuid, Setting.of(run))


@dataclass(frozen=True, slots=True, kw_only=True)
class SameCode:
    """What a feature did on one version of the code.

    Attributes:
        code: which version.
        runs: those of it, oldest first; at least one.
        attempts: the unperturbed outcomes.
        flip_count: those of them that are not the usual one.
        errors: the kinds of their failures; None for one of which it is not known.
        perturbed_count, provoked_count: perturbed outcomes where all others agree, and those of them that differ.
    """

    code: Code
    runs: tuple[RunOutcomes, ...]
    attempts: Attempts
    flip_count: int = 0
    errors: frozenset[str | None] = frozenset()
    perturbed_count: int = 0
    provoked_count: int = 0

    @classmethod
    def of(cls, code: Code, runs: Sequence[RunOutcomes]) -> SameCode:
        """Count what became of a feature in the runs of one version of the code."""
        if len(runs) == 1 and len(runs[0].outcomes) == 1:
            (only,) = runs[0].outcomes
            # nearly all of a long history
            if not only.is_failing and only.kind is IterationKind.PLAIN:
                return cls(code=code, runs=tuple(runs), attempts=_PASSED_ONCE)
        outcomes = [outcome for run in runs for outcome in run.outcomes]
        unperturbed = [outcome for outcome in outcomes if outcome.kind.is_unperturbed]
        retries = [outcome.is_failing for outcome in unperturbed if outcome.kind is IterationKind.RETRY]
        perturbed = [outcome.is_failing for outcome in outcomes if not outcome.kind.is_unperturbed]
        failed = sum(outcome.is_failing for outcome in unperturbed)
        passed = len(unperturbed) - failed
        # among perturbed outcomes alone nobody knows the usual one, and one that flips anyway was not provoked
        is_comparable = (passed == 0) is not (failed == 0)
        return cls(
            code=code,
            runs=tuple(runs),
            attempts=Attempts(failed - sum(retries), len(unperturbed) - len(retries), sum(retries), len(retries)),
            flip_count=min(passed, failed),
            errors=frozenset(outcome.failure for outcome in unperturbed if outcome.is_failing),
            perturbed_count=len(perturbed) if is_comparable else 0,
            provoked_count=sum(failing is (passed > 0) for failing in perturbed) if is_comparable else 0,
        )

    @property
    def is_refused_change(self) -> bool:
        """Whether it always failed and was only proposed: a pull request that breaks a feature breaks nobody's."""
        return self.attempts.always_failed and all(run.run.pull_request is not None for run in self.runs)

    def flipping_runs(self) -> list[Run]:
        """The runs that have a flip of either kind, oldest first; of as many passes as failures the failures flip."""
        if not self.flip_count and not self.provoked_count:
            return []
        is_provoked = not self.flip_count
        usually_fails = self.attempts.all_failed_count > self.attempts.all_passed_count
        return [
            run.run
            for run in self.runs
            if any(
                outcome.is_failing is not usually_fails and outcome.kind.is_unperturbed is not is_provoked
                for outcome in run.outcomes
            )
        ]


def by_code(codes: Iterable[Code], runs: Iterable[RunOutcomes]) -> tuple[SameCode, ...]:
    """Put a feature's runs together that ran the same code.

    Args:
        codes: that of each run.
        runs: oldest first.

    Returns: one SameCode a version, in the order in which they were first run.
    """
    of_code: dict[Code, list[RunOutcomes]] = {}
    for code, run in zip(codes, runs, strict=True):
        of_code.setdefault(code, []).append(run)
    return tuple(SameCode.of(code, its_runs) for code, its_runs in of_code.items())
