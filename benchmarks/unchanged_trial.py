"""An A/A trial: ``python benchmarks/unchanged_trial.py FOLDER [--unchanged 40] [--planted 10] [--write PAGE]``.

The reference suite runs again and again on unchanged code in a project of its own (FOLDER), gated from the sixth run
on: any red is a false alarm. Then one feature gets a fifth more of its own work to do, and is to be found from the
first such run on. That feature stands beside the reference suite from the first run: it drafts an analysis fifty times,
and later sixty times. What is planted is thus exact, and real work, not a sleep.

With git (the default) each run is of a commit of its own, as in CI, and what is planted is a commit too; others follow
it. Started again with the same FOLDER, a trial goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from measured import replace_measured, table
from trial_project import TrialProject

SUITE = """\
\"\"\"An analysis that is drafted several times before one is kept.\"\"\"

from aicmo_perf import feature
from aicmo_perf.suites.aicmo.brief import ClientBrief
from aicmo_perf.suites.aicmo.briefs import BRIEFS
from aicmo_perf.suites.aicmo.generators.swot import SwotAnalysis, write_swot
from aicmo_perf.suites.aicmo.phrasing import phrase_by_template

DRAFT_COUNT = {draft_count}


@feature(category="generator", scenarios=BRIEFS, returns=SwotAnalysis)
def drafted_swot(brief: ClientBrief) -> SwotAnalysis:
    \"\"\"The last of several drafts.\"\"\"
    for _ in range(DRAFT_COUNT):
        draft = write_swot(brief, phrase_by_template)
    return draft
"""
SUITE_FILE = "drafts.py"
PLANTED_FEATURE = "drafts.drafted_swot"
USUAL_DRAFT_COUNT = 50
PLANTED_DRAFT_COUNT = 60
PLANTED_RATIO = PLANTED_DRAFT_COUNT / USUAL_DRAFT_COUNT
CONFIGURATION = f'suites = ["aicmo", "{SUITE_FILE}"]\ndefault_branch = "main"\n'

FIRST_GATED = 6
MOST_RED_RUNS = 1
LEAST_FOUND_SHARE = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRun:
    """One run of the trial.

    Attributes:
        number: from 1.
        is_planted: whether the feature had more to do.
        is_gated: whether it was judged.
        exit_code: the command's.
        slower: features called slower, by qualified name.
        other_findings: sentences of other findings.
        low_seconds: the planted feature's low quantile.
        rerun_count: re-runs of the head that confirmed or cleared features, over all of them.
        seconds: the whole command.
    """

    number: int
    is_planted: bool
    is_gated: bool
    exit_code: int
    slower: Sequence[str]
    other_findings: Sequence[str]
    low_seconds: float
    rerun_count: int
    seconds: float

    @property
    def is_found(self) -> bool:
        """Whether what is planted was found."""
        return PLANTED_FEATURE in self.slower


class Trial:
    """The runs so far, kept in the folder after each."""

    def __init__(self, folder: Path, *, has_git: bool, plan: Sequence[bool]) -> None:
        self._project = TrialProject(folder, has_git)
        self._plan = plan
        self._file = folder / "trial.json"
        self.runs: list[TrialRun] = []
        if self._file.exists():
            self.runs = [TrialRun(**item) for item in json.loads(self._file.read_text(encoding="utf-8"))]
            if [run.is_planted for run in self.runs] != list(plan[: len(self.runs)]):
                sys.exit(f"The {len(self.runs)} runs in {self._file} are not the first of those asked for.")
        else:
            suite = SUITE.format(draft_count=USUAL_DRAFT_COUNT)
            self._project.create({"aicmo-perf.toml": CONFIGURATION, SUITE_FILE: suite})

    def go_on(self) -> None:
        """Make the runs that are still to be made."""
        for number in range(len(self.runs) + 1, len(self._plan) + 1):
            self.runs.append(self._run(number, is_planted=self._plan[number - 1]))
            self._file.write_text(json.dumps([asdict(run) for run in self.runs], indent=1) + "\n", encoding="utf-8")
            print(_progress(self.runs[-1], len(self._plan)), file=sys.stderr, flush=True)

    def _run(self, number: int, *, is_planted: bool) -> TrialRun:
        if is_planted:
            self._project.write({SUITE_FILE: SUITE.format(draft_count=PLANTED_DRAFT_COUNT)})
            self._project.commit("Draft each analysis ten more times")
        self._project.write({"NOTES.md": f"Run {number}.\n"})
        self._project.commit(f"Note run {number}")
        is_gated = number >= FIRST_GATED
        started = time.monotonic()
        answer = self._project.run("--deterministic", *(["--gate"] if is_gated else []), gated=is_gated)
        judgements = [item.get("judgement") or {} for item in answer.features.values()]
        return TrialRun(
            number=number,
            is_planted=is_planted,
            is_gated=is_gated,
            exit_code=answer.exit_code,
            slower=answer.slower,
            other_findings=answer.other_findings,
            low_seconds=answer.features[PLANTED_FEATURE]["low_seconds"],
            rerun_count=sum(judgement.get("rerun_count") or 0 for judgement in judgements),
            seconds=time.monotonic() - started,
        )


def _progress(run: TrialRun, total: int) -> str:
    told = ", ".join([*run.slower, *run.other_findings]) or "nothing found"
    kind = "planted" if run.is_planted else "unchanged"
    gated = f"exit {run.exit_code}, {told}, {run.rerun_count} re-runs" if run.is_gated else "not gated"
    return f"run {run.number} of {total} ({kind}): {gated}, {run.seconds:.0f} s"


def report(runs: Sequence[TrialRun]) -> str:
    """What came of it, as Markdown."""
    unchanged = [run for run in runs if run.is_gated and not run.is_planted]
    planted = [run for run in runs if run.is_planted]
    rows = [
        (
            "unchanged code",
            str(len(unchanged)),
            f"{sum(run.exit_code != 0 for run in unchanged)} red (limit {MOST_RED_RUNS})",
            _reruns(unchanged),
        )
    ]
    if planted:
        found = [place for place, run in enumerate(planted, start=1) if run.is_found]
        first = f", from run {found[0]} on" if found else ""
        least = round(LEAST_FOUND_SHARE * len(planted))
        usual = statistics.median(run.low_seconds for run in runs if not run.is_planted)
        measured = statistics.median(run.low_seconds for run in planted) / usual
        rows.append(
            (
                f"{PLANTED_RATIO - 1:.0%} more work in one feature (measured: {measured - 1:+.0%})",
                str(len(planted)),
                f"found in {len(found)}{first} (at least {least})",
                _reruns(planted),
            )
        )
    features_elsewhere = sorted({name for run in planted for name in run.slower if name != PLANTED_FEATURE})
    text = table(("runs of the reference suite", "gated", "result", "re-runs of a feature a run"), rows)
    if features_elsewhere:
        text += f"\n\nCalled slower besides what was planted: {', '.join(features_elsewhere)}."
    return text


def _reruns(runs: Sequence[TrialRun]) -> str:
    return f"{statistics.fmean(run.rerun_count for run in runs):.1f}" if runs else "–"


def main() -> None:
    """Run the trial, print what came of it, and write it into the docs when asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--unchanged", type=int, default=40, help="runs of unchanged code (40)")
    parser.add_argument("--planted", type=int, default=10, help="runs of the slower feature after them (10)")
    parser.add_argument("--git", action=argparse.BooleanOptionalAction, default=True, help="a git repository or not")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="replace the part 'unchanged' of this page")
    options = parser.parse_args()
    plan = [False] * options.unchanged + [True] * options.planted
    trial = Trial(options.folder.resolve(), has_git=options.git, plan=plan)
    trial.go_on()
    text = report(trial.runs)
    print(text)
    if options.write:
        replace_measured(options.write, "unchanged", text)


if __name__ == "__main__":
    main()
