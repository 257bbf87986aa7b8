"""How iterations and findings of a flakiness check read in every JSON format."""

from __future__ import annotations

from collections.abc import Mapping

from aicmo_perf.flakiness.wording import cause_text
from aicmo_perf.model import Explanation, FeatureKey, FlakinessFinding, Iteration, RateEstimate, Signature
from aicmo_perf.report.json_values import Payload, feature_json, moment_json


def iteration_json(iteration: Iteration, positions: Mapping[FeatureKey, int]) -> Payload:
    """An iteration: what it was for, under which conditions (the plain ones are left out), when, how long.

    Args:
        iteration: which one.
        positions: of the run's features; the order is told by them.
    """
    planned = iteration.planned
    return {
        "number": planned.number,
        "kind": planned.kind.value,
        "conditions": planned.conditions.to_dict(),
        "order": None if planned.order is None else [positions[key] for key in planned.order if key in positions],
        "seed": planned.seed,
        "started_at": moment_json(iteration.started_at),
        "duration_seconds": iteration.duration_seconds,
        "load_average": iteration.load_average,
    }


def finding_json(finding: FlakinessFinding) -> Payload:
    """An inconsistent feature and why it is, without the run."""
    return {
        **feature_json(finding.feature),
        "inconsistency": finding.inconsistency.value,
        "cause": cause_text(finding, {}),
        "explanations": [_explanation_json(explanation) for explanation in finding.explanations],
        "usual": signature_json(finding.usual),
        "other": signature_json(finding.other),
        "iterations": list(finding.iterations),
        "replay_iteration": finding.replay_iteration,
        "rate": rate_json(finding.rate),
        "output_diff": list(finding.output_diff),
        "trial_count": finding.trial_count,
    }


def _explanation_json(explanation: Explanation) -> Payload:
    return {
        "causes": [cause.value for cause in explanation.causes],
        "role": explanation.role.value if explanation.role is not None else None,
        "features": [{"suite": suite, "qualified_name": name} for suite, name in explanation.features],
        "detail": explanation.detail,
        "confirmed_count": explanation.confirmed_count,
    }


def signature_json(signature: Signature) -> Payload:
    """A signature."""
    return {
        "status": signature.status.value,
        "error_count": signature.error_count,
        "warning_count": signature.warning_count,
    }


def rate_json(rate: RateEstimate) -> Payload:
    """How often, with its 95 % interval."""
    return {
        "run_count": rate.run_count,
        "deviating_count": rate.deviating_count,
        "rate": rate.rate,
        "low": rate.low,
        "high": rate.high,
        "not_excluded": rate.not_excluded,
    }
