"""Which run a person means."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aicmo_perf.errors import NotFoundError, UsageError
from aicmo_perf.model import Environment, Mode, RunFilter, RunOptions, RunState

SHA = "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3"


@pytest.fixture
def runs(history):
    """Five runs of every kind, by name."""
    return {
        "first": history.add(commit_sha=SHA, label="release", branch="topic"),
        "second": history.add(commit_sha=SHA, label="1234567", mode=Mode.LIVE, environment=Environment({"x": 1})),
        "other": history.add(
            commit_sha="1234567" + "0" * 33, suites=("billing", "shop"), options=RunOptions(quick=False)
        ),
        "interrupted": history.add(commit_sha=SHA, label="release", state=RunState.INTERRUPTED),
        "running": history.add(state=RunState.RUNNING),
    }


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("1", "first"),
        (" 5 ", "running"),
        ("latest", "running"),
        ("latest~0", "running"),
        ("latest~1", "interrupted"),
        ("latest~4", "first"),
        ("release", "interrupted"),
        (SHA, "second"),
        (SHA[:7], "second"),
        (SHA[:12].upper(), "second"),
        ("1234567", "second"),
        ("12345670", "other"),
    ],
)
def test_references(history, runs, reference, name):
    assert history.store.find_run(reference) == runs[name]


def test_uuids(history, runs):
    uuid = runs["second"].uuid
    assert history.store.find_run(uuid) == runs["second"]
    assert history.store.find_run(uuid[:13].upper()) == runs["second"]
    with pytest.raises(UsageError) as caught:
        history.store.find_run(uuid[:4])
    assert f"{runs['running'].uuid} (run 5)" in caught.value.message
    assert "…" in caught.value.message, "more than are listed"
    with pytest.raises(NotFoundError):
        history.store.find_run(uuid[:3])


def test_within_a_filter(history, runs):
    find = history.store.find_run
    assert find("latest", within=RunFilter(mode=Mode.LIVE)) == runs["second"]
    assert find("latest~3", within=RunFilter(branch="main")) == runs["second"]
    assert find("latest", within=RunFilter(state=RunState.INTERRUPTED)) == runs["interrupted"]
    assert find(SHA, within=RunFilter(branch="topic")) == runs["first"]
    assert find("release", within=RunFilter(state=RunState.COMPLETE)) == runs["first"]
    assert find("5", within=RunFilter(branch="topic")) == runs["running"], "a number means its run wherever it is"


@pytest.mark.parametrize(
    ("reference", "hint"),
    [
        ("relaese", "Did you mean release"),
        ("99", "The newest is run 5"),
        ("99999999999999999999999", "The newest is run 5"),
        ("²", "lists the runs"),
        ("bbbbbbb", "lists the runs"),
        ("latest~9", "lists the runs"),
        ("%", "lists the runs"),
        ("nonsense \udc80", "lists the runs"),
    ],
)
def test_what_is_not_found_comes_with_a_hint(history, runs, reference, hint):
    with pytest.raises(NotFoundError) as caught:
        history.store.find_run(reference)
    assert hint in caught.value.hint


def test_counting_back_too_far_says_how_far_it_goes(history, runs):
    with pytest.raises(NotFoundError, match="only 5 runs can be counted back"):
        history.store.find_run("latest~5")


def test_an_empty_store_and_an_empty_reference(history):
    for reference in ("latest", "latest~2", "1"):
        with pytest.raises(NotFoundError) as caught:
            history.store.find_run(reference)
        assert "aicmo-perf run" in caught.value.hint
    with pytest.raises(UsageError):
        history.store.find_run("  ")


@pytest.mark.parametrize(
    ("run_filter", "ids"),
    [
        (RunFilter(), [1, 2, 3, 4, 5]),
        (RunFilter(last=2), [4, 5]),
        (RunFilter(last=0), []),
        (RunFilter(state=RunState.COMPLETE), [1, 2, 3]),
        (RunFilter(mode=Mode.LIVE), [2]),
        (RunFilter(branch="topic"), [1]),
        (RunFilter(suite="billing"), [3]),
        (RunFilter(suite="shop"), [1, 2, 3, 4, 5]),
        (RunFilter(suite="nowhere"), []),
        (RunFilter(quick=False), [3]),
        (RunFilter(label="release"), [1, 4]),
        (RunFilter(commit_sha=SHA[:7]), [1, 2, 4]),
        (RunFilter(commit_sha=SHA, state=RunState.COMPLETE), [1, 2]),
        (RunFilter(commit_sha="bbbbbbb"), []),
        (RunFilter(commit_sha="no sha"), []),
        (RunFilter(environment=Environment({"x": 1}).fingerprint), [2]),
        (RunFilter(environment=Environment({"x": 1}).fingerprint[:8]), [2]),
        (RunFilter(environment="e1-"), [1, 2, 3, 4, 5]),
        (RunFilter(environment="e1-nowhere"), []),
    ],
    ids=repr,
)
def test_filters(history, runs, run_filter, ids):
    assert [run.id for run in history.store.runs(run_filter)] == ids


def test_filters_by_time(history, runs):
    moment = runs["other"].started_at

    def ids(**bounds):
        return [run.id for run in history.store.runs(RunFilter(**bounds))]

    assert ids(since=moment) == [3, 4, 5], "inclusive"
    assert ids(until=moment) == [1, 2], "exclusive"
    assert ids(since=moment - timedelta(hours=1), until=moment) == [2]
    assert ids(since=moment + timedelta(days=1)) == []
    assert ids(since=moment.astimezone()) == [3, 4, 5]
    history.add(started_at=moment - timedelta(days=1))
    assert ids(since=moment) == [3, 4, 5], "a run of another time may be stored later"
    assert ids(until=moment) == [6, 1, 2]
