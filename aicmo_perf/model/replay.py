"""An iteration of a stored run, run again: what each feature did then, and does now."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aicmo_perf.model.conditions import Iteration
from aicmo_perf.model.feature import Feature, IterationResult, Signature
from aicmo_perf.model.run import Run


class Reproduction(StrEnum):
    """Whether a feature does now what it did then.

    ``other_output``: its status, errors and warnings are those of then; its output is neither that of then nor the
    usual one.
    """

    YES = "yes"
    OTHER_OUTPUT = "other_output"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Observed:
    """What an iteration said of a feature, as far as iterations are compared.

    Attributes:
        signature: see there.
        output_digest: of its output; None without one.
    """

    signature: Signature
    output_digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedFeature:
    """A feature then and now.

    Attributes:
        feature: which one.
        usual: in the run's first iteration; None when that lacks it.
        then: in the iteration that is replayed.
        now: in the replay; None when it is not found any more.
    """

    feature: Feature
    usual: Observed | None
    then: Observed
    now: IterationResult | None

    @property
    def reproduction(self) -> Reproduction:
        """Whether it does now what it did then. Where the signature had changed, the output does not matter."""
        if self.now is None or self.now.signature != self.then.signature:
            return Reproduction.NO
        usual = self.usual
        if self.now.output_digest == self.then.output_digest or (usual and usual.signature != self.then.signature):
            return Reproduction.YES
        if usual is not None and self.now.output_digest == usual.output_digest:
            return Reproduction.NO
        return Reproduction.OTHER_OUTPUT


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """An iteration, run again.

    Attributes:
        run: whose.
        iteration: which one.
        features: those that are shown, in the order in which they run.
        notices: what people should know, a sentence each.
    """

    run: Run
    iteration: Iteration
    features: tuple[ReplayedFeature, ...]
    notices: tuple[str, ...] = ()

    @property
    def is_failing(self) -> bool:
        """Whether a feature that is shown fails now."""
        return any(each.now is not None and each.now.status.is_failing for each in self.features)
