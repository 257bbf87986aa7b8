"""Which baseline runs tell what passed and what was there before the code changed."""

from __future__ import annotations

from collections.abc import Sequence

from aicmo_perf.model import Run

_RETRIES = 3
"""Where no commit tells the code apart, so many runs are looked back: red stays red for that many runs."""


def runs_before_change(run: Run, past: Sequence[Run]) -> tuple[Run, ...]:
    """The runs that tell what passed and what was there before the code changed.

    The newest run of another commit, so that a run repeated on the same commit gets the same answer. Where there is
    none (no repository, or nothing but runs of the same commit), the last three: what any of them had counts. A run
    that was red for a failure is a baseline run too, and must not excuse the next one.

    Args:
        run: the run under judgement.
        past: baseline runs, oldest first.

    Returns: one to three of them, newest first; none of none.
    """
    if run.commit_sha is not None:
        others = [other for other in past if other.commit_sha != run.commit_sha]
        if others:
            return (others[-1],)
    return tuple(reversed(past[-_RETRIES:]))
