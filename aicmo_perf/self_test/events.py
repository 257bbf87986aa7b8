"""What the engine says as it goes."""

from __future__ import annotations

from dataclasses import dataclass

from aicmo_perf.model import Feature, Iteration, IterationResult


@dataclass(frozen=True, slots=True)
class IterationStarted:
    """An iteration begins; before anything else of it.

    Attributes:
        iteration: what it is, and how busy the machine was before.
    """

    iteration: Iteration


@dataclass(frozen=True, slots=True)
class IterationEnded:
    """An iteration is over; after everything else of it, and never of one that was cut short.

    Attributes:
        iteration: the one that was started, with its duration.
    """

    iteration: Iteration


@dataclass(frozen=True, slots=True)
class Collected:
    """The features of an iteration are known; once an iteration, before anything of them.

    Attributes:
        iteration: which one.
        features: in the order they will be called.
        suites_inside, missing: of another version, as in Found.
    """

    iteration: int
    features: tuple[Feature, ...]
    suites_inside: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Started:
    """A feature is being exercised; others may be at the same time, if the iteration has several workers."""

    feature: Feature
    iteration: int


EngineEvent = IterationStarted | IterationEnded | Collected | Started | IterationResult
