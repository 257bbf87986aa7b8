"""What is read of the past before a run is judged: by whom it is needed, and which runs it leaves out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from aicmo_perf.comparison import RunComparison
from aicmo_perf.config import Settings
from aicmo_perf.gate import Rule, Verdict
from aicmo_perf.model import (
    FeatureStatus,
    FlakyState,
    Iteration,
    IterationKind,
    IterationResult,
    PlannedIteration,
    Quarantine,
    Run,
    RunState,
    Status,
)
from aicmo_perf.store import Store
from aicmo_perf.workflows.judging import judge_run
from aicmo_perf.workflows.knowledge import read_knowledge
from aicmo_perf.workflows.run import RULES_WITHOUT_HISTORY
from tests.workflows.past import BEGINNING, MACHINE, NAMES, Past, feature_of


class Attempted:
    """A store that is filled with runs, an hour apart, in which some features fail at some attempts."""

    def __init__(self, past: Past) -> None:
        self.past = past
        self._count = 0

    def run(self, attempts: Mapping[str, str] | None = None, sha: str | None = None, **facts: Any) -> Run:
        """A run in which features pass, but those that are named do as written: ``fp`` fails, and passes when retried.

        Args:
            attempts: letters by name, one an iteration; all after the first are retries.
            sha: a letter for the commit; None without one.
            facts: of the run.
        """
        self._count += 1
        attempts = {**dict.fromkeys(NAMES, "p"), **(attempts or {})}
        started_at = BEGINNING + timedelta(hours=self._count)
        commit = {"commit_sha": sha * 40, "dirty": False} if sha is not None else {}
        run = Run(
            uuid=f"run-{self._count:04}",
            started_at=started_at,
            state=RunState.RUNNING,
            suites=("shop",),
            environment=MACHINE,
            branch="main",
        )
        run = self.past.store.start_run(replace(run, **commit, **facts))
        for number in range(1, max(map(len, attempts.values())) + 1):
            kind = IterationKind.PLAIN if number == 1 else IterationKind.RETRY
            iteration = Iteration(planned=PlannedIteration(number=number, kind=kind), started_at=started_at)
            self.past.store.record_iteration(run, iteration)
        for name, letters in attempts.items():
            results: list[IterationResult] = []
            for number, letter in enumerate(letters, 1):
                status = Status.FAIL if letter == "f" else Status.PASS
                errors = ("no",) if letter == "f" else ()
                results.append(
                    IterationResult(feature=feature_of(name), iteration=number, status=status, errors=errors)
                )
                self.past.store.record(run, results[-1], FeatureStatus.from_iterations(results))
        return self.past.store.finish_run(run, RunState.COMPLETE, started_at + timedelta(minutes=1))

    def judge(self, run: Run, settings: Settings, **values: Any) -> Verdict:
        return judge_run(self.past.store, self.past.result(run), settings, **values).verdict


@pytest.fixture
def attempted(past: Past) -> Attempted:
    return Attempted(past)


def rules_of(verdict: Verdict) -> list[Rule]:
    return [finding.rule for finding in verdict.findings]


FLAKE = {"swot": "fp"}


def test_a_flake_of_earlier_code_is_known(attempted: Attempted, settings: Settings) -> None:
    for sha in "ab":
        attempted.run(sha=sha)
    attempted.run(FLAKE, "c")
    verdict = attempted.judge(attempted.run(FLAKE, "d"), settings)
    assert verdict.passed
    assert any("swot is known as flaky" in note for note in verdict.notes)


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"sha": "d"}, id="the very code under judgement"),
        pytest.param({"sha": "c", "pull_request": "12"}, id="a pull request"),
    ],
)
def test_repeating_a_red_run_does_not_make_its_flake_known(
    attempted: Attempted, settings: Settings, facts: dict[str, Any]
) -> None:
    for sha in "ab":
        attempted.run(sha=sha)
    for _ in range(3):
        attempted.run(FLAKE, **facts)
    assert rules_of(attempted.judge(attempted.run(FLAKE, "d"), settings)) == [Rule.FLAKY]


def test_without_commits_three_runs_may_be_repetitions(attempted: Attempted, settings: Settings) -> None:
    verdicts = [attempted.judge(attempted.run(FLAKE), settings) for _ in range(6)]
    assert [verdict.passed for verdict in verdicts] == [False, False, False, False, True, True]


def test_a_later_run_does_not_change_what_was_known(attempted: Attempted, settings: Settings) -> None:
    attempted.run(sha="a")
    run = attempted.run(FLAKE, "b")
    before = attempted.judge(run, settings)
    attempted.run(FLAKE, "c")
    assert attempted.judge(run, settings) == before
    assert rules_of(before) == [Rule.FLAKY]


def test_a_machine_that_failed_most_features_makes_no_flakes(attempted: Attempted, settings: Settings) -> None:
    attempted.run(sha="a")
    attempted.run(dict.fromkeys(NAMES[:4], "fp"), "b")
    attempted.run(sha="b")
    verdict = attempted.judge(attempted.run(FLAKE, "c"), settings)
    assert rules_of(verdict) == [Rule.FLAKY]


def test_code_that_fails_most_features_for_long_is_no_failed_machine(attempted: Attempted, settings: Settings) -> None:
    for sha in "abc":
        attempted.run(sha=sha)
    broken = dict.fromkeys(NAMES[:4], "fff")
    for sha in "def0":
        attempted.run(broken, sha)
    run = attempted.run(broken, "1")
    knowledge = read_knowledge(attempted.past.store, attempted.past.result(run), RunComparison(), settings)
    assert {record.state for record in knowledge.records.values()} == {FlakyState.BROKEN}


def test_features_that_fail_together_are_no_failed_machine(attempted: Attempted, settings: Settings) -> None:
    together = dict.fromkeys(NAMES[:3], "fp")
    for sha in "abcde":
        attempted.run(sha=sha)
    attempted.run(together, "f")
    verdict = attempted.judge(attempted.run(together, "0"), settings)
    assert verdict.passed
    assert sum("known as flaky" in note for note in verdict.notes) == 3


@pytest.mark.parametrize("facts", [{}, {"pull_request": "12"}])
def test_to_fail_every_time_does_not_hide_that_this_code_passed_before(
    attempted: Attempted, settings: Settings, facts: dict[str, Any]
) -> None:
    attempted.run({"deck": "fp"}, "a", **facts)
    run = attempted.run({"deck": "fff"}, "a", **facts)
    verdict = attempted.judge(run, settings)
    assert rules_of(verdict) == [Rule.FLAKY]
    assert "passed in an earlier run of it" in verdict.findings[0].message


def test_a_run_without_the_gate_asks_for_no_record(attempted: Attempted, settings: Settings) -> None:
    attempted.run(FLAKE, "a")
    run = attempted.run(FLAKE, "b")
    everything = (Quarantine(feature="*", reason="a race", until=date.max, in_file=True),)
    verdict = attempted.judge(run, replace(settings, quarantine=everything), rules=RULES_WITHOUT_HISTORY)
    assert rules_of(verdict) == [Rule.FLAKY]


def test_only_those_who_need_it_are_read(
    attempted: Attempted, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempted.run(FLAKE, "a")
    asked: list[list[str]] = []
    outcomes = Store.outcomes

    def noting(store: Store, run_filter: Any, features: Sequence[Any] | None = None) -> Any:
        asked.append([feature.name for feature in features or ()])
        return outcomes(store, run_filter, features)

    monkeypatch.setattr(Store, "outcomes", noting)
    quarantined = replace(
        settings, quarantine=(Quarantine(feature="deck", reason="a race", until=date.max, in_file=True),)
    )
    attempted.judge(attempted.run(sha="b"), settings)
    assert asked == []
    attempted.judge(attempted.run(sha="c"), quarantined)
    attempted.judge(attempted.run({"persona": "f"}, "d"), settings)
    assert asked == [["deck"], ["persona"], ["persona"]]


def test_the_record_is_that_of_the_feature(attempted: Attempted, settings: Settings) -> None:
    for sha in "abc":
        attempted.run({"swot": "fff"}, sha)
    run = attempted.run({"swot": "fff"}, "d")
    result = attempted.past.result(run)
    comparison = judge_run(attempted.past.store, result, settings).comparison
    knowledge = read_knowledge(attempted.past.store, result, comparison, settings)
    (record,) = knowledge.records.values()
    assert (record.feature.name, record.state, record.run_count) == ("swot", FlakyState.BROKEN, 3)
