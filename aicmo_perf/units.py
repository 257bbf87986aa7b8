"""The only formatter and parser of durations, sizes and ratios.

Three significant digits in the unit that fits, so that nothing is ever shown as ``0.000s``.
"""

from __future__ import annotations

import math
import re

from aicmo_perf.errors import UsageError

_DURATION_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_UNITS_PER_SECOND = {"ns": 1e9, "us": 1e6, "µs": 1e6, "μs": 1e6, "ms": 1e3, "s": 1.0, "sec": 1.0}
_SECONDS_PER_UNIT = {"min": 60.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_QUANTITY = re.compile(r"\s*([0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)\s*([a-zA-Zµμ%]*)\s*")
_BYTE_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def _three_digits(value: float) -> str:
    """Three significant digits, trailing zeros kept: 1.20, 12.0, 120."""
    digits = 2 - math.floor(math.log10(abs(value)))
    rounded = round(value, digits)
    decimals = max(0, 2 - math.floor(math.log10(abs(rounded))))
    return f"{rounded:.{decimals}f}"


def format_seconds(seconds: float | None) -> str:
    """A duration for people: ``1.23 s``, ``45.6 ms``, ``7.89 µs``, ``12 min 5 s``; a dash when there is none."""
    if seconds is None or math.isnan(seconds):
        return "–"
    if math.isinf(seconds):
        return "∞" if seconds > 0 else "-∞"
    if seconds == 0:
        return "0 s"
    sign, magnitude = ("-", -seconds) if seconds < 0 else ("", seconds)
    if magnitude >= 59.95:
        minutes, rest = divmod(round(magnitude), 60)
        hours, minutes = divmod(minutes, 60)
        return sign + (f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s")
    for scale, unit in _DURATION_UNITS:
        # 0.9995 so that 999.7 µs becomes 1.00 ms, not 1000 µs
        if magnitude >= 0.9995 * scale:
            return f"{sign}{_three_digits(magnitude / scale)} {unit}"
    return f"{sign}{magnitude / 1e-9:.2g} ns"


def parse_seconds(text: str) -> float:
    """Seconds from ``250ms``, ``1.5 s``, ``50us``, ``2min`` or a bare number of seconds.

    Raises: UsageError when the text is no duration.
    """
    match = _QUANTITY.fullmatch(text)
    unit = match[2] or "s" if match is not None else ""
    if match is None or unit not in {**_UNITS_PER_SECOND, **_SECONDS_PER_UNIT} or math.isinf(float(match[1])):
        raise UsageError(f"{text!r} is not a duration.", "Write it like 250ms, 1.5s, 50us or 2min.")
    # Divided by a whole number, 50us is what is written as 50e-6; times 1e-6 it is a little less.
    return float(match[1]) / _UNITS_PER_SECOND.get(unit, 1.0) * _SECONDS_PER_UNIT.get(unit, 1.0)


def parse_ratio(text: str) -> float:
    """A share of one from ``5%`` or ``0.05``.

    Raises: UsageError when the text is neither.
    """
    match = _QUANTITY.fullmatch(text)
    if match is None or match[2] not in ("", "%") or math.isinf(float(match[1])):
        raise UsageError(f"{text!r} is not a ratio.", "Write it like 5% or 0.05.")
    return float(match[1]) / (100.0 if match[2] == "%" else 1.0)


def format_ratio(ratio: float | None) -> str:
    """A ratio as a factor, for people: ``1.12x``; a dash when there is none."""
    if ratio is None or math.isnan(ratio):
        return "–"
    if ratio == 0 or math.isinf(ratio):
        return "∞" if ratio else "0x"
    return f"{_three_digits(ratio)}x"


def format_change(ratio: float | None) -> str:
    """A ratio to what was, for people: 1.123 is ``+12.3%``, 0.5 is ``-50.0%``, 12 is ``12.0x``; a dash for none."""
    if ratio is None or math.isnan(ratio):
        return "–"
    if ratio >= 10:
        return f"{_three_digits(ratio)}x" if math.isfinite(ratio) else "∞"
    text = f"{(ratio - 1) * 100:+.1f}%"
    return "0.0%" if text in ("+0.0%", "-0.0%") else text


def format_share(share: float | None) -> str:
    """A share of one as a percentage without a sign: 0.0312 is ``3.1%``; a dash for none."""
    return "–" if share is None or math.isnan(share) else f"{share * 100:.1f}%"


def format_bytes(count: int | None) -> str:
    """A size for people in binary units: ``12.3 MiB``; a dash when there is none."""
    if count is None:
        return "–"
    value = float(count)
    for unit in _BYTE_UNITS:
        if abs(value) < 1024 or unit == _BYTE_UNITS[-1]:
            break
        value /= 1024
    return f"{count} B" if unit == "B" else f"{_three_digits(value)} {unit}"


def count_of(number: int, singular: str, plural: str = "") -> str:
    """A number with its noun: ``1 run``, ``2 runs``."""
    return f"{number} {singular if number == 1 else plural or singular + 's'}"
