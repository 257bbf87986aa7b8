"""Whether the runtimes of two runs may be compared, and if not, why, in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aicmo_perf.model import Environment, Run, RunState
from aicmo_perf.units import count_of

IsInHistory = Callable[[str], "bool | None"]
"""Whether a commit lies in the history of the one under judgement; None where that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a run is compared on.

    Attributes:
        any_environment: whether runs of other machines and interpreters count, relative to each run's common factor.
        is_in_history: tells the commits that the run's commit came from; None where git cannot be asked.
    """

    any_environment: bool = False
    is_in_history: IsInHistory | None = None

    def admits(self, run: Run, past: Run, suite: str) -> bool:
        """Whether a past run may be in the baseline of a run's suite, as far as its own facts go."""
        return (
            past.state is RunState.COMPLETE
            and past.companion_of is None
            and suite in past.suites
            and is_earlier(past, run)
            and not obstacle_between(run, past, any_environment=self.any_environment)
        )

    def places(self, past: Run) -> bool | None:
        """Whether a past run's code lies in the history of the run under judgement; None where it is not known."""
        if past.commit_sha is None or self.is_in_history is None:
            return None
        return self.is_in_history(past.commit_sha)


def is_earlier(past: Run, run: Run) -> bool:
    """Whether a run came before another one, by `Run.moment`; by the uuid too where one is not stored."""
    if past.uuid == run.uuid:
        return False
    if past.id is not None and run.id is not None:
        return past.moment < run.moment
    return (past.started_at, past.uuid) < (run.started_at, run.uuid)


def depth_of(run: Run) -> str:
    """``quick`` or ``full``."""
    return "quick" if run.options.quick else "full"


def obstacle_between(run: Run, other: Run, *, any_environment: bool = False) -> str:
    """Why the runtimes of two runs must not be compared; empty when they may.

    Args:
        run: the run under judgement.
        other: what it is compared with.
        any_environment: another machine or interpreter is no obstacle.

    Returns: a clause about the other run, such as ``run 12 was measured on another machine (Apple M2, 8 CPUs,
        Python 3.12)``.
    """
    if other.mode is not run.mode:
        return f"{other.title} was measured in {other.mode} mode, {run.title} in {run.mode} mode"
    if other.options.quick is not run.options.quick:
        return f"{other.title} was a {depth_of(other)} run, {run.title} a {depth_of(run)} one"
    # the facts agree most of the time, and a fingerprint is a digest of them
    if any_environment or other.environment == run.environment:
        return ""
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
