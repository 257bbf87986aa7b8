"""Runs: identities that are stable, options that survive a round trip."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo_perf.model import (
    IDENTITY_FACTS,
    Category,
    Environment,
    FeatureStatus,
    Mode,
    Run,
    RunOptions,
    SelfTestResult,
    Signature,
    Status,
    time_ordered_uuid,
)

NOW = datetime(2025, 1, 2, tzinfo=UTC)
MACHINE = {
    "cpu_model": "Example CPU",
    "cpu_count": 8,
    "architecture": "x86_64",
    "system": "Linux",
    "python_implementation": "CPython",
    "python_version": "3.12.4",
}


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_uuids_are_of_version_seven(milliseconds, random_bytes):
    made = uuid.UUID(time_ordered_uuid(milliseconds, random_bytes))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == milliseconds
    assert str(made) == time_ordered_uuid(milliseconds, random_bytes)


@given(st.integers(0, 2**48 - 2), st.integers(1, 2**20), st.binary(min_size=10, max_size=10), st.binary(min_size=10))
def test_later_uuids_sort_later_as_text(milliseconds, later, one, other):
    after = min(milliseconds + later, 2**48 - 1)
    assert time_ordered_uuid(milliseconds, one) < time_ordered_uuid(after, other)


def test_uuids_of_one_moment_differ():
    assert time_ordered_uuid(1, bytes(10)) != time_ordered_uuid(1, bytes(9) + b"\1")


def test_fingerprint_is_a_contract_with_stored_runs():
    assert Environment(MACHINE).fingerprint == "e1-ca8f8726dd18"


@given(st.permutations(list(MACHINE)), st.dictionaries(st.text(min_size=1), st.integers() | st.floats() | st.text()))
def test_fingerprint_ignores_order_and_what_wobbles(order, others):
    noise = {name: value for name, value in others.items() if name not in IDENTITY_FACTS}
    shuffled = {name: MACHINE[name] for name in order} | noise
    assert Environment(shuffled).fingerprint == Environment(MACHINE).fingerprint


@pytest.mark.parametrize("name", IDENTITY_FACTS)
def test_every_identity_fact_counts(name):
    assert Environment({**MACHINE, name: "3.99"}).fingerprint != Environment(MACHINE).fingerprint


def test_a_patch_release_of_python_is_the_same_environment():
    assert Environment({**MACHINE, "python_version": "3.12.9"}).fingerprint == Environment(MACHINE).fingerprint
    assert Environment({**MACHINE, "python_version": "3.13.0"}).fingerprint != Environment(MACHINE).fingerprint


def test_an_unknown_environment_has_a_fingerprint_too():
    assert Environment().fingerprint.startswith("e1-")
    assert Environment().fingerprint != Environment(MACHINE).fingerprint


def test_options_survive_json_and_keys_of_another_version():
    options = RunOptions(quick=False, iterations=3, selection=("a*", "b"), timeout_seconds=2.5)
    stored = json.loads(json.dumps({**options.to_dict(), "from_the_future": 1}))
    assert RunOptions.from_dict(stored) == options
    assert RunOptions.from_dict({}) == RunOptions()


@pytest.mark.parametrize(
    "nonsense",
    [
        {"iterations": 0},
        {"min_sample_count": 0},
        {"warmup_count": -1},
        {"timeout_seconds": 0},
        {"timeout_seconds": float("nan")},
        {"min_sampling_seconds": -1},
        {"max_sampling_seconds": -1},
    ],
)
def test_options_refuse_nonsense(nonsense):
    with pytest.raises(ValueError):
        RunOptions(**nonsense)


def test_times_have_a_time_zone():
    with pytest.raises(ValueError, match="timezone-aware"):
        Run(uuid="u", started_at=datetime(2025, 1, 2))
    with pytest.raises(ValueError, match="timezone-aware"):
        Run(uuid="u", started_at=NOW, finished_at=datetime(2025, 1, 2))


def test_a_run_is_called_by_its_number_once_it_has_one():
    made = time_ordered_uuid(1_735_776_000_000, bytes(10))
    assert Run(uuid=made, started_at=NOW, id=12).title == "run 12"
    assert Run(uuid=made, started_at=NOW).title == f"run {made[:13]}"
    assert Run(uuid=made, started_at=NOW, id=12).title_at_start == "Run 12"
    assert Run(uuid="0Ab-9C", started_at=NOW).title_at_start == "Run 0Ab-9C"


def test_a_result_answers_as_the_original_engine_did():
    flaky = FeatureStatus(
        "swot", Category.GENERATOR, Status.FAIL, signatures=(Signature(Status.PASS, 0, 0), Signature(Status.FAIL, 1, 0))
    )
    steady = FeatureStatus("persona", Category.GENERATOR, Status.PASS, signatures=(Signature(Status.PASS, 0, 0),) * 2)
    run = Run(uuid="u", started_at=NOW, mode=Mode.DETERMINISTIC, options=RunOptions(iterations=2))
    result = SelfTestResult(run, (flaky, steady))
    assert result.deterministic_mode is True
    assert result.flakiness_checked is True
    assert result.flakiness_check_results == {"swot": ["pass, 0 errors, 0 warnings", "fail, 1 error, 0 warnings"]}
    unchecked = SelfTestResult(Run(uuid="u", started_at=NOW))
    assert (unchecked.deterministic_mode, unchecked.flakiness_checked, unchecked.flakiness_check_results) == (
        False,
        False,
        {},
    )
