"""Runs in a store, for workflows to judge: the tests say only what matters to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from aicmo_perf.model import (
    Environment,
    Feature,
    FeatureStatus,
    IterationResult,
    Mode,
    Run,
    RunState,
    SelfTestResult,
    Status,
    time_ordered_uuid,
)
from aicmo_perf.store import Store

BEGINNING = datetime(2025, 3, 1, 12, tzinfo=UTC)
MACHINE = Environment({"cpu_model": "Processor 1", "python_version": "3.12.1"})
WOBBLE = (1.01, 0.99, 1.0, 1.02, 0.98, 1.005, 0.995, 1.012, 0.988, 1.001, 1.004)
NAMES = ("swot", "persona", "pillars", "calendar", "summary", "deck")


def feature_of(name: str) -> Feature:
    return Feature(suite="shop", qualified_name=f"shop.{name}", name=name)


class Past:
    """A store that is filled run by run, an hour apart."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._count = 0

    def add(
        self,
        slower: Mapping[str, float] | None = None,
        *,
        names: Sequence[str] = NAMES,
        iterations: int = 1,
        factor: float = 1.0,
        state: RunState = RunState.COMPLETE,
        **facts: Any,
    ) -> Run:
        """A run in which all features take 10, 20, ... ms, with some wobble.

        Args:
            slower: ratios by name.
            names: which features it has.
            iterations: fresh processes; each wobbles a little otherwise.
            factor: of all features alike.
            state: in which it ended.
            facts: of the run.
        """
        self._count += 1
        started_at = BEGINNING + timedelta(hours=self._count)
        usual: dict[str, Any] = {
            "uuid": time_ordered_uuid(int(started_at.timestamp() * 1000), self._count.to_bytes(10, "big")),
            "started_at": started_at,
            "state": RunState.RUNNING,
            "mode": Mode.DETERMINISTIC,
            "suites": ("shop",),
            "environment": MACHINE,
            "branch": "main",
            "tool_version": "1.0",
        }
        run = self.store.start_run(Run(**{**usual, **facts}))
        for name in names:
            number = NAMES.index(name)
            results: list[IterationResult] = []
            for iteration in range(1, iterations + 1):
                wobble = WOBBLE[(self._count * 3 + number * 5 + iteration * 2) % len(WOBBLE)]
                seconds = 0.01 * (number + 1) * factor * (slower or {}).get(name, 1.0) * wobble
                results.append(
                    IterationResult(
                        feature=feature_of(name),
                        iteration=iteration,
                        status=Status.PASS,
                        samples_seconds=tuple(seconds * (1 + 0.001 * step) for step in range(10)),
                        cpu_seconds=seconds,
                    )
                )
                self.store.record(run, results[-1], FeatureStatus.from_iterations(results))
        return self.store.finish_run(run, state, started_at + timedelta(minutes=1))

    def add_many(self, count: int, slower: Mapping[str, float] | None = None, **facts: Any) -> list[Run]:
        """Several runs alike."""
        return [self.add(slower, **facts) for _ in range(count)]

    def result(self, run: Run) -> SelfTestResult:
        """A run as it is stored."""
        return self.store.result(run)
