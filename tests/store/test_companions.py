"""Runs that only help to judge another one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aicmo_perf.errors import NotFoundError
from aicmo_perf.model import RunFilter, RunRole, RunState

SHA = "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3"


@pytest.fixture
def head(history):
    """A run with two companions: its base, and a re-run that goes on."""
    head = history.add({"swot": 1.0}, role=RunRole.PAIRED_HEAD, pull_request="17")
    base = {"role": RunRole.PAIRED_BASE, "companion_of": head.id, "commit_sha": SHA, "label": "base"}
    history.add({"swot": 2.0}, **base)
    history.add({"swot": 3.0}, role=RunRole.RERUN_HEAD, companion_of=head.id, state=RunState.RUNNING)
    return head


def ids(runs):
    return [run.id for run in runs]


def test_roles_and_pull_requests_come_back(history, head):
    found = history.store.find_run(str(head.id))
    assert (found.role, found.companion_of, found.pull_request) == (RunRole.PAIRED_HEAD, None, "17")
    base, rerun = history.store.companions(head)
    assert (base.role, base.companion_of, base.state) == (RunRole.PAIRED_BASE, head.id, RunState.COMPLETE)
    assert (rerun.role, rerun.companion_of, rerun.state) == (RunRole.RERUN_HEAD, head.id, RunState.RUNNING)
    assert history.store.companions(base) == ()


def test_only_those_who_ask_for_companions_see_them(history, head, make_feature):
    store = history.store
    assert ids(store.runs(RunFilter())) == [1]
    assert ids(store.runs(RunFilter(companions=True))) == [1, 2, 3]
    swot = make_feature("swot")
    assert [point.run.id for point in store.feature_series(swot, RunFilter()).points] == [1]
    assert [point.run.id for point in store.feature_series(swot, RunFilter(companions=True)).points] == [1, 2, 3]


def test_only_a_number_and_a_uuid_find_a_companion(history, head):
    store = history.store
    base, _ = store.companions(head)
    assert store.find_run("latest") == head
    assert store.find_run("latest", within=RunFilter(companions=True)) == head
    for reference in (str(base.id), base.uuid):
        assert store.find_run(reference) == base
    for reference in (SHA, "base"):
        with pytest.raises(NotFoundError) as caught:
            store.find_run(reference)
        assert "base" not in caught.value.hint.split(), "what cannot be found is not suggested"


def test_pull_requests_can_be_left_out(history, head):
    other = history.add()
    assert history.store.runs(RunFilter(pull_requests=False)) == (other,)
    assert ids(history.store.runs(RunFilter())) == [1, 4]


def test_companions_end_like_other_runs(history, head):
    store = history.store
    _, rerun = store.companions(head)
    assert store.running() == (rerun,)
    finished = store.finish_run(rerun, RunState.COMPLETE, rerun.started_at + timedelta(minutes=1))
    assert (finished.state, finished.companion_of) == (RunState.COMPLETE, head.id)
    left = history.add(companion_of=head.id, role=RunRole.RERUN_BASE, state=RunState.RUNNING)
    store.mark_interrupted([left.id])
    assert store.find_run(str(left.id)).state is RunState.INTERRUPTED
    assert store.running() == ()


def test_companions_go_with_their_run(history, head):
    other = history.add({"swot": 4.0})
    with history.store._database.writing() as connection:
        connection.exec_driver_sql(f"DELETE FROM runs WHERE id = {head.id}")
    assert history.store.runs(RunFilter(companions=True)) == (other,)
    assert history.store.status_counts([1, 2, 3]) == {1: {}, 2: {}, 3: {}}


def test_all_samples_of_a_run(history, make_iteration, make_feature):
    run = history.store.start_run(history.new_run())
    history.record(run, make_iteration("deck", feature=make_feature("deck", suite="billing"), samples_seconds=(9.0,)))
    history.record(
        run,
        make_iteration("swot", samples_seconds=(1.0, 2.0)),
        make_iteration("swot", iteration=2),
        make_iteration("swot", iteration=3, samples_seconds=(3.0,)),
    )
    history.record(run, make_iteration("failed"))
    history.add({"swot": 8.0})
    found = history.store.iteration_samples(run)
    assert found == {
        ("billing", "shop.deck"): {1: (9.0,)},
        ("shop", "shop.swot"): {1: (1.0, 2.0), 3: (3.0,)},
    }
    assert list(found) == [("billing", "shop.deck"), ("shop", "shop.swot")], "in the order of the run"
