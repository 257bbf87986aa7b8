"""Which past runs a run may be compared with, and whether they are enough.

Two runs are comparable when suite, mode, environment fingerprint and depth (quick or full) agree: anything else
compares numbers of different things as if they were one. A baseline holds complete runs from before the run under
judgement, never itself.

All of them tell how fast the code was. What passed and what was there is told by the runs of before the change
(`runs_before_change`): a run that was red for a failure is a baseline run too, and must not excuse the next one.

Nothing here reads the store: `baseline_queries` says what to ask it, `choose_baseline` picks among the answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from aicmo_perf.errors import UsageError, nearest_hint
from aicmo_perf.model import Environment, Run, RunFilter, RunState
from aicmo_perf.units import count_of

DEFAULT_WINDOW = 20
"""Runs in a baseline: enough to know the spread, few enough to forget what the code was like a year ago."""

_RETRIES = 3
"""Where no commit tells the code apart, so many runs are looked back: red stays red for that many runs."""

_FORMS_HINT = "Write auto, run:ID, last:N, branch:NAME, commit:SHA or name:PINNED."
_SHORTEST_COMMIT = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The past runs that one suite of a run is judged against.

    Attributes:
        suite: which suite.
        runs: oldest first; empty when there is none.
        why: one sentence without the final stop: which runs these are and why these.
        obstacle: why the runtimes must not be compared (another machine, another mode); empty when they may.
    """

    suite: str
    runs: tuple[Run, ...] = ()
    why: str = ""
    obstacle: str = ""

    @property
    def is_usable(self) -> bool:
        """Whether there are runs, and their runtimes may be compared."""
        return bool(self.runs) and not self.obstacle

    @property
    def full_runs(self) -> tuple[Run, ...]:
        """The runs that exercised all features, not a selection; oldest first."""
        return tuple(run for run in self.runs if not run.options.selection)


class BaselineKind(StrEnum):
    """How a baseline is asked for."""

    AUTO = "auto"
    RUN = "run"
    LAST = "last"
    BRANCH = "branch"
    COMMIT = "commit"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class BaselineSpec:
    """Which baseline people ask for.

    Attributes:
        kind: how they name it.
        value: the run, number, branch, commit or pinned name; empty for ``auto``.
    """

    kind: BaselineKind = BaselineKind.AUTO
    value: str = ""

    @classmethod
    def parse(cls, text: str) -> BaselineSpec:
        """The baseline written as ``auto``, ``run:ID``, ``last:N``, ``branch:NAME``, ``commit:SHA`` or ``name:PINNED``.

        Raises: UsageError when the text is none of these.
        """
        kind_text, _, value = (part.strip() for part in text.partition(":"))
        if kind_text not in set(BaselineKind):
            raise UsageError(
                f"{text!r} is not a baseline.",
                " ".join(filter(None, (nearest_hint(kind_text, list(BaselineKind)), _FORMS_HINT))),
            )
        kind = BaselineKind(kind_text)
        if kind is BaselineKind.AUTO and value:
            raise UsageError(f"The baseline auto takes no value, but was given {value!r}.", _FORMS_HINT)
        if kind is not BaselineKind.AUTO and not value:
            raise UsageError(f"The baseline {kind} needs a value.", _FORMS_HINT)
        if kind is BaselineKind.LAST and not (value.isascii() and value.isdigit() and int(value) > 0):
            raise UsageError(f"The baseline last:{value} needs a number of runs.", "Write it like last:10.")
        if kind is BaselineKind.COMMIT and not _is_commit(value):
            raise UsageError(
                f"The baseline commit:{value} needs a commit of {_SHORTEST_COMMIT} hexadecimal digits or more.",
                "Show it with: git rev-parse HEAD~1",
            )
        return cls(kind, value)

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}" if self.value else str(self.kind)


def _is_commit(text: str) -> bool:
    return _SHORTEST_COMMIT <= len(text) <= 64 and set(text.lower()) <= set("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class BaselineQuery:
    """What to ask the store for.

    Attributes:
        run_filter: the runs wanted.
        why: what they are, without their number: ``complete runs of suite aicmo on branch main before run 31 (...)``.
    """

    run_filter: RunFilter
    why: str


def baseline_queries(
    run: Run, suite: str, spec: BaselineSpec, *, default_branch: str | None, window: int = DEFAULT_WINDOW
) -> tuple[BaselineQuery, ...]:
    """What to ask the store for, in order of preference.

    ``auto`` prefers the run's own branch, then the default branch. A run without a branch (no repository, or a
    detached head, as in CI) takes the default branch, then any. The other kinds make one query.

    Args:
        run: the run under judgement.
        suite: one of its suites.
        spec: what was asked for; ``run`` and ``name`` are no queries, see `named_baseline`.
        default_branch: None where it is not known.
        window: runs in a baseline at most; ``last:N`` has its own.

    Raises: ValueError for ``run`` and ``name``.
    """
    if spec.kind in (BaselineKind.RUN, BaselineKind.NAME):
        raise ValueError(f"the baseline {spec} names one run and needs no query")
    comparable = RunFilter(
        suite=suite,
        mode=run.mode,
        environment=run.environment.fingerprint,
        quick=run.options.quick,
        state=RunState.COMPLETE,
        before_id=run.id,
        last=window,
    )
    if spec.kind is BaselineKind.LAST:
        chosen = [replace(comparable, last=int(spec.value))]
    elif spec.kind is BaselineKind.BRANCH:
        chosen = [replace(comparable, branch=spec.value)]
    elif spec.kind is BaselineKind.COMMIT:
        chosen = [replace(comparable, commit_sha=spec.value.lower())]
    else:
        branches = [branch for branch in dict.fromkeys((run.branch, default_branch)) if branch]
        chosen = [replace(comparable, branch=branch) for branch in branches]
        if run.branch is None:
            chosen.append(comparable)
    return tuple(BaselineQuery(run_filter, _description(run, run_filter)) for run_filter in chosen)


def _description(run: Run, run_filter: RunFilter) -> str:
    parts = [f"complete runs of suite {run_filter.suite}"]
    if run_filter.branch:
        parts.append(f"on branch {run_filter.branch}")
    if run_filter.commit_sha:
        parts.append(f"of commit {run_filter.commit_sha}")
    parts.append(f"before {run.title}")
    return " ".join(parts) + f" ({run.mode}, {_depth(run)}, this machine)"


def _depth(run: Run) -> str:
    return "quick" if run.options.quick else "full"


def choose_baseline(
    run: Run, suite: str, found: Sequence[tuple[BaselineQuery, Sequence[Run]]], *, min_run_count: int
) -> Baseline:
    """The first answer with enough runs; else the one with most, the preferred one of equals.

    Args:
        run: the run under judgement.
        suite: one of its suites.
        found: the queries with the runs that the store found, oldest first. Runs that are no baseline of this run
            (itself, later, incomplete or not comparable ones) are passed over, whatever the store says.
        min_run_count: runs that make a baseline enough.
    """
    usable = [(query, tuple(past for past in runs if _is_eligible(run, past, suite))) for query, runs in found]
    if not any(runs for _, runs in usable):
        described = usable[0][0].why if usable else f"complete runs of suite {suite} before {run.title}"
        return Baseline(suite=suite, why=f"there are no {described}")
    enough = [answer for answer in usable if len(answer[1]) >= min_run_count]
    query, runs = enough[0] if enough else max(usable, key=lambda answer: len(answer[1]))
    why = f"the last {len(runs)} {query.why}" if len(runs) > 1 else f"the last of the {query.why}"
    preferred, preferred_runs = usable[0]
    if query is not preferred:
        place = f"branch {preferred.run_filter.branch}" if preferred.run_filter.branch else "the first choice"
        why += f", because {place} has {_so_many_runs(len(preferred_runs))}"
    return Baseline(suite=suite, runs=runs, why=why)


def _so_many_runs(count: int) -> str:
    return f"only {count_of(count, 'run')}" if count else "none"


def _is_eligible(run: Run, past: Run, suite: str) -> bool:
    return (
        past.state is RunState.COMPLETE
        and suite in past.suites
        and _is_earlier(past, run)
        and not obstacle_between(run, past)
    )


def _is_earlier(past: Run, run: Run) -> bool:
    """Whether a run came before another: by the store's number, or by time where one is not stored."""
    if past.uuid == run.uuid:
        return False
    if past.id is not None and run.id is not None:
        return past.id < run.id
    return (past.started_at, past.uuid) < (run.started_at, run.uuid)


def runs_before_change(run: Run, past: Sequence[Run]) -> tuple[Run, ...]:
    """The runs that tell what passed and what was there before the code changed.

    The newest run of another commit, so that a run repeated on the same commit gets the same answer. Where there is
    none (no repository, or nothing but runs of the same commit), the last three: what any of them had counts.

    Args:
        run: the run under judgement.
        past: baseline runs, oldest first.

    Returns: one to three of them, newest first; none of none.
    """
    if run.commit_sha is not None:
        others = [other for other in past if other.commit_sha != run.commit_sha]
        if others:
            return (others[-1],)
    return tuple(reversed(past[-_RETRIES:]))


def named_baseline(run: Run, suite: str, named: Run, *, why: str) -> Baseline:
    """The baseline that consists of one run which people named.

    It need not be comparable: status changes can be told in any case, and `Baseline.obstacle` keeps the runtimes
    apart. A run that did not exercise the suite makes an empty baseline.

    Args:
        run: the run under judgement.
        suite: one of its suites.
        named: the run they named.
        why: how they named it, without the final stop.

    Raises: UsageError when the named run is the run under judgement, a later one, or not complete.
    """
    if named.uuid == run.uuid:
        raise UsageError(f"{run.title_at_start} cannot be its own baseline.", "Name an earlier run.")
    if named.state is not RunState.COMPLETE:
        raise UsageError(
            f"{named.title_at_start} is {named.state} and cannot be a baseline.",
            "Name a run that was completed; aicmo-perf runs lists them.",
        )
    if not _is_earlier(named, run):
        raise UsageError(
            f"{named.title_at_start} is later than {run.title} and cannot be its baseline.",
            f"Judge {named.title} against {run.title} instead, or show both with: aicmo-perf compare",
        )
    if suite not in named.suites:
        return Baseline(suite=suite, why=f"{named.title} did not exercise suite {suite}")
    return Baseline(suite=suite, runs=(named,), why=why, obstacle=obstacle_between(run, named))


def obstacle_between(run: Run, other: Run) -> str:
    """Why the runtimes of two runs must not be compared; empty when they may.

    Returns: a clause about the other run, such as ``run 12 was measured on another machine (Apple M2, 8 CPUs,
        Python 3.12)``.
    """
    if other.mode is not run.mode:
        return f"{other.title} was measured in {other.mode} mode, {run.title} in {run.mode} mode"
    if other.options.quick is not run.options.quick:
        return f"{other.title} was a {_depth(other)} run, {run.title} a {_depth(run)} one"
    if other.environment.fingerprint != run.environment.fingerprint:
        return f"{other.title} was measured on {_difference(run.environment, other.environment)}"
    return ""


def _difference(environment: Environment, other: Environment) -> str:
    """What is different about another environment: its Python, or the machine."""
    name, python = _machine_name(other)
    own_name, _ = _machine_name(environment)
    if name and name == own_name and python:
        return f"another interpreter ({python})"
    known = ", ".join(filter(None, (name, python)))
    return f"another machine ({known})" if known else "another machine"


def _machine_name(environment: Environment) -> tuple[str, str]:
    """The machine and the interpreter, as far as the facts go."""
    facts = environment.facts
    cpus = facts.get("cpu_count")
    machine = (
        facts.get("cpu_model") or facts.get("architecture"),
        count_of(int(cpus), "CPU") if cpus else None,
        facts.get("system"),
    )
    implementation = facts.get("python_implementation") or ""
    version = ".".join(str(facts.get("python_version") or "").split(".")[:2])
    name = "Python" if implementation in ("", "CPython") else str(implementation)
    return ", ".join(str(fact) for fact in machine if fact), f"{name} {version}" if version else ""
