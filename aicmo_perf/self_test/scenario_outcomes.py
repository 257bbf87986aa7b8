"""What became of each scenario of a feature, and the one result that they make together.

A feature's status is that of its scenarios together: all fine is a pass, some is partial, none is a failure; that it
could not be called at all is an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from aicmo_perf.model import REPEATED_CALL, Feature, IterationResult, Status
from aicmo_perf.self_test.measure import Measurement
from aicmo_perf.self_test.scenarios import Scenario
from aicmo_perf.signature import CanonicalOutput, Json, form_text, joint_digest

NO_SCENARIO = Scenario(label="", value=None, immutable=True)
"""Of a feature that takes none."""


@dataclass(slots=True)
class ScenarioOutcome:
    """What became of one scenario: it was skipped, with a reason, or exercised.

    Attributes:
        scenario: which one.
        errors, warnings: of its first call; or else errors of a call that repeats it.
        passed_at_first: whether its errors, if there are any, are those of a call that repeats one that passed.
        skip_reason: why it was not exercised; None when it was.
        first_call_seconds, peak_rss_bytes: as in IterationResult.
        output: of the first call; None without one.
        shown_form: the output as it is to be read, if that was asked for.
    """

    scenario: Scenario
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    passed_at_first: bool = False
    skip_reason: str | None = None
    first_call_seconds: float | None = None
    peak_rss_bytes: int | None = None
    output: CanonicalOutput | None = None
    shown_form: Json = None

    def mark_as_repeated(self) -> None:
        """Its errors, if there are any, are those of a call that repeats one that passed."""
        self.passed_at_first = True
        self.errors[:] = [f"{REPEATED_CALL}{text}" for text in self.errors]


def joint_result(
    feature: Feature,
    iteration: int,
    outcomes: Sequence[ScenarioOutcome],
    *,
    measurement: Measurement | None = None,
    scrubbed: tuple[str, ...] = (),
    wants_output: bool = False,
) -> IterationResult:
    """The result of a feature.

    Args:
        feature, iteration: of which, and when.
        outcomes: one a scenario, at least one.
        measurement: of its warm calls; None when it was not measured.
        scrubbed: as in IterationResult.
        wants_output: whether the outputs are told.
    """
    exercised = [outcome for outcome in outcomes if outcome.skip_reason is None]
    skipped = [outcome for outcome in outcomes if outcome.skip_reason is not None]
    failed = [outcome for outcome in exercised if outcome.errors]
    several = len(outcomes) > 1

    def labelled(outcome: ScenarioOutcome, text: str) -> str:
        return f"{outcome.scenario.label}: {text}" if several else text

    skip_reason = None
    skip_warnings: list[str] = []
    if not exercised:
        status = Status.SKIP
        skip_reason = "; ".join(dict.fromkeys(outcome.skip_reason or "" for outcome in skipped))
    else:
        # What passed once and failed when repeated is half a failure, and unlike one at first: that it is one in this
        # process and the other in the next is what a flakiness check has to see.
        wholly = [outcome for outcome in failed if not outcome.passed_at_first]
        status = Status.PASS if not failed else Status.FAIL if len(wholly) == len(exercised) else Status.PARTIAL
        skip_warnings = [f"{o.scenario.label} was skipped: {o.skip_reason}" for o in skipped]
    return IterationResult(
        feature=feature,
        iteration=iteration,
        status=status,
        errors=tuple(labelled(outcome, text) for outcome in exercised for text in outcome.errors),
        warnings=(
            *(labelled(outcome, text) for outcome in outcomes for text in outcome.warnings),
            *skip_warnings,
        ),
        skip_reason=skip_reason,
        scenario_count=sum(outcome.scenario is not NO_SCENARIO for outcome in exercised),
        samples_seconds=measurement.samples_seconds if measurement else (),
        loop_count=measurement.loop_count if measurement else 1,
        first_call_seconds=_sum_if_all([outcome.first_call_seconds for outcome in exercised]),
        cpu_seconds=measurement.cpu_seconds if measurement else None,
        peak_rss_bytes=max((o.peak_rss_bytes for o in exercised if o.peak_rss_bytes is not None), default=None),
        output_digest=joint_digest([o.output.digest if o.output is not None else None for o in exercised]),
        output_form=_joint_form(exercised, several=several) if wants_output else None,
        scrubbed=scrubbed,
    )


def _sum_if_all(seconds: Sequence[float | None]) -> float | None:
    """The sum; None when there is none, or when one call never returned."""
    known = [value for value in seconds if value is not None]
    return sum(known) if known and len(known) == len(seconds) else None


def _joint_form(outcomes: Sequence[ScenarioOutcome], *, several: bool) -> str | None:
    """The outputs as text; None when there is none."""
    if all(outcome.output is None for outcome in outcomes):
        return None
    if several:
        return form_text([{outcome.scenario.label: outcome.shown_form} for outcome in outcomes])
    return form_text(outcomes[0].shown_form)
