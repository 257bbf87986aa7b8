"""The suite as the engine meets it: nine features, cheap to import, the same bytes everywhere, nothing left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import aicmo_perf.suites.aicmo as suite
from aicmo_perf.model import Category
from aicmo_perf.self_test.feature import Collector, FeatureDefinition, Skip, collect_into, registered_definitions
from aicmo_perf.suites.aicmo import deliverables
from aicmo_perf.suites.aicmo.briefs import BRIEFS, INN, TRATTORIA

GENERATORS = (
    "persona_generator",
    "social_calendar_generator",
    "situation_analysis_generator",
    "messaging_pillars_generator",
    "swot_generator",
)
PACKAGERS = ("generate_html_summary", "generate_full_deck_pptx", "generate_strategy_pdf", "generate_project_package")


def definition(name: str) -> FeatureDefinition:
    return next(one for one in registered_definitions() if one.function is getattr(suite, name))


def in_fresh_process(code: str, *flags: str, **environment: str) -> Any:
    """What the code prints as JSON, in a process of its own; warnings are errors there."""
    finished = subprocess.run(
        [sys.executable, "-W", "error", *flags, "-c", textwrap.dedent(code)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""
    return json.loads(finished.stdout)


def test_five_generators_and_two_packagers_are_critical() -> None:
    assert all(definition(name).category is Category.GENERATOR for name in GENERATORS)
    assert all(definition(name).category is Category.PACKAGER for name in PACKAGERS)
    critical = {name for name in (*GENERATORS, *PACKAGERS) if definition(name).critical}
    assert critical == {*GENERATORS, "generate_html_summary", "generate_full_deck_pptx"}


@pytest.mark.parametrize("name", [*GENERATORS, *PACKAGERS])
def test_every_feature_is_valid_for_every_client(name: str) -> None:
    feature = definition(name)
    assert feature.scenarios == BRIEFS
    assert feature.validate is not None
    for brief in BRIEFS:
        output = feature.function(brief)
        assert isinstance(output, feature.returns)  # type: ignore[arg-type]
        assert list(feature.validate(output)) == []


@pytest.mark.parametrize("name", PACKAGERS)
def test_a_file_that_was_cut_off_is_complained_about(name: str) -> None:
    feature = definition(name)
    path = feature.function(TRATTORIA)
    path.write_bytes(path.read_bytes()[:-3_000])
    assert feature.validate is not None
    try:
        complaints = feature.validate(path)
    except Exception as refusal:
        complaints = [refusal]
    assert complaints


@pytest.mark.parametrize(
    ("name", "module", "package"),
    [
        ("generate_full_deck_pptx", "pptx", "python-pptx"),
        ("generate_strategy_pdf", "fpdf", "fpdf2"),
        ("generate_strategy_pdf", "pypdf", "pypdf"),
    ],
)
def test_a_missing_library_skips_its_feature(
    monkeypatch: pytest.MonkeyPatch, name: str, module: str, package: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(Skip) as caught:
        getattr(suite, name)(TRATTORIA)
    assert caught.value.reason == f"{package} is not installed; pip install 'aicmo-perf[aicmo]'"


def test_letters_that_a_pdf_cannot_show_are_a_warning() -> None:
    collector = Collector()
    collect_into(collector)
    try:
        suite.generate_strategy_pdf(replace(TRATTORIA, company="東京 Pasta"))
        suite.generate_strategy_pdf(INN)
    finally:
        collect_into(None)
    assert collector.warnings == ["the PDF's fonts lack 東, 京"]


def test_a_broken_library_is_told_from_a_missing_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "lacking.py").write_text("import no_such_module_anywhere\n")
    (tmp_path / "broken.py").write_text("raise ImportError('libfoo.so.1 is too old')\n")
    monkeypatch.syspath_prepend(tmp_path)
    from aicmo_perf.suites.aicmo.libraries import Library, first_obstacle

    sound = Library("json", "json")
    assert first_obstacle(sound) == ""
    assert "because no_such_module_anywhere is missing" in first_obstacle(sound, Library("lacking", "lacking"))
    assert "cannot be imported: libfoo.so.1 is too old" in first_obstacle(Library("broken", "broken"))


def test_importing_the_suite_loads_no_heavy_library() -> None:
    loaded = in_fresh_process(
        """
        import json, sys
        import aicmo_perf.suites.aicmo
        print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
        """
    )
    heavy = {"pptx", "fpdf", "pypdf", "openai", "PIL", "lxml", "numpy", "sqlalchemy", "click", "rich"}
    assert heavy.isdisjoint(loaded)
    assert "aicmo_perf" in loaded


WRITE_EVERYTHING = """
import hashlib, json, random
import aicmo_perf.suites.aicmo as suite
digests, folders = {}, set()
for name in NAMES:
    for brief in suite.BRIEFS[1::2]:
        for _ in range(2):
            random.seed(42)
            path = getattr(suite, name)(brief)
        digests[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
        folders.add(str(path.parents[1]))
(folder,) = folders
files = [path for path in path.parents[1].rglob("*") if path.is_file()]
print(json.dumps({"digests": digests, "folder": folder, "file_count": len(files)}))
""".replace("NAMES", repr(PACKAGERS))


def test_two_processes_write_the_same_bytes_and_leave_nothing_behind(tmp_path: Path) -> None:
    # another day, zone, hash seed and folder: nothing of them may be in the files
    first = in_fresh_process(WRITE_EVERYTHING, PYTHONHASHSEED="1", TZ="UTC", TMPDIR=str(tmp_path))
    second = in_fresh_process(WRITE_EVERYTHING, PYTHONHASHSEED="2", TZ="Asia/Tokyo")
    assert first["digests"] == second["digests"]
    assert len(first["digests"]) == len(PACKAGERS) * 2
    assert first["file_count"] == len(PACKAGERS) * 2, "the second call overwrote the first one's file"
    assert not Path(first["folder"]).exists()
    assert not Path(second["folder"]).exists()
    assert list(tmp_path.iterdir()) == []


def test_folders_of_killed_processes_are_removed_once_they_are_old(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(deliverables.tempfile, "gettempdir", lambda: str(tmp_path))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    old = time.time() - 2 * deliverables.ORPHAN_AGE_SECONDS
    orphan, recent = tmp_path / f"aicmo-suite-{gone.pid}-a", tmp_path / f"aicmo-suite-{gone.pid}-b"
    alive, foreign = tmp_path / f"aicmo-suite-{os.getpid()}-c", tmp_path / "aicmo-suite-mine-d"
    for folder in (orphan, recent, alive, foreign):
        folder.mkdir()
        (folder / "file").touch()
        if folder is not recent:
            os.utime(folder, (old, old))
    deliverables._remove_orphans()
    assert {path.name[-1] for path in tmp_path.iterdir()} == {"b", "c", "d"}


def test_clients_whose_names_look_alike_do_not_share_a_file() -> None:
    paths = {suite.generate_html_summary(replace(INN, company=name)) for name in ("Bär", "Bar", "bar!", "熊", "東京")}
    assert len(paths) == 5
    assert {path.name for path in paths} == {"bar-summary.html", "client-summary.html"}
