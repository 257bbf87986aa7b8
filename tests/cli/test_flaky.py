"""flaky over a made-up past: states, an outage, one feature in full, machine formats, exit codes."""

from __future__ import annotations

import csv
import io
import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from aicmo_perf.flakiness.rates import estimate_rate
from aicmo_perf.model import (
    PLAIN,
    Cause,
    Explanation,
    Feature,
    FeatureStatus,
    FlakinessFinding,
    Inconsistency,
    Iteration,
    IterationKind,
    IterationResult,
    Mode,
    OrderRole,
    PlannedIteration,
    Run,
    RunState,
    Signature,
    Status,
    time_ordered_uuid,
)
from aicmo_perf.store import Store, open_store
from tests.cli.past import DATABASE, MACHINE, START
from tests.cli.project import Invoke

RUN_COUNT = 30
LETTERS = {"p": Status.PASS, "f": Status.FAIL}
STEADY = [f"steady_{number}" for number in range(5)]


def feature(name: str) -> Feature:
    return Feature(suite="shop", qualified_name=f"shop.{name}", name=name)


def write_checked_run(store: Store, number: int, outcomes: dict[str, str]) -> Run:
    """One run of the commit of its number: of each feature a letter an iteration, the first plain, then twins."""
    started_at = START + timedelta(hours=number)
    run = store.start_run(
        Run(
            uuid=time_ordered_uuid(int(started_at.timestamp() * 1000), number.to_bytes(10, "big")),
            started_at=started_at,
            mode=Mode.DETERMINISTIC,
            state=RunState.RUNNING,
            suites=("shop",),
            environment=MACHINE,
            commit_sha=f"{number:07x}" + "0" * 33,
            branch="main" if number % 2 else "topic",
            dirty=False,
            tool_version="0.1.0",
        )
    )
    for place in range(max(map(len, outcomes.values()))):
        kind = IterationKind.TWIN if place else IterationKind.PLAIN
        planned = PlannedIteration(number=place + 1, kind=kind, conditions=PLAIN)
        store.record_iteration(run, Iteration(planned=planned, started_at=started_at, duration_seconds=1.0))
    for name, letters in outcomes.items():
        results = [
            IterationResult(
                feature=feature(name),
                iteration=place,
                status=LETTERS[letter],
                errors=("expected tea, got coffee",) if letter == "f" else (),
            )
            for place, letter in enumerate(letters, start=1)
        ]
        for end, result in enumerate(results, start=1):
            store.record(run, result, FeatureStatus.from_iterations(results[:end]))
    return store.finish_run(run, RunState.COMPLETE, started_at + timedelta(seconds=9))


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty runs: ``coin`` differs from itself in two, ``gone`` fails from run 21 on, nearly all fail in run 11."""
    path = tmp_path_factory.mktemp("past") / "history.db"
    with open_store(path) as store:
        for number in range(RUN_COUNT):
            outcomes = {
                **dict.fromkeys(STEADY, "pp"),
                "coin": "pf" if number in (4, 24) else "pp",
                "gone": "ff" if number >= 20 else "pp",
            }
            run = write_checked_run(store, number, dict.fromkeys(outcomes, "ff") if number == 10 else outcomes)
            if number in (4, 24):
                store.add_findings(run, [finding(Cause.NONDETERMINISTIC if number == 4 else Cause.ORDER)])
    return path


@pytest.fixture
def past(project: Path, database: Path) -> Path:
    """A project with that history."""
    DATABASE.parent.mkdir()
    shutil.copy(database, DATABASE)
    return project


def finding(cause: Cause) -> FlakinessFinding:
    polluters = (feature("steady_1").key,) if cause is Cause.ORDER else ()
    return FlakinessFinding(
        feature=feature("coin"),
        inconsistency=Inconsistency.STATUS,
        explanations=(Explanation(causes=(cause,), role=OrderRole.VICTIM if polluters else None, features=polluters),),
        usual=Signature(Status.PASS, 0, 0),
        other=Signature(Status.FAIL, 1, 0),
        iterations=(2,),
        replay_iteration=2,
        rate=estimate_rate(1, 2),
    )


def table(text: str) -> dict[str, list[str]]:
    """The rows of a Markdown table by their first cell."""
    rows = [[cell.strip(" *") for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    return {row[0]: row[1:] for row in rows}


def test_broken_and_flaky_are_told_apart_and_an_outage_is_neither(past: Path, invoke: Invoke) -> None:
    answer = invoke("flaky", "--format", "markdown")
    assert answer.exit_code == 0, "a look fails nothing"
    rows = table(answer.stdout)
    assert rows["coin"][0] == "flaky"
    assert rows["coin"][4:7] == ["run 5, 2025-03-01", "run 25, 2025-03-02", "order"]
    assert rows["gone"][0] == "broken"
    assert rows["gone"][4] == "run 21, 2025-03-02"
    assert not set(STEADY) & set(rows)
    assert "**Set aside:** run 11, in which most features failed" in answer.stdout
    assert "Of 5 features there is nothing to say" in answer.stdout
    assert set(STEADY) < set(table(invoke("flaky", "--all", "--format", "markdown").stdout))


def test_one_feature_in_full(past: Path, invoke: Invoke) -> None:
    text = invoke("flaky", "coin", "--format", "markdown").stdout
    assert text.startswith("# Flakiness of coin\n")
    assert "**Flips on the same code:** 2 with nothing changed, 0 provoked" in text
    assert "- **Cause:** order: fails after shop.steady\\_1 (victim)" in text.replace(
        "shop.steady_1", "shop.steady\\_1"
    )
    assert "`aicmo-perf run --replay 25:2`" in text
    assert "| 2 | 5 | 25 | expected tea, got coffee |" in text
    earlier, later = text.split("## Findings over time")[1].strip().splitlines()[-2:]
    assert "nondeterministic" in earlier
    assert "order: fails after" in later


def test_json_and_csv_say_the_same(past: Path, invoke: Invoke) -> None:
    document = json.loads(invoke("flaky", "--format", "json").stdout)
    assert (document["format"], document["version"], document["run_count"]) == ("aicmo-perf/flaky", 1, RUN_COUNT)
    states = {item["name"]: item["state"] for item in document["features"]}
    assert states == {"coin": "flaky", "gone": "broken", **dict.fromkeys(STEADY, "stable")}
    assert [run["id"] for run in document["infrastructure_runs"]] == [11]
    rows = list(csv.DictReader(io.StringIO(invoke("flaky", "--format", "csv").stdout)))
    assert {row["name"]: row["state"] for row in rows} == states


def test_a_part_of_the_runs_can_be_looked_at(past: Path, invoke: Invoke) -> None:
    def runs(*arguments: str) -> int:
        return int(json.loads(invoke("flaky", *arguments, "--format", "json").stdout)["run_count"])

    assert runs("--last", "5") == 5
    assert runs("--branch", "topic") == RUN_COUNT // 2
    assert runs("--until", "2025-03-01T19:30") == 10
    answer = invoke("flaky", "--branch", "nowhere")
    assert (answer.exit_code, answer.stdout, answer.stderr) == (0, "", "No run fits these filters.\n")


def test_the_half_life_weighs_older_runs_less(past: Path, invoke: Invoke) -> None:
    def rate(*arguments: str) -> float:
        document = json.loads(invoke("flaky", "coin", *arguments, "--format", "json").stdout)
        return float(document["features"][0]["rate"]["rate"])

    # coin failed in runs 5 and 25 of 30, an hour apart: the shorter the memory, the more the later one weighs
    assert rate("--half-life", "4h") > rate("--half-life", "300d") > 0
    assert "not above zero" in invoke("flaky", "--half-life", "0").stderr


def test_it_fails_only_when_asked_to_and_not_for_what_is_set_aside(past: Path, invoke: Invoke) -> None:
    assert invoke("flaky", "--fail-on", "flaky").exit_code == 1
    assert invoke("flaky", "--fail-on", "unknown").exit_code == 0
    assert invoke("flaky", "steady*", "--fail-on", "flaky", "--fail-on", "broken").exit_code == 0
    added = invoke("flaky", "quarantine", "add", "coin", "--reason", "a race", "--until", "2999-12-31")
    assert added.exit_code == 0, added.stderr
    assert invoke("flaky", "--fail-on", "flaky").exit_code == 0
    assert invoke("flaky", "--fail-on", "broken").exit_code == 1
    assert "until 2999-12-31" in invoke("flaky", "--format", "markdown").stdout


def test_a_name_that_no_feature_has_is_answered_with_the_nearest(past: Path, invoke: Invoke) -> None:
    answer = invoke("flaky", "coyn")
    assert answer.exit_code == 3
    assert "coin" in answer.stderr


def test_show_is_the_default_and_help_is_the_groups(past: Path, invoke: Invoke) -> None:
    assert invoke("flaky", "coin").stdout == invoke("flaky", "show", "coin").stdout
    assert "quarantine" in invoke("flaky", "--help").stdout
    assert "--half-life" in invoke("flaky", "show", "--help").stdout


def test_a_feature_that_no_check_found_inconsistent_has_no_findings(past: Path, invoke: Invoke) -> None:
    text = invoke("flaky", "gone", "--format", "markdown").stdout
    assert "**State:** **broken**" in text
    assert "**Broken since:** run 21" in text
    assert "finding" not in text.lower()
