"""Student's t and the beta distribution, so that judging a run does not import SciPy.

P(T > t) = ½ · I_x(ν/2, ½) with x = ν / (ν + t²) for t ≥ 0, where I is the regularised incomplete beta function.

References:
    NIST Digital Library of Mathematical Functions, §8.17: 8.17.22 (the continued fraction), 8.17.4 (symmetry).
    Abramowitz, Stegun: Handbook of Mathematical Functions, 26.7.8 (the normal approximation for many degrees).
    Press et al.: Numerical Recipes, 3rd edition, §6.4 (its evaluation by the modified method of Lentz).
"""

from __future__ import annotations

import math
from functools import lru_cache

_RELATIVE_ACCURACY = 1e-15
_TINY = 1e-300
"""Stands in for a zero denominator in Lentz's method."""

_MOST_ITERATIONS = 20_000
"""The fraction needs some √max(a, b) terms; this is far more than the degrees below ask for."""

_MOST_STEPS = 200
"""Newton's method takes ten at most; where its steps lead astray, halving ends in some fifty."""

_MANY_DEGREES = 1e5
"""Above, the difference of two lgamma has lost ten digits, while a normal approximation has won as many."""


def _incomplete_beta(a: float, b: float, x: float, complement: float) -> float:
    """The regularised I_x(a, b) with 1 - x given apart, because close to 1 the difference would lose its digits."""
    if x == 0 or complement == 0:
        return 0.0 if x == 0 else 1.0
    log_x, log_complement = _log_of(x, complement), _log_of(complement, x)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * log_x + b * log_complement)
    # the fraction converges fast below the mean only; DLMF 8.17.4 mirrors the rest
    if x < (a + 1) / (a + b + 2):
        return front * _continued_fraction(a, b, x) / a
    return 1 - front * _continued_fraction(b, a, complement) / b


def _log_of(value: float, complement: float) -> float:
    """ln(value); close to 1 through the complement, which has the digits that the value has lost."""
    return math.log(value) if value < 0.5 else math.log1p(-complement)


def _continued_fraction(a: float, b: float, x: float) -> float:
    """The fraction of DLMF 8.17.22, by Lentz's method."""
    numerator = 1.0
    denominator = 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    value = denominator
    for m in range(1, _MOST_ITERATIONS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for coefficient in (even, odd):
            denominator = 1 / _away_from_zero(1 + coefficient * denominator)
            numerator = _away_from_zero(1 + coefficient / numerator)
            step = numerator * denominator
            value *= step
        if abs(step - 1) <= _RELATIVE_ACCURACY:
            break
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def student_t_sf(t: float, degrees: float) -> float:
    """P(T > t): how often chance alone gives a value above t.

    Args:
        t: any number; infinities are understood.
        degrees: of freedom, positive, not necessarily whole.

    Raises: ValueError when degrees is not positive, or either is not a number.
    """
    if not degrees > 0 or math.isnan(t):
        raise ValueError(f"Student's t needs positive degrees of freedom and a number, not {degrees} and {t}")
    if t < 0:
        return 1 - student_t_sf(-t, degrees)
    if t > 1e150:  # t² would overflow
        return 0.0
    square = t * t
    if degrees > _MANY_DEGREES:
        normal = t * (1 - 1 / (4 * degrees)) / math.sqrt(1 + square / (2 * degrees))
        return 0.5 * math.erfc(normal / math.sqrt(2))
    return 0.5 * _incomplete_beta(degrees / 2, 0.5, degrees / (degrees + square), square / (degrees + square))


@lru_cache(maxsize=4096)
def student_t_isf(probability: float, degrees: float) -> float:
    """The t that is exceeded with this probability: the reverse of student_t_sf, by bisection.

    Kept for equal arguments, since all features of a suite ask for the same few.

    Args:
        probability: above 0 and below 1.
        degrees: of freedom, positive.

    Raises: ValueError outside these.
    """
    if not 0 < probability < 1:
        raise ValueError(f"a probability lies between 0 and 1, not at {probability}")
    if probability > 0.5:
        return -student_t_isf(1 - probability, degrees)
    low, high = 0.0, 1.0
    while student_t_sf(high, degrees) > probability:
        low, high = high, 2 * high
    while high - low > 1e-13 * high:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if student_t_sf(middle, degrees) > probability:
            low = middle
        else:
            high = middle
    return high


@lru_cache(maxsize=4096)
def beta_quantile(probability: float, a: float, b: float) -> float:
    """The x with I_x(a, b) = probability, by Newton's method within an interval that shrinks.

    Close to 1 ask for the quantile of the complement, 1 - beta_quantile(1 - probability, b, a), which has more digits.

    Args:
        probability: above 0 and below 1.
        a, b: the parameters, positive, not necessarily whole.

    Raises: ValueError outside these.
    """
    if not 0 < probability < 1 or not (a > 0 and b > 0 and math.isfinite(a + b)):
        raise ValueError(f"no beta distribution has a quantile of {probability} with parameters {a} and {b}")
    log_factor = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    low, high, x = 0.0, 1.0, a / (a + b)
    for _ in range(_MOST_STEPS):
        excess = _incomplete_beta(a, b, x, 1 - x) - probability
        low, high = (x, high) if excess < 0 else (low, x)
        density = math.exp(log_factor + (a - 1) * math.log(x) + (b - 1) * math.log1p(-x))
        following = x - excess / density if density > 0 else low
        if not low < following < high:
            following = (low + high) / 2
        if abs(following - x) <= 1e-14 * x:
            break
        x = following
    return x
