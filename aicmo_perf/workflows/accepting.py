"""Changes that people take as they are: later runs are judged by the level that began with them."""

from __future__ import annotations

from datetime import UTC, datetime

from aicmo_perf.config import Settings
from aicmo_perf.environment import current_user
from aicmo_perf.errors import NotFoundError, UsageError, nearest_hint
from aicmo_perf.model import AcceptedChange, Feature, Run, RunFilter, RunState, Status
from aicmo_perf.store import Store, open_store


def accept_change(settings: Settings, name: str, reference: str | None, reason: str) -> AcceptedChange:
    """Let a level of a feature begin with a run.

    Args:
        settings: the database.
        name: the feature, as the history takes it.
        reference: the run; None for the newest complete one in which it passed.
        reason: why; may be empty.

    Raises: NotFoundError when there is no such feature or run, or the run does not have it; UsageError when the name
        means several features, or the run cannot begin a level.
    """
    with open_store(settings.db_url) as store:
        feature = _the_feature(store, name)
        run = _newest_run(store, feature) if reference is None else _fit_run(store, feature, reference)
        change = AcceptedChange(
            feature=feature, run=run, accepted_at=datetime.now(UTC), accepted_by=current_user(), reason=reason.strip()
        )
        store.accept(change)
    return change


def withdraw_changes(settings: Settings, name: str) -> Feature:
    """Forget the accepted changes of a feature, which is then judged as if nobody had accepted any.

    Raises: NotFoundError when there is no such feature, or it has none; UsageError when the name means several.
    """
    with open_store(settings.db_url) as store:
        feature = _the_feature(store, name)
        store.withdraw(feature)
    return feature


def list_accepted(settings: Settings) -> tuple[AcceptedChange, ...]:
    """All accepted changes, the oldest accepted first."""
    with open_store(settings.db_url, write=False) as store:
        return store.accepted_changes()


def _the_feature(store: Store, name: str) -> Feature:
    """The one feature that a name or glob means.

    Raises: NotFoundError, with the nearest names, for none; UsageError for several.
    """
    meant = store.features([name])
    if not meant:
        raise NotFoundError(
            f"No feature in the history is called {name!r}.",
            nearest_hint(
                name,
                [feature.name for feature in store.features()],
                otherwise="'aicmo-perf history' lists all features.",
            ),
        )
    if len(meant) > 1:
        names = [f"{feature.suite}:{feature.qualified_name}" for feature in meant]
        raise UsageError(
            f"{name!r} means {len(meant)} features, and a change is accepted for one.", f"Name one: {names[0]}"
        )
    return meant[0]


def _newest_run(store: Store, feature: Feature) -> Run:
    series = store.feature_series(
        feature, RunFilter(state=RunState.COMPLETE, last=1), statuses=frozenset({Status.PASS})
    )
    if not series.points:
        raise NotFoundError(
            f"There is no complete run in which {feature.name} passed.", "A level begins with one; run the suite."
        )
    return series.points[-1].run


def _fit_run(store: Store, feature: Feature, reference: str) -> Run:
    """The run that is meant, when a level of the feature may begin with it."""
    run = store.find_run(reference, within=RunFilter(state=RunState.COMPLETE))
    if run.state is not RunState.COMPLETE:
        raise UsageError(f"{run.title_at_start} is {run.state}.", "Accept a change with a run that was completed.")
    if run.companion_of is not None:
        raise UsageError(
            f"{run.title_at_start} only helps to judge run {run.companion_of}.",
            f"Accept the change with that run: --run {run.companion_of}",
        )
    (series,) = store.all_series([run], [feature])
    if not any(point.status is Status.PASS for point in series.points):
        raise NotFoundError(
            f"{feature.name} did not pass in {run.title}, so no level can begin there.",
            f"'aicmo-perf history {feature.name}' lists its runs.",
        )
    return run
