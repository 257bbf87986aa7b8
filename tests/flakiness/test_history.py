"""What histories say: each state by example, the laws as properties, and the simulated histories of the benchmark."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aicmo_perf.flakiness.history import RecordPolicy
from aicmo_perf.model import FlakyState
from tests.flakiness.pasts import feature, later, past, read, read_all

STABLE, FLAKY, BROKEN, UNKNOWN = FlakyState.STABLE, FlakyState.FLAKY, FlakyState.BROKEN, FlakyState.UNKNOWN


@pytest.mark.parametrize(
    ("runs", "state", "flips", "provoked"),
    [
        # nothing, or too little
        ("", UNKNOWN, 0, 0),
        ("p", UNKNOWN, 0, 0),
        ("p p", STABLE, 0, 0),
        ("p+", STABLE, 0, 0),
        # what differs on the same code
        ("p*9 fP", FLAKY, 1, 0),
        ("p*9 fFP p*9", FLAKY, 1, 0),  # of two failures and a pass, the pass is not the usual one
        ("p*9 pf", FLAKY, 1, 0),
        ("p*9 7:p 7:p 7:f p*9", FLAKY, 1, 0),
        ("7:p p*9 7:f p*9", FLAKY, 1, 0),
        ("p*9 mac/7:f 7:p p*70", STABLE, 0, 0),
        ("p*9 dirty/7:f dirty/7:p p*70", STABLE, 0, 0),
        ("p*9 ?:f ?:p p*70", STABLE, 0, 0),
        ("?:p ?:fP ?:p", FLAKY, 1, 0),
        # what differs when it is provoked
        ("p*9 p+-", FLAKY, 0, 1),
        ("p*9 p--", FLAKY, 0, 2),
        ("p*9 pf-", FLAKY, 1, 0),  # it flips by itself, so nothing was provoked
        ("f+ f+ f+", FLAKY, 0, 3),
        ("f- f- f-", BROKEN, 0, 0),
        ("7:p p*9 7:p-", FLAKY, 0, 1),
        # broken
        ("p*9 f", UNKNOWN, 0, 0),
        ("p*9 f f", BROKEN, 0, 0),
        ("p*9 fF", BROKEN, 0, 0),
        ("p*9 7:f 7:f", BROKEN, 0, 0),
        ("p*9 ff", BROKEN, 0, 0),
        ("f f f", BROKEN, 0, 0),
        # broken and fixed, once and twice
        ("p*20 fF*5 p*20", STABLE, 0, 0),
        ("p*20 fF p*2", STABLE, 0, 0),
        ("p*20 f*3 p*20 f*4 p*9", STABLE, 0, 0),
        ("f*9 p p", STABLE, 0, 0),
        # a lone failure is neither, until it is long ago
        ("p*20 f p*20", UNKNOWN, 0, 0),
        ("p*20 f p*58", UNKNOWN, 0, 0),
        ("p*20 f p*59", STABLE, 0, 0),
        ("p*20 f p f p*59", STABLE, 0, 0),
        # nor are many lone failures, even if two meet
        ("p f p p f p f p f f", UNKNOWN, 0, 0),
        ("p*5 f p*6 f p*5 f*9", BROKEN, 0, 0),
        # flaky, and then broken
        ("p*9 fP p*9 fP p*9 fF", FLAKY, 2, 0),
        ("p*9 fP p*9 fP p*9 fF*6", BROKEN, 2, 0),
        ("p*9 fP p*9 fP p*9 fF*6 p*9", FLAKY, 2, 0),
        # flaky, and then healed
        ("p fP p p*2 fP fP p p*3 fP p*9 fP fP p p*40", FLAKY, 6, 0),
        ("p fP p p*2 fP fP p p*3 fP p*9 fP fP p p*200", STABLE, 6, 0),
        ("p-*9 p+*3", FLAKY, 0, 9),
        ("p-*9 p+*20", STABLE, 0, 9),
        # elsewhere
        ("p*4 mac/f mac/f p p mac/f p p", BROKEN, 0, 0),
        ("p*4 mac/f mac/f p*10", STABLE, 0, 0),
        ("mac/p*4 mac/f mac/f p mac/p", STABLE, 0, 0),
    ],
)
def test_states(runs, state, flips, provoked):
    record = read(runs)
    assert (record.state, record.flip_count, record.provoked_flip_count) == (state, flips, provoked)
    assert (record.broken_since is not None) == (state is BROKEN)


def test_since_when_and_how_often():
    record = read("p p fP p 5:p 5:fP p*3 p-")
    assert (record.first_flip.uuid, record.last_flip.uuid, record.last_failure.uuid) == ("run 2", "run 9", "run 9")
    assert (record.run_count, record.failing_run_count, record.flip_count) == (10, 2, 2)
    broken = read("p*5 fF f p*5 f f fF")
    assert (broken.broken_since.uuid, broken.last_failure.uuid) == ("run 12", "run 14")
    assert broken.first_flip is None


def test_failures_are_grouped():
    groups = read("fF p f- fP").failure_groups
    assert [(group.fingerprint, group.count, group.first.uuid, group.last.uuid) for group in groups] == [
        ("f1", 3, "run 0", "run 3"),
        ("f2", 1, "run 0", "run 0"),
        ("f3", 1, "run 2", "run 2"),
    ]
    assert groups[0].message == "it failed"


def test_retries_cost_time():
    runs = [replace(its, retry_seconds=1.5) for its in past("fP p fFF")]
    assert read(runs).retry_seconds == 4.5


@pytest.mark.parametrize(
    ("runs", "deviating", "count"),
    [
        ("p*8 fP", 1, 10),
        ("p*8 p---", 0, 9),  # what was provoked is no rate
        ("p*8 fF*5 p*2", 0, 10),  # an outage
        ("p*8 f p", 1, 10),  # a lone failure is not excluded
        ("f f", 0, 0),
    ],
)
def test_rate_is_that_of_unperturbed_outcomes_outside_outages(runs, deviating, count):
    rate = read(runs, RecordPolicy(half_life_days=1e9)).rate
    assert (rate.deviating_count, rate.run_count) == (pytest.approx(deviating), pytest.approx(count))
    assert rate.rate == (pytest.approx(deviating / count) if count else None)


def test_recent_runs_weigh_more():
    policy = RecordPolicy(half_life_days=1)
    rate = read("f p p", policy).rate
    assert (rate.deviating_count, rate.run_count) == (pytest.approx(0.25), pytest.approx(1.75))
    assert read("fP p*20", policy).rate.rate < read("p*20 fP", policy).rate.rate
    moved = [
        replace(its, run=replace(its.run, started_at=its.run.started_at.replace(year=1999))) for its in past("f p p")
    ]
    assert read(moved, policy).rate == rate, "the age is that beside the newest run, not beside today"


def test_those_who_need_a_person_come_first():
    record = read_all(
        {
            feature(name).key: past(runs)
            for name, runs in {"a": "p p p", "b": "p p f", "c": "p p f f", "d": "p*9 fP", "e": "fP fP p"}.items()
        }
    )
    assert [its.feature.name for its in record.features] == ["e", "d", "c", "b", "a"]
    assert record.of(("suite", "c")).state is BROKEN
    assert record.of(("suite", "z")) is None
    assert record.run_count == 10


def test_flaky_features_that_fail_together_are_a_cluster():
    together = past("p fP p*5 fP fP p p-")
    record = read_all(
        {
            feature("a").key: together,
            feature("b").key: together,
            feature("c").key: past("fP p p fP p*7"),
            **{feature(f"fine {number}").key: past("p*11") for number in range(5)},
        }
    )
    assert [([name for _, name in its.features], its.together_count) for its in record.clusters] == [(["a", "b"], 3)]


@pytest.mark.parametrize(
    ("runs", "state"),
    [
        ("p*5 fP fP fP xXX", BROKEN),  # what it never said before
        ("p*5 fP fP fP xX", FLAKY),  # twice may be a flake of another kind
        ("p*5 fP fP fP fFX", FLAKY),  # the old one among them
        ("p*5 fP xP fP xXX", FLAKY),  # it said that as a flake
        ("p*5 fP fP xXX p*2", FLAKY),  # it is over
        ("p*5 fP fP 7:x 7:x 7:x", BROKEN),
    ],
)
def test_a_flaky_feature_that_fails_in_a_new_way_is_broken(runs, state):
    assert read(past(runs)).state is state


def test_the_rate_of_what_passes_only_when_it_is_provoked_is_that_of_all_iterations():
    record = read(past("f+-f"))
    assert record.state is FLAKY
    assert (record.rate.deviating_count, record.rate.run_count) == (3, 4)


def test_to_be_provoked_together_is_no_company():
    record = read_all({feature("a").key: past("p-- p--"), feature("b").key: past("p-- p--")})
    assert [its.state for its in record.features] == [FLAKY, FLAKY]
    assert record.clusters == (), "a perturbed iteration changes much at once"


def test_retries_are_no_company():
    once_together = past("p fP p*5 fFP p")
    alone = past("p*7 fFP p")
    record = read_all(
        {feature("a").key: once_together, feature("b").key: alone}
        | {feature(f"fine {number}").key: past("p*9") for number in range(5)}
    )
    assert record.clusters == (), "they failed together in one iteration; its retry says nothing new"


def test_a_machine_that_failed_is_no_flake():
    everywhere = past("p p 2:f 2:p p p")
    record = read_all({feature(str(number)).key: everywhere for number in range(4)})
    assert [its.uuid for its in record.infrastructure_runs] == ["run 2"]
    assert record.run_count == 6
    assert {(its.state, its.flip_count, its.run_count, its.last_failure) for its in record.features} == {
        (STABLE, 0, 5, None)
    }
    assert read(everywhere).state is FLAKY, "of one feature, nobody can tell"


def test_unstable_time_is_that_of_the_newest_setting():
    times = [0.1, 0.2, 0.1] * 10
    runs = [replace(its, low_seconds=seconds) for its, seconds in zip(past("p*30"), times, strict=True)]
    assert read(runs).unstable_time.slow_seconds == 0.2
    assert read(runs).state is STABLE
    on_two = [
        replace(its, low_seconds=0.2 if its.run.environment.facts["system"] == "Darwin" else 0.1)
        for its in past("p mac/p p*2 mac/p p mac/p p p mac/p " * 8)
    ]
    assert read(on_two).unstable_time is None


# laws

WORDS = ["p", "f", "fF", "fP", "pp", "pf", "p+", "p-", "f-", "p*6"]
COMMITTED = st.builds(
    lambda commit, word: f"{commit}:{word}" if "*" not in word else word,
    st.integers(0, 7),
    st.sampled_from(WORDS),
)
PASTS = st.lists(st.one_of(st.sampled_from(WORDS), COMMITTED), min_size=1, max_size=25).map(" ".join)

ANYWHERE = st.lists(
    st.one_of(st.sampled_from(WORDS), COMMITTED, COMMITTED.map("mac/{}".format), COMMITTED.map("dirty/{}".format)),
    min_size=1,
    max_size=25,
).map(" ".join)


@given(ANYWHERE, st.integers(1, 30))
@example("p*9 fP p fF*6", 1)
@example("fP p fP p f", 20)
def test_passes_on_new_code_never_raise_the_rate(text, count):
    runs = past(text)
    before = read(runs)
    for _ in range(count):
        runs = later(runs, "p")
    after = read(runs)
    assert after.flip_count == before.flip_count
    if before.rate.rate is not None:
        assert after.rate.rate <= before.rate.rate + 1e-12


@given(PASTS, st.integers(0, 24))
def test_nor_do_passes_on_code_that_it_has_passed_on(text, which):
    runs = past(text)
    passed = [
        its.run.commit_sha
        for its in runs
        if any(not outcome.is_failing and outcome.kind.is_unperturbed for outcome in its.outcomes)
    ]
    if passed:
        before, after = read(runs).rate.rate, read(later(runs, "p", passed[which % len(passed)])).rate.rate
        assert after <= before + 1e-12


def test_a_pass_on_code_that_always_failed_shows_that_it_was_a_flake():
    runs = past("p*9 7:f 7:f")
    assert (read(runs).state, read(runs).rate.rate) == (BROKEN, 0)
    flaky = read(later(runs, "p", "commit 7"))
    assert (flaky.state, flaky.flip_count) == (FLAKY, 1)
    assert flaky.rate.rate > 0


@given(ANYWHERE, st.randoms(use_true_random=False))
def test_names_of_commits_do_not_matter(text, rng):
    runs = past(text)
    commits = sorted({its.run.commit_sha for its in runs})
    names = dict(zip(commits, rng.sample([f"{number:040x}" for number in range(1000)], len(commits)), strict=True))
    renamed = [replace(its, run=replace(its.run, commit_sha=names[its.run.commit_sha])) for its in runs]
    one, other = read(runs), read(renamed)
    assert (one.state, one.rate, one.flip_count, one.provoked_flip_count) == (
        other.state,
        other.rate,
        other.flip_count,
        other.provoked_flip_count,
    )


@settings(max_examples=40)
@given(ANYWHERE, st.lists(st.sampled_from(["p", "fP", "ff"]), min_size=25), st.randoms(use_true_random=False))
def test_the_order_in_which_things_are_given_does_not_matter(text, words, rng):
    runs = past(text)
    others = [replace(its, outcomes=past(word)[0].outcomes) for its, word in zip(runs, words, strict=False)]
    by_feature = {feature("a").key: runs, feature("b").key: others, feature("c").key: others}
    shuffled = {key: rng.sample(its, len(its)) for key, its in reversed(by_feature.items())}
    assert read_all(by_feature) == read_all(shuffled)


@given(
    st.lists(st.tuples(st.sampled_from(["p", "pp", "p+"]), st.sampled_from(["f", "fF", "ff", "f-"])), max_size=8),
    st.lists(st.integers(1, 5), min_size=16, max_size=16),
)
def test_what_is_broken_and_fixed_between_commits_never_flips(words, lengths):
    runs = past(" ".join(f"{word}*{lengths.pop()}" for pair in words for word in pair))
    record = read(runs)
    assert (record.flip_count, record.provoked_flip_count, record.first_flip) == (0, 0, None)
    assert record.state is not FLAKY


@given(PASTS)
def test_broken_and_flaky_are_never_confused(text):
    runs = past(text)
    record = read(runs)
    if record.state is BROKEN:
        before = {its.run.commit_sha for its in runs if its.run.moment < record.broken_since.moment}
        since = [its for its in runs if its.run.commit_sha not in before]
        unperturbed = [outcome for its in since for outcome in its.outcomes if outcome.kind.is_unperturbed]
        assert len(unperturbed) > 1
        assert all(outcome.is_failing for outcome in unperturbed)
    if record.state is FLAKY:
        assert record.flip_count + record.provoked_flip_count > 0
        assert record.first_flip.moment <= record.last_flip.moment


def test_the_benchmarks_histories(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    benchmark = importlib.import_module("flakiness_history")
    calls = {name: benchmark.calls(kind, 40) for name, kind in benchmark.HISTORIES.items()}
    regression = calls.pop("real regression")
    assert (regression.flaky, regression.broken, regression.passes_and_fails) == (0, 40, 40)
    for name in ("broken for 5 commits, then fixed", "two outages"):
        assert (calls[name].flaky, calls[name].broken, calls[name].passes_and_fails) == (0, 0, 40)
    assert calls["flake of 1 %"].flaky >= 10
    assert calls["flake of 5 %"].flaky >= 35
    assert calls["flake of 10 %"].flaky >= 38
    assert not any(its.broken for its in calls.values())


def test_a_pull_request_that_breaks_a_feature_breaks_nobodys():
    runs = past("p*9 fF fF p*3")
    proposed = [
        replace(one, run=replace(one.run, pull_request="12")) if one.outcomes[0].is_failing else one for one in runs
    ]
    assert read(past("p*9 fF fF")).state is BROKEN
    record = read(proposed[:11])
    assert record.state is STABLE
    assert record.rate.deviating_count == 0
    assert record.last_failure == proposed[10].run


def test_a_flip_on_a_pull_requests_code_counts():
    runs = [replace(one, run=replace(one.run, pull_request="12")) for one in past("p*5 fP p*5")]
    assert read(runs).state is FLAKY
