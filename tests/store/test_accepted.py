"""New levels that people took as they are."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aicmo_perf.errors import NotFoundError
from aicmo_perf.model import AcceptedChange


@pytest.fixture
def accept(history, make_feature):
    """Accept the named feature's level from a run on, so many hours after it."""

    def accepted(name, run, hours, **more):
        change = AcceptedChange(
            feature=make_feature(name), run=run, accepted_at=run.started_at + timedelta(hours=hours), **more
        )
        history.store.accept(change)
        return change

    return accepted


def test_what_was_accepted_comes_back_the_oldest_first(history, accept):
    first, second = (history.add({"swot": 1.0, "deck": 2.0}) for _ in range(2))
    late = accept("swot", first, 9, accepted_by="Ünïcode", reason="a better\nsummary \udc80")
    early = accept("deck", second, 2)
    found = history.store.accepted_changes()
    assert found[0] == early
    assert (found[1].feature, found[1].run, found[1].accepted_at) == (late.feature, late.run, late.accepted_at)
    assert (found[1].accepted_by, found[1].reason) == ("Ünïcode", r"a better" + "\n" + r"summary \udc80")


def test_accepting_from_the_same_run_again_replaces(history, accept):
    run = history.add({"swot": 1.0})
    accept("swot", run, 1, reason="first thought")
    again = accept("swot", run, 2, reason="second thought")
    assert history.store.accepted_changes() == (again,)


def test_withdrawing_forgets_all_of_that_feature(history, accept, make_feature):
    runs = [history.add({"swot": 1.0, "deck": 2.0}) for _ in range(2)]
    for run in runs:
        accept("swot", run, 1)
    kept = accept("deck", runs[0], 1)
    history.store.withdraw(make_feature("swot"))
    assert history.store.accepted_changes() == (kept,)
    for name in ("swot", "nowhere"):
        with pytest.raises(NotFoundError):
            history.store.withdraw(make_feature(name))


def test_what_is_not_stored_cannot_be_accepted(history, accept):
    run = history.add({"swot": 1.0})
    with pytest.raises(NotFoundError, match="nowhere"):
        accept("nowhere", run, 1)
    with pytest.raises(ValueError, match="stored run"):
        accept("swot", history.new_run(), 1)


def test_an_accepted_level_goes_with_its_run(history, accept):
    run = history.add({"swot": 1.0})
    accept("swot", run, 1)
    with history.store._database.writing() as connection:
        connection.exec_driver_sql(f"DELETE FROM runs WHERE id = {run.id}")
    assert history.store.accepted_changes() == ()
