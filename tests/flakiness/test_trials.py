"""Few processes answer many questions, and nobody is answered by a process that was not his."""

from __future__ import annotations

import pytest

from aicmo_perf.flakiness.trials import Laboratory, NoTimeLeft, Question
from aicmo_perf.model import PLAIN, Conditions, Feature, IterationResult, Status, Trial

A, B, C, D = KEYS = tuple(("shop", name) for name in "abcd")
HASHED = Conditions(hash_seed=17)


class RecordingBench:
    """Finds all features but d."""

    def __init__(self):
        self.trials: list[Trial] = []

    def run(self, trial):
        self.trials.append(trial)
        return {
            key: IterationResult(
                feature=Feature(suite=key[0], qualified_name=key[1], name=key[1]),
                status=Status.PASS,
                output_digest=f"{key[1]} in {len(self.trials)}",
            )
            for key in trial.features
            if key != D
        }


@pytest.fixture
def bench():
    return RecordingBench()


def laboratory_on(bench, may_go_on=lambda: True):
    return Laboratory(bench, KEYS, may_go_on)


def asked(laboratory, *questions):
    return [answer and answer.output_digest for answer in laboratory.ask(questions)]


def test_the_same_question_is_one_trial_in_the_order_as_found(bench):
    laboratory = laboratory_on(bench)
    answers = asked(laboratory, Question(feature=C), Question(feature=A), Question(feature=B, conditions=HASHED))
    assert bench.trials == [Trial(features=(A, C)), Trial(conditions=HASHED, features=(B,))]
    assert answers == ["c in 1", "a in 1", "b in 2"]


def test_every_second_trial_of_a_kind_is_in_reverse_order(bench):
    asked(laboratory_on(bench), *(Question(feature=key, number=number) for number in (0, 1) for key in (A, B)))
    assert [trial.features for trial in bench.trials] == [(A, B), (B, A)]


def test_a_line_is_run_as_far_as_anybody_asks(bench):
    line = (C, B, A, D)
    laboratory = laboratory_on(bench)
    asked(laboratory, Question(feature=C, line=line), Question(feature=B, line=line))
    assert [trial.features for trial in bench.trials] == [(C, B)]
    assert [laboratory.cost_of(key) for key in (C, B, A)] == [1, 2, 0]


@pytest.mark.parametrize("conditions", [Conditions(worker_count=2), Conditions(earlier_process_count=1)])
def test_a_line_is_run_to_its_end_where_what_comes_later_matters(bench, conditions):
    asked(laboratory_on(bench), Question(feature=C, conditions=conditions, line=(C, B, A)))
    assert [trial.features for trial in bench.trials] == [(C, B, A)]


def test_outputs_are_asked_for_if_anybody_wants_them(bench):
    asked(laboratory_on(bench), Question(feature=A), Question(feature=B, wants_output=True))
    assert bench.trials == [Trial(features=(A, B), wants_outputs=True)]


def test_a_feature_that_was_not_found_has_no_answer(bench):
    assert asked(laboratory_on(bench), Question(feature=D), Question(feature=A)) == [None, "a in 1"]


def test_no_trial_is_begun_without_time(bench):
    left = iter([True, False])
    laboratory = laboratory_on(bench, lambda: next(left))
    with pytest.raises(NoTimeLeft):
        laboratory.ask([Question(feature=A), Question(feature=A, conditions=HASHED)])
    assert [trial.conditions for trial in bench.trials] == [PLAIN]
