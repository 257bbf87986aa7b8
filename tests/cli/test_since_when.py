"""history with change points, gate --explain, and runs that help to judge others, on a made-up past."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from aicmo_perf.model import RunRole
from aicmo_perf.store import open_store
from tests.cli.past import DATABASE, write_past, write_run
from tests.cli.project import Invoke

STEADY = [f"steady_{number}" for number in range(6)]


@pytest.fixture
def stepped(project: Path) -> Path:
    """Forty runs: two features become 20 % slower with run 21, the last of them 30 % slower again in run 40."""
    levels: dict[str, list[float]] = {name: [0.004] * 40 for name in STEADY}
    levels["slogan"] = [0.002] * 20 + [0.0024] * 19 + [0.0031]
    levels["title"] = [0.010] * 20 + [0.012] * 20
    write_past(levels)
    return project


def test_a_feature_history_marks_the_first_run_of_a_new_level(stepped: Path, invoke: Invoke) -> None:
    answer = invoke("history", "title", "--format", "markdown")
    assert answer.exit_code == 0
    marked = [line for line in answer.stdout.splitlines() if line.startswith("|") and "▲" in line]
    assert [line.split(" | ")[0] for line in marked] == ["| 21"]
    assert "## Since When" in answer.stdout
    assert "git log 0000013000..0000014000" in answer.stdout
    (change,) = json.loads(invoke("history", "title", "--format", "json").stdout)["features"][0]["change_points"]
    assert (change["previous_run"]["id"], change["run"]["id"]) == (20, 21)
    assert change["ratio"] == pytest.approx(1.2, rel=0.05)
    assert "▲" not in invoke("history", "title", "--last", "10").stdout, "it lies before the window"


def test_the_overview_names_the_last_change(stepped: Path, invoke: Invoke) -> None:
    lines = invoke("history").stdout.splitlines()
    assert any(line.startswith("title") and "at run 21" in line for line in lines)
    assert not any(line.startswith("steady") and "at run" in line for line in lines)


def test_changes_of_one_commit_are_one_group(stepped: Path, invoke: Invoke) -> None:
    answer = invoke("history", "--changes")
    assert answer.exit_code == 0
    assert "run 21, commits 0000013000..0000014000: 2 features slower (median +" in " ".join(answer.stdout.split())
    payload = json.loads(invoke("history", "--changes", "--format", "json").stdout)
    assert (payload["format"], payload["version"], payload["run_count"]) == ("aicmo-perf/changes", 1, 40)
    (group,) = payload["groups"]
    assert sorted(change["name"] for change in group["changes"]) == ["slogan", "title"]
    rows = list(csv.DictReader(io.StringIO(invoke("history", "--changes", "--format", "csv").stdout)))
    assert {row["run_id"] for row in rows} == {"21"}
    assert invoke("history", "--changes", "--format", "markdown").stdout.startswith("# Changes\n")


def test_changes_of_some_features_and_runs_only(stepped: Path, invoke: Invoke) -> None:
    (group,) = json.loads(invoke("history", "tit*", "--changes", "--format", "json").stdout)["groups"]
    assert [change["name"] for change in group["changes"]] == ["title"]
    assert "No level shifted in 10 runs." in invoke("history", "--changes", "--last", "10").stdout
    assert invoke("history", "--changes", "nope").exit_code == 3
    assert invoke("history", "--changes", "--status", "pass").exit_code == 2


def test_an_explanation_shows_the_runs_and_the_numbers(stepped: Path, invoke: Invoke) -> None:
    verdict = invoke("gate")
    answer = invoke("gate", "--explain", "slogan", "--format", "json")
    assert answer.exit_code == verdict.exit_code
    payload = json.loads(answer.stdout)
    assert (payload["format"], payload["name"], payload["design"]) == ("aicmo-perf/explanation", "slogan", "one_run")
    assert payload["level_runs"][0]["id"] >= 21, "the level begins at the change point"
    assert payload["judgement"]["level"]["start"]["change_point"]["run"]["id"] == 21
    assert payload["judgement"]["ratio"] == pytest.approx(1.29, rel=0.05)
    assert payload["judgement"]["smallest_visible_ratio"] > 1
    assert payload["min_effect_ratio"] > 0
    text = invoke("gate", "--explain", "slogan").stdout
    for name in ("Verdict:", "Minimum effect", "Own spread", "Degrees of freedom", "p-value", "Rank", "Visible from"):
        assert name in text
    assert invoke("gate", "--explain", "shop:shop.title", "--format", "markdown").stdout.startswith(
        "# title: unchanged\n"
    )


def test_what_cannot_be_explained(stepped: Path, invoke: Invoke) -> None:
    unknown = invoke("gate", "--explain", "slogn")
    assert unknown.exit_code == 3
    assert "slogan" in unknown.stderr
    several = invoke("gate", "--explain", "steady*")
    assert several.exit_code == 2
    assert "6 features" in several.stderr
    assert invoke("gate", "--explain", "slogan", "--format", "junit").exit_code == 2


def test_the_report_tells_since_when(stepped: Path, invoke: Invoke) -> None:
    text = invoke("report", "--format", "markdown").stdout
    since = text.split("\n## Since When\n")[1].split("\n## ")[0]
    assert "| title | 21 | 10.0 ms | 12" in since.replace("9.9", "10.0") or "| title | 21 |" in since
    payload = json.loads(invoke("report", "--format", "json").stdout)
    assert {change["name"] for change in payload["change_points"]} >= {"title"}


def test_runs_that_help_to_judge_are_listed_and_left_out_of_the_history(stepped: Path, invoke: Invoke) -> None:
    with open_store(DATABASE) as store:
        write_run(store, 40, {"slogan": 9.0}, role=RunRole.RERUN_HEAD, companion_of=40)
        write_run(store, 41, {"slogan": 9.0}, role=RunRole.RERUN_BASE, companion_of=40)
        write_run(store, 42, {"slogan": 0.0024}, pull_request="7")
    listed = invoke("runs", "--last", "3").stdout
    for role in ("re-run of run 40", "base re-run of run 40", "pull request 7"):
        assert role in listed
    assert (
        "**Role:** re-run of run 40" in invoke("show", "41").stdout or "re-run of run 40" in invoke("show", "41").stdout
    )
    points = json.loads(invoke("history", "slogan", "--format", "json").stdout)["features"][0]["points"]
    assert [point["run_id"] for point in points][-2:] == [40, 43]
    companions = [run["companion_of"] for run in json.loads(invoke("runs", "--format", "json").stdout)["runs"]]
    assert companions[-3:] == [40, 40, None]
