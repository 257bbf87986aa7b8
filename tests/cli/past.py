"""A past that was never measured: runs with chosen runtimes, written straight into the history."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aicmo_perf.model import (
    Environment,
    Feature,
    FeatureStatus,
    IterationResult,
    Mode,
    Run,
    RunRole,
    RunState,
    Status,
    time_ordered_uuid,
)
from aicmo_perf.store import Store, open_store

START = datetime(2025, 3, 1, 9, 30, tzinfo=UTC)
MACHINE = Environment({"cpu_model": "Apple M2", "cpu_count": 8, "python_version": "3.12.1"})
DATABASE = Path(".aicmo-perf/history.db")


def write_past(levels: Mapping[str, Sequence[float]], *, noise: float = 0.01, seed: int = 1) -> None:
    """Write one run a level: the i-th run takes each feature's i-th number of seconds, give or take the noise."""
    dice = random.Random(seed)
    with open_store(DATABASE) as store:
        for number in range(len(next(iter(levels.values())))):
            seconds = {name: levels[name][number] * dice.lognormvariate(0, noise) for name in levels}
            write_run(store, number, seconds)


def write_run(
    store: Store,
    number: int,
    seconds: Mapping[str, float],
    *,
    role: RunRole = RunRole.SINGLE,
    companion_of: int | None = None,
    pull_request: str | None = None,
) -> Run:
    """Write one run, an hour after that of the number before, of the commit of its number."""
    started_at = START + timedelta(hours=number)
    run = store.start_run(
        Run(
            uuid=time_ordered_uuid(int(started_at.timestamp() * 1000), number.to_bytes(10, "big")),
            started_at=started_at,
            mode=Mode.DETERMINISTIC,
            state=RunState.RUNNING,
            suites=("shop",),
            environment=MACHINE,
            commit_sha=f"{number:07x}" + "0" * 33,
            branch="main",
            dirty=False,
            pull_request=pull_request,
            role=role,
            companion_of=companion_of,
            tool_version="0.1.0",
        )
    )
    for name, value in seconds.items():
        result = IterationResult(
            feature=Feature(suite="shop", qualified_name=f"shop.{name}", name=name),
            status=Status.PASS,
            samples_seconds=(value, value * 1.01, value * 1.03),
            cpu_seconds=value,
        )
        store.record(run, result, FeatureStatus.from_iterations([result]))
    return store.finish_run(run, RunState.COMPLETE, started_at + timedelta(seconds=9))
