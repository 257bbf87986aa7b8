"""Time commands side by side: interleaved, so that a busy machine slows both alike; medians and their ratio."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Paired:
    """Median wall seconds of two things that were timed in turn, and the median of the rounds' ratios."""

    ours_seconds: float
    reference_seconds: float
    ratio: float

    def line(self, title: str, limit: str) -> str:
        """One line for people."""
        return (
            f"{title}: {self.ours_seconds * 1e3:.1f} ms against {self.reference_seconds * 1e3:.1f} ms, "
            f"ratio {self.ratio:.2f} (limit {limit})"
        )


def paired(ours: Callable[[], float], reference: Callable[[], float], *, rounds: int) -> Paired:
    """Call both in turn (first one, then the other first), after a warm-up of each.

    Args:
        ours, reference: return the seconds that one execution took.
        rounds: how many of each.
    """
    ours()
    reference()
    mine: list[float] = []
    theirs: list[float] = []
    for round_number in range(rounds):
        pairs = [(ours, mine), (reference, theirs)]
        for measure, seconds in pairs if round_number % 2 == 0 else reversed(pairs):
            seconds.append(measure())
    ratios = [a / b for a, b in zip(mine, theirs, strict=True)]
    return Paired(statistics.median(mine), statistics.median(theirs), statistics.median(ratios))


def command_seconds(
    command: Sequence[str], *, cwd: str | None = None, env: Mapping[str, str] | None = None
) -> Callable[[], float]:
    """A measure of one execution of a command; its output is dropped, a failure is an error."""

    def measure() -> float:
        started = time.perf_counter()
        subprocess.run(command, cwd=cwd, env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return time.perf_counter() - started

    return measure
