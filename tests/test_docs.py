"""What the docs say is what the program does."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_docs", ROOT / "docs/generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_up_to_date() -> None:
    stale = [
        page.name for page, text in generator().generated_pages().items() if page.read_text(encoding="utf-8") != text
    ]
    assert not stale, "run: python docs/generate.py"


def test_readme_has_exactly_two_set_up_commands() -> None:
    commands = re.findall(r"^    (python3 -m venv .*)$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert commands == [
        "python3 -m venv .venv && .venv/bin/pip install -e '.[aicmo]' && .venv/bin/aicmo-perf run --deterministic",
        "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest",
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_docs_exist(page: Path) -> None:
    from aicmo_perf.cli import cli

    for name in re.findall(r"(?:^|[`$] ?|\n *- run: |\n  run: )aicmo-perf ([a-z]+)", page.read_text(encoding="utf-8")):
        assert name in cli.commands


def python_examples() -> list[tuple[str, str]]:
    return [
        (page.name, code)
        for page in PAGES
        for code in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    ]


@pytest.mark.parametrize(("page", "code"), python_examples(), ids=lambda value: value if len(value) < 40 else "")
def test_python_examples_run(page: str, code: str, tmp_path: Path) -> None:
    (tmp_path / "selftest.py").write_text("from aicmo_perf import feature\n\n\n@feature\ndef one():\n    return 1\n")
    (tmp_path / "example.py").write_text(code)
    done = subprocess.run([sys.executable, "example.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_example_of_a_flakiness_check_says_what_the_page_says(tmp_path: Path) -> None:
    page = (ROOT / "docs/flakiness.md").read_text(encoding="utf-8")
    suite = next(code for code in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "def receipt" in code)
    (tmp_path / "selftest.py").write_text(suite)
    command = next(found for found in re.findall(r"`aicmo-perf (run [^`]*selftest\.py[^`]*)`", page))
    done = subprocess.run(
        [sys.executable, "-m", "aicmo_perf", *command.split()],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    said = " ".join(done.stdout.split())
    quoted = next(block for block in re.findall(r"```text\n(.*?)```", page, re.DOTALL) if "receipt" in block)
    for line in quoted.splitlines():
        for piece in line.split("…"):
            assert piece.strip() in said, done.stderr


def test_every_setting_of_the_configuration_is_documented() -> None:
    from aicmo_perf.config import DISCOVER_KEYS, FLAKINESS_KEYS, GATE_KEYS, OPTION_KEYS, SETTINGS_KEYS

    text = (ROOT / "docs/quick-reference.md").read_text(encoding="utf-8")
    for key in (*SETTINGS_KEYS, *OPTION_KEYS, *GATE_KEYS, *FLAKINESS_KEYS, *DISCOVER_KEYS):
        assert f"# {key.name} = " in text
