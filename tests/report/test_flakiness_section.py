"""What a run's report says of flakiness: who, why, how sure, how to see it again, and what is not known."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import jsonschema
import pytest

from aicmo_perf.model import FeatureStatus, RunOptions, SelfTestResult
from aicmo_perf.report.flakiness_section import not_excluded
from aicmo_perf.report.run_report import build_run_report, build_run_summary
from aicmo_perf.report.runs_report import build_run_details
from aicmo_perf.report.to_console import to_console
from aicmo_perf.report.to_json import dumps, run_payload
from aicmo_perf.report.to_markdown import to_markdown
from tests.report.flaky_examples import DECK, SWOT, checked_result, iterations, retried_result, stable_result, status


def section(result: SelfTestResult) -> str:
    text = to_markdown(build_run_report(result))
    return text.split("## Performance & Flakiness\n")[1].split("\n## ")[0].split("**Flakiness")[1]


def test_a_check_in_full(golden) -> None:
    golden("run_flaky.md", "**Flakiness" + section(checked_result()) + "\n")


def test_details_tell_the_same(golden) -> None:
    details = to_markdown(build_run_details(checked_result()))
    assert section(checked_result()).strip() in details


def test_the_summary_names_cause_and_replay(golden) -> None:
    golden("run_flaky_summary.txt", to_console(build_run_summary(checked_result()), width=110))


def test_what_a_stable_feature_was_not_shown_to_be_free_of_is_said_once_for_all() -> None:
    text = section(stable_result())
    assert "No inconsistencies detected ✅" in text
    assert text.count("can hide") == 1
    assert "71 features agreed in 10 iterations: a rate under 26% can hide (95%)." in text
    summary = to_console(build_run_summary(stable_result()), width=160)
    assert "71 pass; none flaky: a rate under 26% can hide (95%);" in summary


def test_of_features_seen_unequally_often_the_least_seen_one_counts() -> None:
    result = stable_result(count=10, feature_count=2)
    often = status(result.features[0].feature, "p" * 59)
    result = dataclasses.replace(result, features=(often, *result.features[1:]))
    assert "2 features agreed in 10 to 59 iterations: a rate under 26% can hide (95%)." in section(result)
    assert not_excluded(dataclasses.replace(result, features=(often,))) < 0.05


def test_features_that_differ_or_never_ran_prove_nothing() -> None:
    result = checked_result()
    doubtful = tuple(item for item in result.features if item.name in ("persona_generator", "pillars_generator", "pdf"))
    assert len(doubtful) == 3
    assert not_excluded(dataclasses.replace(result, features=doubtful)) is None


def test_a_rate_that_was_asked_for_is_said_to_be_excluded_or_open() -> None:
    result = stable_result(count=10, feature_count=1)
    features = (status(SWOT, "p" * 59), *result.features)
    run = dataclasses.replace(result.run, options=RunOptions(iterations=10, flakiness_check=True, until_rate=0.05))
    text = section(dataclasses.replace(result, run=run, features=features))
    assert "A rate of 5% is excluded for 1 of them; not yet for f0." in text


def test_retries_are_no_check_but_a_flip_among_them_is_told() -> None:
    assert "Not checked (one iteration; use --flakiness-check)" in section(retried_result())
    assert "none flaky" not in to_console(build_run_summary(retried_result()))
    flipped = dataclasses.replace(retried_result(), features=(status(SWOT, "p"), status(DECK, "fp")))
    assert "- deck: iteration 1: fail, 1 error, 0 warnings; iteration 2 (retry): pass" in section(flipped)
    assert "agreed" not in section(flipped)


def test_where_nobody_looked_for_causes_it_is_said_how_to() -> None:
    hint = "What they depend on, `aicmo-perf run --flakiness-check=10` tries to find out."
    assert hint in section(dataclasses.replace(checked_result(), findings=()))
    assert hint not in section(checked_result())
    assert hint not in section(stable_result())


def test_a_retried_feature_is_not_seen_less_often() -> None:
    assert "Seen in fewer iterations than asked for: calendar_generator (5 of 6)." in section(checked_result())


def test_a_check_of_a_hundred_iterations_stays_readable() -> None:
    many = tuple(
        dataclasses.replace(it, planned=dataclasses.replace(it.planned, number=number))
        for number in range(1, 101)
        for it in (iterations()[1],)
    )
    text = section(dataclasses.replace(stable_result(count=100), iterations=many))
    assert text.count("| perturbed |") == 20
    assert "80 more iterations in the JSON report." in text


def test_without_durations_no_cost_is_made_up() -> None:
    result = checked_result()
    running = (dataclasses.replace(result.iterations[0], duration_seconds=None), *result.iterations[1:])
    assert "times the first" in section(result)
    assert "times the first" not in section(dataclasses.replace(result, iterations=running))


@pytest.mark.parametrize("width", [80, 100])
def test_the_console_stays_within_its_width(width: int) -> None:
    text = to_console(build_run_report(checked_result()), width=width)
    assert max(map(len, text.splitlines())) <= width


def test_json_fits_the_schema_and_points_to_the_features() -> None:
    schema = json.loads((Path(__file__).parents[2] / "docs" / "run.schema.json").read_text(encoding="utf-8"))
    document = json.loads(dumps(run_payload(checked_result())))
    jsonschema.Draft202012Validator(schema).validate(document)
    shuffled = document["iterations"][3]
    assert [document["features"][position]["name"] for position in shuffled["order"]] == [
        "swot_generator", "persona_generator",
    ]  # fmt: skip
    assert shuffled["conditions"] == {"order": "shuffle", "time_zone": "<+14>-14", "fresh_directory": True}
    assert document["features"][3]["iterations"] == [1, 2, 3, 4, 6]
    persona = document["findings"][0]
    assert persona["cause"].startswith("order: fails after")
    assert [named["qualified_name"] for named in persona["explanations"][0]["features"]] == [
        "shop.features.swot_generator", "shop.features.pillars_generator",
    ]  # fmt: skip
    assert document["findings"][2]["output_diff"][0].startswith("-")


def test_a_feature_without_numbers_of_its_iterations_is_counted_from_one() -> None:
    old: FeatureStatus = dataclasses.replace(status(DECK, "pf"), iterations=())
    result = dataclasses.replace(checked_result(), features=(old,), iterations=(), findings=())
    assert "- deck: iteration 1: pass, 0 errors, 0 warnings; iteration 2: fail" in section(result)
