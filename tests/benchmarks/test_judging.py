"""The figures that the docs state of judging: metrics by hand, and judges whose figures are known beforehand."""

from __future__ import annotations

import csv
import gzip
import importlib
import json
import math
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
LEVELS = np.array([1.0] * 50 + [1.2] * 50)


@pytest.fixture(scope="module", autouse=True)
def benchmarks_on_path():
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(str(ROOT / "benchmarks"))
    yield
    patch.undo()


def module(name: str) -> ModuleType:
    return importlib.import_module(name)


# metrics


@pytest.mark.parametrize(
    ("annotations", "predicted", "expected"),
    [
        ([[10, 20], [11, 20], [10], [0, 5]], [10, 20], 1.0),
        ([[], [10], [50]], [10], 2 / (1 + 1 / (5 / 6))),  # precision 2/2; recall (1 + 1 + 1/2)/3
        ([[], [10], [50]], [], 0.8),  # the beginning is found by everybody: precision 1; recall (1 + 1/2 + 1/2)/3
        ([[30]], [36], 0.5),  # six points off
        ([[30]], [25, 35], 2 / (1 / (2 / 3) + 1)),  # the second guess finds nothing more
    ],
)
def test_f1_by_hand(annotations, predicted, expected):
    assert module("judging_scores").f1(annotations, predicted) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("annotations", "predicted", "expected"),
    [
        ([[50]], [50], 1.0),
        ([[50]], [], 0.5),
        ([[], [50]], [], 0.75),
        ([[40]], [50], (40 * 0.8 + 60 * (50 / 60)) / 100),
        ([[50]], [0, 50, 100], 1.0),  # a change at either end is none
    ],
)
def test_covering_by_hand(annotations, predicted, expected):
    assert module("judging_scores").covering(annotations, predicted, 100) == pytest.approx(expected)


# detectors


def folder_of_series(folder: Path) -> Path:
    flat = [1.0] * 200
    stepped = [*LEVELS]
    sets = {
        "null": [{"id": "asv_a|x", "y": flat, "burst": False}, {"id": "asv_a|b", "y": flat, "burst": True}],
        "inj1": [{"id": "asv_a|x", "y": stepped, "cp": [50], "size": size} for size in (5, 10, 20)],
        "injm": [{"id": "asv_a|x", "y": stepped, "cp": [50]}, {"id": "asv_a|y", "y": flat, "cp": []}],
        "nat": [{"id": "gab_c|x", "y": stepped, "cp": [50]}],
        "tcpd": {"t": {"y": stepped, "annotations": {"6": [50], "7": []}}},
    }
    for name, items in sets.items():
        with gzip.open(folder / f"{name}.json.gz", "wt", encoding="utf-8") as file:
            json.dump(items, file)
    return folder


def test_a_detector_that_knows_the_answer_has_full_marks(tmp_path):
    data = module("judging_data").read_series(folder_of_series(tmp_path))

    def oracle(values):
        return list(np.flatnonzero(np.abs(np.diff(values)) > 1e-9) + 1)

    score = module("judging_scores").score_detector(oracle, data)
    assert score.false_per_thousand == 0
    assert score.found_shares == {5: 1, 10: 1, 20: 1}
    assert (score.f1_one, score.f1_many, score.covering_many, score.natural_share) == (1, 1, 1, 1)
    assert score.f1_annotated == pytest.approx(1)
    assert score.covering_annotated == pytest.approx(0.75)  # one of two annotators sees no change
    assert score.online == module("judging_scores").OnlineScore(false_per_thousand=0, found_share=1, delay_commits=1)


def test_a_detector_that_alarms_everywhere_pays_for_it(tmp_path):
    data = module("judging_data").read_series(folder_of_series(tmp_path))
    score = module("judging_scores").score_detector(lambda values: range(0, len(values), 20), data)
    assert score.false_per_thousand == pytest.approx(1000 * 9 / 200)  # not at the beginning, nor in the burst
    assert score.found_shares == {5: 0, 10: 0, 20: 0}
    assert score.f1_one < 0.5
    assert score.online.delay_commits == math.inf


def test_perfherders_rule_finds_a_step_and_no_outlier():
    peers = module("judging_peers")
    noise = np.random.default_rng(1).normal(0, 0.01, 100)
    found = {peer.title: peer.detect for peer in peers.PEER_DETECTORS}["Perfherder's rule, t > 7"]
    assert [place for place in found(LEVELS + noise) if abs(place - 50) <= 1]
    flat = 1 + noise
    flat[40] = 2
    assert found(flat) == []


# gates


def sources() -> list:
    data = module("judging_data")
    generator = np.random.default_rng(3)
    histories = tuple(np.exp(generator.normal(0, 0.001, 120)) for _ in range(4))
    forks = tuple(tuple(np.exp(generator.normal(0, 0.001, 30)) for _ in range(10)) for _ in range(3))
    timed = tuple({name: np.exp(generator.normal(0, 0.001, 20)) for name in "ab"} for _ in range(40))
    return [data.HistorySource("h", histories), data.ForkSource("f", forks), data.ProcessSource("p", timed)]


@pytest.mark.parametrize("place", range(3))
def test_only_the_head_is_slower_and_only_where_asked(place):
    source = sources()[place]
    drawn = source.draw(np.random.default_rng(1), [0.0, 0.5, 0.0])
    assert len(drawn) == 3
    for feature, effect in zip(drawn, (0.0, 0.5, 0.0), strict=True):
        assert len(feature.past) == source.past_count
        assert len(feature.head_reruns) == len(feature.base_reruns) == source.rerun_count
        for run in (feature.current, *feature.head_reruns):
            assert run == pytest.approx(1 + effect, rel=0.02)
        for run in (*feature.past, *feature.base_reruns):
            assert run == pytest.approx(1, rel=0.02)


@pytest.mark.parametrize("place", range(3))
def test_no_run_of_a_feature_is_used_twice(place):
    for feature in sources()[place].draw(np.random.default_rng(2), [0.0] * 2):
        runs = [tuple(run) for run in (*feature.past, feature.current, *feature.head_reruns, *feature.base_reruns)]
        assert len(set(runs)) == len(runs)


def test_a_history_is_drawn_as_it_happened():
    data = module("judging_data")
    source = data.HistorySource("h", (np.arange(1.0, 101.0),))
    (feature,) = source.draw(np.random.default_rng(4), [0.0])
    now = feature.current[0]
    assert [run[0] for run in feature.past] == list(np.arange(now - 30, now))
    assert [run[0] for run in feature.head_reruns] == [now + 1 + 2 * turn for turn in range(6)]
    assert [run[0] for run in feature.base_reruns] == [now + 2 + 2 * turn for turn in range(6)]


def test_further_runs_follow_the_run_under_judgement_in_time():
    data = module("judging_data")
    timed = tuple({"a": np.array([float(number)])} for number in range(1, 41))
    (feature,) = data.ProcessSource("p", timed).draw(np.random.default_rng(5), [0.0])
    now = feature.current[0]
    assert [run[0] for run in feature.head_reruns] == [now + 1 + 2 * turn for turn in range(6)]
    assert not {run[0] for run in feature.past} & {now + turn for turn in range(13)}


def test_figures_of_gates_whose_figures_are_known():
    scores = module("judging_scores")

    def sees_over_7_percent(features):
        return scores.GateAnswer(regressed=[f.current[0] > 1.07 for f in features], extra_run_count=7)

    source = sources()[0]
    score = scores.score_gate(sees_over_7_percent, source, run_count=4)
    assert (score.red_share, score.false_share, score.extra_run_count) == (0, 0, 7)
    assert score.powers == {0.02: 0, 0.05: 0, 0.10: 1, 0.20: 1}
    one_alarm = scores.score_gate(
        lambda features: scores.GateAnswer(regressed=[place == 3 for place in range(len(features))]),
        source,
        run_count=4,
    )
    assert (one_alarm.red_share, one_alarm.false_share) == (1, 0.01)


def test_the_same_seed_draws_the_same_runs():
    scores = module("judging_scores")
    peers = {peer.title: peer.gate for peer in module("judging_peers").PEER_GATES}
    gate, source = peers["pytest-benchmark `mean:5%`"], sources()[1]
    assert scores.score_gate(gate, source, run_count=3) == scores.score_gate(gate, source, run_count=3)


@pytest.mark.parametrize("place", [1, 2])
def test_every_rule_of_a_peer_sees_a_trebling_and_most_pass_what_is_unchanged(place):
    peers = module("judging_peers")
    source = sources()[place]
    for peer in filter(peers.is_installed, peers.PEER_GATES):
        (slow,) = peer.gate(source.draw(np.random.default_rng(6), [2.0])).regressed
        assert slow, peer.title
    by_title = {peer.title: peer.gate for peer in peers.PEER_GATES}
    for title in ("pytest-benchmark `mean:5%`", "github-action-benchmark 200 %", "criterion.rs bootstrap"):
        assert not any(by_title[title](source.draw(np.random.default_rng(6), [0.0] * 3)).regressed)


def test_what_lacks_samples_has_no_processes():
    assert [bool(list(source.processes())) for source in sources()] == [False, True, True]


def test_spread_of_a_summary_is_that_between_runs():
    scores = module("judging_scores")
    runs = [[np.array([value, value * 1.5]) for value in np.exp(np.random.default_rng(7).normal(0, 0.05, 2000))]]

    class Source:
        def processes(self):
            return runs

    (within, low, noisy) = scores.summary_spreads(
        Source(), {"low": min, "noisy": lambda run: run[int(run[0] * 1e6) % 2]}
    )
    assert low.spread_ratio == pytest.approx(0.05, rel=0.1)
    assert noisy.spread_ratio > 0.2
    assert within.spread_ratio == pytest.approx(1.4826 * math.log(1.5) / 2)


def test_timings_are_read_by_process_and_workload(tmp_path):
    rows = [(proc, 0, rep, workload, 1000 * (proc + rep), 1) for proc in (1, 2) for rep in (0, 1) for workload in "ab"]
    with gzip.open(tmp_path / "machine_x.csv.gz", "wt", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["proc", "epoch", "rep", "workload", "wall_ns", "cpu_ns"])
        writer.writerows(rows)
    source = module("judging_data").read_processes(tmp_path, "machine_x", "x")
    assert [list(process["b"]) for process in source.timed] == [[1e-6, 2e-6], [2e-6, 3e-6]]


# what is written


def test_a_measured_part_is_replaced_and_nothing_else(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("one\n<!-- measured: a -->\nold\n<!-- end -->\ntwo\n<!-- measured: b -->\n<!-- end -->\n")
    module("measured").replace_measured(page, "a", "new \\1 figures\n")
    assert page.read_text() == (
        "one\n<!-- measured: a -->\n\nnew \\1 figures\n\n<!-- end -->\ntwo\n<!-- measured: b -->\n<!-- end -->\n"
    )
    with pytest.raises(SystemExit):
        module("measured").replace_measured(page, "c", "x")


def trial_run(number, **fields):
    usual = {
        "is_planted": False,
        "is_gated": number >= 6,
        "exit_code": 0,
        "slower": [],
        "other_findings": [],
        "low_seconds": 0.010,
        "rerun_count": 2,
        "seconds": 1.0,
    }
    return module("unchanged_trial").TrialRun(number=number, **{**usual, **fields})


def test_the_trial_counts_red_runs_and_what_was_found():
    trial = module("unchanged_trial")
    planted = {"is_planted": True, "low_seconds": 0.012}
    found = {"exit_code": 1, "slower": [trial.PLANTED_FEATURE]}
    runs = [trial_run(number) for number in range(1, 8)]
    runs += [trial_run(8, exit_code=1, slower=["aicmo.other"])]
    runs += [trial_run(9, **planted), trial_run(10, **planted, **found), trial_run(11, **planted, **found)]
    text = trial.report(runs)
    assert "| unchanged code | 3 | 1 red (limit 1) | 2.0 |" in text
    assert "| 20% more work in one feature (measured: +20%) | 3 | found in 2, from run 2 on (at least 2) |" in text


def test_a_trial_does_not_go_on_from_another_plan(tmp_path):
    trial = module("unchanged_trial")
    (tmp_path / "trial.json").write_text(
        json.dumps([{field: getattr(trial_run(1), field) for field in trial.TrialRun.__dataclass_fields__}])
    )
    assert len(trial.Trial(tmp_path, has_git=False, plan=[False, True]).runs) == 1
    with pytest.raises(SystemExit):
        trial.Trial(tmp_path, has_git=False, plan=[True])
