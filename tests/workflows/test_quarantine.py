"""The quarantine of configuration and database as one: what counts, what is refused, what is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from aicmo_perf.config import Settings
from aicmo_perf.errors import NotFoundError, UsageError
from aicmo_perf.model import Feature, Quarantine
from aicmo_perf.store import open_store
from aicmo_perf.workflows import quarantine
from aicmo_perf.workflows.quarantine import (
    add_quarantine,
    list_quarantine,
    quarantine_entries,
    quarantine_of,
    remove_quarantine,
)
from tests.workflows.past import NAMES, Past, feature_of

TODAY = date(2025, 6, 1)
LATER = TODAY + timedelta(days=30)
MORNING = datetime(2025, 6, 1, 8, tzinfo=UTC)


def in_file(feature: str, until: date = LATER) -> Quarantine:
    return Quarantine(feature=feature, reason="a race", until=until, in_file=True)


def in_store(feature: str, hours: int = 0, until: date = LATER) -> Quarantine:
    return Quarantine(feature=feature, reason="a race", until=until, added_at=MORNING + timedelta(hours=hours))


@pytest.fixture
def known(past: Past, monkeypatch: pytest.MonkeyPatch) -> Past:
    """A store that knows some features; somebody is at work."""
    past.add()
    monkeypatch.setattr(quarantine, "current_user", lambda: "anna")
    return past


def test_an_entry_is_stored_with_who_and_when(known: Past, settings: Settings) -> None:
    change = add_quarantine(settings, "p*", reason=" a race ", until=TODAY, on=TODAY)
    assert [feature.name for feature in change.features] == ["persona", "pillars"]
    assert change.in_file == ()
    (entry,) = known.store.quarantine()
    assert entry == change.entry
    assert (entry.feature, entry.reason, entry.until, entry.added_by) == ("p*", "a race", TODAY, "anna")
    assert entry.added_at is not None
    assert not entry.in_file


def test_an_entry_of_the_same_words_is_replaced(known: Past, settings: Settings) -> None:
    for reason in ("a race", "another"):
        add_quarantine(settings, "swot", reason=reason, until=LATER, on=TODAY)
    assert [entry.reason for entry in known.store.quarantine()] == ["another"]


@pytest.mark.parametrize(
    ("feature", "reason", "until", "error", "message", "hint"),
    [
        ("swto", "a race", LATER, NotFoundError, "called 'swto'", "Did you mean swot?"),
        ("x*", "a race", LATER, NotFoundError, "called 'x*'", "history"),
        ("swot", "  ", LATER, UsageError, "needs a reason", "--reason"),
        ("swot", "a race", TODAY - timedelta(days=1), UsageError, "2025-05-31 is over", "--until"),
    ],
)
def test_what_is_refused_stores_nothing(
    known: Past, settings: Settings, feature: str, reason: str, until: date, error: type, message: str, hint: str
) -> None:
    with pytest.raises(error) as caught:
        add_quarantine(settings, feature, reason=reason, until=until, on=TODAY)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert known.store.quarantine() == ()


def test_removing_says_what_of_it_stays_in_force(known: Past, settings: Settings) -> None:
    for feature in ("swot", "deck"):
        known.store.set_quarantine(in_store(feature))
    configured = replace(settings, quarantine=(in_file("sw*"), in_file("swot")))
    assert remove_quarantine(configured, "swot").in_file == (in_file("swot"),)
    assert remove_quarantine(configured, "deck").in_file == ()
    assert known.store.quarantine() == ()


def test_what_is_not_there_cannot_be_removed(known: Past, settings: Settings) -> None:
    known.store.set_quarantine(in_store("swot"))
    with pytest.raises(NotFoundError, match="'swto' is not in quarantine") as caught:
        remove_quarantine(settings, "swto")
    assert "swot" in caught.value.hint
    configured = replace(settings, quarantine=(in_file("deck"),), source=Path("pyproject.toml"))
    with pytest.raises(NotFoundError, match=r"by pyproject\.toml, not by the database") as caught:
        remove_quarantine(configured, "deck")
    assert "[tool.aicmo-perf.quarantine]" in caught.value.hint


def test_adding_what_the_configuration_has_says_so(known: Past, settings: Settings) -> None:
    configured = replace(settings, quarantine=(in_file("p*"), in_file("persona"), in_file("deck")))
    change = add_quarantine(configured, "persona", reason="a race", until=LATER, on=TODAY)
    assert change.in_file == (in_file("persona"),), "of several the last one counts"
    assert add_quarantine(configured, "swot", reason="a race", until=LATER, on=TODAY).in_file == ()


EXPIRED = TODAY - timedelta(days=1)


@pytest.mark.parametrize(
    ("of_file", "of_store", "counts"),
    [
        ([], [], None),
        ([], [in_store("swot")], in_store("swot")),
        ([], [in_store("shop:shop.swot")], in_store("shop:shop.swot")),
        ([], [in_store("s*", hours=2), in_store("swot", hours=1)], in_store("s*", hours=2)),
        ([in_file("swot", EXPIRED)], [in_store("swot")], in_file("swot", EXPIRED)),
        ([in_file("s*"), in_file("swot", EXPIRED)], [], in_file("swot", EXPIRED)),
        ([in_file("swot", EXPIRED), in_file("s*")], [], in_file("s*")),
        ([in_file("deck")], [in_store("swot", until=EXPIRED)], in_store("swot", until=EXPIRED)),
    ],
)
def test_what_counts(
    past: Past,
    settings: Settings,
    of_file: list[Quarantine],
    of_store: list[Quarantine],
    counts: Quarantine | None,
) -> None:
    for entry in of_store:
        past.store.set_quarantine(entry)
    entries = quarantine_entries(past.store, replace(settings, quarantine=tuple(of_file)))
    swot = feature_of("swot")
    assert quarantine_of(entries, [swot]) == ({swot.key: counts} if counts is not None else {})


def test_the_list_tells_what_is_overruled(known: Past, settings: Settings) -> None:
    known.store.set_quarantine(in_store("p*"))
    lines = list_quarantine(replace(settings, quarantine=(in_file("persona"), in_file("gone"))))
    told = [(line.entry.feature, names(line.features), names(line.overruled)) for line in lines]
    assert told == [
        ("gone", [], []),
        ("persona", ["persona"], []),
        ("p*", ["persona", "pillars"], ["persona"]),
    ]


def names(features: tuple[Feature, ...]) -> list[str]:
    return sorted((feature.name for feature in features), key=NAMES.index)


def test_before_the_first_run_the_configuration_is_listed_alone(tmp_path: Path) -> None:
    lines = list_quarantine(Settings(project_root=tmp_path, quarantine=(in_file("swot"),)))
    assert [(line.entry.feature, line.features) for line in lines] == [("swot", ())]
    with pytest.raises(NotFoundError):
        open_store(str(tmp_path / ".aicmo-perf" / "history.db"), write=False)
