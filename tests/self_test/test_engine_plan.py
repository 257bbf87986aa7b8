"""From a plan to events: imports that kill, suites that are missing, selections, rules; with real workers."""

from __future__ import annotations

import textwrap
from dataclasses import replace

import pytest

from aicmo_perf.errors import EnvironmentFailure, NotFoundError, SuiteError
from aicmo_perf.model import Category, DiscoverRule, FeatureStatus, IterationResult, Status
from aicmo_perf.self_test.engine import Collected, run_engine

FINE = "from aicmo_perf import feature\n@feature\ndef fine(): pass"


@pytest.mark.parametrize(
    ("text", "timeout_seconds", "reason"),
    [
        ("import os; os._exit(0)", 30, "cannot be imported: the worker process ended with exit code 0 (os._exit?)"),
        ("import ctypes; ctypes.string_at(0)", 30, "cannot be imported: the worker process was killed by signal 11"),
        ("import time; time.sleep(600)", 2, "cannot be imported: overran its time-out of 2 s at deadly.py:1 in <mod"),
        ("import sys; sys.exit(0)", 30, "cannot be imported: called sys.exit(0)"),
        ("import nothing_of_that_name", 30, "No module named 'nothing_of_that_name'"),
    ],
)  # fmt: skip
def test_an_import_that_fails_or_kills_is_a_feature_and_the_others_go_on(
    write, make_plan, text, timeout_seconds, reason
):
    write("before.py", FINE)
    write("deadly.py", text)
    write("after.py", FINE)
    plan = make_plan("before.py", "deadly.py", "after.py")
    plan = replace(plan, options=replace(plan.options, timeout_seconds=timeout_seconds))
    _, collected, *events = run_engine(plan)
    assert [feature.suite for feature in collected.features] == ["before", "deadly", "after"]
    before, deadly, after = (event for event in events if isinstance(event, IterationResult))
    assert (before.status, deadly.status, after.status) == (Status.PASS, Status.ERROR, Status.PASS)
    assert deadly.feature.critical
    assert reason in deadly.errors[0]


def test_a_module_that_kills_costs_a_package_that_module_alone(write, make_plan):
    write("part_deadly/__init__.py", "")
    write("part_deadly/a.py", FINE)
    write("part_deadly/b.py", "import os; os._exit(2)")
    results = [event for event in run_engine(make_plan("part_deadly")) if isinstance(event, IterationResult)]
    assert [(result.feature.qualified_name, str(result.status)) for result in results] == [
        ("part_deadly.a.fine", "pass"),
        ("part_deadly.b", "error"),
    ]


def test_a_feature_that_a_later_worker_does_not_find_again_does_not_vanish(write, make_plan):
    write("suite.py", """
        import os
        from aicmo_perf import feature
        first = not os.path.exists("was here")
        open("was here", "w").close()
        @feature
        def dies(): os._exit(1)
        if first:
            @feature
            def elusive(): pass
    """)  # fmt: skip
    results = {
        event.feature.name: event for event in run_engine(make_plan("suite.py")) if isinstance(event, IterationResult)
    }
    assert results["elusive"].status is Status.ERROR
    assert "was found at first" in results["elusive"].errors[0]


@pytest.mark.parametrize("selection", [(), ("fine",)])
def test_a_suite_without_features_is_refused_whatever_the_others_have(write, make_plan, selection):
    write("a.py", FINE)
    write("b.py", "")
    plan = make_plan("a.py", "b.py")
    plan = replace(plan, options=replace(plan.options, selection=selection))
    with pytest.raises(SuiteError, match=r"There are no features in the suite b\.") as caught:
        list(run_engine(plan))
    assert "@feature" in caught.value.hint
    assert caught.value.exit_code == 3


def test_a_rule_without_functions_is_refused(write, make_plan):
    write("a.py", FINE)
    write("ruled_empty.py", "def other(): pass")
    rule = DiscoverRule(modules="ruled_empty", functions="generate_*")
    with pytest.raises(SuiteError, match=r"No function matches the rule for functions 'generate_\*'"):
        list(run_engine(make_plan("a.py", discover=(rule,))))


def test_nothing_to_run_is_refused(make_plan):
    with pytest.raises(SuiteError, match="There are no features"):
        list(run_engine(make_plan()))


class TestFeaturesOfSomeIterations:
    """A suite that has other features in each process: the number of earlier ones is the length of a file."""

    @pytest.fixture
    def run(self, write, make_plan):
        def in_three(*lines: str, **options: object) -> dict[str, list[IterationResult]]:
            head = """
                import os
                from aicmo_perf import feature
                with open("started", "a") as started:
                    started.write("x")
                iteration = os.path.getsize("started")
            """
            write("suite.py", "\n".join([textwrap.dedent(head), *lines]))
            plan = make_plan("suite.py")
            plan = replace(plan, options=replace(plan.options, iterations=3, **options))
            by_name: dict[str, list[IterationResult]] = {}
            for event in run_engine(plan):
                if isinstance(event, IterationResult):
                    by_name.setdefault(event.feature.name, []).append(event)
            return by_name

        return in_three

    @pytest.mark.parametrize(
        ("present", "errors"),
        [
            ((1, 2), [(), (), ("was not found in iteration 3, but in iteration 1",)]),
            ((1, 3), [(), ("was not found in iteration 2, but in iteration 1",), ()]),
            (
                (3,),
                [
                    ("was not found in iteration 1, but in iteration 3",),
                    ("was not found in iteration 2, but in iteration 3",),
                    (),
                ],
            ),
        ],
    )
    def test_are_errors_of_the_others_and_flaky(self, run, present, errors):
        results = run(
            "feature(name='steady')(lambda: 1)",
            f"if iteration in {present}: feature(name='elusive')(lambda: 1)",
        )
        assert [result.iteration for result in results["elusive"]] == [1, 2, 3]
        assert [result.errors for result in results["elusive"]] == errors
        elusive, steady = (FeatureStatus.from_iterations(results[name]) for name in ("elusive", "steady"))
        assert (elusive.status, elusive.is_flaky) == (Status.ERROR, True)
        assert (steady.status, steady.is_flaky) == (Status.PASS, False)

    @pytest.mark.parametrize("selection", [(), ("elusive",)])
    def test_a_suite_that_is_empty_later_is_no_mistake_of_the_plan(self, run, selection):
        results = run("if iteration == 1: feature(name='elusive')(lambda: 1)", selection=selection)
        assert [str(result.status) for result in results["elusive"]] == ["pass", "error", "error"]


@pytest.mark.parametrize("suite", ["missing.py", "missing", "missing.module"])
def test_a_suite_that_cannot_be_found_is_refused(make_plan, suite):
    with pytest.raises(SuiteError, match="missing") as caught:
        list(run_engine(make_plan(suite)))
    assert caught.value.hint


def test_a_project_root_that_is_missing_is_an_error_of_the_environment(make_plan, tmp_path):
    with pytest.raises(EnvironmentFailure, match="No worker process can be started"):
        list(run_engine(make_plan("suite.py", project_root=tmp_path / "missing")))


def test_rules_reach_the_worker(write, make_plan):
    write("ruled_shop/__init__.py", "")
    write("ruled_shop/generators.py", "def generate_swot(brief): return brief.upper()\ndef other(): 1 / 0")
    write("ruled_shop/selftest.py", "def briefs(): return ['a', 'b', 'c']")
    rule = DiscoverRule(
        modules="ruled_shop.gen*",
        functions="generate_*",
        category=Category.GENERATOR,
        critical=True,
        scenarios="ruled_shop.selftest:briefs",
    )
    _, collected, _, result, _ = run_engine(make_plan(discover=(rule,)))
    assert collected.features == (result.feature,)
    assert (result.feature.suite, result.feature.category, result.feature.critical) == (
        "ruled_shop.gen",
        Category.GENERATOR,
        True,
    )
    assert (result.status, result.scenario_count) == (Status.PASS, 2)


class TestSelection:
    @pytest.fixture
    def select(self, write, make_plan):
        write("suite.py", """
            from aicmo_perf import feature
            @feature
            def swot_generator(): pass
            @feature
            def persona_generator(): pass
            @feature(name="Deck")
            def full_deck(): pass
        """)  # fmt: skip

        def run(*selection: str) -> list[str]:
            plan = make_plan("suite.py")
            plan = replace(plan, options=replace(plan.options, selection=selection))
            _, collected, *events = run_engine(plan)
            assert isinstance(collected, Collected)
            exercised = [event.feature for event in events if isinstance(event, IterationResult)]
            assert list(collected.features) == exercised
            return [feature.name for feature in exercised]

        return run

    @pytest.mark.parametrize(
        ("selection", "chosen"),
        [
            (("*_generator",), ["swot_generator", "persona_generator"]),
            (("Deck", "swot*"), ["swot_generator", "Deck"]),
            (("suite.Deck",), ["Deck"]),
            (("suite:suite.p*",), ["persona_generator"]),
        ],
    )
    def test_globs_mean_names_qualified_names_and_those_with_suite(self, select, selection, chosen):
        assert select(*selection) == chosen

    @pytest.mark.parametrize("glob", ["swot_generater", "deck"])
    def test_a_glob_that_means_none_suggests_the_nearest(self, select, glob):
        with pytest.raises(NotFoundError, match=f"No feature matches '{glob}'") as caught:
            select("Deck", glob)
        assert {"swot_generater": "swot_generator", "deck": "Deck"}[glob] in caught.value.hint
