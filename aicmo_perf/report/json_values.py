"""How single values of the model read in every JSON format: moments, features, runs, change points.

Keys carry units and come in a fixed order; times are ISO 8601 in UTC; what is absent is null.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aicmo_perf.model import AcceptedChange, ChangePoint, Feature, Run
from aicmo_perf.report.wording import duration_seconds

Payload = dict[str, Any]
"""A JSON object under construction."""


def moment_json(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with microseconds: ``2025-03-01T09:30:00.000000Z``."""
    if moment is None:
        return None
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def feature_json(feature: Feature) -> Payload:
    """A feature's identity."""
    return {
        "suite": feature.suite,
        "name": feature.name,
        "qualified_name": feature.qualified_name,
        "category": feature.category.value,
        "critical": feature.critical,
    }


def run_json(run: Run) -> Payload:
    """A run without its features."""
    facts = run.environment.facts
    return {
        "id": run.id,
        "uuid": run.uuid,
        "state": run.state.value,
        "mode": run.mode.value,
        "role": run.role.value,
        "companion_of": run.companion_of,
        "label": run.label,
        "started_at": moment_json(run.started_at),
        "finished_at": moment_json(run.finished_at),
        "duration_seconds": duration_seconds(run),
        "suites": list(run.suites),
        "options": run.options.to_dict(),
        "commit_sha": run.commit_sha,
        "branch": run.branch,
        "dirty": run.dirty,
        "pull_request": run.pull_request,
        "environment": {
            "fingerprint": run.environment.fingerprint,
            "facts": {name: facts[name] for name in sorted(facts)},
        },
        "ci_provider": run.ci_provider,
        "ci_url": run.ci_url,
        "tool_version": run.tool_version,
        "owner": None
        if run.owner is None
        else {
            "hostname": run.owner.hostname,
            "pid": run.owner.pid,
            "process_started": run.owner.process_started,
        },
    }


def run_reference_json(run: Run) -> Payload:
    """Just enough of a run to find it again."""
    return {"id": run.id, "uuid": run.uuid, "commit_sha": run.commit_sha}


def change_point_json(change: ChangePoint) -> Payload:
    """Where a level shifted, without its feature."""
    return {
        "run": run_reference_json(change.run),
        "previous_run": run_reference_json(change.previous_run),
        "before_seconds": change.before_seconds,
        "after_seconds": change.after_seconds,
        "ratio": change.ratio,
        "confidence": change.confidence,
    }


def accepted_json(accepted: AcceptedChange) -> Payload:
    """A level that people took as it is, without its feature."""
    return {
        "run": run_reference_json(accepted.run),
        "accepted_at": moment_json(accepted.accepted_at),
        "accepted_by": accepted.accepted_by,
        "reason": accepted.reason or None,
    }
