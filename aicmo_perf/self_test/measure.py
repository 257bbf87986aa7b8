"""Sampling: how often to call, and when it is enough; so that a 3 µs feature is measured as well as a 3 s one.

A clock's tick and the cost of reading it are a large share of a very short call, so short calls are timed in batches
and averaged (as in CPython's ``timeit``); the size of a batch is calibrated first. Samples are taken until there are
enough of them *and* they add up to enough time, but none is begun after a maximum: quick features get many samples,
slow ones at least one.

The clocks are parameters, and what is called hides behind ``Workload``: nothing here depends on a machine's speed.
"""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from aicmo_perf.model import RunOptions, median

MIN_SAMPLE_SECONDS = 25e-6
"""A sample of very fast calls lasts at least as long: hundreds of times the cost of reading the clock."""

MAX_LOOP_COUNT = 1_000_000
"""A batch has no more calls, even if the clock does not move."""

MAX_SETUP_SECONDS = 1e-3
"""Copies and seeds for one batch may take so long before batches are made smaller."""

MAX_SETUP_FACTOR = 20
"""Sampling, with all that surrounds it, may take so many times the time that samples should add up to."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Where times come from, in nanoseconds: the wall's and the process's CPU time."""

    wall_nanoseconds: Callable[[], int] = time.perf_counter_ns
    cpu_nanoseconds: Callable[[], int] = time.process_time_ns


@dataclass(frozen=True, slots=True)
class BatchTime:
    """What a batch of calls took, without what surrounds them."""

    wall_nanoseconds: int
    cpu_nanoseconds: int

    def __add__(self, other: BatchTime) -> BatchTime:
        return BatchTime(self.wall_nanoseconds + other.wall_nanoseconds, self.cpu_nanoseconds + other.cpu_nanoseconds)


class Workload(Protocol):
    """What is measured."""

    def run_batch(self, loop_count: int) -> BatchTime:
        """Call it so many times, over all its inputs, and time nothing but the calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingPolicy:
    """When there are enough samples; the fields are those of RunOptions."""

    warmup_count: int = 1
    min_sample_count: int = 10
    min_sampling_seconds: float = 0.0005
    max_sampling_seconds: float = 5.0

    @classmethod
    def from_options(cls, options: RunOptions) -> SamplingPolicy:
        """What a run's options say of sampling."""
        return cls(
            warmup_count=options.warmup_count,
            min_sample_count=options.min_sample_count,
            min_sampling_seconds=options.min_sampling_seconds,
            max_sampling_seconds=options.max_sampling_seconds,
        )

    @property
    def target_sample_seconds(self) -> float:
        """What a sample of shorter calls is aimed at: the least number adds up to enough, and half of it will do."""
        return max(2 * MIN_SAMPLE_SECONDS, self.min_sampling_seconds / self.min_sample_count)


@dataclass(frozen=True, slots=True)
class Measurement:
    """Warm samples.

    Attributes:
        samples_seconds: per call, in the order taken; never empty.
        loop_count: calls averaged within each sample.
        cpu_seconds: CPU seconds per call, median over the samples.
    """

    samples_seconds: tuple[float, ...]
    loop_count: int
    cpu_seconds: float


def measure(workload: Workload, policy: SamplingPolicy, clock: Clock) -> Measurement:
    """Take samples of a workload that was called before.

    Args:
        workload: what to call; what it raises ends the measurement and is passed on.
        policy: when there are enough.
        clock: the one that also times the batches.
    """
    began = clock.wall_nanoseconds()
    for _ in range(max(1, policy.warmup_count)):
        single = workload.run_batch(1)
    loop_count, batch = _calibrate(workload, single, policy, clock)
    # a full batch is a sample already, and without a warm-up so is a call that is long enough
    batches = [] if batch is None or (batch is single and policy.warmup_count > 0) else [batch]
    sampled_nanoseconds = sum(batch.wall_nanoseconds for batch in batches)
    while not batches or not _is_enough(
        len(batches), sampled_nanoseconds / 1e9, (clock.wall_nanoseconds() - began) / 1e9, policy
    ):
        batches.append(workload.run_batch(loop_count))
        sampled_nanoseconds += batches[-1].wall_nanoseconds
    return Measurement(
        samples_seconds=tuple(batch.wall_nanoseconds / loop_count / 1e9 for batch in batches),
        loop_count=loop_count,
        cpu_seconds=median([batch.cpu_nanoseconds for batch in batches]) / loop_count / 1e9,
    )


def _is_enough(count: int, sampled_seconds: float, elapsed_seconds: float, policy: SamplingPolicy) -> bool:
    if elapsed_seconds >= policy.max_sampling_seconds:
        return True
    return count >= policy.min_sample_count and (
        sampled_seconds >= policy.min_sampling_seconds
        or elapsed_seconds >= MAX_SETUP_FACTOR * policy.min_sampling_seconds
    )


def _calibrate(
    workload: Workload, single: BatchTime, policy: SamplingPolicy, clock: Clock
) -> tuple[int, BatchTime | None]:
    """How many calls make a sample of about the target's length, and such a sample if one was taken.

    There are fewer calls when they are expensive to prepare.
    """
    target_nanoseconds = policy.target_sample_seconds * 1e9
    loop_count, batch = 1, single
    # what a short batch took is mostly the clock's own cost, so it is not trusted beyond the hundredfold
    while batch.wall_nanoseconds < target_nanoseconds / 2 and loop_count < MAX_LOOP_COUNT:
        loop_count *= math.ceil(min(100.0, target_nanoseconds / max(batch.wall_nanoseconds, 1)))
        before = clock.wall_nanoseconds()
        batch = workload.run_batch(loop_count)
        setup_nanoseconds = clock.wall_nanoseconds() - before - batch.wall_nanoseconds
        if setup_nanoseconds > MAX_SETUP_SECONDS * 1e9:
            return max(1, int(loop_count * MAX_SETUP_SECONDS * 1e9 / setup_nanoseconds)), None
    return loop_count, batch


@contextmanager
def paused_garbage_collection() -> Iterator[None]:
    """Keep the collector of cycles from running inside; whether it was on is restored."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
