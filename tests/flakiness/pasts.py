"""Histories of runs, written as one word a run: ``p`` and ``f`` for what passes and fails, ``x`` for what
fails with another error, capitals for retries, ``+`` and ``-`` for a perturbed iteration that passes or fails.
``fP`` failed, and passed when it was retried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from aicmo_perf.flakiness.history import FeatureRecord, FlakinessRecord, RecordPolicy, read_history
from aicmo_perf.model import Environment, Feature, FeatureKey, IterationKind, Mode, Outcome, Run, RunOutcomes

BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)
LINUX = Environment({"system": "Linux"})
MAC = Environment({"system": "Darwin"})

OUTCOMES = {
    "p": Outcome(is_failing=False),
    "f": Outcome(is_failing=True, failure="f1", message="it failed"),
    "P": Outcome(is_failing=False, kind=IterationKind.RETRY),
    "F": Outcome(is_failing=True, kind=IterationKind.RETRY, failure="f2", message="it failed again"),
    "x": Outcome(is_failing=True, failure="f4", message="it is gone"),
    "X": Outcome(is_failing=True, kind=IterationKind.RETRY, failure="f4", message="it is gone"),
    "+": Outcome(is_failing=False, kind=IterationKind.PERTURBED),
    "-": Outcome(is_failing=True, kind=IterationKind.PERTURBED, failure="f3", message="it was provoked"),
}


def feature(name: str = "feature") -> Feature:
    return Feature(suite="suite", qualified_name=name, name=name)


def run(number: int, commit: str | None, environment: Environment = LINUX, dirty: bool = False) -> Run:
    """A run a day."""
    return Run(
        uuid=f"run {number}",
        started_at=BEGINNING + timedelta(days=number),
        mode=Mode.DETERMINISTIC,
        environment=environment,
        commit_sha=commit,
        dirty=dirty,
        id=number + 1,
    )


def past(text: str) -> list[RunOutcomes]:
    """One run a word. Each is of a commit of its own unless it says which: ``7:p`` is of commit 7, ``mac/7:f`` ran
    elsewhere, ``dirty/7:p`` with changes; ``?:p`` has no commit. ``p*5`` is five runs."""
    words: list[str] = []
    for word in text.split():
        one, _, times = word.partition("*")
        words += [one] * int(times or 1)
    return [one_run(number, word) for number, word in enumerate(words)]


def one_run(number: int, word: str) -> RunOutcomes:
    where, _, rest = word.rpartition("/")
    commit, _, letters = rest.rpartition(":")
    its = run(
        number,
        None if commit == "?" else f"commit {commit or f'of {number}'}",
        environment=MAC if where == "mac" else LINUX,
        dirty=where == "dirty",
    )
    return RunOutcomes(run=its, outcomes=tuple(OUTCOMES[letter] for letter in letters))


def read_all(
    outcomes: Mapping[FeatureKey, Sequence[RunOutcomes]], policy: RecordPolicy | None = None
) -> FlakinessRecord:
    names = [name for _, name in outcomes]
    return read_history(outcomes, [feature(name) for name in names], policy or RecordPolicy())


def read(runs: str | Sequence[RunOutcomes], policy: RecordPolicy | None = None) -> FeatureRecord:
    """The record of one feature."""
    outcomes = past(runs) if isinstance(runs, str) else runs
    return read_all({feature().key: outcomes}, policy).features[0]


def later(runs: Sequence[RunOutcomes], letters: str, commit: str | None = None) -> list[RunOutcomes]:
    """The runs and another one, a day after, of a new commit or of this one."""
    number = len(runs)
    new = one_run(number, letters)
    return [*runs, new if commit is None else replace(new, run=replace(new.run, commit_sha=commit))]
