"""Set a project up: a commented configuration section, a first suite, CI recipes that keep the history.

Nothing that exists is overwritten; what is added to an existing file is added at its end.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from aicmo_perf.config import (
    DISCOVER_KEYS,
    FEATURE_KEYS,
    FLAKINESS_KEYS,
    GATE_KEYS,
    OPTION_KEYS,
    QUARANTINE_KEYS,
    SECTION,
    SETTINGS_KEYS,
    Key,
    find_project_root,
)
from aicmo_perf.errors import ConfigError, EnvironmentFailure, UsageError
from aicmo_perf.workflows.files import write_text

GITHUB_RECIPE = Path(".github/workflows/self-test.yml")
GITLAB_RECIPE = Path(".gitlab/self-test.gitlab-ci.yml")
EXAMPLE_SUITE = Path("selftest.py")

_EXAMPLE = '''\
"""The features that aicmo-perf exercises: pass or fail, and how long each takes."""

from aicmo_perf import add_warning, feature

TEXTS = ["a short text", "a longer text, with a few more words in it"]


@feature(category="generator", critical=True, scenarios=TEXTS, returns=str)
def generate_title(text: str) -> str:
    """A feature is a function; its scenarios are the inputs it is called with."""
    if len(text) > 80:
        add_warning("a title of more than 80 characters is cut by most readers")
    return text.title()


def has_no_blanks(slug: str) -> str | None:
    return "a slug must not have blanks" if " " in slug else None


@feature(category="generator", scenarios=TEXTS, validate=has_no_blanks)
def generate_slug(text: str) -> str:
    """What validate returns or raises is a complaint; None means fine."""
    return "-".join(text.lower().replace(",", "").split())
'''

_GITHUB = """\
# Runs the self-test suite, keeps its history between runs, and fails on regressions.
name: self-test
on:
  push:
    branches: [main]
  pull_request:

permissions:
  contents: read

jobs:
  self-test:
    runs-on: ubuntu-latest
    steps:
      # All of the history: to know where a branch forked, and to re-run suspects beside the code they came from.
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: python -m pip install @@INSTALL@@
      # A pull request reads the history of its base branch; what it saves is seen by itself alone.
      - uses: actions/cache/restore@v4
        with:
          path: .aicmo-perf
          key: aicmo-perf-${{ runner.os }}-${{ github.run_id }}-${{ github.run_attempt }}
          restore-keys: aicmo-perf-${{ runner.os }}-
      # --gate re-runs what looks slower; the step after it says the same again, as annotations and summary.
      - run: aicmo-perf run --deterministic --gate
      - if: ${{ !cancelled() }}
        run: aicmo-perf gate --format github
      - if: ${{ !cancelled() }}
        uses: actions/cache/save@v4
        with:
          path: .aicmo-perf
          key: aicmo-perf-${{ runner.os }}-${{ github.run_id }}-${{ github.run_attempt }}
      - if: ${{ !cancelled() }}
        uses: actions/upload-artifact@v4
        with:
          name: self-test-report
          path: self_test_artifacts
"""

_GITLAB = """\
# Runs the self-test suite, keeps its history between pipelines, and fails on regressions.
# Include it from .gitlab-ci.yml:
#   include:
#     - local: .gitlab/self-test.gitlab-ci.yml
self-test:
  image: python:3.12
  variables:
    # All of the history: to know where a branch forked, and to re-run suspects beside the code they came from.
    GIT_DEPTH: "0"
  cache:
    key: aicmo-perf
    paths:
      - .aicmo-perf
    when: always
  script:
    - python -m pip install @@INSTALL@@
    - status=0; aicmo-perf run --deterministic --gate || status=$?
    - aicmo-perf gate --format junit > self_test_artifacts/gate.xml || status=$?
    - exit $status
  artifacts:
    when: always
    paths:
      - self_test_artifacts
    reports:
      junit: self_test_artifacts/gate.xml
"""


@dataclass(frozen=True, slots=True)
class Written:
    """What was done.

    Attributes:
        paths: files that were made or added to.
        advice: what is left to the user, a sentence; empty when nothing is.
    """

    paths: tuple[Path, ...]
    advice: str = ""


def initialise(start: Path, *, example: bool = False, github: bool = False, gitlab: bool = False) -> Written:
    """Write the configuration and what else was asked for.

    Args:
        start: the folder from which the project's root is looked for.
        example: also a first suite, ``selftest.py``.
        github, gitlab: also a CI recipe.

    Raises: UsageError when any of it exists already (then nothing is written); ConfigError for a malformed
        ``pyproject.toml``; EnvironmentFailure when a file cannot be read or written.
    """
    root = find_project_root(start.absolute())
    texts: dict[Path, str] = {}
    advice = ""
    pyproject, own = root / "pyproject.toml", root / "aicmo-perf.toml"
    if own.exists() or (pyproject.exists() and "aicmo-perf" in _tool_tables(pyproject)):
        where = own if own.exists() else pyproject
        if not (example or github or gitlab):
            raise UsageError(f"{where} is configured already.", "Edit it, or ask for a recipe: --github, --gitlab.")
        if example:
            advice = f'{where} is left as it is: name the suite there, suites = ["{EXAMPLE_SUITE}"].'
    elif pyproject.exists():
        texts[pyproject] = pyproject.read_text(encoding="utf-8").rstrip("\n") + "\n\n" + configuration(SECTION, example)
    else:
        texts[own] = configuration("", example)
    # The features are the project's, so CI needs the project too, where it can be installed.
    is_package = pyproject.exists() and "project" in _tables(pyproject)
    what_to_install = "aicmo-perf -e ." if is_package else "aicmo-perf"
    for wanted, path, text in (
        (example, EXAMPLE_SUITE, _EXAMPLE),
        (github, GITHUB_RECIPE, _GITHUB),
        (gitlab, GITLAB_RECIPE, _GITLAB),
    ):
        if wanted and (root / path).exists():
            raise UsageError(f"{root / path} exists already.", "Move it away, or leave out its option.")
        if wanted:
            texts[root / path] = text.replace("@@INSTALL@@", what_to_install)
    for path, text in texts.items():
        write_text(path, text)
    return Written(tuple(texts), advice)


def _tool_tables(pyproject: Path) -> dict[str, object]:
    tool = _tables(pyproject).get("tool", {})
    return tool if isinstance(tool, dict) else {}


def _tables(pyproject: Path) -> dict[str, object]:
    try:
        return tomllib.loads(pyproject.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{pyproject} is not valid TOML: {error}.", "Correct the file and try again.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentFailure(f"{pyproject} cannot be read: {error}.") from error


def configuration(section: str, example: bool = False) -> str:
    """The configuration with every key commented out at an example value.

    Args:
        section: ``tool.aicmo-perf`` for a ``pyproject.toml``, empty for a file of our own.
        example: name the example suite.
    """
    prefix = f"{section}." if section else ""
    lines = [f"[{section}]"] if section else ["# aicmo-perf's configuration"]
    if example:
        lines.append(f'suites = ["{EXAMPLE_SUITE}"]')
    lines += _commented(tuple(key for key in SETTINGS_KEYS if not (example and key.name == "suites")))
    lines += _commented(OPTION_KEYS)
    lines += ["", f"[{prefix}gate]", *_commented(GATE_KEYS)]
    lines += ["", "# Other least effects for some features; the table may be repeated.", f"# [[{prefix}gate.feature]]"]
    lines += _commented(FEATURE_KEYS)
    lines += ["", f"[{prefix}flakiness]", *_commented(FLAKINESS_KEYS)]
    lines += ["", "# Features whose failures do not gate for a while, each with the reason and the last day."]
    entry = ", ".join(f"{key.name} = {key.example}" for key in QUARANTINE_KEYS)
    lines += [f"[{prefix}quarantine]", f'# "persona*" = {{ {entry} }}']
    lines += ["", "# Features in code that is not decorated; the table may be repeated.", f"# [[{prefix}discover]]"]
    return "\n".join([*lines, *_commented(DISCOVER_KEYS)]) + "\n"


def _commented(keys: tuple[Key, ...]) -> list[str]:
    assignments = [f"# {key.name} = {key.example}" for key in keys]
    width = max(len(assignment) for assignment in assignments)
    return [f"{assignment:<{width}}  # {key.help}" for assignment, key in zip(assignments, keys, strict=True)]
