"""Outcomes over many runs: the short ways that are taken for speed tell what the signatures say."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aicmo_perf.model import (
    FailureCount,
    FeatureStatus,
    Iteration,
    IterationKind,
    Outcome,
    PlannedIteration,
    RunFilter,
    RunOutcomes,
    RunRole,
    RunState,
    Status,
)
from aicmo_perf.signature import failure_fingerprint

PASSED = Outcome(is_failing=False)
SWOT, DECK = ("shop", "shop.swot"), ("shop", "shop.deck")
NAMES = ("swot", "deck", "persona")


@pytest.fixture
def conduct(history):
    """Says of a run which of its iterations were not plain, and how long each took."""

    def say(run, kinds: dict[int, IterationKind], **durations: float) -> None:
        for number, kind in kinds.items():
            planned = PlannedIteration(number=number, kind=kind)
            took = durations.get(f"of_{number}")
            ran = Iteration(planned=planned, started_at=run.started_at, duration_seconds=took)
            history.store.record_iteration(run, ran)

    return say


def test_plain_passes_share_their_outcome_and_runs_are_shared(history):
    runs = [history.add({"swot": 1.0, "deck": 2.0}) for _ in range(3)]

    found = history.store.outcomes(RunFilter())

    assert found == {
        SWOT: tuple(RunOutcomes(run=run, outcomes=(PASSED,), low_seconds=1.0) for run in runs),
        DECK: tuple(RunOutcomes(run=run, outcomes=(PASSED,), low_seconds=2.0) for run in runs),
    }
    assert len({id(one.outcomes) for of_feature in found.values() for one in of_feature}) == 1
    assert all(one.run is other.run for one, other in zip(*found.values(), strict=True))


def test_failures_tell_the_fingerprint_and_first_line_of_their_first_error(history, make_iteration):
    run = history.store.start_run(history.new_run())
    text = "ValueError: no weaknesses in 17\nTraceback:\n  line 3"
    history.record(
        run,
        make_iteration("swot", iteration=1, warnings=("old",), samples_seconds=(0.5,)),
        make_iteration("swot", iteration=2, status=Status.PARTIAL, errors=(text, "another"), warnings=("old",)),
        make_iteration("swot", iteration=3, status=Status.FAIL),
    )

    (of_run,) = history.store.outcomes(RunFilter())[SWOT]

    message = "ValueError: no weaknesses in 17"
    failed = Outcome(is_failing=True, failure=failure_fingerprint(text), message=message)
    assert of_run.outcomes == (PASSED, failed, Outcome(is_failing=True))
    assert (of_run.run, of_run.low_seconds, of_run.retry_seconds) == (run, 0.5, 0.0)


def test_kinds_are_told_and_what_nobody_told_is_plain(history, make_iteration, conduct):
    kinds = {2: IterationKind.PERTURBED, 3: IterationKind.TWIN, 4: IterationKind.PERTURBED}
    told, untold = (history.store.start_run(history.new_run()) for _ in range(2))
    conduct(told, {1: IterationKind.PLAIN, **kinds})
    for run in (told, untold):
        history.record(run, *(make_iteration("swot", iteration=number) for number in (1, 2, 3, 4)))

    of_runs = history.store.outcomes(RunFilter())[SWOT]

    assert [outcome.kind for outcome in of_runs[0].outcomes] == [IterationKind.PLAIN, *kinds.values()]
    assert of_runs[1].outcomes == (PASSED,) * 4


def test_an_iteration_that_a_feature_was_left_out_of_moves_no_kind_to_another(history, make_iteration, conduct):
    run = history.store.start_run(history.new_run())
    conduct(run, {2: IterationKind.PERTURBED, 3: IterationKind.TWIN})
    history.record(run, make_iteration("swot"), make_iteration("swot", iteration=3))
    history.record(run, make_iteration("deck", iteration=2))

    found = history.store.outcomes(RunFilter())

    assert [outcome.kind for outcome in found[SWOT][0].outcomes] == [IterationKind.PLAIN, IterationKind.TWIN]
    assert [outcome.kind for outcome in found[DECK][0].outcomes] == [IterationKind.PERTURBED]


def test_a_run_whose_only_iteration_was_changed_is_no_plain_one(history, make_iteration, conduct):
    run = history.add({"swot": 1.0})
    conduct(run, {1: IterationKind.PERTURBED})
    (of_run,) = history.store.outcomes(RunFilter())[SWOT]
    assert of_run.outcomes == (Outcome(is_failing=False, kind=IterationKind.PERTURBED),)


def test_what_fails_only_when_it_is_provoked_is_not_counted_as_failing(history, make_iteration, conduct):
    checked, plain = (history.store.start_run(history.new_run()) for _ in range(2))
    conduct(checked, {2: IterationKind.PERTURBED, 3: IterationKind.TWIN})
    letters = {"never": "ppp", "provoked": "pfp", "twin": "ppf", "always": "fff", "skipped": "sss"}
    statuses = {"p": Status.PASS, "f": Status.ERROR, "s": Status.SKIP}
    for run in (checked, plain):
        for name, its in letters.items():
            history.record(
                run, *(make_iteration(name, iteration=at, status=statuses[one]) for at, one in enumerate(its, 1))
            )
    assert history.store.failure_counts([checked, plain]) == {
        checked.uuid: FailureCount(failing_count=2, feature_count=4),
        plain.uuid: FailureCount(failing_count=3, feature_count=4),
    }


def test_retries_cost_what_they_took_shared_by_the_features_in_them(history, make_iteration, conduct, make_feature):
    run = history.store.start_run(history.new_run())
    failing = {"status": Status.FAIL, "errors": ("no",)}
    history.record(run, make_iteration("swot", **failing), make_iteration("swot", iteration=2))
    history.record(run, *(make_iteration("deck", iteration=number, **failing) for number in (1, 2, 3)))
    history.record(run, make_iteration("persona"))
    conduct(run, {2: IterationKind.RETRY, 3: IterationKind.RETRY}, of_2=3.0, of_3=1.0)

    found = history.store.outcomes(RunFilter(), [make_feature("swot"), make_feature("deck")])

    assert {key: of_feature[0].retry_seconds for key, of_feature in found.items()} == {SWOT: 1.5, DECK: 2.5}
    assert [outcome.kind for outcome in found[SWOT][0].outcomes] == [IterationKind.PLAIN, IterationKind.RETRY]


def test_a_retry_that_was_cut_short_costs_nothing_known(history, make_iteration, conduct):
    run = history.store.start_run(history.new_run())
    history.record(run, make_iteration("swot", status=Status.FAIL), make_iteration("swot", iteration=2))
    conduct(run, {2: IterationKind.RETRY})
    assert history.store.outcomes(RunFilter())[SWOT][0].retry_seconds == 0.0


def test_skips_are_no_outcomes(history, make_iteration):
    run = history.store.start_run(history.new_run())
    history.record(run, make_iteration("swot", status=Status.SKIP, skip_reason="no"))
    history.record(run, make_iteration("deck"), make_iteration("deck", iteration=2, status=Status.SKIP))
    twice = [make_iteration("persona", iteration=number, status=Status.SKIP) for number in (1, 2)]
    history.record(run, *twice)

    found = history.store.outcomes(RunFilter())

    assert {key: of_feature[0].outcomes for key, of_feature in found.items()} == {DECK: (PASSED,)}


def test_runs_are_those_of_the_filter_oldest_first_and_never_companions(history, make_iteration):
    late = history.add({"swot": 1.0})
    early = history.add({"swot": 2.0}, started_at=late.started_at - timedelta(days=1))
    failed = history.store.start_run(history.new_run(started_at=late.started_at - timedelta(hours=1)))
    history.record(failed, make_iteration("swot", status=Status.ERROR))
    failed = history.store.finish_run(failed, RunState.INTERRUPTED, failed.started_at)
    history.add({"swot": 9.0}, role=RunRole.RERUN_HEAD, companion_of=late.id)
    history.add({"swot": 3.0}, branch="topic")

    def runs_of(run_filter: RunFilter) -> list:
        return [one.run for one in history.store.outcomes(run_filter).get(SWOT, ())]

    assert runs_of(RunFilter(branch="main")) == [early, failed, late]
    assert runs_of(RunFilter(branch="main", companions=True)) == [early, failed, late]
    assert runs_of(RunFilter(branch="main", last=2)) == [failed, late]
    assert runs_of(RunFilter(branch="main", state=RunState.COMPLETE)) == [early, late]
    assert runs_of(RunFilter(branch="nowhere")) == []


def test_only_features_that_were_asked_for(history, make_feature):
    history.add({"swot": 1.0, "deck": 1.0})
    assert list(history.store.outcomes(RunFilter(), [make_feature("deck"), make_feature("unheard of")])) == [DECK]
    assert history.store.outcomes(RunFilter(), []) == {}


STATUSES = st.sampled_from([Status.PASS, Status.PASS, Status.PASS, Status.SKIP, Status.FAIL, Status.ERROR])
OF_FEATURE = st.dictionaries(st.integers(1, 4), STATUSES, max_size=4).map(lambda of: dict(sorted(of.items())))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kinds=st.dictionaries(st.integers(1, 4), st.sampled_from(IterationKind)),
    statuses=st.tuples(OF_FEATURE, OF_FEATURE, OF_FEATURE),
)
def test_any_run_is_told_as_it_was_recorded(history, make_iteration, conduct, kinds, statuses):
    run = history.store.start_run(history.new_run())
    conduct(run, kinds, of_1=6.0, of_2=6.0, of_3=6.0, of_4=6.0)
    expected: dict[tuple[str, str], RunOutcomes] = {}
    for name, of_feature in zip(NAMES, statuses, strict=True):
        told = {number: status for number, status in of_feature.items() if status is not Status.SKIP}
        for number, status in of_feature.items():
            result = make_iteration(name, iteration=number, status=status, errors=("no",) * status.is_failing)
            iterations = [make_iteration(name, status=one) for one in of_feature.values()]
            history.store.record(run, result, FeatureStatus.from_iterations(iterations))
        if told:
            retried = [number for number in told if kinds.get(number) is IterationKind.RETRY]
            expected["shop", f"shop.{name}"] = RunOutcomes(
                run=run,
                outcomes=tuple(outcome(status, kinds.get(number)) for number, status in told.items()),
                retry_seconds=pytest.approx(
                    sum(6.0 / sum(number in others for others in statuses) for number in retried)
                ),
            )

    found = history.store.outcomes(RunFilter())

    newest = {key: of_feature[-1] for key, of_feature in found.items() if of_feature[-1].run == run}
    assert newest == expected


def outcome(status: Status, kind: IterationKind | None) -> Outcome:
    """What is told of an iteration whose only error is "no"."""
    told = {"failure": failure_fingerprint("no"), "message": "no"} if status.is_failing else {}
    return Outcome(is_failing=status.is_failing, kind=kind or IterationKind.PLAIN, **told)
