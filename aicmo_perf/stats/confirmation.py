"""What re-runs of a suspect in fresh processes say, and whether one more would say more.

With R re-runs of the head, z_1 ... z_R in ln(seconds), and D_j = z_j - b_j where the baseline's
code was re-run beside it (v(R): R times the variance of a median of R normal values, 1 to π/2):

    e_head = median(z) - mu        SE_head = s·√(v(R) / R + v_mu)
    e_pair = median(D)             SE_pair = s'·√(2·v(R) / R)
    s'²    = max(s², (nu·s² + Σ(D_j - mean D)² / 2) / (nu + R - 1))       nu, s: degrees and spread of the level
    p      = max(P(T_nu > e_head / SE_head), P(T_nu > e_pair / SE_pair))  the effect is the smaller of the two

Both must agree: the level tells a head that is slower than it ever was from one beside a base that happened to be
fast; the pairs tell the code from a machine that is slow today. The pairs bring a spread of their own, which counts
where it is larger. Without base re-runs, e_pair is missing and a machine's bad hour may outlast all re-runs. So these
are taken for one observation: s' is found from the z_j, and p is also never less than what the suite's past runs say of
a single run as far out (`tail`).

Where the run's common factor was removed, the level is another machine's, so to say: then the pairs alone tell, and
without them nothing is confirmed.

A feature is re-run only after the run alone made it a suspect, which happens to a share of 8 % of unchanged features
(more in small suites, see `screening`), and the pairs know nothing of that run. So chance alone gives both
with the probability 0.08·p, the p-value that enters Benjamini and Hochberg's procedure. Re-runs of the head alone share
the run's hour; they are granted 0.2·p.

Re-running stops when there is no hope: after R re-runs at an effect under max(L / 4, c·s), with L the least effect and
c = 0.7, 0.9, 1.1, 1.2, 1.2; or, from the second on, at p > 25 %. It does not stop early for success: hardly any
feature gets there, and a look after every re-run would have to be paid for by asking more of each.

Reference:
    Siegmund: Sequential Analysis. Springer 1985 (what repeated looks do to error rates).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from aicmo_perf.stats.distributions import student_t_isf, student_t_sf
from aicmo_perf.stats.levels import Level
from aicmo_perf.stats.robust import median_variance_factor
from aicmo_perf.stats.tail import SuiteTail

CONFIRMED_EFFECT_SHARE = 0.8
"""Of the least effect: the re-runs' median scatters about the true effect, to both sides."""

_HEAD_ONLY_FACTOR = 0.2
"""Between 0.08 for what is independent of the run and 1 for what repeats it."""

_HOPELESS_P = 0.25
_HOPELESS_EFFECT_SHARE = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What the re-runs of one feature say, in one direction.

    Attributes:
        effect: the deviation of ln(seconds) that they confirm, positive where the change is looked for.
        shown_effect: the one that tells most of the code: of the pairs where there are any.
        p_value: how often chance alone makes the feature a suspect and its re-runs say as much.
        spread: of a run, as reckoned with: the level's, or s' where that is larger.
        is_hopeless: whether more re-runs would be wasted.
    """

    effect: float
    shown_effect: float
    p_value: float
    spread: float
    is_hopeless: bool


def confirm(
    level: Level,
    tail: SuiteTail,
    heads: Sequence[float],
    pairs: Sequence[float],
    *,
    least_effect: float,
    suspect_share: float,
    is_relative: bool = False,
) -> Confirmation:
    """Weigh the re-runs of one feature.

    Args:
        level: of the feature.
        tail: made of all features' levels.
        heads: each head re-run's deviation of ln(seconds) from the level; at least one.
        pairs: ln(head / base) of those with a base beside them. As heads, positive where the change is looked for.
        least_effect: the least deviation that is worth a person's time.
        suspect_share: of the unchanged features that are re-run at all.
        is_relative: whether the run had a common factor that was removed: a machine that is off for a whole run may be
            so for its re-runs, or no longer. Then the pairs alone tell, and re-runs of the head alone nothing.
    """
    head_effect = statistics.median(heads)
    if pairs:
        pair_effect = statistics.median(pairs)
        spread = _inflated(level, [value / math.sqrt(2) for value in pairs])
        p_value = student_t_sf(pair_effect / _pair_scale(spread, len(pairs)), level.degrees)
        if is_relative:
            head_effect = pair_effect
        else:
            p_head = student_t_sf(head_effect / _head_scale(level, level.spread, len(heads)), level.degrees)
            p_value = max(p_value, p_head)
    elif is_relative:
        return Confirmation(
            effect=head_effect, shown_effect=head_effect, p_value=1.0, spread=level.spread, is_hopeless=True
        )
    else:
        pair_effect = head_effect
        spread = _inflated(level, heads)
        p_value = max(
            student_t_sf(head_effect / _head_scale(level, spread, len(heads)), level.degrees),
            tail.p_value(level, head_effect / level.prediction_scale),
        )
    effect, count = min(head_effect, pair_effect), len(pairs or heads)
    hope = max(_HOPELESS_EFFECT_SHARE * least_effect, min(0.5 + 0.2 * count, 1.2) * level.spread)
    return Confirmation(
        effect=effect,
        shown_effect=pair_effect,
        p_value=(suspect_share if pairs else _HEAD_ONLY_FACTOR) * p_value,
        spread=spread,
        is_hopeless=effect < hope or (count > 1 and p_value > _HOPELESS_P),
    )


def visible_in_reruns(
    level: Level,
    tail: SuiteTail,
    critical_p: float,
    count: int,
    *,
    spread: float,
    are_paired: bool,
    suspect_share: float,
) -> float:
    """The effect in ln(seconds) from which on re-runs would confirm it.

    Args:
        level: of the feature.
        tail: made of all features' levels.
        critical_p: for the p-value of a confirmation, above 0.
        count: re-runs, at least one.
        spread: that of the confirmation, or the level's where there are no re-runs yet.
        are_paired: whether each has a base re-run beside it.
        suspect_share: as in `confirm`.
    """
    critical_p = min(critical_p / (suspect_share if are_paired else _HEAD_ONLY_FACTOR), 0.5)
    t = student_t_isf(critical_p, level.degrees)
    if are_paired:
        return t * max(_head_scale(level, level.spread, count), _pair_scale(spread, count))
    return max(t * _head_scale(level, spread, count), tail.visible_t(level, critical_p) * level.prediction_scale)


def _inflated(level: Level, values: Sequence[float]) -> float:
    """The level's spread, or that of these values pooled with it where that is larger."""
    if len(values) < 2:
        return level.spread
    free = len(values) - 1
    pooled = (level.degrees * level.spread**2 + free * statistics.variance(values)) / (level.degrees + free)
    return max(level.spread, math.sqrt(pooled))


def _head_scale(level: Level, spread: float, count: int) -> float:
    variance = median_variance_factor(count) / count
    return math.sqrt(variance * spread**2 + level.location_variance * level.spread**2)


def _pair_scale(spread: float, count: int) -> float:
    return spread * math.sqrt(2 * median_variance_factor(count) / count)
