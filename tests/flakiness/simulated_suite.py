"""A bench that simulates processes: features with planted behaviour, directories that keep files, a load that varies.

A feature is a function of what it finds (``World``); what it says is its outcome. Thousands of them run in a second.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from aicmo_perf.flakiness.design import Design
from aicmo_perf.flakiness.orders import split_among
from aicmo_perf.model import (
    Conditions,
    Feature,
    FeatureKey,
    Iteration,
    IterationResult,
    Possibilities,
    Status,
    Trial,
)

SUITE = "shop"
WARM_CALLS = 12
EVERYTHING_POSSIBLE = Possibilities(locales=("C.UTF-8",), clock=True, cpu_count=2, random_seed=True)
START = datetime(2026, 1, 1, tzinfo=UTC)


def key(name: str) -> FeatureKey:
    return (SUITE, name)


@dataclass
class World:
    """What a feature finds."""

    conditions: Conditions
    lots: random.Random
    name: str = ""
    memory: dict[str, int] = field(default_factory=dict)
    """Of the process: module globals, environment variables, caches."""
    place: str = "the project's root"
    """The path of the working directory."""
    folder: set[str] = field(default_factory=set)
    """What the working directory holds."""
    temporary: set[str] = field(default_factory=set)
    home: set[str] = field(default_factory=set)
    """A folder that nobody ever makes anew."""
    beside: frozenset[str] = frozenset()
    """Features of the other workers."""
    is_busy: bool = False

    def count(self, what: str) -> int:
        self.memory[what] = self.memory.get(what, 0) + 1
        return self.memory[what]


@dataclass(frozen=True)
class Says:
    """A feature's outcome in one call."""

    fails: bool = False
    output: str = "the same"


Behaviour = Callable[[World], Says]


class SimulatedBench:
    """Runs planted features, in iterations and in trials."""

    def __init__(self, behaviours: Mapping[str, Behaviour], seed: int, quiet_load: float = 0.3) -> None:
        self.features = [Feature(suite=SUITE, qualified_name=name, name=name) for name in behaviours]
        self.trials: list[Trial] = []
        self._behaviours = behaviours
        self._lots = random.Random(seed)
        self._quiet_load = quiet_load
        self._folder: set[str] = set()
        self._temporary: set[str] = set()
        self._home: set[str] = set()

    def run(self, trial: Trial) -> dict[FeatureKey, IterationResult]:
        self.trials.append(trial)
        place = "a folder" if trial.conditions.fresh_directory else "another folder"
        is_busy = trial.conditions.busy_process_count > 0
        return self._processes(
            trial.features, trial.conditions, set(), set(), place, is_busy=is_busy, wants_outputs=trial.wants_outputs
        )

    def iterate(self, count: int, seed: int) -> tuple[list[Iteration], dict[FeatureKey, list[IterationResult]]]:
        """A flakiness check as it is designed."""
        design = Design(self.features, EVERYTHING_POSSIBLE, seed)
        found_order = tuple(feature.key for feature in self.features)
        iterations = []
        results: dict[FeatureKey, list[IterationResult]] = {one: [] for one in found_order}
        for number in range(1, count + 1):
            planned = design.iteration(number)
            is_busy = self._lots.random() < 0.4
            load = self._quiet_load + self._lots.random() * 0.2 + 2 * is_busy
            fresh = planned.conditions.fresh_directory
            said = self._processes(
                planned.order or found_order,
                planned.conditions,
                set() if fresh else self._folder,
                set() if fresh else self._temporary,
                f"folder {number}" if fresh else "the project's root",
                is_busy=is_busy,
                warm_calls=WARM_CALLS if planned.is_measured else 0,
                number=number,
            )
            iterations.append(
                Iteration(planned=planned, started_at=START + timedelta(minutes=number), load_average=load)
            )
            for one, result in said.items():
                results[one].append(result)
        return iterations, results

    def _processes(
        self,
        order: Sequence[FeatureKey],
        conditions: Conditions,
        folder: set[str],
        temporary: set[str],
        place: str,
        *,
        is_busy: bool,
        warm_calls: int = 0,
        wants_outputs: bool = False,
        number: int = 1,
    ) -> dict[FeatureKey, IterationResult]:
        said: dict[FeatureKey, IterationResult] = {}
        for _ in range(conditions.earlier_process_count + 1):
            said = {}
            lines = split_among(order, conditions.worker_count)
            for line in lines:
                world = World(conditions, self._lots, place=place, folder=folder, temporary=temporary, home=self._home)
                world.is_busy = is_busy
                world.beside = frozenset(name for other in lines if other is not line for _, name in other)
                for suite_and_name in line:
                    world.name = suite_and_name[1]
                    said[suite_and_name] = self._feature(world, warm_calls, wants_outputs, number)
        return said

    def _feature(self, world: World, warm_calls: int, wants_outputs: bool, number: int) -> IterationResult:
        behave = self._behaviours[world.name]
        feature = Feature(suite=SUITE, qualified_name=world.name, name=world.name)
        first = behave(world)
        is_measured = warm_calls > 0 and not first.fails
        if is_measured and any(behave(world).fails for _ in range(warm_calls)):
            return IterationResult(
                feature=feature,
                iteration=number,
                status=Status.PARTIAL,
                errors=("in a repeated call: no",),
                output_digest=first.output,
            )
        told, call = first, 1
        while call < world.conditions.judged_calls and told == first:
            told, call = behave(world), call + 1
        prefix = "in a repeated call: " if call > 1 and not first.fails else ""
        return IterationResult(
            feature=feature,
            iteration=number,
            status=Status.FAIL if told.fails else Status.PASS,
            errors=(f"{prefix}no",) if told.fails else (),
            output_digest=told.output,
            output_form=told.output if wants_outputs else None,
            judged_calls=call,
            samples_seconds=(0.001,) * warm_calls if is_measured else (),
        )


def passes(world: World) -> Says:
    return Says()


def fails_if(condition: Callable[[World], bool]) -> Behaviour:
    return lambda world: Says(fails=condition(world))


def output_of(value: Callable[[World], object]) -> Behaviour:
    return lambda world: Says(output=str(value(world)))


def sets(what: str) -> Behaviour:
    """Leaves something in the process."""

    def behave(world: World) -> Says:
        world.memory[what] = 1
        return Says()

    return behave


def removes(what: str) -> Behaviour:
    def behave(world: World) -> Says:
        world.memory.pop(what, None)
        return Says()

    return behave


def writes(where: str, what: str) -> Behaviour:
    def behave(world: World) -> Says:
        getattr(world, where).add(what)
        return Says()

    return behave


def fails_if_written_by_an_earlier_process(where: str, what: str) -> Behaviour:
    """Writes a file, and fails where another process already did."""

    def behave(world: World) -> Says:
        files = getattr(world, where)
        was_there = world.memory.setdefault("was there: " + what, what in files)
        files.add(what)
        return Says(fails=bool(was_there))

    return behave
