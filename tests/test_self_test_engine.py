"""The names by which the engine's first users know it: runtimes are tracked, flakiness is detected."""

from __future__ import annotations

import re

import pytest

from aicmo_perf import ReportGenerator, SelfTestOrchestrator
from aicmo_perf.model import RunOptions, Status

SUITE = """
import os
import random
import time

from aicmo_perf import feature


@feature(category="generator", critical=True)
def persona_generator():
    time.sleep(0.02)
    return random.random()


@feature(category="packager")
def html_packager():
    return b"<html></html>"


@feature
def mode():
    return {name: os.environ.get(name, "") for name in ("AICMO_PERF_MODE", "AICMO_USE_LLM", "PYTHONHASHSEED")}


@feature
def alternates():
    counter = "processes"
    processes = open(counter).read() if os.path.exists(counter) else ""
    if str(os.getpid()) not in processes.split():
        processes = f"{processes} {os.getpid()}"
        open(counter, "w").write(processes)
    assert len(processes.split()) != 2, "the second process"
"""

OPTIONS = RunOptions(min_sample_count=3, min_sampling_seconds=0.0)


@pytest.fixture(scope="module")
def orchestrator(tmp_path_factory):
    root = tmp_path_factory.mktemp("project")
    (root / "selftest.py").write_text(SUITE)
    return SelfTestOrchestrator(["selftest.py"], project_root=root, options=OPTIONS)


@pytest.fixture(scope="module")
def live(orchestrator):
    return orchestrator.run_self_test()


@pytest.fixture(scope="module")
def deterministic(orchestrator):
    return orchestrator.run_self_test(deterministic=True)


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    root = tmp_path_factory.mktemp("project")
    (root / "selftest.py").write_text(SUITE)
    return SelfTestOrchestrator(["selftest.py"], project_root=root, options=OPTIONS).run_self_test(flakiness_check=True)


def by_name(result):
    return {status.name: status for status in result.features}


class TestPerformanceTracking:
    def test_runtime_seconds_recorded(self, live):
        assert {status.name for status in live.features} == {
            "persona_generator",
            "html_packager",
            "mode",
            "alternates",
        }
        for status in live.features:
            assert status.status is Status.PASS, status.errors
            assert isinstance(status.runtime_seconds, float)
            assert status.sample_count >= 3

    def test_runtime_seconds_in_range(self, live):
        persona, packager = by_name(live)["persona_generator"], by_name(live)["html_packager"]
        assert persona.runtime_seconds >= 0.02, "it sleeps as long"
        assert 0 < packager.runtime_seconds < persona.runtime_seconds
        for status in live.features:
            assert status.min_seconds <= status.runtime_seconds

    def test_deterministic_flag_recognized(self, live, deterministic):
        assert not live.deterministic_mode
        assert deterministic.deterministic_mode
        assert deterministic.run.mode == "deterministic"

    def test_deterministic_mode_sets_seeds(self, orchestrator, live, deterministic):
        again = orchestrator.run_self_test(deterministic=True)
        digests = [by_name(result)["persona_generator"].output_digests for result in (deterministic, again, live)]
        assert digests[0] == digests[1]
        assert digests[1] != digests[2]

    def test_performance_section_in_markdown_report(self, live):
        report = ReportGenerator().generate_markdown_report(live)
        assert "## Performance & Flakiness" in report
        assert "**Feature Runtimes:**" in report

    def test_markdown_report_shows_runtime_for_features(self, live):
        report = ReportGenerator().generate_markdown_report(live)
        runtimes = report.partition("**Feature Runtimes:**")[2].partition("\n## ")[0]
        lines = {name: line for name in by_name(live) for line in runtimes.splitlines() if name in line}
        assert set(lines) == set(by_name(live))
        assert all(re.search(r"\d (s|ms|µs|ns)\b", line) for line in lines.values())
        assert runtimes.index("persona_generator") < runtimes.index("html_packager"), "the longest comes first"


class TestFlakinesDetection:
    def test_flakiness_check_result_structure(self, checked):
        results = checked.flakiness_check_results
        assert list(results) == ["alternates"]
        # the second iteration works in a place of its own, where the first one left nothing
        assert [signature.partition(",")[0] for signature in results["alternates"]] == ["pass", "pass", "fail"]
        assert by_name(checked)["alternates"].status is Status.FAIL, "the worst counts, not the last"

    def test_flakiness_check_accepts_flag(self, checked, live):
        assert checked.flakiness_checked
        assert checked.run.options.iterations == 3
        assert all(len(status.signatures) == 3 for status in checked.features)
        assert [iteration.planned.kind for iteration in checked.iterations] == ["plain", "perturbed", "twin"]
        assert all(iteration.duration_seconds > 0 for iteration in checked.iterations)
        assert not live.flakiness_checked
        assert live.flakiness_check_results == {}

    def test_deterministic_mode_flag(self, checked):
        assert checked.deterministic_mode, "a flakiness check is deterministic"
        assert len(set(by_name(checked)["persona_generator"].output_digests)) == 1
