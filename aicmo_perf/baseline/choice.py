"""The baseline of a suite: which of the runs found it is made of, why these, and what people should know of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aicmo_perf.baseline.comparable import Terms, is_earlier, obstacle_between
from aicmo_perf.baseline.query import BaselineQuery
from aicmo_perf.errors import UsageError
from aicmo_perf.model import Run, RunState
from aicmo_perf.units import count_of

DEFAULT_WINDOW = 30
"""Runs in a baseline: few enough to forget what the code was like a year ago, and when the last ten are left out,
because they began a slower level, twenty tell the spread."""

_SHORT_SHA = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The past runs that one suite of a run is judged against.

    Attributes:
        suite: which suite.
        runs: oldest first, those of the default branch before the run's own; empty when there is none.
        why: one sentence without the final stop: which runs these are and why these.
        obstacle: why the runtimes must not be compared (another machine, another mode); empty when they may.
        notes: what else people should know of the choice, a sentence each.
    """

    suite: str
    runs: tuple[Run, ...] = ()
    why: str = ""
    obstacle: str = ""
    notes: tuple[str, ...] = ()

    @property
    def is_usable(self) -> bool:
        """Whether there are runs, and their runtimes may be compared."""
        return bool(self.runs) and not self.obstacle

    @property
    def full_runs(self) -> tuple[Run, ...]:
        """The runs that exercised all features, not a selection; oldest first."""
        return tuple(run for run in self.runs if not run.options.selection)


def choose_baseline(
    run: Run,
    suite: str,
    found: Sequence[tuple[BaselineQuery, Sequence[Run]]],
    *,
    min_run_count: int,
    terms: Terms | None = None,
) -> Baseline:
    """The first answer with enough runs; else the one with most, the preferred one of equals.

    Args:
        run: the run under judgement.
        suite: one of its suites.
        found: the queries with the runs that the store found, oldest first. Runs that are no baseline of this run
            (itself, later, incomplete or not comparable ones, and those outside the history of its commit) are
            passed over, whatever the store says.
        min_run_count: runs that make a baseline enough.
        terms: what they are compared on; the strictest without git when None.
    """
    terms = terms or Terms()
    usable = [(query, tuple(past for past in runs if fits(run, past, suite, query, terms))) for query, runs in found]
    if not any(runs for _, runs in usable):
        described = usable[0][0].why if usable else f"complete runs of suite {suite} before {run.title}"
        return Baseline(suite=suite, why=f"there are no {described}")
    enough = [answer for answer in usable if len(answer[1]) >= min_run_count]
    query, found_runs = enough[0] if enough else max(usable, key=lambda answer: len(answer[1]))
    of_other_code = _of_other_code(run, found_runs) if query.goes_by_history else found_runs
    if len(of_other_code) < min_run_count:
        of_other_code = found_runs
    runs = of_other_code
    why = f"the last {len(runs)} {query.why}" if len(runs) > 1 else f"the last of the {query.why}"
    if query.goes_by_history and run.commit_sha is not None:
        sha = run.commit_sha[:_SHORT_SHA]
        is_asked = terms.is_in_history is not None
        why += f", in the history of commit {sha}" if is_asked else f", by time: the history of {sha} is not at hand"
    preferred, preferred_runs = usable[0]
    if query is not preferred:
        why += f", because {preferred.place} has {_so_many_runs(len(preferred_runs))}"
    if len(of_other_code) < len(found_runs):
        why += f", without {count_of(len(found_runs) - len(of_other_code), 'run')} of the very code under judgement"
    notes = (*_history_notes(run, suite, query, runs, terms), *_machine_notes(run, suite, runs))
    return Baseline(suite=suite, runs=runs, why=why, notes=notes)


def _of_other_code(run: Run, runs: Sequence[Run]) -> tuple[Run, ...]:
    """The runs that are not of the code under judgement, lest repeating a red run turn it green."""
    return tuple(past for past in runs if not run.has_code_of(past))


def fits(run: Run, past: Run, suite: str, query: BaselineQuery, terms: Terms) -> bool:
    """Whether a run that a query found may be in the baseline of a run's suite."""
    return terms.admits(run, past, suite) and not (query.goes_by_history and terms.places(past) is False)


def _so_many_runs(count: int) -> str:
    return f"only {count_of(count, 'run')}" if count else "none"


def _history_notes(run: Run, suite: str, query: BaselineQuery, runs: Sequence[Run], terms: Terms) -> Iterator[str]:
    """Whether runs of another branch were taken although their commits may have come after the fork."""
    if not query.goes_by_history or run.commit_sha is None:
        return
    strangers = [past for past in runs if past.commit_sha is not None and is_of_another_branch(past, run)]
    unplaced = sum(terms.places(past) is None for past in strangers)
    if unplaced:
        of_how_many = f"{unplaced} of the {count_of(len(runs), 'baseline run')}"
        yield (
            f"Suite {suite}: {of_how_many} may be of later code than {run.title} forked from, since the history of its "
            "commit is not at hand; fetch it all, with actions/checkout by 'fetch-depth: 0'."
        )


def _machine_notes(run: Run, suite: str, runs: Sequence[Run]) -> Iterator[str]:
    count = machine_count(run, runs)
    if count > 1:
        yield (
            f"Suite {suite} was measured on {count} machines or interpreters: runtimes are compared relative to each "
            "run's common factor, so a change of all features alike cannot be seen."
        )


def machine_count(run: Run, runs: Sequence[Run]) -> int:
    """On how many machines and interpreters a run and its baseline were measured."""
    return len({measured.environment.fingerprint for measured in (run, *runs)})


def is_of_another_branch(past: Run, run: Run) -> bool:
    """Whether a baseline run's changes are not those of the run under judgement: a pull request's target, a fork."""
    return run.pull_request is not None or past.branch != run.branch


def named_baseline(run: Run, suite: str, named: Run, *, why: str, terms: Terms | None = None) -> Baseline:
    """The baseline that consists of one run which people named.

    It need not be comparable: status changes can be told in any case, and `Baseline.obstacle` keeps the runtimes
    apart. A run that did not exercise the suite makes an empty baseline.

    Args:
        run: the run under judgement.
        suite: one of its suites.
        named: the run they named.
        why: how they named it, without the final stop.
        terms: what they are compared on; the strictest when None.

    Raises: UsageError when the named run is the run under judgement, a later one, not complete, or a companion.
    """
    if named.uuid == run.uuid:
        raise UsageError(f"{run.title_at_start} cannot be its own baseline.", "Name an earlier run.")
    if named.companion_of is not None:
        raise UsageError(
            f"{named.title_at_start} only helps to judge run {named.companion_of} and cannot be a baseline.",
            "Name a run that stands for itself; aicmo-perf runs lists them.",
        )
    if named.state is not RunState.COMPLETE:
        raise UsageError(
            f"{named.title_at_start} is {named.state} and cannot be a baseline.",
            "Name a run that was completed; aicmo-perf runs lists them.",
        )
    if not is_earlier(named, run):
        raise UsageError(
            f"{named.title_at_start} is later than {run.title} and cannot be its baseline.",
            f"Judge {named.title} against {run.title} instead, or show both with: aicmo-perf compare",
        )
    if suite not in named.suites:
        return Baseline(suite=suite, why=f"{named.title} did not exercise suite {suite}")
    obstacle = obstacle_between(run, named, any_environment=terms is not None and terms.any_environment)
    notes = () if obstacle else tuple(_machine_notes(run, suite, (named,)))
    return Baseline(suite=suite, runs=(named,), why=why, obstacle=obstacle, notes=notes)


def paired_baseline(run: Run, suite: str, base: Run, pair_count: int) -> Baseline:
    """The baseline of a run that was measured beside another commit: that side, whatever else there is.

    Args:
        run: the side under judgement.
        suite: one of its suites.
        base: the other side.
        pair_count: fresh processes of either side.
    """
    commit = f"commit {base.commit_sha[:_SHORT_SHA]}" if base.commit_sha else "the other side"
    if suite not in base.suites:
        return Baseline(suite=suite, why=f"{commit} has no suite {suite}")
    why = f"{base.title}, interleaved with {commit} in {count_of(pair_count, 'pair')}"
    return Baseline(suite=suite, runs=(base,), why=why, obstacle=obstacle_between(run, base))
