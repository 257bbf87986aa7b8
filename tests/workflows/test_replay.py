"""Replaying an iteration: what is run, what is shown, what is said of it; with an engine that is told what to do."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from aicmo_perf.config import Settings
from aicmo_perf.errors import EnvironmentFailure, NotFoundError, UsageError
from aicmo_perf.model import (
    Conditions,
    DiscoverRule,
    Feature,
    FeatureKey,
    FeatureStatus,
    Iteration,
    IterationKind,
    IterationResult,
    Mode,
    OrderKind,
    PlannedIteration,
    Possibilities,
    Run,
    RunFilter,
    RunOptions,
    RunState,
    Signature,
    Status,
    time_ordered_uuid,
)
from aicmo_perf.model.replay import Observed, ReplayedFeature, Reproduction
from aicmo_perf.self_test.engine import EngineEvent
from aicmo_perf.self_test.plan import EnginePlan
from aicmo_perf.workflows import replay
from aicmo_perf.workflows.replay import replay_iteration
from tests.workflows.past import Past

BEGINNING = datetime(2025, 3, 1, 12, tzinfo=UTC)
FIRST, SECOND, THIRD = (Feature(suite="shop", qualified_name=f"shop.{name}", name=name) for name in ("a", "b", "c"))
REVERSE = Conditions(order=OrderKind.REVERSE, hash_seed=17)
PASS, FAIL = Signature(Status.PASS, 0, 0), Signature(Status.FAIL, 1, 0)


def result(feature: Feature, number: int = 1, *, fails: bool = False, digest: str = "d1") -> IterationResult:
    return IterationResult(
        feature=feature,
        iteration=number,
        status=Status.FAIL if fails else Status.PASS,
        errors=("no",) if fails else (),
        output_digest=digest,
    )


class Engine:
    """Remembers what it was asked, and answers with what it was given."""

    def __init__(self) -> None:
        self.answers: dict[FeatureKey, IterationResult] = {}
        self.plan: EnginePlan | None = None
        self.planned: PlannedIteration | None = None
        self.possible = Possibilities(clock=True, cpu_count=4)

    def run_iteration(
        self, plan: EnginePlan, planned: PlannedIteration, *, only: Sequence[FeatureKey], interrupt: int | None
    ) -> Generator[EngineEvent, None, None]:
        self.plan, self.planned = plan, planned
        assert tuple(only) == planned.order
        for key in only:
            if key in self.answers:
                yield self.answers[key]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    engine = Engine()
    engine.answers = {each.key: result(each) for each in (FIRST, SECOND, THIRD)}
    monkeypatch.setattr(replay, "run_iteration", engine.run_iteration)
    monkeypatch.setattr(replay, "possibilities", lambda plan: engine.possible)
    return engine


def add_run(past: Past, conditions: Conditions = REVERSE, **facts: Any) -> Run:
    """A plain iteration in which all pass, and a changed one: the second fails, and the third has another output."""
    options = RunOptions(quick=False, iterations=2, seed=7, flakiness_check=True)
    run = past.store.start_run(
        Run(
            uuid=time_ordered_uuid(1, b"0123456789"),
            started_at=BEGINNING,
            mode=Mode.DETERMINISTIC,
            options=options,
            suites=("shop",),
            **facts,
        )
    )
    changed = {SECOND.key: result(SECOND, 2, fails=True), THIRD.key: result(THIRD, 2, digest="d2")}
    for each in (FIRST, SECOND, THIRD):
        both = [result(each), changed.get(each.key, result(each, 2))]
        for count in (1, 2):
            past.store.record(run, both[count - 1], FeatureStatus.from_iterations(both[:count]))
    order = (THIRD.key, SECOND.key, FIRST.key)
    for planned in (
        PlannedIteration(number=1, seed=7),
        PlannedIteration(number=2, kind=IterationKind.PERTURBED, conditions=conditions, order=order, seed=5),
    ):
        past.store.record_iteration(run, Iteration(planned=planned, started_at=BEGINNING, duration_seconds=1.0))
    return past.store.finish_run(run, RunState.COMPLETE, BEGINNING)


def names(shown: Sequence[ReplayedFeature]) -> list[str]:
    return [each.feature.name for each in shown]


def test_what_deviated_is_run_again_exactly(past: Past, settings: Settings, engine: Engine) -> None:
    run = add_run(past)
    engine.answers[SECOND.key] = result(SECOND, fails=True)
    replayed = replay_iteration(settings, f"{run.id}:2")
    assert engine.planned is not None
    assert engine.plan is not None
    assert (engine.planned.conditions, engine.planned.seed) == (REVERSE, 5)
    assert engine.planned.order == (THIRD.key, SECOND.key, FIRST.key)
    assert (engine.plan.mode, engine.plan.options) == (Mode.DETERMINISTIC, run.options)
    assert names(replayed.features) == ["c", "b"]
    assert [each.reproduction for each in replayed.features] == [Reproduction.NO, Reproduction.YES]
    assert replayed.is_failing
    assert past.store.result(run) == past.store.result(past.store.find_run("latest"))
    assert len(past.store.runs(RunFilter(companions=True))) == 1


def test_features_after_the_last_one_asked_for_are_left_out(past: Past, settings: Settings, engine: Engine) -> None:
    add_run(past)
    replayed = replay_iteration(settings, "latest:2", selection=["b"])
    assert engine.planned is not None
    assert engine.planned.order == (THIRD.key, SECOND.key)
    assert names(replayed.features) == ["b"]
    assert not replayed.is_failing


@pytest.mark.parametrize("conditions", [Conditions(worker_count=2), Conditions(earlier_process_count=1)])
def test_none_is_left_out_where_later_ones_matter(
    past: Past, settings: Settings, engine: Engine, conditions: Conditions
) -> None:
    add_run(past, conditions)
    replay_iteration(settings, "latest:2", selection=["c"])
    assert engine.planned is not None
    assert engine.planned.order == (THIRD.key, SECOND.key, FIRST.key)


def test_the_first_iteration_shows_what_differs_anywhere(past: Past, settings: Settings, engine: Engine) -> None:
    add_run(past)
    assert names(replay_iteration(settings, "latest:1").features) == ["b", "c"]
    assert names(replay_iteration(settings, "latest:1", everything=True).features) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("usual", "then", "now", "reproduction"),
    [
        (Observed(PASS, "d1"), Observed(FAIL, None), result(FIRST, fails=True), Reproduction.YES),
        (Observed(PASS, "d1"), Observed(FAIL, None), result(FIRST), Reproduction.NO),
        (Observed(PASS, "d1"), Observed(PASS, "d2"), result(FIRST, digest="d2"), Reproduction.YES),
        (Observed(PASS, "d1"), Observed(PASS, "d2"), result(FIRST, digest="d1"), Reproduction.NO),
        (Observed(PASS, "d1"), Observed(PASS, "d2"), result(FIRST, digest="d3"), Reproduction.OTHER_OUTPUT),
        (Observed(PASS, "d1"), Observed(PASS, "d2"), None, Reproduction.NO),
        (None, Observed(PASS, "d2"), result(FIRST, digest="d2"), Reproduction.YES),
    ],
)
def test_reproduced_means_the_same_deviation(
    usual: Observed | None, then: Observed, now: IterationResult | None, reproduction: Reproduction
) -> None:
    assert ReplayedFeature(feature=FIRST, usual=usual, then=then, now=now).reproduction is reproduction


def test_suites_are_found_by_the_names_that_the_run_has(past: Past, settings: Settings, engine: Engine) -> None:
    run = add_run(past)
    (settings.project_root / "checks").mkdir()
    (settings.project_root / "checks/tea.py").touch()
    rule, other = DiscoverRule(modules="shop.gen.*"), DiscoverRule(modules="bakery.*")
    settings = settings.override(suites=("selftest.py", "other.py"), discover=(rule, other))
    run = past.store.start_run(
        Run(uuid=time_ordered_uuid(2, b"0123456789"), started_at=BEGINNING, suites=("selftest", "checks/tea", "x.y"))
    )
    for suite in ("selftest", "checks/tea", "shop.gen", "x.y"):
        each = Feature(suite=suite, qualified_name="f", name="f")
        past.store.record(run, result(each), FeatureStatus.from_iterations([result(each)]))
        engine.answers[each.key] = result(each)
    past.store.record_iteration(run, Iteration(planned=PlannedIteration(number=1), started_at=BEGINNING))
    past.store.finish_run(run, RunState.COMPLETE, BEGINNING)
    replay_iteration(settings, f"{run.id}:1")
    assert engine.plan is not None
    assert engine.plan.suites == ("selftest.py", "checks/tea.py", "x.y")
    assert engine.plan.discover == (rule,)


@pytest.mark.parametrize(
    ("conditions", "sentence"),
    [
        (Conditions(clock_shift_seconds=60.0), "another date"),
        (Conditions(locale="de_DE.utf8"), "the locale de_DE.utf8, which is not installed"),
        (Conditions(cpu_count=64), "64 CPUs"),
    ],
)
def test_conditions_that_cannot_be_had_are_refused(
    past: Past, settings: Settings, engine: Engine, conditions: Conditions, sentence: str
) -> None:
    engine.possible = Possibilities(cpu_count=2)
    add_run(past, conditions)
    with pytest.raises(EnvironmentFailure, match=sentence):
        replay_iteration(settings, "latest:2")
    assert engine.planned is None


@pytest.mark.parametrize(
    ("reference", "error", "sentence"),
    [
        ("12", UsageError, "names no iteration"),
        ("latest:first", UsageError, "names no iteration"),
        ("latest:3", NotFoundError, "has no iteration 3"),
        ("77:1", NotFoundError, "no run '77'"),
    ],
)
def test_what_is_not_there_is_named(
    past: Past, settings: Settings, engine: Engine, reference: str, error: type[Exception], sentence: str
) -> None:
    add_run(past)
    with pytest.raises(error, match=sentence):
        replay_iteration(settings, reference)


def test_runs_of_which_too_little_is_known_are_refused(past: Past, settings: Settings, engine: Engine) -> None:
    past.add()
    with pytest.raises(NotFoundError, match="not known what its iterations ran under"):
        replay_iteration(settings, "latest:1")


def test_it_is_an_error_when_nothing_to_be_shown_is_left(past: Past, settings: Settings, engine: Engine) -> None:
    add_run(past)
    engine.answers = {THIRD.key: result(THIRD)}
    assert replay_iteration(settings, "latest:2").features[1].now is None
    with pytest.raises(NotFoundError, match="None of 1 feature to be shown"):
        replay_iteration(settings, "latest:2", selection=["b"])
    with pytest.raises(NotFoundError, match="No feature matches"):
        replay_iteration(settings, "latest:2", selection=["nobody"])


def test_another_commit_is_told(
    past: Past, settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_SHA", "b" * 40)
    run = add_run(past, commit_sha="a" * 40)
    (notice,) = replay_iteration(settings, "latest:2").notices
    assert notice == f"Run {run.id} was of commit aaaaaaaaaa; the code here is of bbbbbbbbbb."
    monkeypatch.setenv("GITHUB_SHA", "a" * 40)
    assert replay_iteration(settings, "latest:2").notices == ()
