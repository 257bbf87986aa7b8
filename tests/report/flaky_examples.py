"""A thorough flakiness check as a value: a victim, one that varies with the hash seed, one that follows nothing."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

from aicmo_perf.flakiness.rates import estimate_rate
from aicmo_perf.model import (
    PLAIN,
    Cause,
    Conditions,
    Explanation,
    FeatureStatus,
    FlakinessFinding,
    Inconsistency,
    Iteration,
    IterationKind,
    IterationResult,
    OrderKind,
    OrderRole,
    PlannedIteration,
    RunOptions,
    SelfTestResult,
    Signature,
    Status,
)
from tests.report.examples import START, make_feature, make_run

PASS, FAIL = Signature(Status.PASS, 0, 0), Signature(Status.FAIL, 1, 0)

CONDITIONS = (
    (IterationKind.PLAIN, PLAIN),
    (IterationKind.PERTURBED, Conditions(order=OrderKind.REVERSE, hash_seed=17, judged_calls=2)),
    (IterationKind.TWIN, PLAIN),
    (IterationKind.PERTURBED, Conditions(order=OrderKind.SHUFFLE, time_zone="<+14>-14", fresh_directory=True)),
    (IterationKind.PERTURBED, Conditions(order=OrderKind.SHUFFLE_MODULES, hash_seed=4, clock_shift_seconds=3456000.0)),
    (IterationKind.PERTURBED, Conditions(order=OrderKind.SHUFFLE, worker_count=2)),
    (IterationKind.RETRY, PLAIN),
)

PERSONA, SWOT, CALENDAR = (make_feature(f"{name}_generator") for name in ("persona", "swot", "calendar"))
PILLARS, DECK, PDF = (make_feature(name) for name in ("pillars_generator", "deck", "pdf"))


def iterations(count: int = len(CONDITIONS)) -> tuple[Iteration, ...]:
    return tuple(
        Iteration(
            planned=PlannedIteration(
                number=number,
                kind=kind,
                conditions=conditions,
                order=(SWOT.key, PERSONA.key) if conditions.order is OrderKind.SHUFFLE else None,
                seed=number * 7,
            ),
            started_at=START + timedelta(minutes=number),
            duration_seconds=4.0 if kind in (IterationKind.PLAIN, IterationKind.TWIN) else 1.5,
            load_average=0.25 * number if number != 3 else None,
        )
        for number, (kind, conditions) in enumerate(CONDITIONS[:count], start=1)
    )


def status(feature, statuses: str, digests: str = "", scrubbed: tuple[str, ...] = ()) -> FeatureStatus:
    """One letter an iteration: p(ass), f(ail), s(kip), - for not seen; of the digests likewise."""
    words = {"p": Status.PASS, "f": Status.FAIL, "s": Status.SKIP}
    return FeatureStatus.from_iterations(
        [
            IterationResult(
                feature=feature,
                iteration=number,
                status=words[letter],
                errors=("expected tea, got coffee",) if letter == "f" else (),
                samples_seconds=(0.001, 0.0011) if letter == "p" and number in (1, 3) else (),
                output_digest=f"c1:{digests[number - 1]}" if digests else None,
                scrubbed=scrubbed,
            )
            for number, letter in enumerate(statuses, start=1)
            if letter != "-"
        ]
    )


def finding(feature, *explanations: Explanation, deviating: tuple[int, ...] = (2, 4, 6), **given: object):
    return FlakinessFinding(
        **{
            "feature": feature,
            "inconsistency": Inconsistency.STATUS,
            "explanations": explanations,
            "usual": PASS,
            "other": FAIL,
            "iterations": deviating,
            "replay_iteration": deviating[0],
            "rate": estimate_rate(len(deviating), 6),
            "trial_count": 31,
            **given,
        }
    )


def checked_result() -> SelfTestResult:
    """Of a check of six iterations, one of which was cut short for a feature, and one retry."""
    victim = Explanation(
        causes=(Cause.ORDER,), role=OrderRole.VICTIM, features=(SWOT.key, PILLARS.key), confirmed_count=4
    )
    hash_seed = Explanation(
        causes=(Cause.HASH_SEED,), detail="PYTHONHASHSEED=0 and 17 give two outputs", confirmed_count=4
    )
    return SelfTestResult(
        make_run(12, options=RunOptions(iterations=6, flakiness_check=True, scrub=("uuid", "timestamp"))),
        (
            status(SWOT, "pppppp", "aaaaaa"),
            status(PERSONA, "pfpfpfp", "xxxxxxx"),
            status(PILLARS, "pppppp", "abacab", scrubbed=("uuid",)),
            status(CALENDAR, "pppp-p", "aaaa-a", scrubbed=("uuid", "timestamp")),
            status(DECK, "ppfppp"),
            status(PDF, "ssssss"),
        ),
        iterations(),
        (
            finding(PERSONA, victim),
            finding(DECK, Explanation(causes=(Cause.NONDETERMINISTIC,)), deviating=(3,)),
            finding(
                PILLARS,
                hash_seed,
                deviating=(2, 4, 6),
                inconsistency=Inconsistency.OUTPUT,
                other=PASS,
                output_diff=('-  "tags": ["a", "b"],', '+  "tags": ["b", "a"],'),
            ),
        ),
    )


def stable_result(count: int = 10, feature_count: int = 71) -> SelfTestResult:
    """Of a check in which nothing differed."""
    features = tuple(status(make_feature(f"f{number}"), "p" * count, "a" * count) for number in range(feature_count))
    run = make_run(13, options=RunOptions(iterations=count, flakiness_check=True))
    return SelfTestResult(run, features)


def retried_result() -> SelfTestResult:
    """Of a gated run of one iteration with two retries of what failed."""
    result = checked_result()
    kinds = (CONDITIONS[0], CONDITIONS[-1], CONDITIONS[-1])
    retried = tuple(
        dataclasses.replace(it, planned=dataclasses.replace(it.planned, kind=kind, conditions=conditions))
        for it, (kind, conditions) in zip(iterations(3), kinds, strict=True)
    )
    run = dataclasses.replace(result.run, options=RunOptions())
    return SelfTestResult(run, (status(SWOT, "p"), status(DECK, "fff")), retried)
