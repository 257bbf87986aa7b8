"""When sampling is enough, by a clock that moves only when the fake workload says so."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from aicmo_perf.self_test.measure import (
    MAX_LOOP_COUNT,
    MIN_SAMPLE_SECONDS,
    BatchTime,
    Clock,
    SamplingPolicy,
    measure,
)

POLICY = SamplingPolicy(warmup_count=1, min_sample_count=10, min_sampling_seconds=0.001, max_sampling_seconds=5.0)


@dataclass
class FakeWorkload:
    """Calls that take a known time, and some more to prepare."""

    call_seconds: float
    setup_seconds: float = 0.0
    reading_seconds: float = 1e-7
    now_seconds: float = 0.0
    loop_counts: list[int] = field(default_factory=list)

    def run_batch(self, loop_count: int) -> BatchTime:
        self.loop_counts.append(loop_count)
        called = self.call_seconds * loop_count + self.reading_seconds
        self.now_seconds += called + self.setup_seconds * loop_count
        return BatchTime(round(called * 1e9), round(called * 0.5e9))

    def clock(self) -> Clock:
        return Clock(lambda: round(self.now_seconds * 1e9), lambda: 0)


def sample(workload: FakeWorkload, policy: SamplingPolicy = POLICY):
    return measure(workload, policy, workload.clock())


@pytest.mark.parametrize("call_seconds", [5e-8, 3e-6, 4e-5, 1e-3, 0.1])
def test_samples_tell_the_time_of_one_call(call_seconds):
    workload = FakeWorkload(call_seconds)
    measurement = sample(workload)
    assert measurement.samples_seconds == pytest.approx([call_seconds] * len(measurement.samples_seconds), rel=0.01)
    assert measurement.cpu_seconds == pytest.approx(call_seconds / 2, rel=0.01)
    assert len(measurement.samples_seconds) >= POLICY.min_sample_count
    assert sum(measurement.samples_seconds) * measurement.loop_count >= POLICY.min_sampling_seconds * 0.99


@pytest.mark.parametrize("call_seconds", [5e-9, 5e-8, 3e-6, 4e-5])
def test_short_calls_are_batched_until_a_sample_is_long_enough(call_seconds):
    measurement = sample(FakeWorkload(call_seconds))
    assert measurement.loop_count > 1
    assert measurement.loop_count * measurement.samples_seconds[0] >= MIN_SAMPLE_SECONDS


def test_long_calls_are_not_batched():
    assert sample(FakeWorkload(2e-4)).loop_count == 1


def test_no_sample_is_begun_after_the_maximum():
    workload = FakeWorkload(3.0)
    assert len(sample(workload).samples_seconds) == 1
    assert workload.loop_counts == [1, 1], "a warm-up and a sample: six seconds are past the maximum of five"


def test_there_is_at_least_one_sample():
    assert len(sample(FakeWorkload(60.0)).samples_seconds) == 1


def test_without_a_warm_up_the_first_warm_call_is_a_sample():
    workload = FakeWorkload(0.1)
    policy = SamplingPolicy(warmup_count=0, min_sample_count=3, min_sampling_seconds=0.0)
    assert len(sample(workload, policy).samples_seconds) == 3
    assert workload.loop_counts == [1, 1, 1]


def test_all_warm_up_calls_are_made():
    workload = FakeWorkload(0.1)
    sample(workload, SamplingPolicy(warmup_count=4, min_sample_count=1, min_sampling_seconds=0.0))
    assert workload.loop_counts == [1, 1, 1, 1, 1]


def test_expensive_preparation_makes_batches_smaller_and_ends():
    workload = FakeWorkload(call_seconds=1e-7, setup_seconds=1e-4)
    measurement = sample(workload)
    assert measurement.loop_count < 20
    assert workload.now_seconds < 0.1, "the thousandth part of a second of samples would take a whole one"
    assert len(measurement.samples_seconds) >= POLICY.min_sample_count


def test_a_clock_that_stands_still_ends_as_well():
    workload = FakeWorkload(0.0, reading_seconds=0.0)
    policy = SamplingPolicy(min_sample_count=1, min_sampling_seconds=0.0)
    assert sample(workload, policy).samples_seconds == (0.0,)
    assert max(workload.loop_counts) <= 100 * MAX_LOOP_COUNT


def test_what_a_call_raises_is_passed_on():
    class Failing(FakeWorkload):
        def run_batch(self, loop_count: int) -> BatchTime:
            raise LookupError

    with pytest.raises(LookupError):
        sample(Failing(1.0))
