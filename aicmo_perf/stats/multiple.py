"""Many features are judged at once, and chance gets as many tries.

At a significance of 1 % each, 100 unchanged features give one false alarm a run. Benjamini and Hochberg bound the
share of false ones among the alarms instead; when nothing changed at all, that is the share of runs with any alarm.

Reference:
    Benjamini, Hochberg: Controlling the False Discovery Rate. J. R. Statist. Soc. B 57 (1995), 289-300.
"""

from __future__ import annotations

from collections.abc import Sequence


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjusted p-values, in the order given: those at most q may be called at a false discovery rate of q.

    The k-th smallest of m becomes min over j ≥ k of p_(j) · m / j.

    Args:
        p_values: one a feature, from 0 to 1.

    Raises: ValueError on a value outside.
    """
    if not all(0 <= p <= 1 for p in p_values):
        raise ValueError("p-values lie between 0 and 1")
    count = len(p_values)
    adjusted = [1.0] * count
    smallest = 1.0
    descending = sorted(range(count), key=lambda index: p_values[index], reverse=True)
    for rank, index in zip(range(count, 0, -1), descending, strict=True):
        # the quotient is at least 1, so rounding cannot bring the product below p itself
        smallest = min(smallest, p_values[index] * (count / rank))
        adjusted[index] = smallest
    return tuple(adjusted)


def critical_p_value(significance: float, *, called: int, total: int, is_called: bool) -> float:
    """The p-value that one of `total` features must not exceed to be called, the others being what they are.

    Args:
        significance: the false discovery rate.
        called: features whose adjusted p-value is at most that.
        total: features tested.
        is_called: whether the feature in question is among them.

    Returns: significance · k / total, with k the features called once this one is.
    """
    return significance * (called if is_called else called + 1) / total
