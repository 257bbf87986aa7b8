"""Which past runs a run may be compared with, and whether they are enough.

Two runs are comparable when suite, mode, environment fingerprint and depth (quick or full) agree: anything else
compares numbers of different things as if they were one.
"""

from __future__ import annotations

from dataclasses import dataclass

from aicmo_perf.model import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The past runs that one suite of a run is judged against.

    Attributes:
        suite: which suite.
        runs: oldest first; empty when there is none.
        why: one sentence without the final stop: which runs these are and why these.
        obstacle: why the runtimes must not be compared (another machine, another mode); empty when they may.
    """

    suite: str
    runs: tuple[Run, ...] = ()
    why: str = ""
    obstacle: str = ""
