"""Durations, sizes and ratios: what people read, and that it can be read back."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo_perf.errors import UsageError
from aicmo_perf.units import (
    count_of,
    format_bytes,
    format_change,
    format_ratio,
    format_seconds,
    format_share,
    parse_ratio,
    parse_seconds,
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "∞"),
        (-math.inf, "-∞"),
        (0, "0 s"),
        (1, "1.00 s"),
        (12.34, "12.3 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 0 s"),
        (125, "2 min 5 s"),
        (3599.9, "1 h 0 min"),
        (7325, "2 h 2 min"),
        (0.0123, "12.3 ms"),
        (0.0009996, "1.00 ms"),
        (0.00099944, "999 µs"),
        (3.14e-6, "3.14 µs"),
        (2.5e-9, "2.50 ns"),
        (4e-13, "0.0004 ns"),
        (-0.5, "-500 ms"),
    ],
)
def test_durations_for_people(seconds, text):
    assert format_seconds(seconds) == text


@given(st.floats(1e-9, 59.9))
def test_a_formatted_duration_reads_back_to_three_digits(seconds):
    assert parse_seconds(format_seconds(seconds)) == pytest.approx(seconds, rel=5.1e-3)


@given(st.floats(1e-15, 1e9))
def test_nothing_that_took_time_is_shown_as_zero(seconds):
    shown = format_seconds(seconds)
    assert any(digit in "123456789" for digit in shown)


@given(st.floats(1e-9, 59.9), st.floats(1e-9, 59.9))
def test_a_longer_duration_never_reads_shorter(one, other):
    shorter, longer = sorted((one, other))
    assert parse_seconds(format_seconds(shorter)) <= parse_seconds(format_seconds(longer))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250ms", 0.25),
        ("1.5 s", 1.5),
        ("50us", 50e-6),
        ("50µs", 50e-6),
        ("50μs", 50e-6),  # the Greek letter, too
        ("7ns", 7e-9),
        ("2min", 120),
        ("2m", 120),
        ("1h", 3600),
        ("1d", 86400),
        (" 3 ", 3),
        (".5", 0.5),
        ("1e-3", 1e-3),
    ],
)
def test_durations_from_people(text, seconds):
    assert parse_seconds(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "fast", "5 apples", "-1s", "1s2", "5%", "nan", "1.2.3"])
def test_what_is_no_duration_is_refused_with_a_hint(text):
    with pytest.raises(UsageError, match="is not a duration") as caught:
        parse_seconds(text)
    assert "250ms" in caught.value.hint


@pytest.mark.parametrize(("text", "ratio"), [("5%", 0.05), ("0.05", 0.05), ("12.5 %", 0.125), ("0", 0), ("150%", 1.5)])
def test_ratios_from_people(text, ratio):
    assert parse_ratio(text) == pytest.approx(ratio)


@pytest.mark.parametrize("text", ["", "%", "five", "5ms", "-5%"])
def test_what_is_no_ratio_is_refused_with_a_hint(text):
    with pytest.raises(UsageError, match="is not a ratio") as caught:
        parse_ratio(text)
    assert "5%" in caught.value.hint


@given(st.floats(0.001, 9))
def test_a_share_reads_back(share):
    assert parse_ratio(format_share(share)) == pytest.approx(share, abs=5.1e-4)


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (None, "–"),
        (math.nan, "–"),
        (1, "0.0%"),
        (1.0001, "0.0%"),
        (0.9999, "0.0%"),
        (1.123, "+12.3%"),
        (0.5, "-50.0%"),
        (12, "12.0x"),
        (1234, "1230x"),
        (math.inf, "∞"),
    ],
)
def test_changes_for_people(ratio, text):
    assert format_change(ratio) == text


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(None, "–"), (math.nan, "–"), (0, "0x"), (math.inf, "∞"), (1.1234, "1.12x"), (0.05, "0.0500x"), (25, "25.0x")],
)
def test_factors_for_people(ratio, text):
    assert format_ratio(ratio) == text


@pytest.mark.parametrize(
    ("share", "text"), [(None, "–"), (math.nan, "–"), (0.0312, "3.1%"), (0, "0.0%"), (1, "100.0%")]
)
def test_shares_for_people(share, text):
    assert format_share(share) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, "–"),
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.00 KiB"),
        (1536, "1.50 KiB"),
        (12_900_000, "12.3 MiB"),
        (5 * 1024**3, "5.00 GiB"),
        (3 * 1024**5, "3070 TiB"),
    ],
)
def test_sizes_for_people(count, text):
    assert format_bytes(count) == text


def test_counts_agree_with_their_noun():
    assert count_of(1, "run") == "1 run"
    assert count_of(0, "run") == "0 runs"
    assert count_of(2, "entry", "entries") == "2 entries"
