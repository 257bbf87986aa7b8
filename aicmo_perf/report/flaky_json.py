"""What is known of flakiness in JSON; ``docs/flaky.schema.json`` describes it."""

from __future__ import annotations

from aicmo_perf.flakiness.history import FailureGroup, FeatureRecord
from aicmo_perf.flakiness.overview import FlakinessOverview, PastFinding
from aicmo_perf.flakiness.unstable_time import UnstableTime
from aicmo_perf.model import Quarantine, Run
from aicmo_perf.report.flakiness_json import finding_json, rate_json
from aicmo_perf.report.json_values import Payload, feature_json, moment_json, run_reference_json


def flaky_payload(overview: FlakinessOverview) -> Payload:
    """All features of an overview, those too of which there is nothing to say; the format ``aicmo-perf/flaky``."""
    record = overview.record
    return {
        "format": "aicmo-perf/flaky",
        "version": 1,
        "run_count": record.run_count,
        "half_life_days": overview.policy.half_life_days,
        "infrastructure_runs": [run_reference_json(run) for run in record.infrastructure_runs],
        "features": [_record_json(one, overview) for one in record.features],
        "clusters": [
            {
                "features": [{"suite": suite, "qualified_name": name} for suite, name in cluster.features],
                "together_count": cluster.together_count,
            }
            for cluster in record.clusters
        ],
    }


def _record_json(record: FeatureRecord, overview: FlakinessOverview) -> Payload:
    entry = overview.quarantined.get(record.key)
    return {
        **feature_json(record.feature),
        "state": record.state.value,
        "rate": rate_json(record.rate),
        "flip_count": record.flip_count,
        "provoked_flip_count": record.provoked_flip_count,
        "run_count": record.run_count,
        "failing_run_count": record.failing_run_count,
        "first_flip": _when_json(record.first_flip),
        "last_flip": _when_json(record.last_flip),
        "broken_since": _when_json(record.broken_since),
        "last_failure": _when_json(record.last_failure),
        "failure_groups": [_group_json(group) for group in record.failure_groups],
        "retry_seconds": record.retry_seconds,
        "unstable_time": _time_json(record.unstable_time) if record.unstable_time is not None else None,
        "quarantine": _quarantine_json(entry, record, overview) if entry is not None else None,
        "findings": [_finding_json(past) for past in overview.findings.get(record.key, ())],
    }


def _when_json(run: Run | None) -> Payload | None:
    return None if run is None else {**run_reference_json(run), "started_at": moment_json(run.started_at)}


def _group_json(group: FailureGroup) -> Payload:
    return {
        "fingerprint": group.fingerprint,
        "message": group.message,
        "count": group.count,
        "first": _when_json(group.first),
        "last": _when_json(group.last),
    }


def _time_json(time: UnstableTime) -> Payload:
    return {
        "fast_seconds": time.fast_seconds,
        "slow_seconds": time.slow_seconds,
        "slow_share": time.slow_share,
        "run_count": time.run_count,
    }


def _quarantine_json(entry: Quarantine, record: FeatureRecord, overview: FlakinessOverview) -> Payload:
    return {
        "words": entry.feature,
        "reason": entry.reason,
        "until": entry.until.isoformat(),
        "added_at": moment_json(entry.added_at),
        "added_by": entry.added_by,
        "in_file": entry.in_file,
        "expired": entry.is_expired(overview.today),
        "healed": overview.is_healed(record),
    }


def _finding_json(past: PastFinding) -> Payload:
    return {"run": _when_json(past.run), **finding_json(past.finding)}
