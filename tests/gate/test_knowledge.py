"""How a failure is judged against what is known: flaky, newly flaky, broken, in quarantine, unstable in time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo_perf.flakiness.history import FeatureRecord
from aicmo_perf.flakiness.rates import estimate_rate
from aicmo_perf.flakiness.unstable_time import UnstableTime
from aicmo_perf.flakiness.wording import explanation_text
from aicmo_perf.gate import DEFAULT_RULES, GatePolicy, Knowledge, Rule
from aicmo_perf.model import (
    Cause,
    Change,
    Explanation,
    FlakinessFinding,
    FlakyState,
    Inconsistency,
    IterationKind,
    OrderRole,
    Quarantine,
    RunOptions,
    Signature,
    Status,
)
from tests.gate.cases import NOW, PAST, compared, not_compared, status_of, told, verdict_on

TODAY = date(2025, 6, 1)
PASS, FAIL = Signature(Status.PASS, 0, 0), Signature(Status.FAIL, 1, 0)
PLAIN, RETRY, PERTURBED = IterationKind.PLAIN, IterationKind.RETRY, IterationKind.PERTURBED
ONE_OF_TWENTY = estimate_rate(1, 20)


def did(*signatures, name="swot", errors=("no title",), **values):
    """A feature that said this, iteration by iteration."""
    status = max((signature.status for signature in signatures), key=lambda status: status.severity)
    return status_of(
        name,
        status,
        errors=errors if status.is_failing else (),
        signatures=signatures,
        iterations=tuple(range(1, len(signatures) + 1)),
        **values,
    )


def known_as(state, name="swot", rate=ONE_OF_TWENTY, **values):
    """What is known when one feature has a record."""
    feature = status_of(name).feature
    return Knowledge(
        records={feature.key: FeatureRecord(feature=feature, state=state, rate=rate, **values)}, today=TODAY
    )


def quarantined(until=TODAY, *, knowledge=None, in_file=False, **values):
    entry = Quarantine(feature="swot", reason="a race.", until=until, in_file=in_file)
    return replace(knowledge or Knowledge(today=TODAY), quarantined={status_of().key: entry}, **values)


NOTHING = Knowledge(today=TODAY)


# flaky


def test_one_pass_of_what_is_known_as_flaky_counts():
    verdict = verdict_on(did(FAIL, PASS), kinds=(PLAIN, RETRY), knowledge=known_as(FlakyState.FLAKY))
    assert verdict.passed
    assert verdict.notes == (
        "swot is known as flaky (rate 5%): it failed, then passed in retry 1; that it passed counts.",
    )


@pytest.mark.parametrize(("critical", "rule"), [(True, Rule.CRITICAL_FAILING), (False, Rule.NEWLY_FAILING)])
@pytest.mark.parametrize("before", [Status.PASS, Status.FAIL])
def test_what_is_known_as_flaky_and_fails_every_time_looks_broken_whatever_it_did_before(critical, rule, before):
    broken = did(FAIL, FAIL, FAIL, critical=critical)
    verdict = verdict_on(
        (broken, not_compared(broken, "it fails", previous_status=before)),
        kinds=(PLAIN, RETRY, RETRY),
        knowledge=known_as(FlakyState.FLAKY),
    )
    ((told_by, message),) = told(verdict)
    assert told_by is rule
    assert "it is known as flaky (rate 5%), yet failed 3 of 3; this looks broken" in message


def test_a_flake_so_frequent_that_all_retries_may_fail_by_chance_is_not_called_broken():
    known = known_as(FlakyState.FLAKY, rate=estimate_rate(10, 20))
    ((_, message),) = told(verdict_on(did(FAIL, FAIL, FAIL), kinds=(PLAIN, RETRY, RETRY), knowledge=known))
    assert "known as flaky (rate 50%) and failed 3 of 3, which chance alone does in 12% of all cases" in message


def test_what_is_known_as_flaky_and_was_not_retried_fails():
    ((_, message),) = told(verdict_on(did(FAIL), kinds=(PLAIN,), knowledge=known_as(FlakyState.FLAKY)))
    assert "was not retried, which 'aicmo-perf run --gate' does" in message


def test_a_pass_under_changed_conditions_does_not_count():
    known = known_as(FlakyState.FLAKY)
    verdict = verdict_on(did(FAIL, PASS, FAIL), kinds=(PLAIN, PERTURBED, RETRY), knowledge=known)
    ((_, message),) = told(verdict)
    assert "yet failed 2 of 2" in message


@pytest.mark.parametrize("knowledge", [NOTHING, *(known_as(state) for state in FlakyState if state != "flaky")])
@pytest.mark.parametrize("critical", [True, False])
def test_what_was_not_known_to_be_flaky_is_newly_so_and_not_told_as_failing(knowledge, critical):
    verdict = verdict_on(did(FAIL, PASS, critical=critical), kinds=(PLAIN, RETRY), knowledge=knowledge)
    assert told(verdict) == [(Rule.FLAKY, "swot is newly flaky: on unchanged code it failed, then passed in retry 1.")]
    assert verdict.findings[0].advice.startswith("See it with: aicmo-perf run --replay 31:1 -k swot; learn why with:")


@pytest.mark.parametrize("state", FlakyState)
def test_what_never_failed_and_warns_now_and_then_is_flaky_whatever_its_failures_are_known_for(state):
    warned = did(PASS, Signature(Status.PASS, 0, 1), critical=True)
    ((rule, message),) = told(verdict_on(warned, kinds=(PLAIN, PLAIN), knowledge=known_as(state)))
    assert rule is Rule.FLAKY
    assert message.startswith("swot is newly flaky: on unchanged code it said pass")


def test_a_newly_flaky_feature_is_told_also_by_those_who_do_not_want_it_to_fail():
    verdict = verdict_on(
        did(FAIL, PASS, critical=True),
        kinds=(PLAIN, RETRY),
        knowledge=NOTHING,
        policy=GatePolicy(rules=DEFAULT_RULES - {Rule.FLAKY}),
    )
    assert verdict.passed
    assert verdict.notes == (
        "swot is newly flaky: on unchanged code it failed, then passed in retry 1; that rule is off.",
    )


def finding_of(*explanations, **values):
    return FlakinessFinding(
        feature=status_of().feature,
        inconsistency=Inconsistency.STATUS,
        explanations=explanations,
        usual=PASS,
        other=FAIL,
        iterations=(2, 4),
        replay_iteration=2,
        rate=estimate_rate(2, 4),
        **values,
    )


POLLUTED = Explanation(
    causes=(Cause.ORDER,), role=OrderRole.VICTIM, features=(status_of("persona").key,), confirmed_count=4
)


@pytest.mark.parametrize(
    ("explanation", "cause"),
    [
        (POLLUTED, "cause: order: fails after persona (victim); confirmed 4 times"),
        (Explanation(causes=(Cause.TIMING,)), f"cause: {explanation_text(Explanation(causes=(Cause.TIMING,)), {})}"),
    ],
)
def test_the_cause_the_rate_and_the_way_to_see_it_are_told(explanation, cause):
    verdict = verdict_on(
        did(PASS, FAIL, PASS, FAIL),
        kinds=(PLAIN, PERTURBED, IterationKind.TWIN, PERTURBED),
        knowledge=NOTHING,
        findings=[finding_of(explanation)],
    )
    ((_, message),) = told(verdict)
    assert message.startswith(
        "swot is newly flaky: on unchanged code it failed in 2 of 4 iterations; flake rate 2 of 4: 50%"
    )
    assert message.endswith(f"; {cause}.")
    assert verdict.findings[0].advice.endswith(" See it with: aicmo-perf run --replay 31:2 -k swot")


def test_an_output_that_varies_says_nothing_of_the_signatures():
    varying = replace(finding_of(POLLUTED), inconsistency=Inconsistency.OUTPUT)
    verdict = verdict_on(did(FAIL, PASS), kinds=(PLAIN, RETRY), knowledge=NOTHING, findings=[varying])
    assert "cause" not in verdict.findings[0].message


# broken


@pytest.mark.parametrize("signatures", [(FAIL, FAIL, FAIL), (FAIL, Signature(Status.ERROR, 2, 0), FAIL)])
def test_what_fails_every_time_is_failing(signatures):
    verdict = verdict_on(did(*signatures), kinds=(PLAIN, RETRY, RETRY), knowledge=known_as(FlakyState.STABLE))
    ((rule, message),) = told(verdict)
    assert rule is Rule.NEWLY_FAILING
    assert "; 2 retries failed, too; it passed in run 30." in message


def test_what_fails_every_time_but_never_alike_is_told_by_the_one_rule_that_is_left():
    failing = did(FAIL, Signature(Status.FAIL, 2, 0))
    item = (failing, not_compared(failing, "it fails", previous_status=Status.FAIL))
    ((rule, _),) = told(verdict_on(item, kinds=(PLAIN, PLAIN), knowledge=NOTHING))
    assert rule is Rule.FLAKY


def test_what_is_broken_as_before_is_noted():
    failing = did(FAIL, FAIL)
    verdict = verdict_on(
        (failing, not_compared(failing, "it fails", previous_status=Status.FAIL)),
        kinds=(PLAIN, RETRY),
        knowledge=known_as(FlakyState.BROKEN, broken_since=PAST),
    )
    assert verdict.passed
    assert verdict.notes[0] == "1 feature is broken as before: swot (since run 30)."


@pytest.mark.parametrize(("retried", "is_said"), [(FAIL, True), (PASS, False)])
def test_retries_are_no_check_unless_they_show_something(retried, is_said):
    once = replace(NOW, options=RunOptions(iterations=1))
    verdict = verdict_on(did(FAIL, retried), kinds=(PLAIN, RETRY), run=once, knowledge=NOTHING)
    sentence = "Flakiness was not checked: one iteration has nothing to differ from."
    assert (sentence in verdict.notes) is is_said


def test_what_fails_every_time_and_passed_on_this_code_before_is_newly_flaky():
    broken = did(FAIL, FAIL, critical=True)
    knowledge = replace(NOTHING, passed_here=frozenset({broken.key}))
    ((rule, message),) = told(verdict_on(broken, kinds=(PLAIN, RETRY), knowledge=knowledge))
    assert rule is Rule.FLAKY
    assert "on unchanged code it failed, and in 1 retry, too, but passed in an earlier run of it" in message
    # where flakes do not fail the gate, this is no excuse
    lenient = GatePolicy(rules=DEFAULT_RULES - {Rule.FLAKY})
    ((rule, _),) = told(verdict_on(broken, kinds=(PLAIN, RETRY), knowledge=knowledge, policy=lenient))
    assert rule is Rule.CRITICAL_FAILING


@pytest.mark.parametrize(("failing", "is_said"), [(3, True), (2, False)])
def test_that_most_features_failed_is_said(failing, is_said):
    items = [did(FAIL if number < failing else PASS, name=f"f{number}") for number in range(4)]
    sentence = "Most features failed (3 of 4), which looks like the machine or a broken set-up."
    assert (sentence in verdict_on(*items, kinds=(PLAIN,), knowledge=NOTHING).notes) is is_said
    assert sentence not in verdict_on(*items, kinds=(PLAIN,)).notes


# quarantine


@pytest.mark.parametrize("signatures", [(FAIL,), (FAIL, PASS), (FAIL, FAIL)])
def test_what_is_in_quarantine_does_not_gate(signatures):
    verdict = verdict_on(did(*signatures, critical=True), kinds=(PLAIN, PLAIN), knowledge=quarantined())
    assert verdict.passed
    (sentence,) = verdict.notes
    assert sentence.startswith("swot failed")
    assert sentence.endswith(" and is quarantined until 2025-06-01 (a race): it does not gate.")


def test_what_is_in_quarantine_and_fails_always_is_broken():
    knowledge = quarantined(knowledge=known_as(FlakyState.BROKEN, broken_since=PAST))
    verdict = verdict_on(did(FAIL), kinds=(PLAIN,), knowledge=knowledge)
    assert verdict.passed
    assert verdict.notes[0].endswith("it does not gate; it has failed always since run 30, which is broken, not flaky.")


def test_what_was_broken_and_passes_now_and_then_is_not_called_broken():
    knowledge = quarantined(knowledge=known_as(FlakyState.BROKEN))
    verdict = verdict_on(did(FAIL, PASS), kinds=(PLAIN, PLAIN), knowledge=knowledge)
    assert "broken" not in verdict.notes[0]


def test_an_expired_quarantine_does_not_hold_and_is_told():
    knowledge = quarantined(TODAY - timedelta(days=1))
    sentence = "The quarantine of swot expired on 2025-05-31 (a race): its failures gate again."
    failing = verdict_on(did(FAIL, FAIL), kinds=(PLAIN, RETRY), knowledge=knowledge)
    assert [rule for rule, _ in told(failing)] == [Rule.NEWLY_FAILING]
    assert sentence in failing.notes
    assert verdict_on(did(PASS), kinds=(PLAIN,), knowledge=knowledge).notes[0] == sentence


@pytest.mark.parametrize(
    ("passes", "until_rate", "state", "is_healed"),
    [
        (59, None, FlakyState.STABLE, True),
        (58, None, FlakyState.STABLE, False),
        (59, 0.01, FlakyState.STABLE, False),
        (299, 0.01, FlakyState.STABLE, True),
        (28, 0.2, FlakyState.STABLE, False),
        (59, None, FlakyState.UNKNOWN, False),
    ],
)
def test_what_has_healed_may_be_released(passes, until_rate, state, is_healed):
    knowledge = quarantined(knowledge=known_as(state, rate=estimate_rate(0, passes)))
    run = replace(NOW, options=replace(NOW.options, until_rate=until_rate))
    notes = verdict_on(did(PASS), kinds=(PLAIN,), run=run, knowledge=knowledge).notes
    assert any("may be released" in note for note in notes) is is_healed


@pytest.mark.parametrize(("count", "is_healed"), [(59, True), (58, False)])
def test_a_check_that_is_long_enough_says_by_itself_that_it_has_healed(count, is_healed):
    knowledge = quarantined(knowledge=known_as(FlakyState.FLAKY))
    verdict = verdict_on(did(*[PASS] * count), kinds=[PERTURBED] * count, knowledge=knowledge)
    assert any("0 of 59: a rate under 5% can hide" in note for note in verdict.notes) is is_healed


@pytest.mark.parametrize(
    ("in_file", "how"),
    [(True, "take 'swot' out of the configuration's quarantine."), (False, "aicmo-perf flaky quarantine remove swot.")],
)
def test_how_it_is_released(in_file, how):
    known = known_as(FlakyState.STABLE, rate=estimate_rate(0, 100))
    (note,) = verdict_on(did(PASS), kinds=(PLAIN,), knowledge=quarantined(knowledge=known, in_file=in_file)).notes
    assert note == (
        "swot is quarantined until 2025-06-01 (a race) and may be released "
        f"(0 of 100: a rate under 3% can hide (95%)): {how}"
    )


def test_quarantine_hides_neither_slowness_nor_that_it_is_gone():
    slow = did(PASS)
    knowledge = quarantined()
    assert [rule for rule, _ in told(verdict_on((slow, compared(slow, Change.REGRESSED)), knowledge=knowledge))] == [
        Rule.SLOWER
    ]
    gone = status_of("swot", critical=True).feature
    verdict = verdict_on(status_of("persona"), vanished=[gone], knowledge=knowledge)
    assert [rule for rule, _ in told(verdict)] == [Rule.VANISHED_CRITICAL]


# unstable in time

TWO_LEVELS = UnstableTime(fast_seconds=0.001, slow_seconds=0.002, slow_share=0.3, run_count=40)
IN_WORDS = "unstable in time: 1.00 ms, or 2.00 ms in 30% of 40 runs of unchanged code."


def test_what_is_unstable_in_time_says_so_when_it_is_slower_and_otherwise_in_a_note():
    status = did(PASS)
    known = known_as(FlakyState.STABLE, unstable_time=TWO_LEVELS)
    slower = verdict_on((status, compared(status, Change.REGRESSED)), knowledge=known)
    assert slower.findings[0].message.endswith(f"; it is {IN_WORDS}")
    assert not any("unstable" in note for note in slower.notes)
    unchanged = verdict_on(status, knowledge=known)
    assert unchanged.passed
    assert unchanged.notes == (f"swot is {IN_WORDS}",)


# laws

STATES = st.sampled_from(FlakyState)
SIGNATURES = st.lists(st.sampled_from([PASS, FAIL, Signature(Status.PASS, 0, 1)]), min_size=1, max_size=5)
KINDS = st.lists(st.sampled_from(IterationKind), min_size=5, max_size=5)


@given(SIGNATURES, KINDS, STATES, st.booleans(), st.sampled_from([Status.PASS, Status.FAIL]))
def test_each_feature_is_found_at_most_once_and_never_without_failing_or_disagreeing(
    signatures, kinds, state, critical, before
):
    status = did(*signatures, critical=critical)
    item = (status, compared(status, previous_status=before))
    verdict = verdict_on(item, kinds=kinds, knowledge=known_as(state))
    assert len(verdict.findings) <= 1
    if not status.status.is_failing and not status.is_flaky:
        assert verdict.passed


@given(SIGNATURES, KINDS, STATES, st.booleans())
def test_quarantine_never_adds_a_finding(signatures, kinds, state, critical):
    status = did(*signatures, critical=critical)
    knowledge = quarantined(knowledge=known_as(state))
    assert verdict_on(status, kinds=kinds, knowledge=knowledge).passed


@given(SIGNATURES, KINDS)
def test_a_retry_that_passes_never_makes_a_known_flake_fail(signatures, kinds):
    knowledge = known_as(FlakyState.FLAKY)
    status = did(*signatures, FAIL, PASS)
    kinds = [*kinds[: len(signatures)], PLAIN, RETRY]
    assert verdict_on(status, kinds=kinds, knowledge=knowledge).passed
