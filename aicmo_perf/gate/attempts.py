"""What a feature did in a run, attempt by attempt, and what its failures are judged as.

Each iteration is an attempt, and a retry is one more. Unchanged code that fails once and passes once is flaky, whatever
it was before; only of what is known as flaky does one pass count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from aicmo_perf.gate.knowledge import Knowledge
from aicmo_perf.model import FeatureStatus, FlakyState, IterationKind, Signature, Status
from aicmo_perf.units import count_of


class Standing(StrEnum):
    """What a feature of a run is judged as.

    ``fine``: it agrees with itself and does not fail; ``failing``: it fails, always or as far as anybody looked;
    ``newly_flaky``: it disagrees with itself, and was not known for it; ``known_flaky``: it was, and passed with
    nothing changed; ``looks_broken``: it was, and failed every time; ``quarantined``: its failures do not count.
    """

    FINE = "fine"
    FAILING = "failing"
    NEWLY_FLAKY = "newly_flaky"
    KNOWN_FLAKY = "known_flaky"
    LOOKS_BROKEN = "looks_broken"
    QUARANTINED = "quarantined"

    @property
    def fails(self) -> bool:
        """Whether the rules about failing features tell it."""
        return self in (Standing.FAILING, Standing.LOOKS_BROKEN)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One iteration of one feature.

    Attributes:
        number: of the iteration.
        kind: what that was for.
        signature: what it said.
    """

    number: int
    kind: IterationKind
    signature: Signature


@dataclass(frozen=True, slots=True)
class Attempts:
    """All iterations of a feature in a run, in order; skips are no attempts."""

    made: tuple[Attempt, ...]

    @classmethod
    def of(cls, status: FeatureStatus, kinds: Mapping[int, IterationKind]) -> Attempts:
        """Those of a feature.

        Args:
            status: over its run.
            kinds: of the run's iterations, by number, as far as they are known; the others were plain.
        """
        signatures = status.signatures or (Signature(status.status, len(status.errors), len(status.warnings)),)
        numbers = status.iterations or range(1, len(signatures) + 1)
        attempts = (
            Attempt(number, kinds.get(number, IterationKind.PLAIN), signature)
            for number, signature in zip(numbers, signatures, strict=True)
        )
        return cls(tuple(attempt for attempt in attempts if attempt.signature.status is not Status.SKIP))

    @property
    def failed(self) -> tuple[Attempt, ...]:
        """Those that failed."""
        return tuple(attempt for attempt in self.made if attempt.signature.status.is_failing)

    @property
    def retries(self) -> tuple[Attempt, ...]:
        """Those that were another chance."""
        return tuple(attempt for attempt in self.made if attempt.kind is IterationKind.RETRY)

    @property
    def first_ones(self) -> Attempts:
        """Those that were none."""
        return Attempts(tuple(attempt for attempt in self.made if attempt.kind is not IterationKind.RETRY))

    @property
    def unperturbed(self) -> Attempts:
        """Those in which nothing was changed."""
        return Attempts(tuple(attempt for attempt in self.made if attempt.kind.is_unperturbed))

    @property
    def is_mixed(self) -> bool:
        """Whether some failed and some passed."""
        return 0 < len(self.failed) < len(self.made)

    @property
    def is_several(self) -> bool:
        """Whether there is more than one."""
        return len(self.made) > 1

    @property
    def has_passed(self) -> bool:
        """Whether any passed."""
        return len(self.failed) < len(self.made)

    @property
    def score(self) -> str:
        """How many failed: ``2 of 3``."""
        return f"{len(self.failed)} of {len(self.made)}"

    @property
    def story(self) -> str:
        """What happened, as the rest of a sentence: ``failed, then passed in retry 1``."""
        first, retries = self.first_ones, self.retries
        if not self.failed:
            return f"said {_counted(self.made)}"
        text = f"failed in {first.score} iterations" if first.is_several else "failed"
        if not retries:
            return text
        passed = [number for number, retry in enumerate(retries, 1) if not retry.signature.status.is_failing]
        if passed:
            return f"{text}, then passed in retry {passed[0]}"
        return f"{text}, and in {count_of(len(retries), 'retry', 'retries')}, too"


def standing_of(
    status: FeatureStatus, attempts: Attempts, knowledge: Knowledge | None, *, flaky_fails: bool = True
) -> Standing:
    """What a feature is judged as.

    Args:
        status: over the run.
        attempts: its own.
        knowledge: None when nothing but the run is known: then whatever fails is failing.
        flaky_fails: whether what is newly flaky fails the gate; otherwise to have passed in another run is no excuse
            for what failed every time in this one.
    """
    fails = status.status.is_failing
    if not fails and not status.is_flaky:
        return Standing.FINE
    if knowledge is None:
        return Standing.FAILING if fails else Standing.NEWLY_FLAKY
    if knowledge.in_force(status.key) is not None:
        return Standing.QUARANTINED
    if fails and knowledge.state_of(status.key) is FlakyState.FLAKY:
        return Standing.KNOWN_FLAKY if attempts.unperturbed.has_passed else Standing.LOOKS_BROKEN
    differs = attempts.is_mixed or not fails or (flaky_fails and status.key in knowledge.passed_here)
    return Standing.NEWLY_FLAKY if differs else Standing.FAILING


def _counted(attempts: Iterable[Attempt]) -> str:
    """The signatures, each once: ``pass, 0 errors, 0 warnings (2 times); pass, 0 errors, 1 warning (once)``."""
    counts = Counter(str(attempt.signature) for attempt in attempts)
    return "; ".join(f"{text} ({'once' if count == 1 else f'{count} times'})" for text, count in counts.items())
