"""A run of the store, judged: by its features' levels, by what was accepted, by re-runs and pairs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aicmo_perf.baseline import Baseline
from aicmo_perf.config import Settings
from aicmo_perf.errors import UsageError
from aicmo_perf.gate import Rule
from aicmo_perf.model import AcceptedChange, Change, Environment, FeatureThresholds, Run, RunFilter, RunOptions, RunRole
from aicmo_perf.stats.comparison import SlownessPolicy
from aicmo_perf.workflows.judging import JudgedRun, gate_policy, judge_run
from tests.workflows.past import BEGINNING, NAMES, Past, feature_of

SLOW = {"swot": 1.5}


def judged(past: Past, run: Run, settings: Settings, **values) -> JudgedRun:
    return judge_run(past.store, past.result(run), settings, **values)


def swot_of(judged_run: JudgedRun):
    return judged_run.comparison.by_key()["shop", "shop.swot"]


def changes_of(judged_run: JudgedRun) -> dict[str, Change]:
    return {item.feature.name: item.change for item in judged_run.comparison.features}


def test_one_feature_that_is_slower_is_found(past: Past, settings: Settings) -> None:
    past.add_many(12)
    answer = judged(past, past.add(SLOW), settings)
    assert changes_of(answer) == {**dict.fromkeys(NAMES, Change.UNCHANGED), "swot": Change.REGRESSED}
    assert [finding.rule for finding in answer.verdict.findings] == [Rule.SLOWER]
    assert len(answer.recent["shop", "shop.swot"]) == 13


def test_a_regression_fails_ten_runs_and_then_is_the_level(past: Past, settings: Settings) -> None:
    past.add_many(15)
    answers = [judged(past, past.add(SLOW), settings) for _ in range(14)]
    changes = [swot_of(answer).change for answer in answers]
    assert changes[:10] == [Change.REGRESSED] * 10
    assert changes[10:] == [Change.UNCHANGED] * 4
    assert swot_of(answers[9]).level.held_back.run.id == 16
    last = swot_of(answers[13]).level
    assert (last.start.run.id, last.held_back) == (16, None)
    assert [point.run.id for point in answers[13].change_points] == [16]
    assert swot_of(answers[13]).reason == ""


def test_an_improvement_is_the_level_at_once(past: Past, settings: Settings) -> None:
    past.add_many(15)
    past.add_many(6, {"swot": 0.5})
    lost = judged(past, past.add(), settings)
    assert swot_of(lost).change is Change.REGRESSED, "what was won must not be lost"
    assert swot_of(lost).level.start.run.id == 16


def test_a_branch_is_judged_by_the_newest_level_of_the_default_branch(past: Past, settings: Settings) -> None:
    past.add_many(15)
    past.add_many(6, SLOW)
    answer = judged(past, past.add(SLOW, branch="topic"), settings)
    assert swot_of(answer).change is Change.UNCHANGED
    assert swot_of(judged(past, past.add(SLOW), settings)).change is Change.REGRESSED


def accept(past: Past, run: Run) -> AcceptedChange:
    change = AcceptedChange(
        feature=feature_of("swot"), run=run, accepted_at=BEGINNING, accepted_by="anna", reason="a better model"
    )
    past.store.accept(change)
    return change


def test_an_accepted_change_begins_a_level(past: Past, settings: Settings) -> None:
    past.add_many(12)
    run = past.add(SLOW)
    assert not judged(past, run, settings).verdict.passed
    accepted = accept(past, run)
    again = judged(past, run, settings)
    assert again.verdict.passed
    assert swot_of(again).accepted == accepted
    assert any("accepted by anna on 2025-03-01: a better model" in note for note in again.verdict.notes)
    followers = [judged(past, past.add(SLOW), settings) for _ in range(7)]
    assert all(answer.verdict.passed for answer in followers)
    assert swot_of(followers[-1]).change is Change.UNCHANGED
    assert swot_of(followers[-1]).level.start == accepted
    assert swot_of(judged(past, past.add({"swot": 2.5}), settings)).change is Change.REGRESSED
    past.store.withdraw(feature_of("swot"))
    assert not judged(past, run, settings).verdict.passed


def test_runs_that_are_named_are_taken_as_they_are(past: Past, settings: Settings) -> None:
    """Whoever names a commit's runs means their level, whatever has been since."""
    past.add_many(10, commit_sha="a" * 40)
    past.add_many(15, SLOW)
    run = past.add(SLOW)
    assert swot_of(judged(past, run, settings)).change is Change.UNCHANGED
    of_commit = judged(past, run, settings.override(baseline="commit:" + "a" * 40))
    assert swot_of(of_commit).change is Change.REGRESSED
    assert swot_of(of_commit).level.start is None
    newest = Baseline(suite="shop", runs=past.store.runs(RunFilter(before=run.moment, last=30)))
    given = judged(past, run, settings, baselines=[newest])
    assert swot_of(given).level.start is None


def test_a_feature_may_have_a_least_effect_of_its_own(past: Past, settings: Settings) -> None:
    past.add_many(12)
    run = past.add(SLOW)
    thresholds = (FeatureThresholds(match="sw*", min_effect_ratio=0.9),)
    answer = judged(past, run, replace(settings, gate=replace(settings.gate, thresholds=thresholds)))
    assert swot_of(answer).change is Change.UNCHANGED


def test_another_machine_is_compared_by_what_all_features_share(past: Past, settings: Settings) -> None:
    past.add_many(12)
    past.add_many(6, factor=3.0, environment=Environment({"cpu_model": "Processor 2"}))
    run = past.add(SLOW, factor=2.0, environment=Environment({"cpu_model": "Processor 3"}))
    assert not judged(past, run, settings).verdict.could_judge
    answer = judged(past, run, settings.override(any_environment=True))
    assert changes_of(answer) == {**dict.fromkeys(NAMES, Change.UNCHANGED), "swot": Change.REGRESSED}
    assert answer.comparison.common_factor.is_removed
    assert any("3 machines" in note for note in answer.verdict.notes)


# re-runs and pairs


def test_reruns_decide_beside_one_another(past: Past, settings: Settings) -> None:
    past.add_many(12)
    run = past.add(SLOW)
    past.add(SLOW, names=("swot",), iterations=6, role=RunRole.RERUN_HEAD, companion_of=run.id)
    past.add(SLOW, names=("swot",), iterations=5, role=RunRole.RERUN_BASE, companion_of=run.id)
    answer = judged(past, run, settings)
    item = swot_of(answer)
    assert (len(item.head_reruns_seconds), len(item.base_reruns_seconds)) == (5, 5)
    assert item.change is not Change.REGRESSED, "the baseline's code was as slow beside it"


def test_a_confirmed_run_is_judged_by_what_re_runs_would_have_shown_whenever_it_is_looked_at(
    past: Past, settings: Settings
) -> None:
    past.add_many(12)
    alone = past.add()
    confirmed = past.add(options=RunOptions(confirmed=True))
    visible = {run.id: swot_of(judged(past, run, settings)).smallest_visible_ratio for run in (alone, confirmed)}
    assert visible[confirmed.id] < visible[alone.id]
    suspect = past.add(SLOW, options=RunOptions(confirmed=True))
    assert swot_of(judged(past, suspect, settings)).smallest_visible_ratio > visible[confirmed.id], "nobody re-ran it"


def test_reruns_of_the_head_alone_are_all_taken(past: Past, settings: Settings) -> None:
    past.add_many(12)
    run = past.add(SLOW)
    past.add(SLOW, names=("swot",), iterations=2, role=RunRole.RERUN_HEAD, companion_of=run.id)
    past.add(SLOW, names=("swot",), iterations=4, role=RunRole.RERUN_HEAD, companion_of=run.id)
    item = swot_of(judged(past, run, settings))
    assert (len(item.head_reruns_seconds), item.base_reruns_seconds) == (6, ())
    assert item.change is Change.REGRESSED
    assert judged(past, run, settings, baselines=[]).comparison.features[0].head_reruns_seconds == ()


def test_the_other_side_of_a_paired_run_is_its_baseline_whatever_the_history_says(
    past: Past, settings: Settings
) -> None:
    past.add_many(12, {"persona": 9.0})
    head = past.add(SLOW, iterations=8, role=RunRole.PAIRED_HEAD, commit_sha="b" * 40)
    base = past.add(iterations=8, role=RunRole.PAIRED_BASE, companion_of=head.id, commit_sha="a" * 40)
    answer = judged(past, head, settings)
    assert answer.comparison.is_paired
    assert answer.comparison.baselines[0].runs == (base,)
    assert answer.comparison.baselines[0].why == f"run {base.id}, interleaved with commit aaaaaaaaaa in 8 pairs"
    assert changes_of(answer) == {**dict.fromkeys(NAMES, Change.UNCHANGED), "swot": Change.REGRESSED}
    assert len(swot_of(answer).base_reruns_seconds) == 8
    assert swot_of(answer).previous_run == base
    asked = judged(past, head, settings.override(baseline="last:12"))
    assert not asked.comparison.is_paired
    assert base not in asked.comparison.baselines[0].runs


def test_a_feature_that_one_side_lacks_is_not_judged(past: Past, settings: Settings) -> None:
    head = past.add(iterations=8, role=RunRole.PAIRED_HEAD)
    past.add(names=NAMES[1:], iterations=8, role=RunRole.PAIRED_BASE, companion_of=head.id)
    answer = judged(past, head, settings)
    assert swot_of(answer).is_new
    assert answer.verdict.passed


# what is configured


def test_the_policy_is_what_is_configured(settings: Settings) -> None:
    policy = gate_policy(settings.gate)
    assert policy.rules == frozenset(Rule) - {Rule.FASTER}
    assert policy.slowness == SlownessPolicy()
    given = settings.override(fail_on_improvement=True, slower=False, min_run_count=7, min_effect_ratio=0.2)
    policy = gate_policy(given.gate)
    assert policy.rules == frozenset(Rule) - {Rule.SLOWER}
    assert (policy.slowness.min_run_count, policy.slowness.min_effect_ratio) == (7, 0.2)
    assert gate_policy(given.gate, frozenset({Rule.SLOWER, Rule.FLAKY})).rules == {Rule.FLAKY}


def test_a_window_that_is_never_enough_is_refused(settings: Settings) -> None:
    with pytest.raises(UsageError, match="A window of 4 runs never holds the 5"):
        gate_policy(settings.override(window=4).gate)


def test_the_first_run_of_all_has_nothing_to_be_judged_by(past: Past, settings: Settings) -> None:
    answer = judged(past, past.add(SLOW), settings)
    assert answer.verdict.passed
    assert not answer.verdict.could_judge
    assert answer.change_points == ()
    assert not any(item.has_baseline for item in answer.comparison.features)
