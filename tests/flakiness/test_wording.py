"""Flakiness in words: each factor and each cause has them, and they say the values."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aicmo_perf.flakiness.wording import (
    advice_text,
    cause_text,
    changes_text,
    explanation_text,
    iteration_text,
    percent,
    rate_text,
    replay_command,
)
from aicmo_perf.model import (
    PLAIN,
    Cause,
    Conditions,
    Explanation,
    Factor,
    Feature,
    FlakinessFinding,
    Inconsistency,
    Iteration,
    IterationKind,
    OrderKind,
    OrderRole,
    PlannedIteration,
    RateEstimate,
    Run,
    Signature,
    Status,
)

CHANGED = Conditions(
    order=OrderKind.REVERSE, judged_calls=2, hash_seed=17, random_seed=5, clock_shift_seconds=-40 * 86400.0,
    time_zone="<+14>-14", locale="de_DE.utf8", fresh_directory=True, earlier_process_count=1, cpu_count=1,
    worker_count=2, busy_process_count=4,
)  # fmt: skip
LABELS = {("shop", "shop.a"): "a", ("shop", "shop.b"): "b"}


def finding(**given: object) -> FlakinessFinding:
    values: dict[str, object] = {
        "feature": Feature(suite="shop", qualified_name="shop.c", name="c"),
        "inconsistency": Inconsistency.STATUS,
        "usual": Signature(Status.PASS, 0, 0),
        "other": Signature(Status.FAIL, 1, 0),
        "rate": RateEstimate(run_count=10, deviating_count=2, rate=0.2, low=0.044, high=0.503),
    }
    return FlakinessFinding(**{**values, **given})  # type: ignore[arg-type]


def test_every_change_is_told_with_its_value() -> None:
    assert changes_text(PLAIN) == "nothing"
    assert changes_text(CHANGED).split(", ") == [
        "reverse order", "2 calls in one process", "PYTHONHASHSEED=17", "seed 5", "clock 40 days back", "TZ=<+14>-14",
        "locale de_DE.utf8", "fresh directory", "after 1 earlier process", "1 CPU seen", "2 workers",
        "4 busy processes beside it",
    ]  # fmt: skip
    assert len(changes_text(CHANGED).split(", ")) == len(Factor)
    assert "order" not in changes_text(CHANGED, but=[Factor.ORDER])


@pytest.mark.parametrize(
    ("kind", "conditions", "words"),
    [
        (IterationKind.PLAIN, PLAIN, "nothing changed"),
        (IterationKind.TWIN, PLAIN, "nothing changed"),
        (IterationKind.RETRY, PLAIN, "a retry"),
        (IterationKind.PERTURBED, Conditions(clock_shift_seconds=3600.0), "clock 1 h 0 min ahead"),
    ],
)
def test_an_iteration_in_a_few_words(kind: IterationKind, conditions: Conditions, words: str) -> None:
    planned = PlannedIteration(number=2, kind=kind, conditions=conditions)
    said = iteration_text(Iteration(planned=planned, started_at=datetime(2025, 3, 1, tzinfo=UTC)))
    assert said == words


def test_a_victim_names_all_its_polluters_and_a_brittle_what_it_needs() -> None:
    others = (("shop", "shop.a"), ("shop", "shop.b"))
    victim = Explanation(causes=(Cause.ORDER,), role=OrderRole.VICTIM, features=others, confirmed_count=4)
    assert explanation_text(victim, LABELS) == "order: fails after a and b (victim); confirmed 4 times"
    brittle = Explanation(causes=(Cause.ORDER,), role=OrderRole.BRITTLE, features=others[:1])
    assert explanation_text(brittle, LABELS) == "order: fails unless a runs before it (brittle)"
    assert "fails unless shop.a and shop.b run before it" in explanation_text(
        Explanation(causes=(Cause.ORDER,), role=OrderRole.BRITTLE, features=others), {}
    )


def test_a_cause_besides_the_order_and_who_is_part_of_another_cause_are_told() -> None:
    a = (("shop", "shop.a"),)
    both = Explanation(causes=(Cause.ORDER, Cause.LOCALE), role=OrderRole.VICTIM, features=a)
    assert explanation_text(both, LABELS) == (
        "order and locale: fails after a (victim), only when all of these change together"
    )
    left = Explanation(causes=(Cause.STATE_ON_DISK,), features=a)
    assert explanation_text(left, LABELS) == (
        "state on disk: it depends on what a left in the same directories in an earlier process"
    )
    others = Explanation(causes=(Cause.PARALLELISM,), features=a)
    assert explanation_text(others, LABELS).endswith("what runs at the same time, together with a")


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_has_words_and_advice(cause: Cause) -> None:
    told = finding(explanations=(Explanation(causes=(cause,), detail="0 passes, 17 fails"),))
    assert cause_text(told, {}).startswith(f"{cause.value}: ")
    assert cause_text(told, {}).endswith("; 0 passes, 17 fails")
    assert advice_text(told).endswith(".")


def test_several_explanations_and_causes_are_all_told() -> None:
    both = Explanation(causes=(Cause.HASH_SEED, Cause.TIME_ZONE), confirmed_count=1)
    twins = Explanation(causes=(Cause.NONDETERMINISTIC,))
    text = cause_text(finding(explanations=(both, twins), inconsistency=Inconsistency.OUTPUT), {})
    assert text == (
        "hash seed and time zone: only when all of these change together; confirmed 1 time; "
        "and nondeterministic: it differs with nothing changed"
    )
    unfinished = finding(explanations=(both, Explanation(causes=(Cause.OUT_OF_TIME,))))
    assert cause_text(unfinished, {}).endswith(
        "; and out of time: the time for trials was over before everything was tried"
    )
    assert advice_text(unfinished).startswith("Sort what ")
    assert "--flakiness-budget" in advice_text(unfinished)
    assert cause_text(finding(), {}) == "not looked for"
    assert advice_text(finding()) == ""


def test_rates_tell_how_sure_they_are() -> None:
    assert rate_text(finding().rate) == "2 of 10: 20% (95%: 4.4% to 50%)"
    never = RateEstimate(run_count=10, deviating_count=0, rate=0.0, low=0.0, high=0.217, not_excluded=0.259)
    assert rate_text(never) == "0 of 10: a rate under 26% can hide (95%)"
    weighted = RateEstimate(run_count=20.25, deviating_count=1.5, rate=0.07, low=0.02, high=0.2)
    assert rate_text(weighted) == "1.5 of 20.2: 7% (95%: 2% to 20%)"
    nearly = RateEstimate(run_count=7.999, deviating_count=7.0, rate=0.875, low=0.5, high=1.0)
    assert rate_text(nearly).startswith("7 of 8: 88%")
    assert rate_text(RateEstimate(run_count=0, deviating_count=0, rate=None, low=0.0, high=1.0)) == "no runs"


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "0%"), (0.0004, "under 0.1%"), (0.0071, "0.71%"), (0.0996, "10%"), (1.0, "100%")]
)
def test_percentages_have_two_digits(share: float, text: str) -> None:
    assert percent(share) == text


def test_a_replay_names_the_run_by_its_number() -> None:
    run = Run(uuid="01950000-0000-7000-8000-000000000001", started_at=datetime(2025, 3, 1, tzinfo=UTC), id=12)
    assert replay_command(run, 3) == "aicmo-perf run --replay 12:3"
