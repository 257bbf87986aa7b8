"""Paired runs on a busy machine: ``python benchmarks/against_trial.py [--trials 10] [--write PAGE]``.

A small shop lies in a git repository, with four features of some milliseconds each. On one branch the last commit has
one of them do a tenth more of its work; on another the last commit changes nothing. ``run --against HEAD~1`` is asked
about each in turn, while another process loads a core. Right is: red, with that one feature and no other; green,
without any finding.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from measured import replace_measured, table
from trial_project import Answer, TrialProject

SUITE = """\
\"\"\"What a shop does all day.\"\"\"

import hashlib
import json
import re

from aicmo_perf import feature

BASKETS = [[(item * 7919 % 997, item % 5 + 1) for item in range(basket, basket + 40)] for basket in range(100)]
CATALOGUE = json.dumps([{{"name": f"article {{number}}", "cents": number * 17 % 4999}} for number in range(2000)])
CHECK_COUNT = {check_count}


@feature(category="workflow")
def total_baskets():
    \"\"\"What all baskets cost, checked again and again.\"\"\"
    for _ in range(CHECK_COUNT):
        total = sum(cents * count for basket in BASKETS for cents, count in basket)
    return total


@feature(category="workflow")
def cheapest_articles():
    \"\"\"The catalogue, read and sorted.\"\"\"
    return sorted(json.loads(CATALOGUE), key=lambda article: (article["cents"], article["name"]))[:10]


@feature(category="generator")
def receipt_numbers():
    \"\"\"A number for each receipt that gives nothing away.\"\"\"
    return [hashlib.sha256(f"receipt {{number}}".encode()).hexdigest()[:12] for number in range(4000)]


@feature(category="validator")
def broken_names():
    \"\"\"Articles whose names are not as they should be.\"\"\"
    return [name for name in re.findall(r'"name": "([^"]*)"', CATALOGUE) if not re.fullmatch(r"article \\d+", name)]
"""
SUITE_FILE = "shop.py"
SLOWED_FEATURE = "shop.total_baskets"
USUAL_CHECK_COUNT = 20
SLOWED_CHECK_COUNT = 22


@dataclass(frozen=True, slots=True)
class Trial:
    """One answer to one question.

    Attributes:
        branch: which was asked about.
        is_right: whether the answer was.
        answer: what it was.
        seconds: how long it took.
    """

    branch: str
    is_right: bool
    answer: Answer
    seconds: float


EXPECTED_SLOWER = {"slower": (SLOWED_FEATURE,), "same": ()}
"""By branch."""


def make_shop(folder: Path) -> TrialProject:
    """The repository: main, and two branches one commit ahead of it."""
    project = TrialProject(folder, has_git=True)
    project.create(
        {"aicmo-perf.toml": f'suites = ["{SUITE_FILE}"]\n', SUITE_FILE: SUITE.format(check_count=USUAL_CHECK_COUNT)}
    )
    project.git("switch", "--quiet", "--create", "same")
    project.write({"README.md": "A shop.\n"})
    project.commit("Say what it is")
    project.git("switch", "--quiet", "--create", "slower", "main")
    project.write({SUITE_FILE: SUITE.format(check_count=SLOWED_CHECK_COUNT)})
    project.commit("Check the baskets more often")
    return project


def ask(project: TrialProject, branch: str, arguments: Sequence[str]) -> Trial:
    """Compare a branch's last commit with the one before."""
    project.git("switch", "--quiet", branch)
    started = time.monotonic()
    answer = project.run("--deterministic", "--against", "HEAD~1", *arguments, gated=True)
    expected = EXPECTED_SLOWER[branch]
    is_right = answer.exit_code == bool(expected) and answer.slower == expected and not answer.other_findings
    return Trial(branch, is_right, answer, time.monotonic() - started)


@contextmanager
def busy_core() -> Iterator[None]:
    """Another process that never rests."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def report(trials: Sequence[Trial]) -> str:
    """What came of it, as Markdown."""
    titles = {"slower": "10 % more work in one feature", "same": "nothing changed"}
    rows = []
    for branch, title in titles.items():
        asked = [trial for trial in trials if trial.branch == branch]
        right = sum(trial.is_right for trial in asked)
        seconds = statistics.median(trial.seconds for trial in asked)
        rows.append((title, f"{right} of {len(asked)}", f"{seconds:.0f} s"))
    return table(("`run --against HEAD~1`, a core kept busy", "right", "time (median)"), rows)


def main() -> None:
    """Ask, print what came of it, and write it into the docs when asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=10, help="of each kind (10)")
    parser.add_argument("--budget", default="10min", help="of each comparison (10min)")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="replace the part 'against' of this page")
    options = parser.parse_args()
    trials: list[Trial] = []
    with tempfile.TemporaryDirectory() as name, busy_core():
        project = make_shop(Path(name))
        for number in range(1, options.trials + 1):
            for branch in EXPECTED_SLOWER:
                trials.append(ask(project, branch, ["--against-budget", options.budget]))
                told = ", ".join([*trials[-1].answer.slower, *trials[-1].answer.other_findings]) or "nothing"
                right = "right" if trials[-1].is_right else "WRONG"
                line = f"{number} of {options.trials}, {branch}: {right} (found {told}), {trials[-1].seconds:.0f} s"
                print(line, file=sys.stderr, flush=True)
    text = report(trials)
    print(text)
    if options.write:
        replace_measured(options.write, "against", text)


if __name__ == "__main__":
    main()
