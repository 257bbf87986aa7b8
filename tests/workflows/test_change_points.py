"""Change points from the store: the kept answer is the answer from scratch, whatever happened to the runs."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import astuple, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from aicmo_perf.model import (
    ChangePoint,
    Environment,
    Feature,
    FeatureStatus,
    IterationResult,
    Line,
    Mode,
    Run,
    RunFilter,
    RunRole,
    RunState,
    Status,
    time_ordered_uuid,
)
from aicmo_perf.stats import change_points as detection
from aicmo_perf.stats.change_points import settle, shifts_of
from aicmo_perf.store import Store, open_store
from aicmo_perf.store.analyses import Analyses
from aicmo_perf.workflows.change_points import ALGORITHM, all_change_points, change_points_of

BEGINNING = datetime(2025, 3, 1, 12, tzinfo=UTC)
FEATURES = tuple(Feature(suite="shop", qualified_name=f"shop.{name}", name=name) for name in ("swot", "deck", "plan"))
SWOT, DECK, PLAN = FEATURES
LINE = Line(environment=Environment({"x": 1}).fingerprint, mode=Mode.DETERMINISTIC, quick=True, branch="main")
SMALL = replace(detection.PERFORMANCE, window=24, block=8, hindsight=10)


class Project:
    """A store whose runs come hour by hour, unless it is said otherwise."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.count = 0

    def run(
        self,
        seconds: dict[Feature, float | None],
        *,
        hour: float | None = None,
        scenario_count: int = 2,
        **facts: object,
    ) -> Run:
        """A finished run in which the features took so long; those without a time failed."""
        self.count += 1
        usual: dict[str, object] = {
            "uuid": time_ordered_uuid(self.count, self.count.to_bytes(10, "big")),
            "started_at": BEGINNING + timedelta(hours=self.count if hour is None else hour),
            "state": RunState.RUNNING,
            "mode": LINE.mode,
            "environment": Environment({"x": 1}),
            "branch": LINE.branch,
        }
        state = facts.pop("state", RunState.COMPLETE)
        run = self.store.start_run(Run(**{**usual, **facts}))  # type: ignore[arg-type]
        for feature, value in seconds.items():
            result = IterationResult(
                feature=feature,
                status=Status.PASS if value is not None else Status.FAIL,
                scenario_count=scenario_count,
                samples_seconds=() if value is None else (value,),
            )
            self.store.record(run, result, FeatureStatus.from_iterations([result]))
        return run if state is RunState.RUNNING else self.finish(run, state)

    def finish(self, run: Run, state: RunState = RunState.COMPLETE) -> Run:
        return self.store.finish_run(run, state, run.started_at)

    def runs(self, count: int, seconds: dict[Feature, float], generator: random.Random) -> list[Run]:
        """So many runs at a level, give or take half a percent."""
        return [
            self.run({key: value * generator.lognormvariate(0, 0.005) for key, value in seconds.items()})
            for _ in range(count)
        ]

    def delete(self, run: Run) -> None:
        with self.store._database.writing() as connection:
            connection.exec_driver_sql(f"DELETE FROM runs WHERE id = {run.id}")


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "history.db"
    open_store(path).close()
    return path


@pytest.fixture
def path(empty_store: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(empty_store, tmp_path / "history.db"))


@pytest.fixture
def project(path: Path) -> Iterator[Project]:
    with open_store(path) as store:
        yield Project(store)


@pytest.fixture(autouse=True)
def small_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    """Series of some forty values that settle in blocks of eight, as those of hundreds do by default."""
    monkeypatch.setattr(detection, "settle", partial(settle, detector=SMALL))
    monkeypatch.setattr(detection, "shifts_of", partial(shifts_of, detector=SMALL))


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many results each look into the store gave."""
    counts: list[int] = []
    original = Analyses.measured

    def counting(self, *arguments):
        found = original(self, *arguments)
        counts.append(sum(len(series.places) for series in found.values()))
        return found

    monkeypatch.setattr(Analyses, "measured", counting)
    return counts


def from_scratch(store: Store, line: Line = LINE) -> tuple[ChangePoint, ...]:
    """The answer by the plain definition: each series as a whole, by the one detector, and nothing kept."""
    runs = [run for run in store.runs(RunFilter(state=RunState.COMPLETE)) if Line.of(run) == line]
    found = []
    for series in store.all_series(runs):
        passed = [point for point in series.points if point.status is Status.PASS and point.low_seconds is not None]
        points = [point for point in passed if point.scenario_count == passed[-1].scenario_count]
        for shift in shifts_of([point.low_seconds or 0.0 for point in points], detector=SMALL):
            found.append(
                ChangePoint(
                    feature=series.feature,
                    run=points[shift.index].run,
                    previous_run=points[shift.index - 1].run,
                    before_seconds=shift.level_before,
                    after_seconds=shift.level_after,
                    confidence=shift.confidence,
                )
            )
    return tuple(sorted(found, key=lambda point: (point.run.moment, point.feature.key)))


def test_a_change_point_names_its_runs_and_levels(project):
    generator = random.Random(1)
    before = project.runs(12, {SWOT: 1.0, DECK: 5.0}, generator)
    after = project.runs(12, {SWOT: 1.5, DECK: 5.0}, generator)

    (point,) = change_points_of(project.store, LINE)

    assert (point.feature, point.run, point.previous_run) == (SWOT, after[0], before[-1])
    assert point.before_seconds == pytest.approx(1.0, rel=0.01)
    assert point.after_seconds == pytest.approx(1.5, rel=0.01)
    assert point.ratio == pytest.approx(1.5, rel=0.02)
    assert 0.9 < point.confidence <= 1
    assert change_points_of(project.store, LINE, [SWOT]) == (point,)
    assert change_points_of(project.store, LINE, [DECK]) == ()


@pytest.mark.parametrize("seed", range(4))
def test_what_is_kept_is_the_answer_from_scratch_whatever_happens(project, seed):
    generator = random.Random(seed)
    levels = {SWOT: 1.0, DECK: 0.02, PLAN: 3e-6}
    known: list[Run] = []
    going_on: list[Run] = []
    scenario_count = 2

    def seconds() -> dict[Feature, float | None]:
        return {
            feature: None if generator.random() < 0.05 else level * generator.lognormvariate(0, 0.005)
            for feature, level in levels.items()
            if generator.random() < 0.95
        }

    found_some = False
    for step in range(110):
        chance = generator.random()
        if chance < 0.06:
            levels[generator.choice(FEATURES)] *= generator.choice([0.6, 0.8, 1.3, 1.7])
        if chance < 0.05 and known:
            hour = generator.uniform(0, project.count)
            known.append(project.run(seconds(), hour=hour, scenario_count=scenario_count))
        elif chance < 0.08 and known:
            project.delete(known.pop(generator.randrange(len(known))))
        elif chance < 0.12:
            going_on.append(project.run(seconds(), state=RunState.RUNNING, scenario_count=scenario_count))
        elif chance < 0.15 and going_on:
            known.append(project.finish(going_on.pop(generator.randrange(len(going_on)))))
        elif chance < 0.20 and known:
            project.run(seconds(), companion_of=known[-1].id, role=RunRole.RERUN_HEAD)
        elif chance < 0.25:
            project.run(seconds(), branch=generator.choice([None, "topic"]))
        elif chance < 0.26:
            scenario_count = generator.choice([2, 3])
        else:
            known.append(project.run(seconds(), scenario_count=scenario_count))
        if generator.random() < 0.3 or step == 109:
            expected = from_scratch(project.store)
            for _ in range(2):
                assert change_points_of(project.store, LINE) == expected, step
            found_some = found_some or bool(expected)
    assert found_some
    topic = replace(LINE, branch=None)
    assert change_points_of(project.store, topic) == from_scratch(project.store, topic)


def test_a_pull_request_from_a_branch_called_main_has_a_line_of_its_own(project):
    generator = random.Random(5)
    project.runs(30, {SWOT: 1.0}, generator)
    ours = [project.run({SWOT: 2.0 * generator.lognormvariate(0, 0.005)}, pull_request="7") for _ in range(15)]
    theirs = replace(LINE, pull_request="7")

    assert Line.of(ours[0]) == theirs
    assert change_points_of(project.store, LINE) == ()
    assert change_points_of(project.store, theirs) == ()
    project.runs(15, {SWOT: 2.0}, generator)
    assert len(change_points_of(project.store, LINE)) == 1


def test_a_fresh_answer_needs_no_results(project, measured):
    project.runs(40, {SWOT: 1.0}, random.Random(2))
    first = change_points_of(project.store, LINE)
    measured.clear()
    assert change_points_of(project.store, LINE) == first
    assert measured == []


def test_later_runs_cost_the_tail_alone(project, measured):
    generator = random.Random(3)
    project.runs(60, dict.fromkeys(FEATURES, 1.0), generator)
    change_points_of(project.store, LINE)
    assert sum(measured) == 180
    measured.clear()
    project.runs(2, dict.fromkeys(FEATURES, 1.0), generator)
    assert change_points_of(project.store, LINE) == from_scratch(project.store)
    assert sum(measured) <= 3 * SMALL.window


def test_only_the_feature_whose_inputs_changed_is_analysed_anew(project, measured):
    generator = random.Random(4)
    project.runs(60, {SWOT: 1.0, DECK: 1.0}, generator)
    change_points_of(project.store, LINE)
    measured.clear()
    run = project.run({SWOT: 1.0}, state=RunState.RUNNING)
    result = IterationResult(feature=DECK, status=Status.PASS, scenario_count=9, samples_seconds=(7.0,))
    project.store.record(run, result, FeatureStatus.from_iterations([result]))
    project.finish(run)
    assert change_points_of(project.store, LINE) == from_scratch(project.store)
    assert measured[1:] == [61], "the deck's, from the first on"


def test_reading_alone_gives_the_same_answer_and_keeps_nothing(project, path):
    generator = random.Random(5)
    project.runs(30, {SWOT: 1.0, DECK: 1.0}, generator)
    project.runs(30, {SWOT: 2.0, DECK: 1.0}, generator)
    expected = from_scratch(project.store)
    assert len(expected) == 1
    project.store.close()
    before = path.read_bytes()
    with open_store(path, write=False) as reader:
        assert change_points_of(reader, LINE) == expected
        assert change_points_of(reader, LINE, [SWOT]) == expected
        assert change_points_of(reader, LINE, [DECK]) == ()
        assert not reader.analyses.state_of(LINE, ALGORITHM).covered_count
    assert path.read_bytes() == before


def test_asking_for_one_feature_keeps_all(project, measured):
    project.runs(30, {SWOT: 1.0, DECK: 1.0}, random.Random(6))
    change_points_of(project.store, LINE, [DECK])
    measured.clear()
    change_points_of(project.store, LINE)
    assert measured == []


@pytest.mark.parametrize("happens", ["a run", "an older run", "a deletion", "the same analysis", "a later analysis"])
@pytest.mark.parametrize("has_kept", [True, False])
def test_whoever_is_slower_spoils_nothing(project, path, monkeypatch, happens, has_kept):
    """Between another process's reading and its writing, something happens."""
    generator = random.Random(7)
    runs = project.runs(14, {SWOT: 1.0}, generator)
    project.runs(14, {SWOT: 2.0}, generator)
    if has_kept:
        change_points_of(project.store, LINE)
    project.runs(1, {SWOT: 2.0}, generator)
    expected = from_scratch(project.store)
    assert expected

    original = Analyses.keep
    with open_store(path) as other:

        def meanwhile(self, state, found):
            monkeypatch.setattr(Analyses, "keep", original)
            if happens in ("a run", "a later analysis"):
                project.runs(1, {SWOT: 2.0}, generator)
            elif happens == "an older run":
                project.run({SWOT: 1.0}, hour=0.5)
            elif happens == "a deletion":
                project.delete(runs[-1])
            if happens.endswith("analysis"):
                change_points_of(project.store, LINE)
            original(self, state, found)

        monkeypatch.setattr(Analyses, "keep", meanwhile)
        found = change_points_of(other, LINE)
    # what was true when it was read; but that a shift lay at a run which is gone helps nobody
    assert found == (() if happens == "a deletion" else expected)
    assert change_points_of(project.store, LINE) == from_scratch(project.store)


def test_what_is_kept_is_named_after_the_detector_as_it_is():
    """Whoever changes one of these counts ALGORITHM up, or stores go on giving the answers of before."""
    assert (ALGORITHM, astuple(detection.PERFORMANCE)) == (
        "performance-1",
        (True, "noise", 0.1, 0.6, 0.002, 0.02, 4, 8, 300, 100, 100),
    )


def test_what_another_algorithm_kept_is_not_believed(project, measured, monkeypatch):
    generator = random.Random(8)
    project.runs(30, {SWOT: 1.0}, generator)
    change_points_of(project.store, LINE)
    project.runs(1, {SWOT: 1.0}, generator)
    measured.clear()
    monkeypatch.setattr("aicmo_perf.workflows.change_points.ALGORITHM", "another")
    assert change_points_of(project.store, LINE) == from_scratch(project.store)
    assert sum(measured) == 31


def test_all_change_points_are_those_at_the_runs_of_a_filter(project):
    generator = random.Random(9)
    invoice = replace(SWOT, suite="billing")
    project.runs(12, {SWOT: 1.0}, generator)
    (on_main, *_) = project.runs(12, {SWOT: 2.0}, generator)
    project.runs(9, {SWOT: 2.0, invoice: 1.0}, generator)
    project.runs(9, {SWOT: 2.0, invoice: 2.0}, generator)
    for seconds in (3.0, 6.0):
        for _ in range(12):
            run = project.run({DECK: seconds * generator.lognormvariate(0, 0.005)}, branch="topic")
    project.run({SWOT: 9.0}, state=RunState.INTERRUPTED, branch="broken")
    store = project.store
    found = all_change_points(store, RunFilter())
    assert [(point.feature, point.run.branch) for point in found] == [
        (SWOT, "main"),
        (invoice, "main"),
        (DECK, "topic"),
    ]
    assert found[0].run == on_main
    assert all_change_points(store, RunFilter(branch="topic")) == found[2:]
    assert all_change_points(store, RunFilter(since=run.started_at)) == ()
    assert all_change_points(store, RunFilter(last=13)) == found[2:]
    assert all_change_points(store, RunFilter(suite="billing")) == found[1:2]


def test_progress_is_told_while_there_is_something_to_compute(project):
    features = [Feature(suite="shop", qualified_name=f"f{number}", name=f"f{number}") for number in range(120)]
    project.run(dict.fromkeys(features, 1.0))
    told: list[tuple[int, int]] = []
    for _ in range(2):
        change_points_of(project.store, LINE, on_progress=lambda done, total: told.append((done, total)))
    assert told == [(50, 120), (100, 120), (120, 120)]


def test_an_unknown_line_and_an_empty_one(project):
    assert change_points_of(project.store, LINE) == ()
    run = project.run({})
    for line in (LINE, replace(LINE, environment="e1-nowhere")):
        for _ in range(2):
            assert change_points_of(project.store, line) == ()
    project.delete(run)
    assert change_points_of(project.store, LINE) == ()


def test_a_fresh_answer_imports_no_numpy(project, path):
    generator = random.Random(10)
    project.runs(12, {SWOT: 1.0}, generator)
    project.runs(12, {SWOT: 2.0}, generator)
    assert len(change_points_of(project.store, LINE)) == 1
    script = (
        "import sys; from aicmo_perf.model import Line, RunFilter; from aicmo_perf.store import open_store\n"
        "from aicmo_perf.workflows.change_points import change_points_of\n"
        "with open_store(sys.argv[1], write=False) as store:\n"
        "    print(len(change_points_of(store, Line.of(store.find_run('latest')))), 'numpy' in sys.modules)"
    )
    finished = subprocess.run([sys.executable, "-c", script, path], check=True, capture_output=True, text=True)
    assert finished.stdout.split() == ["1", "False"]
