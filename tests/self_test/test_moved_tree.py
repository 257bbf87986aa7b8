"""A suite run from another version's tree, though everything in the environment points into the user's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from aicmo_perf.errors import SuiteError
from aicmo_perf.model import IterationResult, Status
from aicmo_perf.self_test.engine import Collected, run_iteration
from aicmo_perf.self_test.moved_tree import MovedTree
from aicmo_perf.self_test.plan import EnginePlan
from tests.self_test.conftest import QUICKEST

SUITE = """
from aicmo_perf import feature
import shop

@feature
def which():
    assert shop.VERSION == "{version}", shop.VERSION
"""

Write = Callable[[str, str], Path]


class Outcome:
    """What a pass over the other version said."""

    def __init__(self, plan: EnginePlan) -> None:
        events = list(run_iteration(plan, 1))
        self.collected = next(event for event in events if isinstance(event, Collected))
        self.results = {event.feature.name: event for event in events if isinstance(event, IterationResult)}

    @property
    def errors(self) -> str:
        return "\n".join(text for result in self.results.values() for text in result.errors)


@pytest.fixture
def run_other(tmp_path: Path) -> Callable[..., Outcome]:
    """Runs the suites in ``other``, a version of ``mine``."""

    def run(*suites: str, added: tuple[str, ...] = (), below: str = "") -> Outcome:
        moved = MovedTree(original_root=str(tmp_path / "mine"), root=str(tmp_path / "other"), added=added)
        return Outcome(
            EnginePlan(suites=suites, options=QUICKEST, project_root=tmp_path / "other" / below, moved=moved)
        )

    return run


@pytest.fixture
def two_versions(write: Write) -> None:
    for version in ("mine", "other"):
        write(f"{version}/selftest.py", SUITE.format(version="other"))
        write(f"{version}/src/shop/__init__.py", f"from shop.version import VERSION\nNAME = {version!r}")
        write(f"{version}/src/shop/version.py", f"VERSION = {version!r}")


FINDER = """
import importlib.util, sys

class EditableFinder:
    MAPPING = {"shop": r"%s"}

    @classmethod
    def find_spec(cls, fullname, path=None, target=None):
        if fullname in cls.MAPPING:
            file = cls.MAPPING[fullname] + "/__init__.py"
            return importlib.util.spec_from_file_location(fullname, file)

sys.meta_path.append(EditableFinder)
"""


@pytest.mark.parametrize("way", ["PYTHONPATH", "link", "finder"])
def test_code_is_taken_from_the_other_version(
    way: str, tmp_path: Path, two_versions: None, write: Write, run_other, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "environment"
    place.mkdir()
    monkeypatch.setenv("PYTHONPATH", str(place))
    if way == "PYTHONPATH":
        monkeypatch.setenv("PYTHONPATH", str(tmp_path / "mine/src"))
    elif way == "link":
        (place / "shop").symlink_to(tmp_path / "mine/src/shop")
    else:
        write("environment/sitecustomize.py", FINDER % (tmp_path / "mine/src/shop"))
    outcome = run_other("selftest.py")
    assert outcome.results["which"].status is Status.PASS, outcome.errors
    assert outcome.collected.suites_inside == ("selftest",)


def test_packages_without_init_files_are_found_in_the_other_version(
    write: Write, tmp_path: Path, run_other, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in ("mine", "other"):
        write(f"{version}/src/company/shop.py", f"VERSION = {version!r}")
        write(
            f"{version}/selftest.py", SUITE.format(version="other").replace("import shop", "from company import shop")
        )
    write("environment/company/tools.py", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "environment"), str(tmp_path / "mine/src")]))
    outcome = run_other("selftest.py")
    assert outcome.results["which"].status is Status.PASS, outcome.errors


def test_a_module_imported_in_a_call_comes_from_the_other_version(
    two_versions: None, write: Write, tmp_path: Path, run_other, monkeypatch: pytest.MonkeyPatch
) -> None:
    lazy = (
        SUITE.format(version="other").replace("import shop\n", "").replace("    assert", "    import shop\n    assert")
    )
    write("other/selftest.py", lazy)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "mine/src"))
    assert run_other("selftest.py").results["which"].status is Status.PASS


def test_what_the_other_version_does_not_have_is_not_found(
    two_versions: None, write: Write, tmp_path: Path, run_other, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that was added since is on the path, and the other version has nowhere to import from."""
    (tmp_path / "other/src/shop/__init__.py").unlink()
    (tmp_path / "other/src/shop/version.py").unlink()
    (tmp_path / "other/src/shop").rmdir()
    (tmp_path / "other/src").rmdir()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "mine/src"))
    outcome = run_other("selftest.py", added=("src/shop/__init__.py", "src/shop/version.py"))
    (sentence,) = outcome.collected.missing
    assert sentence.startswith("selftest cannot be imported: ModuleNotFoundError: No module named 'shop'")
    assert "src/shop/__init__.py" in sentence
    assert not outcome.collected.features


def test_a_module_that_was_a_package_is_found_as_what_it_was(
    write: Write, tmp_path: Path, run_other, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("mine/src/shop.py", "VERSION = 'mine'")
    write("other/src/shop/__init__.py", "VERSION = 'other'")
    write("other/selftest.py", SUITE.format(version="other"))
    write("environment/sitecustomize.py", FINDER.replace('/__init__.py"', '.py"') % (tmp_path / "mine/src/shop"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "environment"))
    outcome = run_other("selftest.py", added=("src/shop.py",))
    assert outcome.results["which"].status is Status.PASS, outcome.errors


def test_what_start_up_code_imported_from_the_users_tree_is_refused(
    two_versions: None, write: Write, tmp_path: Path, run_other, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("environment/sitecustomize.py", "import shop")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "environment"), str(tmp_path / "mine/src")]))
    with pytest.raises(SuiteError, match=r"measured with this version's code: shop"):
        run_other("selftest.py")


def test_a_virtual_environment_in_the_tree_stays(
    two_versions: None, write: Write, tmp_path: Path, run_other, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("mine/venv/lib/site-packages/dependency.py", "VALUE = 1")
    write("other/selftest.py", "import dependency\n" + SUITE.format(version="other"))
    packages = tmp_path / "mine/venv/lib/site-packages"
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(packages), str(tmp_path / "mine/src")]))
    outcome = run_other("selftest.py", added=("venv/",))
    assert outcome.results["which"].status is Status.PASS, outcome.errors


def test_a_suite_outside_is_told_from_one_inside(
    two_versions: None, write: Write, tmp_path: Path, run_other, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("environment/installed.py", "from aicmo_perf import feature\n@feature\ndef same(): pass")
    write("environment/installed_using.py", SUITE.format(version="other"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "environment"), str(tmp_path / "mine/src")]))
    outcome = run_other("selftest.py", "installed", "installed_using")
    assert {result.status for result in outcome.results.values()} == {Status.PASS}, outcome.errors
    assert outcome.collected.suites_inside == ("selftest", "installed_using")


def test_what_is_not_there_is_told_and_not_refused(
    two_versions: None, write: Write, tmp_path: Path, run_other, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "mine/src"))
    write("mine/later.py", SUITE)
    outcome = run_other("selftest.py", "later.py", "shop.nowhere")
    assert outcome.collected.missing[0] == "There is no file later.py."
    assert "shop.nowhere" in outcome.collected.missing[1]
    assert {feature.suite for feature in outcome.collected.features} == {"selftest"}


def test_a_file_keeps_its_name_wherever_it_lies(write: Write, tmp_path: Path, run_other) -> None:
    suite = "from aicmo_perf import feature\n@feature\ndef one(): pass\n"
    for name in ("mine/project/a.py", "mine/b.py", "other/project/a.py", "other/b.py", "outside/c.py"):
        write(name, suite)
    names = (str(tmp_path / "mine/project/a.py"), "../b.py", "../../outside/c.py")
    outcome = run_other(*names, below="project")
    assert [feature.suite for feature in outcome.collected.features] == ["a", "../b", "../../outside/c"]
    assert outcome.collected.suites_inside == ("a", "../b")


def test_only_some_features(two_versions: None, write: Write, tmp_path: Path) -> None:
    write("mine/suite.py", "from aicmo_perf import feature\n@feature\ndef one(): pass\n@feature\ndef two(): pass\n")
    plan = EnginePlan(suites=("suite.py",), options=QUICKEST, project_root=tmp_path / "mine")
    events = list(run_iteration(plan, 3, only=[("suite", "suite.two"), ("suite", "suite.three")]))
    results = [event for event in events if isinstance(event, IterationResult)]
    assert [(result.feature.name, result.iteration) for result in results] == [("two", 3)]


def test_the_engine_is_not_moved() -> None:
    """Of this very repository, only the reference suite is another version's."""
    root = Path(__file__).parents[2]
    moved = MovedTree(original_root=str(root), root=str(root / "nowhere"))
    script = (
        "from aicmo_perf.self_test import moved_tree; "
        f"moved_tree.import_from(moved_tree.MovedTree(original_root={moved.original_root!r}, root={moved.root!r})); "
        "import aicmo_perf.report.document, aicmo_perf.self_test.memory; print('fine')"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=False)
    assert done.stdout == "fine\n", done.stderr
