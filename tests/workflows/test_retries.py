"""Retries of what failed: who gets one, when it ends, what is stored of it, and that a later look agrees."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from aicmo_perf.config import Settings
from aicmo_perf.errors import EnvironmentFailure
from aicmo_perf.gate import Rule
from aicmo_perf.model import (
    Feature,
    FeatureKey,
    Iteration,
    IterationKind,
    IterationResult,
    Mode,
    PlannedIteration,
    Quarantine,
    Run,
    RunOptions,
    RunState,
    Status,
)
from aicmo_perf.self_test.engine import Collected, EngineEvent, IterationEnded, IterationStarted
from aicmo_perf.self_test.plan import EnginePlan
from aicmo_perf.store import open_store
from aicmo_perf.workflows import retries
from aicmo_perf.workflows.judging import judge_run
from aicmo_perf.workflows.recording import Recording
from aicmo_perf.workflows.retries import retry_failures
from aicmo_perf.workflows.run import execute_run
from tests.workflows.past import Past

BEGINNING = datetime(2025, 3, 1, 12, tzinfo=UTC)
FAR, PAST_DAY = date(9999, 12, 31), date(2000, 1, 1)
RETRY, PERTURBED = IterationKind.RETRY, IterationKind.PERTURBED
NAMES = ("one", "two", "three", "four", "shaky", "broken")
PLAN = EnginePlan(suites=("shop",), mode=Mode.DETERMINISTIC)


def feature_of(name: str) -> Feature:
    return Feature(suite="shop", qualified_name=f"shop.{name}", name=name)


class Engine:
    """Fails the features in the iterations that are named, and remembers what it was asked for."""

    def __init__(self, failing: Mapping[str, Iterable[int]], error: str = "no") -> None:
        self.failing = {name: set(numbers) for name, numbers in failing.items()}
        self.error = error
        self.ran: list[tuple[PlannedIteration, list[str]]] = []
        self.trouble: BaseException | None = None

    def run_iteration(
        self, plan: EnginePlan, planned: PlannedIteration, *, only: Sequence[FeatureKey] | None = None, **_: Any
    ) -> Generator[EngineEvent, None, None]:
        features = [feature_of(name) for name in NAMES if only is None or feature_of(name).key in only]
        self.ran.append((planned, [feature.name for feature in features]))
        if self.trouble is not None:
            raise self.trouble
        iteration = Iteration(planned=planned, started_at=BEGINNING)
        yield IterationStarted(iteration)
        yield Collected(planned.number, tuple(features))
        for feature in features:
            fails = planned.number in self.failing.get(feature.name, ())
            yield IterationResult(
                feature=feature,
                iteration=planned.number,
                status=Status.FAIL if fails else Status.PASS,
                errors=(self.error,) if fails else (),
            )
        yield IterationEnded(replace(iteration, duration_seconds=1.0))


def recorded(
    past: Past, engine: Engine, monkeypatch: pytest.MonkeyPatch, kinds: Sequence[IterationKind] = (IterationKind.PLAIN,)
) -> Recording:
    """A complete run of these iterations."""
    monkeypatch.setattr(retries, "run_iteration", engine.run_iteration)
    recording = Recording(past.store, lambda: Run(uuid="run", started_at=BEGINNING))
    for number, kind in enumerate(kinds, 1):
        for event in engine.run_iteration(PLAN, PlannedIteration(number=number, kind=kind)):
            recording.take(event)
    recording.finish(RunState.COMPLETE)
    engine.ran.clear()
    return recording


def retry(past: Past, recording: Recording, settings: Settings, **values: Any) -> retries.Retries:
    options = {"interrupt": None, "on_event": lambda event: None, "clock": lambda: 0.0, **values}
    return retry_failures(past.store, recording, PLAN, settings, **options)


def test_each_is_retried_until_it_passes(past: Past, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine({"shaky": {1}, "broken": {1, 2, 3}})
    recording = recorded(past, engine, monkeypatch)
    answer = retry(past, recording, settings)
    assert [(planned.number, planned.kind, names) for planned, names in engine.ran] == [
        (2, RETRY, ["shaky", "broken"]),
        (3, RETRY, ["broken"]),
    ]
    assert answer == retries.Retries(
        notices=("Retried 2 features that failed within 0 s: 1 passed, 1 failed every time.",)
    )
    stored = past.store.result(recording.run)
    assert [(it.number, it.planned.kind) for it in stored.iterations][1:] == [(2, RETRY), (3, RETRY)]
    assert {status.name: status.iterations for status in stored.features if len(status.iterations) > 1} == {
        "shaky": (1, 2),
        "broken": (1, 2, 3),
    }


def test_numbers_go_on_after_those_of_a_check_and_what_passed_with_nothing_changed_is_left_alone(
    past: Past, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine({"shaky": {2}, "broken": {1, 3}})
    recording = recorded(past, engine, monkeypatch, [IterationKind.PLAIN, PERTURBED, IterationKind.TWIN])
    retry(past, recording, settings)
    assert [(planned.number, names) for planned, names in engine.ran] == [(4, ["broken"])]


@pytest.mark.parametrize(
    ("quarantine", "chosen"),
    [
        ([("shop.sh*", FAR)], ["broken"]),
        ([("shaky", PAST_DAY)], ["shaky", "broken"]),
        ([("shaky", FAR), ("shaky", PAST_DAY)], ["shaky", "broken"]),
        ([("*", FAR)], None),
    ],
)
def test_what_is_in_quarantine_is_not_retried_unless_that_is_over(
    past: Past,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    quarantine: list[tuple[str, date]],
    chosen: list[str] | None,
) -> None:
    engine = Engine({"shaky": {1}, "broken": {1}})
    recording = recorded(past, engine, monkeypatch)
    entries = tuple(Quarantine(feature=glob, reason="a race", until=day, in_file=True) for glob, day in quarantine)
    retry(past, recording, replace(settings, quarantine=entries))
    assert [names for _, names in engine.ran] == ([chosen] if chosen else [])


def test_nothing_is_retried_when_most_features_failed(
    past: Past, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(dict.fromkeys(NAMES[:4], (1,)))
    recording = recorded(past, engine, monkeypatch)
    (notice,) = retry(past, recording, settings).notices
    assert notice == "Nothing was retried, since most features failed (4 of 6)."
    assert engine.ran == []


@pytest.mark.parametrize(("failing", "count"), [({}, 2), ({"shaky": {1}}, 0)])
def test_without_a_failure_or_a_chance_nothing_is_said(
    past: Past, settings: Settings, monkeypatch: pytest.MonkeyPatch, failing: dict[str, set[int]], count: int
) -> None:
    engine = Engine(failing)
    recording = recorded(past, engine, monkeypatch)
    assert retry(past, recording, settings.override(retries=count)) == retries.Retries()
    assert engine.ran == []


def test_what_failed_in_a_repeated_call_is_called_repeatedly(
    past: Past, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine({"shaky": {1}}, error="scenario 1 (tea): in a repeated call: ValueError: no")
    retry(past, recorded(past, engine, monkeypatch), settings)
    (only,) = engine.ran
    options = RunOptions()
    assert only[0].conditions.judged_calls == 1 + options.warmup_count + options.min_sample_count


@pytest.mark.parametrize(
    ("trouble", "notice", "interrupted"),
    [
        (KeyboardInterrupt(), "cut short", True),
        (EnvironmentFailure("No process can be started."), "could not be retried: No process", False),
    ],
)
def test_what_ends_it_early_leaves_the_run_as_it_was(
    past: Past,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    trouble: BaseException,
    notice: str,
    interrupted: bool,
) -> None:
    engine = Engine({"shaky": {1}})
    recording = recorded(past, engine, monkeypatch)
    engine.trouble = trouble
    answer = retry(past, recording, settings)
    assert notice in answer.notices[0]
    assert answer.interrupted is interrupted
    assert past.store.result(recording.run).run.state is RunState.COMPLETE


SUITE = """
from pathlib import Path
from aicmo_perf import feature

ATTEMPTS = Path(__file__).with_name("attempts")
calls = []


def has_run_before():
    count = len(ATTEMPTS.read_text()) if ATTEMPTS.exists() else 0
    if not calls:
        ATTEMPTS.write_text("x" * (count + 1))
    calls.append(count)
    return calls[0] > 0


@feature
def sturdy(): return 1


@feature
def solid(): return 2


@feature
def firm(): return 3


@feature(critical=True)
def shaky():
    if not has_run_before():
        raise ValueError("the first attempt")


@feature
def aside():
    raise ValueError("always")


tired = []


@feature
def tiring():
    tired.append(1)
    if len(tired) > 2:
        raise ValueError("too often")
"""


@pytest.fixture
def project(tmp_path: Path, settings: Settings) -> Settings:
    """A suite whose features fail at the first attempt, always, or when they are called too often."""
    (tmp_path / "selftest.py").write_text(SUITE)
    aside = Quarantine(feature="aside", reason="a race", until=FAR, in_file=True)
    return replace(settings, suites=("selftest.py",), quarantine=(aside,)).override(
        deterministic=True, min_sample_count=2, max_sampling_seconds=0.0
    )


def test_a_gated_run_retries_and_a_later_look_at_it_agrees(project: Settings) -> None:
    events: list[EngineEvent] = []
    outcome = execute_run(project, gate=True, on_event=events.append)
    statuses = {status.name: status for status in outcome.judged.result.features}
    kinds = {it.number: it.planned.kind for it in outcome.judged.result.iterations}
    assert {name: status.iterations for name, status in statuses.items()} == {
        "sturdy": (1,),
        "solid": (1,),
        "firm": (1,),
        "shaky": (1, 2),
        "aside": (1,),
        "tiring": (1, 3, 4),
    }
    assert kinds == {1: IterationKind.PLAIN, 2: RETRY, 3: RETRY, 4: RETRY}
    assert [signature.status for signature in statuses["shaky"].signatures] == [Status.FAIL, Status.PASS]
    assert [signature.status for signature in statuses["tiring"].signatures] == [Status.PARTIAL] * 3
    assert any("1 passed, 1 failed every time" in notice for notice in outcome.notices)
    assert any(isinstance(event, IterationStarted) and event.iteration.number == 4 for event in events)
    found = [(finding.rule, finding.feature.name) for finding in outcome.judged.verdict.findings]
    assert found == [(Rule.FLAKY, "shaky")]
    assert any("aside failed and is quarantined" in note for note in outcome.judged.verdict.notes)
    with open_store(project.db_url, write=False) as store:
        later = judge_run(store, store.result(outcome.judged.result.run), project)
    assert later.verdict == outcome.judged.verdict


def test_a_run_without_the_gate_retries_nothing(project: Settings) -> None:
    outcome = execute_run(project)
    assert [it.number for it in outcome.judged.result.iterations] == [1]
    assert [finding.rule for finding in outcome.judged.verdict.findings] == [Rule.CRITICAL_FAILING]


def test_a_real_interrupt_ends_the_retries(project: Settings, past: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = recorded(past, Engine({"shaky": {1}}), monkeypatch)
    monkeypatch.undo()
    plan = EnginePlan(suites=project.suites, mode=Mode.DETERMINISTIC, project_root=project.project_root)
    reader, writer = os.pipe()
    try:
        os.write(writer, b"x")
        answer = retry_failures(
            past.store, recording, plan, project, interrupt=reader, on_event=lambda event: None, clock=lambda: 0.0
        )
    finally:
        os.close(reader)
        os.close(writer)
    assert answer.interrupted
