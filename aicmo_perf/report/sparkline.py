"""A series in one line of text: Unicode blocks from the least to the greatest value of the window."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
GAP = "·"
"""Stands for a missing value; a space would be swallowed by Markdown and shift the rest."""
_MIDDLE = BLOCKS[3]


def sparkline(values: Sequence[float | None], *, width: int = 20) -> str:
    """Draw values, oldest first.

    Args:
        values: None or a non-finite number leaves a gap.
        width: the most characters; more values than that are drawn as medians of neighbours.

    Returns: one character a value (or a group of neighbours); a constant series is flat in the middle.
    """
    drawn = _grouped([_finite(value) for value in values], width)
    present = [value for value in drawn if value is not None]
    if not present:
        return GAP * len(drawn)
    low, high = min(present), max(present)
    # halved, so that the difference of two huge values stays finite
    span = high / 2 - low / 2
    if span == 0 or math.isclose(low, high, rel_tol=1e-9):
        return "".join(GAP if value is None else _MIDDLE for value in drawn)
    top = len(BLOCKS) - 1
    return "".join(GAP if value is None else BLOCKS[round((value / 2 - low / 2) / span * top)] for value in drawn)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _grouped(values: Sequence[float | None], width: int) -> list[float | None]:
    if len(values) <= width:
        return list(values)
    bounds = [len(values) * position // width for position in range(width + 1)]
    groups = ([v for v in values[start:end] if v is not None] for start, end in itertools.pairwise(bounds))
    return [statistics.median(group) if group else None for group in groups]
