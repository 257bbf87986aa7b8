"""What is found, what it is called, and that nothing vanishes: real modules, imported in this process."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from aicmo_perf.errors import SuiteError
from aicmo_perf.model import Category, DiscoverRule
from aicmo_perf.self_test.discovery import Discovery, entry_point_modules


@pytest.fixture
def discovery(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    importlib.invalidate_caches()
    yield Discovery(tmp_path, {})
    for name in set(sys.modules) - before:
        del sys.modules[name]


def names(discovery: Discovery) -> list[str]:
    return [f"{found.feature.suite}:{found.feature.qualified_name}" for found in discovery.features()]


class TestFiles:
    def test_are_named_by_their_path(self, discovery, write):
        write("checks/shop.py", "from aicmo_perf import feature\n@feature\ndef swot(): pass")
        discovery.add_suite("checks/shop.py")
        assert names(discovery) == ["checks/shop:shop.swot"]

    def test_find_their_neighbours(self, discovery, write):
        write("checks/neighbour.py", "brief = {}")
        write(
            "checks/shop.py",
            "import neighbour\nfrom aicmo_perf import feature\n@feature\ndef swot(): return neighbour.brief",
        )
        discovery.add_suite("checks/shop.py")
        (found,) = discovery.features()
        assert found.definition.function() == {}

    def test_two_of_one_stem_stay_apart(self, discovery, write):
        for folder in ("a", "b"):
            write(f"{folder}/selftest.py", f"from aicmo_perf import feature\n@feature\ndef in_{folder}(): pass")
            discovery.add_suite(f"{folder}/selftest.py")
        assert names(discovery) == ["a/selftest:selftest.in_a", "b/selftest:selftest.in_b"]

    def test_do_not_push_aside_what_others_import(self, discovery, write):
        import json

        write("json.py", "from aicmo_perf import feature\n@feature\ndef swot(): pass")
        discovery.add_suite("json.py")
        assert names(discovery) == ["json:json.swot"]
        assert sys.modules["json"] is json

    def test_may_lie_outside_the_root(self, tmp_path, write, discovery):
        write("shop.py", "from aicmo_perf import feature\n@feature\ndef swot(): pass")
        (tmp_path / "root").mkdir()
        elsewhere = Discovery(tmp_path / "root", {})
        elsewhere.add_suite("../shop.py")
        elsewhere.add_suite(str(tmp_path / "shop.py"))
        assert names(elsewhere) == ["../shop:shop.swot", "../shop:shop.swot#2"]

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("import no_such_module", "cannot be imported: ModuleNotFoundError: No module named 'no_such_module'"),
            ("1 / 0", "cannot be imported: ZeroDivisionError"),
            ("def broken(:", "cannot be imported: SyntaxError"),
            ("import sys\nsys.exit(0)", "cannot be imported: called sys.exit(0)"),
            (
                "from aicmo_perf import feature\n@feature(category='generater')\ndef f(): pass",
                "'generater' is no category",
            ),
        ],
    )
    def test_that_cannot_be_imported_are_a_critical_feature(self, discovery, write, text, reason):
        write("checks/shop.py", text)
        discovery.add_suite("checks/shop.py")
        (found,) = discovery.features()
        assert (found.feature.suite, found.feature.name) == ("checks/shop", "checks/shop")
        assert found.feature.critical
        assert found.feature.category is Category.OTHER
        assert reason in found.import_error
        assert "importlib" not in found.import_error


class TestModules:
    def test_packages_are_walked(self, discovery, write):
        decorated = "from aicmo_perf import feature\n@feature\ndef {}(): pass"
        write("walked/__init__.py", decorated.format("top"))
        write("walked/inner/__init__.py", "")
        write("walked/inner/leaf.py", decorated.format("leaf"))
        write("walked/without_init/leaf.py", decorated.format("other"))
        write("walked/broken.py", "1 / 0")
        write("walked/__main__.py", "raise SystemExit")
        discovery.add_suite("walked")
        assert names(discovery) == [
            "walked:walked.top",
            "walked:walked.broken",
            "walked:walked.inner.leaf.leaf",
            "walked:walked.without_init.leaf.other",
        ]
        assert [bool(found.import_error) for found in discovery.features()] == [False, True, False, False]

    def test_a_module_that_misses_another_is_found_and_broken(self, discovery, write):
        write("needy.py", "import needy_helper")
        discovery.add_suite("needy")
        (found,) = discovery.features()
        assert "No module named 'needy_helper'" in found.import_error

    @pytest.mark.parametrize("text", ["no.such.module", "no_such_module", "needs-a-name", "json.decoder.x", ""])
    def test_what_does_not_exist_is_refused_with_the_suites_there_are(self, discovery, text):
        with pytest.raises(SuiteError, match="There is no suite") as caught:
            discovery.add_suite(text)
        assert "aicmo" in caught.value.hint

    def test_a_missing_file_is_refused(self, discovery):
        with pytest.raises(SuiteError, match=r"There is no file checks\.py"):
            discovery.add_suite("checks.py")

    def test_a_package_without_features_is_refused_even_after_another(self, discovery, write):
        write("full.py", "from aicmo_perf import feature\n@feature\ndef swot(): pass")
        write("hollow/__init__.py", "")
        write("hollow/leaf.py", "def swot(): pass")
        discovery.add_suite("full")
        with pytest.raises(SuiteError, match=r"There are no features in the suite hollow\.") as caught:
            discovery.add_suite("hollow")
        assert "@feature" in caught.value.hint

    def test_an_entry_point_without_features_is_refused(self, discovery, write, monkeypatch):
        write("announced_hollow.py", "")
        monkeypatch.setattr(
            "aicmo_perf.self_test.discovery.entry_point_modules", lambda: {"our-suite": "announced_hollow"}
        )
        with pytest.raises(SuiteError, match=r"There are no features in the suite our-suite\."):
            discovery.add_suite("our-suite")

    def test_an_entry_point_names_the_suite(self, discovery, write, monkeypatch):
        write("announced.py", "from aicmo_perf import feature\n@feature\ndef swot(): pass")
        monkeypatch.setattr("aicmo_perf.self_test.discovery.entry_point_modules", lambda: {"our-suite": "announced"})
        discovery.add_suite("our-suite")
        assert names(discovery) == ["our-suite:announced.swot"]

    def test_an_entry_point_means_what_its_module_imports_and_no_more(self, discovery, write, monkeypatch):
        feature = "from aicmo_perf import feature\n@feature\ndef {}(): pass"
        write("announced/__init__.py", "from announced.shown import shown")
        write("announced/shown.py", feature.format("shown"))
        write("announced/heavy.py", "raise AssertionError('imported')")
        monkeypatch.setattr("aicmo_perf.self_test.discovery.entry_point_modules", lambda: {"ours": "announced"})
        discovery.add_suite("ours")
        assert names(discovery) == ["ours:announced.shown.shown"]

    def test_the_reference_suite_is_announced(self):
        assert entry_point_modules()["aicmo"] == "aicmo_perf.suites.aicmo"

    def test_a_module_that_killed_a_worker_is_not_imported_again(self, tmp_path, write):
        write("deadly.py", "raise AssertionError('imported')")
        discovery = Discovery(tmp_path, {("deadly", "deadly"): "cannot be imported: it kills"})
        discovery.add_suite("deadly.py")
        (found,) = discovery.features()
        assert found.import_error == "cannot be imported: it kills"


class TestRegistration:
    def test_shadowed_factory_made_and_imported_features_all_stay(self, discovery, write):
        write(
            "factory.py",
            """
            from aicmo_perf import feature
            def make(number):
                @feature
                def made(): return number
            @feature(name="own")
            def imported(): pass
        """,
        )
        write("user.py", """
            import factory
            from factory import imported
            from aicmo_perf import feature
            @feature
            def twice(): return 1
            @feature
            def twice(): return 2
            factory.make(1)
            factory.make(2)
            class Group:
                @feature
                @staticmethod
                def in_a_class(): pass
            feature(name="lambda")(lambda: None)
        """)  # fmt: skip
        discovery.add_suite("user.py")
        assert names(discovery) == [
            "user:factory.own",
            "user:user.twice",
            "user:user.twice#2",
            "user:user.make.<locals>.made",
            "user:user.make.<locals>.made#2",
            "user:user.Group.in_a_class",
            "user:user.lambda",
        ]
        assert [found.definition.function() for found in discovery.features()] == [None, 1, 2, 1, 2, None, None]
        assert discovery.features()[1].feature.name == "twice"


class TestRules:
    @pytest.fixture
    def package(self, write):
        write("ruled/__init__.py", "")
        write("ruled/generators/__init__.py", "def generate_top(): pass")
        write("ruled/generators/swot.py", """
            from json import dumps as generate_imported
            from aicmo_perf import feature
            def generate_swot(brief): pass
            def helper(): pass
            def _generate_private(): pass
            class generate_class: pass
            generate_alias = generate_swot
            @feature(category="validator", critical=True)
            def generate_decorated(): pass
        """)  # fmt: skip
        write("ruled/generators/broken.py", "1 / 0")
        write("ruled/other.py", "raise AssertionError('not asked for')")

    @pytest.mark.usefixtures("package")
    def test_functions_of_modules_become_features(self, discovery):
        discovery.add_rule(
            DiscoverRule(
                modules="ruled.generators.*",
                functions="generate_*",
                category=Category.GENERATOR,
                scenarios="ruled.briefs:all",
            )
        )
        assert names(discovery) == [
            "ruled.generators:ruled.generators.broken",
            "ruled.generators:ruled.generators.swot.generate_swot",
            "ruled.generators:ruled.generators.swot.generate_decorated",
        ]
        broken, swot, decorated = discovery.features()
        assert "ZeroDivisionError" in broken.import_error
        assert (swot.feature.category, swot.feature.critical) == (Category.GENERATOR, False)
        assert swot.definition.scenarios == "ruled.briefs:all"
        assert (decorated.feature.category, decorated.feature.critical) == (Category.VALIDATOR, True)
        assert decorated.definition.scenarios is None

    @pytest.mark.usefixtures("package")
    def test_a_module_may_be_named_in_full(self, discovery):
        discovery.add_rule(DiscoverRule(modules="ruled.generators", suite="top"))
        assert names(discovery) == ["top:ruled.generators.generate_top"]

    @pytest.mark.usefixtures("package")
    def test_what_two_rules_mean_is_one_feature(self, discovery):
        discovery.add_rule(DiscoverRule(modules="ruled.generators.sw*", functions="generate_swot", suite="s"))
        discovery.add_rule(DiscoverRule(modules="ruled.gen*.swot", suite="s", critical=True))
        assert names(discovery) == [
            "s:ruled.generators.swot.generate_swot",
            "s:ruled.generators.swot.helper",
            "s:ruled.generators.swot.generate_decorated",
        ]
        assert not discovery.features()[0].feature.critical, "the first rule counts"

    @pytest.mark.usefixtures("package")
    @pytest.mark.parametrize(
        ("modules", "functions"), [("ruled.generators.sw*", "make_*"), ("ruled.none*", "*"), ("ruled", "*")]
    )
    def test_a_rule_that_matches_nothing_is_refused(self, discovery, modules, functions):
        with pytest.raises(SuiteError, match="No function matches the rule") as caught:
            discovery.add_rule(DiscoverRule(modules=modules, functions=functions))
        assert caught.value.hint

    @pytest.mark.usefixtures("package")
    def test_a_rule_that_matches_what_another_found_is_not_empty(self, discovery):
        rule = DiscoverRule(modules="ruled.generators.sw*", functions="generate_swot")
        discovery.add_rule(rule)
        discovery.add_rule(rule)
        assert len(discovery.features()) == 1

    @pytest.mark.parametrize("modules", ["*", "shop*", "no_such_package.*"])
    def test_a_rule_without_a_package_is_refused(self, discovery, modules):
        with pytest.raises(SuiteError):
            discovery.add_rule(DiscoverRule(modules=modules))


def test_every_import_is_announced_first(tmp_path, write, discovery):
    write("announcing/__init__.py", "")
    write("announcing/leaf.py", "1 / 0")
    announced = []
    announcing = Discovery(tmp_path, {}, lambda suite, module: announced.append((suite, module)))
    announcing.add_suite("announcing")
    assert announced == [("announcing", "announcing"), ("announcing", "announcing.leaf")]
    assert Path(sys.modules["announcing"].__file__).parent.name == "announcing"
