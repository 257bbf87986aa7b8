"""Is a regression told from a flake? Simulated histories, read by `flakiness.history` and by the usual scores.

Each history has 60 commits in a row, one run each; a failure is retried once. It is said how many of 400 histories of
a kind are called flaky, and how many broken, by:

    any pass and fail   flaky if it ever passed and ever failed
    flip rate           flaky if more than 5 % of neighbouring runs' final outcomes differ
    read_history        what is shipped: the newest commit decides ``broken``
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from aicmo_perf.flakiness.history import read_history
from aicmo_perf.model import (
    Environment,
    Feature,
    FlakyState,
    IterationKind,
    Mode,
    Outcome,
    Run,
    RunOptions,
    RunOutcomes,
)

COMMIT_COUNT = 60
HISTORY_COUNT = 400
BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)
FEATURE = Feature(suite="simulated", qualified_name="simulated.feature", name="feature")

FailureRate = Callable[[int], float]
"""The chance of each attempt to fail, by the number of the commit."""


def regression(rng: random.Random) -> FailureRate:
    """It fails always from some commit on, three before the end at the latest."""
    start = rng.randrange(5, COMMIT_COUNT - 3)
    return lambda commit: float(commit >= start)


def broken_and_fixed(rng: random.Random) -> FailureRate:
    """It fails always for five commits."""
    start = rng.randrange(5, COMMIT_COUNT - 10)
    return lambda commit: float(start <= commit < start + 5)


def two_outages(rng: random.Random) -> FailureRate:
    """It fails always for three commits, and later for four."""
    first, second = rng.randrange(5, 25), rng.randrange(32, COMMIT_COUNT - 8)
    return lambda commit: float(first <= commit < first + 3 or second <= commit < second + 4)


def flake(rate: float) -> Callable[[random.Random], FailureRate]:
    """Each attempt fails as often, whatever the commit."""
    return lambda _: lambda _: rate


HISTORIES: Mapping[str, Callable[[random.Random], FailureRate]] = {
    "real regression": regression,
    "broken for 5 commits, then fixed": broken_and_fixed,
    "two outages": two_outages,
    "flake of 1 %": flake(0.01),
    "flake of 5 %": flake(0.05),
    "flake of 10 %": flake(0.10),
}


def history(failure_rate: FailureRate, rng: random.Random) -> Iterator[RunOutcomes]:
    """One run a commit, a day apart."""
    for commit in range(COMMIT_COUNT):
        outcomes = [Outcome(is_failing=rng.random() < failure_rate(commit))]
        if outcomes[0].is_failing:
            outcomes.append(Outcome(is_failing=rng.random() < failure_rate(commit), kind=IterationKind.RETRY))
        run = Run(
            uuid=f"run {commit}",
            started_at=BEGINNING + timedelta(days=commit),
            mode=Mode.DETERMINISTIC,
            options=RunOptions(),
            environment=Environment({"architecture": "simulated"}),
            commit_sha=f"commit {commit}",
            dirty=False,
            id=commit + 1,
        )
        yield RunOutcomes(run=run, outcomes=tuple(outcomes))


def passes_and_fails(runs: Sequence[RunOutcomes]) -> bool:
    """Whether it did either at any time."""
    return len({outcome.is_failing for run in runs for outcome in run.outcomes}) > 1


def flips_often(runs: Sequence[RunOutcomes]) -> bool:
    """Whether more than 5 % of neighbouring runs end differently; a retry that passes hides a failure."""
    finals = [run.outcomes[-1].is_failing for run in runs]
    return sum(a is not b for a, b in pairwise(finals)) > 0.05 * (len(finals) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """How many histories of a kind are called what.

    Attributes:
        passes_and_fails, flips_often: called flaky by the usual scores.
        flaky, broken: by `read_history`.
        history_count: how many there are.
    """

    passes_and_fails: int
    flips_often: int
    flaky: int
    broken: int
    history_count: int


def calls(kind: Callable[[random.Random], FailureRate], history_count: int, seed: int = 1) -> Calls:
    """Simulate histories of a kind, and have them read."""
    rng = random.Random(seed)
    histories = [tuple(history(kind(rng), rng)) for _ in range(history_count)]
    states = [read_history({FEATURE.key: runs}, [FEATURE]).features[0].state for runs in histories]
    return Calls(
        passes_and_fails=sum(map(passes_and_fails, histories)),
        flips_often=sum(map(flips_often, histories)),
        flaky=states.count(FlakyState.FLAKY),
        broken=states.count(FlakyState.BROKEN),
        history_count=history_count,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--histories", type=int, default=HISTORY_COUNT, help="simulated histories of each kind")
    history_count = parser.parse_args().histories
    print("| history | any pass and fail | flip rate | read_history: flaky | read_history: broken |")
    print("|---|---|---|---|---|")
    for name, kind in HISTORIES.items():
        its = calls(kind, history_count)
        counts = (its.passes_and_fails, its.flips_often, its.flaky, its.broken)
        print(f"| {name} | " + " | ".join(f"{count / history_count:.0%}" for count in counts) + " |")


if __name__ == "__main__":
    main()
