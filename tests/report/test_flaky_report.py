"""The record of flakiness for people and for machines: what each state needs told, and what is set aside."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path

import jsonschema
import pytest

from aicmo_perf.flakiness.history import FlakinessRecord
from aicmo_perf.report.flaky_json import flaky_payload
from aicmo_perf.report.flaky_report import build_flaky_feature, build_flaky_overview
from aicmo_perf.report.to_console import to_console
from aicmo_perf.report.to_csv import flaky_csv
from aicmo_perf.report.to_json import dumps
from aicmo_perf.report.to_markdown import to_markdown
from tests.report.flaky_examples import DECK, PERSONA, PILLARS, SWOT, known, only


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_overview(golden) -> None:
    golden("flaky.txt", to_console(build_flaky_overview(known()), width=140))
    golden("flaky.md", to_markdown(build_flaky_overview(known(), shows_all=True)))


def test_one_feature_in_full(golden) -> None:
    golden("flaky_feature.md", to_markdown(build_flaky_feature(only(known(), PERSONA))))


def test_stable_ones_are_counted_not_listed_and_what_could_hide_is_said() -> None:
    text = one_line(to_console(build_flaky_overview(known()), width=140))
    assert "pdf" not in text
    assert "Of 1 feature there is nothing to say (--all lists them); in any of them a rate under 7.2% can hide" in text
    assert "pdf" in to_console(build_flaky_overview(known(), shows_all=True))


@pytest.mark.parametrize(
    ("feature", "sentence"),
    [
        (DECK, "deck: expired on 2025-02-28 (a fix is on its way): its failures gate again."),
        (SWOT, "swot_generator: broken, not flaky, and set aside until 2025-04-30 (timing)."),
        (PILLARS, "pillars_generator: healed, 0 of 120: a rate under 2.5% can hide (95%); release it with"),
    ],
)
def test_a_quarantine_that_needs_a_person_is_told(feature, sentence: str) -> None:
    text = one_line(to_console(build_flaky_overview(known()), width=160))
    assert sentence in text
    assert sentence.removeprefix(f"{feature.name}: ")[:20] in to_console(build_flaky_feature(only(known(), feature)))


def test_a_quarantine_that_holds_is_no_news() -> None:
    news = to_markdown(build_flaky_overview(known())).split("**Quarantine:**")[1]
    assert "persona_generator" not in news.split("\n\n")[1]
    assert "until 2025-04-30: the cache leaks" in to_console(build_flaky_feature(only(known(), PERSONA)))


def test_an_empty_history_says_so() -> None:
    assert "No runs." in to_console(build_flaky_overview(known(record=FlakinessRecord(features=()))))


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("build", [build_flaky_overview, build_flaky_feature])
def test_the_console_stays_within_its_width(width: int, build) -> None:
    text = to_console(build(known()), width=width)
    assert max(map(len, text.splitlines())) <= width


def test_json_fits_its_schema_and_holds_the_stable_ones_too() -> None:
    schema = json.loads((Path(__file__).parents[2] / "docs" / "flaky.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    for overview in (known(), known(record=FlakinessRecord(features=())), known(findings={}, quarantined={})):
        jsonschema.Draft202012Validator(schema).validate(json.loads(dumps(flaky_payload(overview))))
    document = json.loads(dumps(flaky_payload(known())))
    assert (document["format"], document["version"], document["run_count"]) == ("aicmo-perf/flaky", 1, 42)
    states = {feature["name"]: feature["state"] for feature in document["features"]}
    assert states["swot_generator"] == "broken"
    assert states["pdf"] == "stable"
    persona = document["features"][0]
    assert [past["run"]["id"] for past in persona["findings"]] == [5, 40]
    assert (persona["quarantine"]["expired"], persona["quarantine"]["healed"]) == (False, False)
    assert [run["id"] for run in document["infrastructure_runs"]] == [17, 18]


def test_csv_has_a_line_a_feature() -> None:
    rows = {row["name"]: row for row in csv.DictReader(StringIO(flaky_csv(known())))}
    assert len(rows) == 6
    assert rows["persona_generator"]["cause"].startswith("order: fails after")
    assert (rows["persona_generator"]["first_flip_run_id"], rows["persona_generator"]["last_flip_run_id"]) == (
        "5",
        "40",
    )
    assert (rows["deck"]["quarantined_until"], rows["deck"]["quarantine_expired"]) == ("2025-02-28", "true")
    assert (rows["pdf"]["rate"], rows["pdf"]["quarantined_until"]) == ("0.0", "")
    assert float(rows["pdf"]["not_excluded"]) == pytest.approx(0.0722, abs=1e-4)
