"""Pinned baselines."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aicmo_perf.errors import NotFoundError, UsageError
from aicmo_perf.store import Pin

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)


def test_a_pin_names_a_run_until_it_moves_or_goes(history):
    first, second = history.add(), history.add()
    store = history.store
    store.pin("release", first, pinned_at=NOON, pinned_by="ann", reason="1.0 is out")
    store.pin("before", first, pinned_at=NOON, pinned_by=None, reason="")
    assert store.pinned("release") == first

    moved = store.pin("release", second, pinned_at=NOON, pinned_by="bob", reason="2.0 is out")

    assert moved == Pin(name="release", run=second, pinned_at=NOON, pinned_by="bob", reason="2.0 is out")
    assert store.pins() == (Pin(name="before", run=first, pinned_at=NOON), moved)
    store.unpin("release")
    assert [pin.name for pin in store.pins()] == ["before"]
    assert store.find_run("2") == second, "its run stays"


def test_a_pin_that_is_not_there_comes_with_the_nearest(history):
    history.store.pin("release", history.add(), pinned_at=NOON, pinned_by=None, reason="")
    for attempt in (history.store.unpin, history.store.pinned):
        with pytest.raises(NotFoundError) as caught:
            attempt("relaese")
        assert caught.value.hint == "Did you mean release?"


def test_a_pin_has_a_name(history):
    with pytest.raises(UsageError):
        history.store.pin(" ", history.add(), pinned_at=NOON, pinned_by=None, reason="")
