"""What flakiness checks found out comes back, of one run and the newest of each feature."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from aicmo_perf.errors import NotFoundError
from aicmo_perf.model import (
    Cause,
    Explanation,
    FlakinessFinding,
    Inconsistency,
    OrderRole,
    RateEstimate,
    RunRole,
    Signature,
    Status,
)
from aicmo_perf.store import open_store

USUAL, OTHER = Signature(Status.PASS, 0, 0), Signature(Status.FAIL, 2, 1)
SEEN = RateEstimate(run_count=10, deviating_count=3, rate=0.3, low=0.1, high=0.6)


@pytest.fixture
def finding_of(make_feature):
    """A finding about the feature of a name."""

    def made(name: str, **facts: object) -> FlakinessFinding:
        usual = {"inconsistency": Inconsistency.STATUS, "usual": USUAL, "other": OTHER, "rate": SEEN}
        return FlakinessFinding(**{"feature": make_feature(name), **usual, **facts})

    return made


def test_every_field_comes_back_in_the_order_of_writing(history, store_path, finding_of):
    run = history.add({"a": 1.0, "b": 1.0, "c": 1.0})
    findings = (
        finding_of(
            "c",
            explanations=(
                Explanation(
                    causes=(Cause.ORDER,),
                    role=OrderRole.VICTIM,
                    features=(("shop", "shop.a"), ("shop", "shop.ünï")),
                    detail="after shop.a – fails",
                    confirmed_count=2,
                ),
                Explanation(causes=(Cause.HASH_SEED, Cause.STATE_ON_DISK), detail="both\ntogether \udc80"),
            ),
            iterations=(2, 5),
            replay_iteration=2,
            trial_count=17,
        ),
        finding_of(
            "a",
            inconsistency=Inconsistency.OUTPUT,
            other=USUAL,
            output_diff=("- a\x00", "+ b – 'c'"),
            rate=RateEstimate(run_count=0, deviating_count=0, rate=None, low=0.0, high=1.0, not_excluded=0.95),
        ),
    )

    history.store.add_findings(run, findings)

    with open_store(store_path, write=False) as reader:
        assert reader.result(run).findings == findings


def test_findings_of_a_run_are_replaced_and_those_of_others_stay(history, finding_of):
    first, second = (history.add({"a": 1.0, "b": 1.0}) for _ in range(2))
    history.store.add_findings(first, [finding_of("a"), finding_of("b")])
    history.store.add_findings(second, [finding_of("a")])

    history.store.add_findings(first, [finding_of("b", trial_count=5)])

    assert history.store.result(first).findings == (finding_of("b", trial_count=5),)
    assert history.store.result(second).findings == (finding_of("a"),)
    history.store.add_findings(second, [])
    assert history.store.result(second).findings == ()


def test_the_newest_finding_of_each_feature_is_the_latest_started(history, finding_of, make_feature):
    run = history.add({"a": 1.0, "b": 1.0, "c": 1.0})
    imported = history.add({"a": 1.0}, started_at=run.started_at - timedelta(days=1))
    consistent = history.add({"a": 1.0, "b": 1.0})
    companion = history.add({"b": 1.0}, role=RunRole.RERUN_HEAD, companion_of=run.id)
    history.store.add_findings(run, [finding_of("a"), finding_of("b")])
    history.store.add_findings(imported, [finding_of("a", trial_count=9)])
    history.store.add_findings(consistent, [])
    history.store.add_findings(companion, [finding_of("b", trial_count=9)])

    latest = history.store.latest_findings()
    of_a = history.store.findings_of(make_feature("a"))

    assert of_a == ((imported, finding_of("a", trial_count=9)), (run, finding_of("a")))
    assert latest == {("shop", "shop.a"): (run, finding_of("a")), ("shop", "shop.b"): (run, finding_of("b"))}


def test_a_finding_without_time_does_not_hide_an_earlier_one(history, finding_of):
    cut_off = {"explanations": (Explanation(causes=(Cause.OUT_OF_TIME,)),)}
    first, second, third = (history.add({"a": 1.0, "b": 1.0}) for _ in range(3))
    history.store.add_findings(first, [finding_of("a", trial_count=1)])
    history.store.add_findings(second, [finding_of("a", trial_count=2), finding_of("b", **cut_off)])
    history.store.add_findings(third, [finding_of("a", **cut_off), finding_of("b", **cut_off)])

    assert history.store.latest_findings() == {
        ("shop", "shop.a"): (second, finding_of("a", trial_count=2)),
        ("shop", "shop.b"): (third, finding_of("b", **cut_off)),
    }


def test_a_finding_needs_a_stored_feature_and_a_stored_run(history, finding_of, make_feature):
    run = history.add({"a": 1.0})
    history.store.add_findings(run, [finding_of("a")])
    with pytest.raises(NotFoundError, match="no feature 'zebra'"):
        history.store.add_findings(run, [finding_of("zebra")])
    assert history.store.result(run).findings == (finding_of("a"),)
    with pytest.raises(ValueError, match="started in the store"):
        history.store.add_findings(replace(run, id=None), [])
    with pytest.raises(NotFoundError):
        history.store.findings_of(make_feature("zebra"))
