"""What is set aside, until when, and why."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from aicmo_perf.errors import NotFoundError, UsageError
from aicmo_perf.model import Quarantine
from aicmo_perf.store import open_store

ADDED_AT = datetime(2025, 3, 1, 12, tzinfo=UTC)


def entry(feature: str, **facts: object) -> Quarantine:
    usual = {"reason": "a race – ünï", "until": date(2025, 4, 30), "added_at": ADDED_AT, "added_by": "mara"}
    return Quarantine(**{"feature": feature, **usual, **facts})


def test_entries_come_back_by_feature(store, store_path):
    ran_out, glob = entry("swot", until=date(1999, 12, 31), added_by=None), entry("shop:shop.deck*")
    store.set_quarantine(ran_out)
    store.set_quarantine(glob)
    with open_store(store_path, write=False) as reader:
        assert reader.quarantine() == (glob, ran_out)


def test_an_entry_of_the_same_words_is_replaced(store):
    store.set_quarantine(entry("swot"))
    renewed = entry("swot", reason="", until=date(2026, 1, 1), added_by=None)
    store.set_quarantine(renewed)
    assert store.quarantine() == (renewed,)


def test_an_entry_is_removed_by_its_words(store):
    store.set_quarantine(entry("swot_generator"))
    store.set_quarantine(entry("deck"))
    with pytest.raises(NotFoundError) as caught:
        store.remove_quarantine("swot_generato")
    assert caught.value.hint == "Did you mean swot_generator?"
    store.remove_quarantine("swot_generator")
    assert store.quarantine() == (entry("deck"),)


def test_an_entry_names_a_feature_and_a_time(store):
    with pytest.raises(UsageError):
        store.set_quarantine(entry(" "))
    with pytest.raises(ValueError, match="when"):
        store.set_quarantine(entry("swot", added_at=None))
    assert store.quarantine() == ()
