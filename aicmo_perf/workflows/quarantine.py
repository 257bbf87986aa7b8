"""Features that are set aside for a while: their failures do not gate, for a reason and until a day.

There are two places for an entry. The one in the configuration can be reviewed with the code it is about, and wins; the
one in the database is there at once, for whoever shares it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from aicmo_perf.config import SECTION, Settings
from aicmo_perf.environment import current_user
from aicmo_perf.errors import NotFoundError, UsageError, nearest_hint
from aicmo_perf.model import Feature, FeatureKey, Quarantine, QuarantineLine
from aicmo_perf.store import Store, open_store


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineChange:
    """What was done to the quarantine.

    Attributes:
        entry: what was added or removed.
        features: those in the history that it means.
        in_file: entries of the configuration that mean some of them, and count.
    """

    entry: Quarantine
    features: tuple[Feature, ...]
    in_file: tuple[Quarantine, ...] = ()


def today() -> date:
    """The day that expiry is judged by: that of UTC, so that it is the same everywhere."""
    return datetime.now(UTC).date()


def quarantine_entries(store: Store, settings: Settings) -> tuple[Quarantine, ...]:
    """All entries, those first that count: of the configuration the last ones, of the database the newest ones."""
    stored = sorted(store.quarantine(), key=lambda entry: entry.added_at or datetime.min.replace(tzinfo=UTC))
    return (*reversed(settings.quarantine), *reversed(stored))


def quarantine_of(entries: Sequence[Quarantine], features: Iterable[Feature]) -> dict[FeatureKey, Quarantine]:
    """What counts for each feature that an entry means, expired or not.

    Args:
        entries: as quarantine_entries returns them.
        features: which ones to tell of.
    """
    found = {}
    for feature in features:
        entry = next((entry for entry in entries if feature.is_meant_by(entry.feature)), None)
        if entry is not None:
            found[feature.key] = entry
    return found


def add_quarantine(
    settings: Settings, feature: str, *, reason: str, until: date, on: date | None = None
) -> QuarantineChange:
    """Set a feature aside in the database; an entry of the same words is replaced.

    Args:
        settings: the database, and the configuration's own entries.
        feature: a name, a qualified name, ``suite:qualified_name``, or a glob of these.
        reason: why.
        until: the last day it holds.
        on: today.

    Raises: UsageError without a reason or for a day that is over; NotFoundError when no run has such a feature.
    """
    if not reason.strip():
        raise UsageError("A quarantine needs a reason.", "Say why its failures do not matter: --reason 'a known race'.")
    if until < (on or today()):
        raise UsageError(f"{until} is over.", "Give the last day that the quarantine is to hold: --until 2026-12-31.")
    with open_store(settings.db_url) as store:
        meant = store.features([feature])
        if not meant:
            raise NotFoundError(
                f"No feature in the history is called {feature!r}.",
                nearest_hint(
                    feature,
                    [known.name for known in store.features()],
                    otherwise="'aicmo-perf history' lists all features.",
                ),
            )
        entry = Quarantine(
            feature=feature,
            reason=reason.strip(),
            until=until,
            added_at=datetime.now(UTC),
            added_by=current_user(),
        )
        store.set_quarantine(entry)
    return QuarantineChange(entry=entry, features=meant, in_file=_in_file(settings, meant))


def remove_quarantine(settings: Settings, feature: str) -> QuarantineChange:
    """Take an entry out of the database.

    Args:
        settings: the database, and the configuration's own entries.
        feature: the words it was made with.

    Raises: NotFoundError when the database has no such entry; the hint says so when the configuration has one.
    """
    with open_store(settings.db_url) as store:
        entry = next((entry for entry in store.quarantine() if entry.feature == feature), None)
        if entry is None and any(entry.feature == feature for entry in settings.quarantine):
            raise NotFoundError(
                f"{feature!r} is in quarantine by {settings.source}, not by the database.",
                f"Take its line out of [{SECTION}.quarantine] there.",
            )
        store.remove_quarantine(feature)
        meant = store.features([feature])
    assert entry is not None, "what was removed was there"
    return QuarantineChange(entry=entry, features=meant, in_file=_in_file(settings, meant))


def list_quarantine(settings: Settings) -> tuple[QuarantineLine, ...]:
    """All entries with the features they mean, those first that count; the configuration's alone before any run."""
    try:
        with open_store(settings.db_url, write=False) as store:
            entries, features = quarantine_entries(store, settings), store.features()
    except NotFoundError:
        entries, features = tuple(reversed(settings.quarantine)), ()
    counting = quarantine_of(entries, features)
    listed = []
    for entry in entries:
        meant = tuple(feature for feature in features if feature.is_meant_by(entry.feature))
        overruled = tuple(feature for feature in meant if counting[feature.key] is not entry)
        listed.append(QuarantineLine(entry=entry, features=meant, overruled=overruled))
    return tuple(listed)


def _in_file(settings: Settings, features: Sequence[Feature]) -> tuple[Quarantine, ...]:
    """The configuration's entries that count for some of the features."""
    counting = quarantine_of(tuple(reversed(settings.quarantine)), features).values()
    return tuple(entry for entry in settings.quarantine if any(entry is other for other in counting))
