"""What fails the gate, what is only said, and how much was judged."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo_perf.baseline import Baseline
from aicmo_perf.comparison import FeatureComparison, SuiteBaseline, compare_with_baselines
from aicmo_perf.gate import DEFAULT_RULES, Coverage, GatePolicy, Rule, judge
from aicmo_perf.model import (
    Change,
    PastResult,
    Run,
    RunOptions,
    RunState,
    SelfTestResult,
    Series,
    Signature,
    Status,
)
from aicmo_perf.stats.comparison import SlownessPolicy
from tests.gate.cases import BASELINE, NOW, START, compared, not_compared, status_of, told, verdict_on


def test_nothing_to_find():
    verdict = verdict_on(status_of(critical=True), status_of("persona"))
    assert verdict.passed
    assert verdict.findings == ()
    assert verdict.notes == ()
    assert verdict.rules == tuple(rule for rule in Rule if rule is not Rule.FASTER)
    assert verdict.coverage == Coverage(judged_count=2)
    assert verdict.could_judge


# failing


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (Status.PARTIAL, "fails in some scenarios"),
        (Status.FAIL, "fails"),
        (Status.ERROR, "ended in an error"),
    ],
)
def test_a_critical_feature_that_fails(status, text):
    failing = status_of(status=status, critical=True, errors=("too short", "no title"))
    verdict = verdict_on(failing)
    assert told(verdict) == [
        (Rule.CRITICAL_FAILING, f"swot (critical) {text} with 2 errors (too short); it passed in run 30.")
    ]
    assert verdict.findings[0].advice == (
        "Its errors in full: aicmo-perf show 31; what changed: git log aaaaaaaaaa..bbbbbbbbbb"
    )
    assert not verdict.passed


def test_a_critical_feature_that_keeps_failing():
    failing = status_of(status=Status.FAIL, critical=True)
    verdict = verdict_on((failing, not_compared(failing, "it fails", previous_status=Status.FAIL)))
    assert told(verdict) == [(Rule.CRITICAL_FAILING, "swot (critical) fails with 0 errors.")]
    assert verdict.findings[0].advice == "Its errors in full: aicmo-perf show 31"


@pytest.mark.parametrize(
    ("critical", "rules", "expected"),
    [
        (False, frozenset(Rule), [Rule.NEWLY_FAILING]),
        (True, frozenset(Rule), [Rule.CRITICAL_FAILING]),
        (True, frozenset({Rule.NEWLY_FAILING}), [Rule.NEWLY_FAILING]),
        (False, frozenset({Rule.CRITICAL_FAILING}), []),
        (True, frozenset(), []),
    ],
)
def test_one_failure_is_told_once(critical, rules, expected):
    verdict = verdict_on(status_of(status=Status.FAIL, critical=critical), policy=GatePolicy(rules=rules))
    assert [finding.rule for finding in verdict.findings] == expected
    assert verdict.rules == tuple(rule for rule in Rule if rule in rules)


@pytest.mark.parametrize("before", [Status.FAIL, Status.ERROR, Status.PARTIAL, Status.SKIP, None])
def test_what_did_not_pass_before_is_not_newly_failing(before):
    failing = status_of(status=Status.FAIL)
    assert verdict_on((failing, compared(failing, Change.INCONCLUSIVE, previous_status=before))).passed


@pytest.mark.parametrize(("now", "critical"), [(Status.PASS, True), (Status.PASS, False), (Status.SKIP, False)])
def test_what_does_not_fail_is_not_failing(now, critical):
    assert verdict_on(status_of(status=now, critical=critical)).passed


@pytest.mark.parametrize(
    ("error", "quoted"),
    [
        ("Traceback (most recent call last):\n  File 'x'\nValueError: no title.\n", "ValueError: no title"),
        ("\n\nno title\nin slide 2", "no title"),
        ("  \n", "without a message"),
        ("x" * 300, "x" * 159 + "…"),
    ],
)
def test_the_telling_line_of_an_error_is_quoted(error, quoted):
    ((_, message),) = told(verdict_on(status_of(status=Status.ERROR, errors=(error,))))
    assert f"with 1 error ({quoted}); it passed" in message


# vanished, flaky, slower


def test_a_critical_feature_that_vanished():
    gone = status_of("persona", critical=True).feature
    verdict = verdict_on(status_of(), vanished=[gone])
    assert told(verdict) == [
        (Rule.VANISHED_CRITICAL, "persona (critical) has vanished: run 30 had it, this run does not.")
    ]
    assert verdict.findings[0].advice == (
        "Bring persona back into suite aicmo; if it was renamed or removed on purpose, pass it with "
        "--no-vanished-critical until later commits are compared with this one."
    )
    assert verdict.coverage.vanished_count == 1


@pytest.mark.parametrize(("reason", "text"), [("\nno fpdf2.\nreally", ": no fpdf2"), (None, ""), (" \n", "")])
def test_a_critical_feature_that_passed_and_is_skipped_now_is_as_good_as_gone(reason, text):
    verdict = verdict_on(status_of("pdf", Status.SKIP, critical=True, skip_reason=reason))
    assert told(verdict) == [(Rule.VANISHED_CRITICAL, f"pdf (critical) is skipped now, and passed in run 30{text}.")]
    assert verdict.findings[0].advice == (
        "Install or bring back what it is skipped for, or make it uncritical; if it is skipped on purpose, pass it "
        "with --no-vanished-critical until later commits are compared with this one."
    )
    assert verdict.notes == ()


def test_without_commits_what_is_gone_on_purpose_is_missed_for_three_runs():
    gone = status_of("persona", critical=True).feature
    verdict = verdict_on(status_of(), run=replace(NOW, commit_sha=None), vanished=[gone])
    assert verdict.findings[0].advice.endswith(
        "pass it with --no-vanished-critical until three runs have been without it."
    )


def test_other_features_that_vanished_are_noted():
    names = [f"f{number}" for number in range(7)]
    verdict = verdict_on(status_of(), vanished=[status_of(name).feature for name in names])
    assert verdict.passed
    assert verdict.notes == ("7 features have vanished: f0, f1, f2, f3, f4, and 2 more.",)


def test_with_its_rule_off_a_vanished_critical_feature_is_still_noted():
    policy = GatePolicy(rules=frozenset(Rule) - {Rule.VANISHED_CRITICAL})
    verdict = verdict_on(status_of(), vanished=[status_of("persona", critical=True).feature], policy=policy)
    assert verdict.passed
    assert verdict.notes == ("1 feature has vanished: persona.",)


def test_a_flaky_feature():
    signatures = (Signature(Status.PASS, 0, 0), Signature(Status.FAIL, 1, 0), Signature(Status.PASS, 0, 0))
    verdict = verdict_on(status_of(signatures=signatures))
    assert told(verdict) == [(Rule.FLAKY, "swot is flaky: on unchanged code it failed in 1 of 3 iterations.")]
    assert verdict.findings[0].advice == (
        "See it with: aicmo-perf run --replay 31:2 -k swot; learn why with: aicmo-perf run --flakiness-check=10; "
        "see its past with: aicmo-perf flaky swot"
    )


def test_a_feature_that_never_fails_and_still_disagrees_with_itself():
    signatures = (Signature(Status.PASS, 0, 0), Signature(Status.PASS, 0, 1), Signature(Status.PASS, 0, 0))
    verdict = verdict_on(status_of(signatures=signatures))
    assert told(verdict) == [
        (
            Rule.FLAKY,
            "swot is flaky: on unchanged code it said pass, 0 errors, 0 warnings (2 times); "
            "pass, 0 errors, 1 warning (once).",
        )
    ]
    assert verdict.findings[0].advice.startswith("Learn why with: aicmo-perf run --flakiness-check=10")


def test_an_output_that_varies_is_not_flaky():
    varying = status_of(signatures=(Signature(Status.PASS, 0, 0),) * 2, output_digests=("a", "b"))
    assert varying.output_varies
    assert verdict_on(varying).passed


def test_unchecked_flakiness_is_said():
    once = replace(NOW, options=RunOptions(iterations=1))
    assert verdict_on(status_of(), run=once).notes == (
        "Flakiness was not checked: one iteration has nothing to differ from.",
    )
    policy = GatePolicy(rules=frozenset({Rule.SLOWER}))
    assert verdict_on(status_of(), run=once, policy=policy).notes == ()


def test_a_switched_off_rule_finds_nothing():
    status = status_of(signatures=(Signature(Status.PASS, 0, 0), Signature(Status.FAIL, 1, 0)))
    policy = GatePolicy(rules=frozenset({Rule.VANISHED_CRITICAL}))
    assert verdict_on((status, compared(status, Change.REGRESSED)), policy=policy).passed


def test_one_feature_may_break_several_rules():
    status = status_of(
        status=Status.FAIL, critical=True, signatures=(Signature(Status.PASS, 0, 0), Signature(Status.FAIL, 1, 0))
    )
    assert [finding.rule for finding in verdict_on(status).findings] == [Rule.CRITICAL_FAILING, Rule.FLAKY]


# what is only said


def test_a_new_feature_is_counted_and_not_doubted():
    new = status_of("new")
    verdict = verdict_on(
        status_of(),
        (new, not_compared(new, "new: no baseline run has it", previous_status=None)),
    )
    assert verdict.coverage == Coverage(judged_count=1, new_count=1)
    assert verdict.notes == ()


def test_no_baseline_yet():
    status = status_of()
    bare = FeatureComparison(feature=status.feature, status=status.status, has_baseline=False)
    empty = Baseline(suite="aicmo", why="there are no complete runs of suite aicmo before run 31")
    verdict = verdict_on((status, bare), baselines=(empty,))
    assert verdict.passed
    assert not verdict.could_judge
    assert verdict.coverage == Coverage()
    assert verdict.notes == (
        "There is no baseline yet for suite aicmo: there are no complete runs of suite aicmo before run 31; "
        "speed is judged from 5 baseline runs on.",
    )


def test_no_comparison_at_all_is_no_baseline_of_any_suite():
    policy = GatePolicy(slowness=SlownessPolicy(min_run_count=8))
    verdict = judge(SelfTestResult(NOW, (status_of(status=Status.FAIL, critical=True),)), None, policy)
    assert [finding.rule for finding in verdict.findings] == [Rule.CRITICAL_FAILING]
    assert not verdict.could_judge
    assert verdict.notes == ("There is no baseline yet for suite aicmo; speed is judged from 8 baseline runs on.",)


def test_an_obstacle_is_said_once():
    status = status_of()
    obstacle = "run 30 was measured on another machine"
    verdict = verdict_on(
        (status, not_compared(status, obstacle)),
        baselines=(replace(BASELINE, obstacle=obstacle),),
    )
    assert verdict.notes == (f"Runtimes of suite aicmo were not compared: {obstacle}.",)
    assert not verdict.could_judge


def test_speed_that_nothing_could_be_told_of_is_not_judged_unless_nobody_asked():
    status = status_of()
    item = not_compared(status, "2 baseline runs; 5 are needed")
    assert not verdict_on((status, item)).could_judge
    assert not verdict_on((status, item), policy=GatePolicy(rules=frozenset({Rule.FASTER}))).could_judge
    others = GatePolicy(rules=DEFAULT_RULES - {Rule.SLOWER})
    assert verdict_on((status, item), policy=others).could_judge


@pytest.mark.parametrize(("reason", "text"), [("no pptx\nreally", ": no pptx"), (None, "")])
@pytest.mark.parametrize("before", [Status.SKIP, Status.FAIL, None])
def test_a_critical_feature_that_is_skipped_as_before_is_noted(reason, text, before):
    skipped = status_of(status=Status.SKIP, critical=True, skip_reason=reason)
    verdict = verdict_on((skipped, not_compared(skipped, "it was skipped", previous_status=before)))
    assert verdict.passed
    assert verdict.notes[0] == f"swot (critical) was skipped{text}."


def test_with_its_rule_off_a_critical_feature_that_is_skipped_now_is_still_noted():
    policy = GatePolicy(rules=frozenset(Rule) - {Rule.VANISHED_CRITICAL})
    verdict = verdict_on(status_of(status=Status.SKIP, critical=True), policy=policy)
    assert verdict.passed
    assert verdict.notes == ("swot (critical) was skipped.",)


def test_what_is_to_be_known_of_a_baseline_is_said():
    verdict = verdict_on(status_of(), baselines=(replace(BASELINE, notes=("Its history is shallow.",)),))
    assert verdict.notes == ("Its history is shallow.",)


def test_an_interrupted_run_is_said_to_be_one():
    verdict = verdict_on(status_of(), run=replace(NOW, state=RunState.INTERRUPTED))
    assert verdict.notes == ("Run 31 is interrupted: only what it finished was judged.",)


def test_no_features_at_all():
    verdict = verdict_on()
    assert verdict.notes == ("No features were found, so nothing was judged.",)
    assert not verdict.could_judge


def test_alike_names_are_told_apart_even_when_one_has_vanished():
    here = status_of("make", status=Status.FAIL, qualified_name="a.make")
    gone = status_of("make", critical=True, qualified_name="b.make").feature
    messages = [message for _, message in told(verdict_on(here, vanished=[gone]))]
    assert messages[0].startswith("a.make fails")
    assert messages[1].startswith("b.make (critical) has vanished")


def test_a_run_that_is_not_stored_is_shown_by_its_uuid():
    run = replace(NOW, id=None, uuid="01234567-89ab-7def-8000-000000000000")
    verdict = verdict_on(status_of(status=Status.FAIL), run=run)
    assert "aicmo-perf show 01234567-89ab" in verdict.findings[0].advice


@given(
    st.lists(
        st.tuples(st.sampled_from(Status), st.sampled_from(Change), st.booleans(), st.sampled_from([None, *Status])),
        max_size=6,
    ),
    st.frozensets(st.sampled_from(Rule)),
)
def test_fewer_rules_never_find_more_and_every_finding_is_a_sentence_with_advice(drawn, rules):
    items = []
    for number, (status, change, critical, before) in enumerate(drawn):
        feature = status_of(f"f{number}", status, critical)
        items.append((feature, compared(feature, change, previous_status=before)))
    every, some = (verdict_on(*items, policy=GatePolicy(rules=chosen)) for chosen in (frozenset(Rule), rules))
    assert {finding.feature.key for finding in some.findings} <= {finding.feature.key for finding in every.findings}
    assert {finding.rule for finding in some.findings} <= rules
    for finding in every.findings:
        assert finding.message.endswith(".")
        assert finding.advice
    counted = every.coverage
    assert counted.judged_count + counted.inconclusive_count + counted.new_count == len(items)


# what is red stays red


def judged_over_and_over(statuses_now, past_statuses, commits):
    """Whether each of some runs passes when all before it are its baseline; a dot is a run without a commit."""
    history, answers = [], []
    for number, (statuses, sha) in enumerate(zip((*past_statuses, *statuses_now), commits, strict=True), start=1):
        run = Run(
            uuid=f"{number:04}",
            id=number,
            started_at=START + timedelta(hours=number),
            suites=("aicmo",),
            commit_sha=None if sha == "." else sha * 40,
        )
        features = tuple(status_of(name, status, critical=name == "pdf") for name, status in statuses.items())
        series = {
            name: Series(
                status_of(name, critical=name == "pdf").feature,
                tuple(PastResult(run=past, status=seen[name]) for past, seen in history if name in seen),
            )
            for name in {name for _, seen in history for name in seen}
        }
        baseline = Baseline(suite="aicmo", runs=tuple(past for past, _ in history))
        result = SelfTestResult(run, features)
        answers.append(judge(result, compare_with_baselines(result, [SuiteBaseline(baseline, series)])).passed)
        history.append((run, statuses))
    return answers[len(past_statuses) :]


GOOD = {"swot": Status.PASS, "pdf": Status.PASS}
BAD = {
    "newly failing": {"swot": Status.FAIL, "pdf": Status.PASS},
    "vanished": {"swot": Status.PASS},
    "skipped": {"swot": Status.PASS, "pdf": Status.SKIP},
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_repeating_a_red_run_on_the_same_commit_does_not_make_it_green(bad):
    assert judged_over_and_over([bad] * 5, [GOOD] * 2, "aabbbbb") == [False] * 5
    assert judged_over_and_over([bad, GOOD, bad], [GOOD], "abbb") == [False, True, False]


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_without_commits_red_stays_red_for_three_runs(bad):
    assert judged_over_and_over([bad] * 4, [GOOD] * 2, "......") == [False, False, False, True]


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_the_next_commit_is_judged_against_the_one_before(bad):
    assert judged_over_and_over([bad, bad], [GOOD], "abc") == [False, True]
