"""A flakiness check as a value (a victim, one that varies with the hash seed, one that follows nothing); a history."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta

from aicmo_perf.flakiness.clusters import Cluster
from aicmo_perf.flakiness.history import FailureGroup, FeatureRecord, FlakinessRecord
from aicmo_perf.flakiness.overview import FlakinessOverview, PastFinding
from aicmo_perf.flakiness.rates import estimate_rate
from aicmo_perf.flakiness.unstable_time import UnstableTime
from aicmo_perf.model import (
    PLAIN,
    Cause,
    Conditions,
    Explanation,
    Feature,
    FeatureStatus,
    FlakinessFinding,
    FlakyState,
    Inconsistency,
    Iteration,
    IterationKind,
    IterationResult,
    OrderKind,
    OrderRole,
    PlannedIteration,
    Quarantine,
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


def known(**changes: object) -> FlakinessOverview:
    """A history with every state, a cluster, an outage, quarantines that hold, expired, healed and hide a defect."""
    when = {number: make_run(number) for number in (2, 5, 9, 31, 40)}
    values: dict[str, object] = {"run_count": 40, "failing_run_count": 0}
    records = (
        FeatureRecord(
            feature=PERSONA,
            state=FlakyState.FLAKY,
            rate=estimate_rate(6, 38.5),
            **{**values, "failing_run_count": 5},
            flip_count=4,
            provoked_flip_count=2,
            first_flip=when[5],
            last_flip=when[40],
            last_failure=when[40],
            failure_groups=(
                FailureGroup(fingerprint="f1", message="expected tea", count=5, first=when[5], last=when[40]),
                FailureGroup(fingerprint=None, message="", count=1, first=when[9], last=when[9]),
            ),
            retry_seconds=12.5,
        ),
        FeatureRecord(
            feature=DECK, state=FlakyState.FLAKY, rate=estimate_rate(3, 40), **values, flip_count=3,
            first_flip=when[9], last_flip=when[31], last_failure=when[31],
        ),
        FeatureRecord(
            feature=SWOT, state=FlakyState.BROKEN, rate=estimate_rate(0, 30), **{**values, "failing_run_count": 10},
            broken_since=when[31], last_failure=when[40],
        ),
        FeatureRecord(
            feature=CALENDAR, state=FlakyState.UNKNOWN, rate=estimate_rate(0, 0), run_count=1, failing_run_count=1,
            last_failure=when[40],
        ),
        FeatureRecord(
            feature=PILLARS, state=FlakyState.STABLE, rate=estimate_rate(0, 120), **values,
            unstable_time=UnstableTime(fast_seconds=0.001, slow_seconds=0.0021, slow_share=0.3, run_count=40),
        ),
        FeatureRecord(feature=PDF, state=FlakyState.STABLE, rate=estimate_rate(0, 40), **values),
    )  # fmt: skip
    findings = {item.feature.key: item for item in checked_result().findings}
    unexplained = Explanation(causes=(Cause.UNEXPLAINED,))
    found = {
        PERSONA.key: (
            PastFinding(run=when[5], finding=finding(PERSONA, unexplained, deviating=(2,))),
            PastFinding(run=when[40], finding=findings[PERSONA.key]),
        ),
        DECK.key: (PastFinding(run=when[31], finding=findings[DECK.key]),),
        PILLARS.key: (PastFinding(run=when[31], finding=findings[PILLARS.key]),),
    }
    record = FlakinessRecord(
        features=records,
        clusters=(Cluster(features=(DECK.key, PERSONA.key), together_count=3),),
        infrastructure_runs=(make_run(17), make_run(18)),
        run_count=42,
    )
    entries = {
        PERSONA.key: Quarantine(feature="persona*", reason="the cache leaks", until=date(2025, 4, 30)),
        DECK.key: Quarantine(feature="deck", reason="a fix is on its way", until=date(2025, 2, 28)),
        SWOT.key: Quarantine(feature="swot_generator", reason="timing", until=date(2025, 4, 30)),
        PILLARS.key: Quarantine(feature="pillars*", reason="the order of tags", until=date(2025, 4, 30)),
    }
    given: dict[str, object] = {"record": record, "findings": found, "quarantined": entries, "today": date(2025, 3, 5)}
    return FlakinessOverview(**{**given, **changes})  # type: ignore[arg-type]


def only(overview: FlakinessOverview, feature: Feature) -> FlakinessOverview:
    """The overview of one feature."""
    records = tuple(record for record in overview.record.features if record.key == feature.key)
    return dataclasses.replace(overview, record=dataclasses.replace(overview.record, features=records))
