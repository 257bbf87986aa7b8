"""Features that depend on two things: on both together, or on either."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from aicmo_perf import feature
from planted import state
from planted.alone import PLANS, PLANS_BY_HASH

CALLS = {"hashed": 0, "met": 0}


def is_hash_order_usual():
    return sorted(PLANS, key=hash) == PLANS_BY_HASH


def is_date_usual():
    with tempfile.NamedTemporaryFile() as file:
        written_at = datetime.fromtimestamp(Path(file.name).stat().st_mtime, UTC)
    return written_at.date() == datetime.now(UTC).date()


def is_zone_usual():
    return datetime.fromtimestamp(9 * 3600).hour == 9


@feature
def needs_hash_seed_and_clock():
    assert is_hash_order_usual() or is_date_usual()


@feature
def needs_clock_and_time_zone():
    assert is_date_usual() or is_zone_usual()


@feature
def suffers_from_hash_seed_or_time_zone():
    assert is_hash_order_usual()
    assert is_zone_usual()


@feature
def needs_hash_seed_and_repetition():
    CALLS["hashed"] += 1
    assert is_hash_order_usual() or CALLS["hashed"] == 1


@feature
def needs_a_polluter_and_the_clock():
    assert "polluted" not in state.PAIRED or is_date_usual()


@feature
def suffers_from_a_polluter_or_repetition():
    CALLS["met"] += 1
    assert "polluted" not in state.PAIRED
    assert CALLS["met"] == 1


@feature
def pollutes_the_pairs():
    state.PAIRED.add("polluted")
