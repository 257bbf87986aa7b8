"""What the gate says of runtimes: what is slower and what to do about it, and what else must be known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from aicmo_perf.baseline import FeatureLevel
from aicmo_perf.gate import DEFAULT_RULES, Coverage, GatePolicy, Rule
from aicmo_perf.model import AcceptedChange, Change, ChangePoint, Status
from aicmo_perf.stats.comparison import CommonFactor, RuntimeChange
from tests.gate.cases import NOW, PAST, compared, not_compared, status_of, told, verdict_on

SWOT = status_of()
ACCEPT = "if it is meant: aicmo-perf baseline accept swot --run 31"
ACCEPT_BEGAN = "if it is meant: aicmo-perf baseline accept swot --run 28"


def slower_by(**values):
    return (SWOT, compared(SWOT, Change.REGRESSED, **values))


@pytest.mark.parametrize(("p_value", "chance"), [(0.0004, ", p = 0.0004"), (1e-9, ", p < 0.0001"), (None, "")])
def test_a_slower_feature(p_value, chance):
    verdict = verdict_on(slower_by(judged={"p_slower": p_value}))
    assert told(verdict) == [
        (
            Rule.SLOWER,
            f"swot is slower: 12.3 ms against 10.0 ms (+23.0%, 1% quantile, 20 runs{chance}).",
        )
    ]
    assert verdict.findings[0].advice == (
        f"Look through git log aaaaaaaaaa..bbbbbbbbbb; see since when with: aicmo-perf history swot; {ACCEPT}"
    )


@pytest.mark.parametrize(
    ("head_count", "base_count", "confirmed"),
    [
        (6, 6, "; confirmed by 6 interleaved re-runs, +20.0%"),
        (1, 1, "; confirmed by 1 interleaved re-run, +20.0%"),
        (3, 0, "; confirmed by 3 re-runs, +20.0%"),
        (0, 0, ""),
    ],
)
def test_reruns_that_confirm_are_told(head_count, base_count, confirmed):
    verdict = verdict_on(
        slower_by(
            judged={"rerun_count": head_count, "rerun_ratio": 1.2},
            head_reruns_seconds=(0.012,) * head_count,
            base_reruns_seconds=(0.01,) * base_count,
        )
    )
    ((_, message),) = told(verdict)
    assert message.endswith(f"p = 0.0004{confirmed}).")


def test_pairs_are_told_in_place_of_runs():
    item = slower_by(judged={"rerun_count": 8}, head_reruns_seconds=(0.012,) * 8, base_reruns_seconds=(0.01,) * 8)
    verdict = verdict_on(item, is_paired=True)
    assert told(verdict)[0][1].endswith("(+23.0%, 1% quantile, 8 interleaved pairs, p = 0.0004).")
    assert verdict.notes == ()


@pytest.mark.parametrize("commit", [None, PAST.commit_sha])
def test_a_slowdown_without_a_commit_to_blame_is_to_be_run_again(commit):
    status = status_of("a b")
    verdict = verdict_on((status, compared(status, Change.REGRESSED)), run=replace(NOW, commit_sha=commit))
    assert verdict.findings[0].advice == (
        "Run it again to rule out a busy machine; see since when with: aicmo-perf history 'a b'; "
        "if it is meant: aicmo-perf baseline accept 'a b' --run 31"
    )


STEP = ChangePoint(
    feature=SWOT.feature,
    run=replace(PAST, id=28, commit_sha="d" * 40),
    previous_run=replace(PAST, id=27, commit_sha="c" * 40),
    before_seconds=0.01,
    after_seconds=0.012,
    confidence=0.99,
)


def test_a_slowdown_of_some_runs_ago_is_blamed_on_its_own_commits():
    verdict = verdict_on(slower_by(level=FeatureLevel((PAST,), held_back=STEP)))
    assert verdict.findings[0].advice == (
        f"Look through git log cccccccccc..dddddddddd, since run 28 it has been slower; {ACCEPT_BEGAN}"
    )
    without = replace(STEP, run=replace(PAST, id=28, commit_sha=None))
    verdict = verdict_on(slower_by(level=FeatureLevel((PAST,), held_back=without)))
    assert verdict.findings[0].advice == f"Since run 28 it has been slower; {ACCEPT_BEGAN}"


def test_waiting_is_told_from_computing():
    verdict = verdict_on(slower_by(is_waiting=True, cpu_ratio=1.004))
    assert verdict.findings[0].advice == (
        "It is waiting, not computing: its CPU time hardly changed (+0.4%); look for a lock, a file, the network or a "
        f"busy machine; see since when with: aicmo-perf history swot; {ACCEPT}"
    )


@pytest.mark.parametrize(
    ("slower_count", "unchanged_count", "is_suspected"), [(3, 1, True), (3, 2, True), (3, 3, False), (2, 0, False)]
)
def test_when_most_features_are_slower_the_machine_is_suspected(slower_count, unchanged_count, is_suspected):
    changes = [Change.REGRESSED] * slower_count + [Change.UNCHANGED] * unchanged_count
    statuses = [status_of(f"f{number}") for number in range(len(changes))]
    verdict = verdict_on(*((item, compared(item, change)) for item, change in zip(statuses, changes, strict=True)))
    assert len(verdict.findings) == slower_count
    suspicion = f"{slower_count} of {len(changes)} features are slower at once"
    assert all(finding.advice.startswith(suspicion) is is_suspected for finding in verdict.findings)


def test_what_was_measured_side_by_side_is_not_blamed_on_the_machine():
    statuses = [status_of(f"f{number}") for number in range(4)]
    verdict = verdict_on(
        *((item, compared(item, Change.REGRESSED, base_reruns_seconds=(0.01,))) for item in statuses), is_paired=True
    )
    assert not any("machine" in finding.advice for finding in verdict.findings)


# faster


FASTER = (SWOT, compared(SWOT, Change.IMPROVED, level_seconds=0.008, judged={"ratio": 0.8}))


def test_improvements_are_told_and_fail_nothing():
    verdict = verdict_on(FASTER)
    assert verdict.passed
    assert verdict.notes[0] == ("1 feature is faster: swot (8.00 ms against 10.0 ms (-20.0%, 1% quantile, 20 runs)).")


def test_improvements_fail_for_those_who_want_it():
    verdict = verdict_on(FASTER, policy=GatePolicy(rules=frozenset(Rule)))
    assert told(verdict) == [(Rule.FASTER, "swot is faster: 8.00 ms against 10.0 ms (-20.0%, 1% quantile, 20 runs).")]
    assert verdict.findings[0].advice == (
        f"Look through git log aaaaaaaaaa..bbbbbbbbbb whether it still does all its work; {ACCEPT}"
    )
    assert not any("faster" in note for note in verdict.notes)


# how sure it is


def test_one_run_alone_is_named_as_such_once():
    statuses = [status_of(name) for name in "ab"]
    verdict = verdict_on(*((status, compared(status, Change.REGRESSED)) for status in statuses))
    assert verdict.notes == ("One run alone judged a, b; 'aicmo-perf run --gate' confirms by re-runs.",)


def test_reruns_of_the_head_alone_are_named_as_such_once():
    verdict = verdict_on(slower_by(judged={"rerun_count": 6}, head_reruns_seconds=(0.012,) * 6))
    assert verdict.notes == (
        "Re-runs of this code alone confirmed swot: a machine that was busy all the while looks the same.",
    )


@pytest.mark.parametrize("is_cut", [True, False])
def test_suspects_that_the_budget_left_undecided_are_named(is_cut):
    judged = {"rerun_count": 2, "reason": "noise", "wants_rerun": is_cut}
    item = compared(SWOT, Change.INCONCLUSIVE, judged=judged)
    notes = verdict_on((SWOT, item)).notes
    told_so = "Re-runs ended before 1 suspect could be decided: swot; more time for them: --confirm-budget."
    assert (told_so in notes) is is_cut


def test_pairs_that_did_not_decide_are_named():
    item = compared(SWOT, judged={"wants_rerun": True})
    assert verdict_on((SWOT, item), is_paired=True).notes == (
        "1 feature could not be decided in the time there was: swot; more of it: --against-budget.",
    )


# what all features share, what only some calls show, what was accepted


@pytest.mark.parametrize(
    ("factor", "note"),
    [
        ({"is_clear": False, "is_removed": False, "is_machine_difference": False}, None),
        (
            {"is_clear": True, "is_removed": True, "is_machine_difference": False},
            "As a whole this run took 1.06x as long as the baseline, over 40 features; "
            "each was judged relative to that.",
        ),
        (
            {"is_clear": True, "is_removed": False, "is_machine_difference": False},
            "As a whole this run took 1.06x as long as the baseline, over 40 features; that was not taken out.",
        ),
        (
            {"is_clear": True, "is_removed": True, "is_machine_difference": True},
            "This run looks like another machine, or a busy one: as a whole it took 1.06x as long as the baseline, "
            "over 40 features; each was judged relative to that. If it may be the code, 'aicmo-perf run --against REF' "
            "tells.",
        ),
    ],
)
def test_what_all_features_have_in_common_is_told_when_it_is_clear(factor, note):
    verdict = verdict_on(SWOT, common_factor=CommonFactor(ratio=1.06, feature_count=40, **factor))
    assert verdict.notes == (() if note is None else (note,))


def test_a_change_is_told_relative_to_what_was_taken_out():
    factor = CommonFactor(ratio=1.06, is_clear=True, is_removed=True, feature_count=40, is_machine_difference=False)
    ((_, message),) = told(verdict_on(slower_by(), common_factor=factor))
    assert "(+23.0% beyond the whole run, 1% quantile, " in message


def test_slow_calls_now_and_then_are_told_and_fail_nothing():
    tail = RuntimeChange(change=Change.REGRESSED, ratio=1.8)
    verdict = verdict_on((SWOT, compared(SWOT, tail=tail)))
    assert verdict.passed
    assert verdict.notes == (
        "Only the slowest calls got slower, which fails nothing: swot (+80.0% at the 90% quantile).",
    )
    assert not any("slowest" in note for note in verdict_on(slower_by(tail=tail)).notes)


ACCEPTED = AcceptedChange(
    feature=SWOT.feature,
    run=PAST,
    accepted_at=datetime(2025, 2, 3, tzinfo=UTC),
    accepted_by="anna",
    reason="a better\nmodel.",
)


def test_a_change_accepted_with_this_very_run_is_told_and_fails_nothing():
    item = not_compared(SWOT, "its change was accepted with run 31", accepted=replace(ACCEPTED, run=NOW))
    verdict = verdict_on((SWOT, replace(item, judgement=replace(item.judgement, ratio=1.2))))
    assert verdict.passed
    assert verdict.notes == (
        "1 change was accepted: swot (run 31, +20.0%, accepted by anna on 2025-02-03: a better model).",
    )
    assert verdict.coverage == Coverage(inconclusive_count=1)


def test_an_accepted_level_is_told_while_the_baseline_has_its_start():
    level = FeatureLevel((PAST,), start=replace(ACCEPTED, accepted_by=None, reason=""))
    assert verdict_on((SWOT, compared(SWOT, level=level))).notes == (
        "1 change was accepted: swot (run 30, accepted on 2025-02-03).",
    )


# what could not be judged


def test_what_could_not_be_judged_is_said_with_its_reasons():
    few, noisy = "2 baseline runs; 5 are needed", "a change under 48.0% cannot be seen here"
    statuses = [status_of(name) for name in "abc"]
    in_noise = {"reason": noisy, "smallest_visible_ratio": 1.48}
    verdict = verdict_on(
        (statuses[0], compared(statuses[0], Change.INCONCLUSIVE, judged=in_noise)),
        (statuses[1], not_compared(statuses[1], few)),
        (statuses[2], not_compared(statuses[2], few)),
        status_of("d"),
    )
    assert verdict.notes == (f"3 features could not be judged for speed: b, c ({few}); a ({noisy}).",)
    assert verdict.coverage == Coverage(judged_count=1, inconclusive_count=3)
    assert verdict.could_judge


def test_noisy_features_are_one_reason_with_the_smallest_changes_to_be_seen():
    items = []
    for name, visible_ratio in zip("abc", (1.2, 1.05, 1.5), strict=True):
        judged = {"reason": "noise", "smallest_visible_ratio": visible_ratio}
        items.append((status_of(name), compared(status_of(name), Change.INCONCLUSIVE, judged=judged)))
    assert verdict_on(*items).notes == (
        "3 features could not be judged for speed: a, b, c (changes under 5.0% to 50.0%, a different share for each, "
        "cannot be seen here).",
    )


@pytest.mark.parametrize("status", [Status.FAIL, Status.SKIP])
def test_a_feature_that_does_not_pass_is_not_judged_for_speed(status):
    failing = status_of(status=status)
    verdict = verdict_on((failing, not_compared(failing, "it fails")), policy=GatePolicy(rules=DEFAULT_RULES))
    assert verdict.coverage.judged_count == 0


def test_a_slower_level_that_time_has_made_the_baseline_is_told():
    level = FeatureLevel((PAST,), start=STEP)
    verdict = verdict_on((SWOT, compared(SWOT, Change.UNCHANGED, level=level)))
    assert any(
        note.startswith("Judged by a slower level that has become the baseline: swot (+") for note in verdict.notes
    )
