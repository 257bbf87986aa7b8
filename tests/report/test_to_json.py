"""Machine formats: the run against its published schema, and what holds for each format."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import jsonschema
import pytest

from aicmo_perf.gate import Verdict
from aicmo_perf.model import AcceptedChange, Category, Environment, FeatureStatus, Status
from aicmo_perf.report.explanation_json import explanation_payload
from aicmo_perf.report.generator import ReportGenerator
from aicmo_perf.report.history_json import changes_payload, history_payload
from aicmo_perf.report.json_values import moment_json
from aicmo_perf.report.to_json import comparison_payload, dumps, gate_payload, run_payload, runs_payload
from tests.report.examples import START, item_of, make_run, with_item

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "run.schema.json").read_text(encoding="utf-8"))


def parsed(payload):
    """What a strict reader sees: no NaN, no Infinity."""

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(dumps(payload), parse_constant=refuse)


def validate(document):
    jsonschema.Draft202012Validator(SCHEMA).validate(document)


def test_the_schema_is_sound_and_closed():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def objects(node):
        if isinstance(node, dict):
            if "properties" in node:
                yield node
            for child in node.values():
                yield from objects(child)
        elif isinstance(node, list):
            for child in node:
                yield from objects(child)

    for node in objects(SCHEMA):
        assert node["additionalProperties"] is False
        assert sorted(node["required"]) == sorted(node["properties"])


def test_rich_run_fits_the_schema(rich_result, rich_comparison):
    document = parsed(run_payload(rich_result, rich_comparison))
    validate(document)
    persona = document["features"][0]
    assert persona["baseline"]["ratio"] == pytest.approx(0.00123 / (0.00098 * 1.02)), "medians, as they were"
    assert persona["judgement"]["ratio"] == pytest.approx(0.00123 * 0.98 / 0.00098), "low quantiles"
    assert persona["change"] == "regressed"
    assert document["comparison"]["common_factor"]["clear"] is False
    assert [f["baseline"] for f in document["features"] if f["name"] == "html"] == [None]
    assert document["comparison"]["status_changes"] == [
        {"suite": "aicmo", "qualified_name": "shop.features.deck", "from": "pass", "to": "error"}
    ]
    assert [gone["name"] for gone in document["comparison"]["vanished"]] == ["old_generator"]
    assert sum(document["summary"]["status_counts"].values()) == document["summary"]["feature_count"] == 8


def test_all_that_a_judgement_may_hold_fits_the_schema(rich_result, confirmed_comparison, paired_comparison, changes):
    document = parsed(run_payload(rich_result, confirmed_comparison, changes))
    validate(document)
    judgement = document["features"][0]["judgement"]
    assert judgement["level"]["start"]["change_point"]["run"]["id"] == 5
    assert judgement["level"]["held_back"]["confidence"] == 0.97
    assert (judgement["waiting"], judgement["rerun_count"]) == (True, 3)
    (zipped,) = [feature for feature in document["features"] if feature["name"] == "zip_package"]
    assert zipped["judgement"]["accepted"]["accepted_by"] == "ann"
    assert document["comparison"]["common_factor"]["machine_difference"] is True
    assert len(document["change_points"]) == 3
    paired = parsed(run_payload(rich_result, paired_comparison))
    validate(paired)
    assert paired["comparison"]["paired"] is True
    item = item_of(confirmed_comparison, "persona_generator")
    accepted = AcceptedChange(feature=item.feature, run=make_run(5), accepted_at=START)
    level = dataclasses.replace(item.level, start=accepted)
    accepted = with_item(confirmed_comparison, "persona_generator", level=level)
    validate(parsed(run_payload(rich_result, accepted)))


def test_explanation(rich_result, confirmed_comparison):
    item = item_of(confirmed_comparison, "persona_generator")
    document = parsed(explanation_payload(rich_result, confirmed_comparison, item))
    assert (document["format"], document["version"]) == ("aicmo-perf/explanation", 1)
    assert document["design"] == "interleaved_reruns"
    assert [run["id"] for run in document["level_runs"]] == [5, 6, 7, 8]
    assert document["judged_count"] == 3
    assert document["judgement"]["bh_rank"] == 1


def test_minimal_runs_fit_the_schema(minimal_result, interrupted_result):
    empty = dataclasses.replace(minimal_result, features=())
    for result in (minimal_result, interrupted_result, empty):
        document = json.loads(ReportGenerator().generate_json_report(result))
        validate(document)
        assert document["comparison"] is None
        assert all(feature["change"] is None for feature in document["features"])


def test_what_is_no_number_and_no_text_becomes_json(minimal_result):
    odd = FeatureStatus(
        "odd\ud800", Category.OTHER, Status.ERROR, errors=("\udcff\x00 µ",), runtime_seconds=float("nan"),
        stddev_seconds=float("inf"),
    )  # fmt: skip
    run = dataclasses.replace(minimal_result.run, environment=Environment({"load": float("nan")}))
    text = dumps(run_payload(dataclasses.replace(minimal_result, run=run, features=(odd,))))
    assert text.isascii()
    document = json.loads(text)
    validate(document)
    feature = document["features"][0]
    assert (feature["name"], feature["errors"]) == ("odd\ufffd", ["\ufffd\x00 µ"])
    assert (feature["runtime_seconds"], feature["stddev_seconds"]) == (None, None)
    assert document["run"]["environment"]["facts"] == {"load": None}


def test_moments_are_utc():
    moment = datetime(2025, 3, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert moment_json(moment) == "2025-02-28T23:30:00.000000Z"
    assert datetime.fromisoformat(moment_json(moment)) == moment


def test_history(history_series):
    document = parsed(history_payload(history_series))
    assert (document["format"], document["version"]) == ("aicmo-perf/history", 1)
    persona, deck = document["features"]
    assert [point["run_id"] for point in deck["points"]] == [1, 3, 4, 5, 6, 7, 8]
    # run 4 was measured on another machine, so it has no previous and is none
    assert [point["run_id"] for point in persona["points"] if point["ratio_to_previous"] is None] == [1, 4]
    assert persona["points"][4]["ratio_to_previous"] == pytest.approx(0.0021 / 0.0022)
    assert (deck["trend"]["failing_count"], deck["trend"]["flaky_count"]) == (1, 1)


def test_history_holds_each_features_change_points_oldest_first(history_series, changes):
    persona, deck = parsed(history_payload(history_series, changes))["features"]
    assert [change["run"]["id"] for change in persona["change_points"]] == [5, 7]
    assert persona["change_points"][0]["ratio"] == pytest.approx(1.18)
    assert [change["previous_run"]["id"] for change in deck["change_points"]] == [5]


def test_changes(changes):
    document = parsed(changes_payload(changes, 8))
    assert (document["format"], document["version"], document["run_count"]) == ("aicmo-perf/changes", 1, 8)
    assert [group["commits"] for group in document["groups"]] == ["6666666666..7777777777", "4444444444..5555555555"]
    newest = document["groups"][0]
    assert (newest["slower_count"], newest["faster_count"]) == (1, 1)
    assert [change["name"] for change in newest["changes"]] == ["deck", "persona_generator"]


def test_runs(rich_result):
    document = parsed(runs_payload([rich_result.run], {12: {Status.PASS: 3}}))
    assert document["format"] == "aicmo-perf/runs"
    assert document["runs"][0]["status_counts"] == {"pass": 3, "partial": 0, "fail": 0, "error": 0, "skip": 0}
    unknown = parsed(runs_payload([rich_result.run], {}))
    assert sum(unknown["runs"][0]["status_counts"].values()) == 0


def test_comparison_and_gate(rich_result, rich_comparison, failed_verdict):
    comparison = parsed(comparison_payload(rich_result, rich_comparison))
    assert comparison["format"] == "aicmo-perf/comparison"
    assert comparison["features"][0]["baseline"]["runtime_seconds"] == pytest.approx(0.0009996)
    gate = parsed(gate_payload(failed_verdict, rich_result, rich_comparison))
    assert (gate["format"], gate["passed"], len(gate["findings"])) == ("aicmo-perf/gate", False, 3)
    assert gate["findings"][1]["name"] == "old_generator"
    assert parsed(gate_payload(Verdict(could_judge=False), rich_result))["could_judge"] is False


def test_key_order_does_not_depend_on_values(minimal_result, rich_result, rich_comparison):
    rich, minimal = run_payload(rich_result, rich_comparison), run_payload(minimal_result)
    assert list(rich) == list(minimal)
    assert list(rich["features"][0]) == list(minimal["features"][0])
    assert list(rich["run"]) == list(minimal["run"])
