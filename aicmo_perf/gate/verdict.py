"""What the gate looks for and what it decides, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from aicmo_perf.model import Feature, FeatureThresholds
from aicmo_perf.stats.comparison import SlownessPolicy


class Rule(StrEnum):
    """What the gate looks for, one switch each."""

    CRITICAL_FAILING = "critical_failing"
    NEWLY_FAILING = "newly_failing"
    VANISHED_CRITICAL = "vanished_critical"
    FLAKY = "flaky"
    SLOWER = "slower"
    FASTER = "faster"


DEFAULT_RULES = frozenset(Rule) - {Rule.FASTER}
"""An improvement is told, and fails only for those who want each one looked at."""

SPEED_RULES = frozenset({Rule.SLOWER, Rule.FASTER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One reason why the gate fails.

    Attributes:
        rule: which rule.
        feature: about which feature.
        message: one sentence with the numbers; it begins with the feature's name.
        advice: the next step for this very situation.
    """

    rule: Rule
    feature: Feature
    message: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much of the run was judged for speed, so that a green on nothing is seen for what it is.

    Attributes:
        judged_count: features called regressed, improved or unchanged.
        inconclusive_count: features that have a baseline but cannot be judged.
        new_count, vanished_count: features without a past, and past features that are gone.
    """

    judged_count: int = 0
    inconclusive_count: int = 0
    new_count: int = 0
    vanished_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the gate decides.

    Attributes:
        findings: what fails it; empty means passed.
        notes: sentences that do not fail it but must be said (no baseline yet, improvements, what was not judged).
        rules: the rules that were on.
        coverage: how much was judged.
        could_judge: whether some baseline can be used and, where speed is asked for, some feature was judged by it;
            ``--strict`` makes the contrary an error.
    """

    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    coverage: Coverage = field(default_factory=Coverage)
    could_judge: bool = True

    @property
    def passed(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePolicy:
    """What the gate looks for.

    Attributes:
        rules: those that are on; by default all but that improvements fail.
        slowness: what counts as slower.
        thresholds: what counts as slower for some features.
    """

    rules: frozenset[Rule] = DEFAULT_RULES
    slowness: SlownessPolicy = field(default_factory=SlownessPolicy)
    thresholds: tuple[FeatureThresholds, ...] = ()
