"""What a worker and its parent say to each other: one JSON object a line, each a frozen value on both sides.

The parent sends one Assignment. The worker answers with messages in an order that leaves no gap: from the moment it
begins to import there is always one module or one feature that it is busy with, so that its death can be laid at
the right door.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from aicmo_perf.model import (
    PLAIN,
    Category,
    Conditions,
    DiscoverRule,
    Feature,
    FeatureKey,
    IterationResult,
    Mode,
    RunOptions,
    Status,
)
from aicmo_perf.self_test.moved_tree import MovedTree

LOST_CHANNEL_EXIT_CODE = 113
"""How a worker ends whose pipe to the parent was closed by a feature."""

MAX_TEXT_LENGTH = 20_000
MAX_TEXT_COUNT = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What one worker process is to do.

    Attributes:
        suites, discover, mode, options, moved: as in EnginePlan.
        project_root: where to import from first.
        iteration: which pass over the suites, from 1.
        parent_pid: who asks; the worker ends when that process is gone.
        done: features that have their result already, from a worker that died.
        only: the features to exercise, as far as they are found; None for all.
        broken: modules that killed an earlier worker when imported: suite, module, what happened.
        conditions: what it runs under; what holds for the whole process is set before it starts.
        order: the features in their order, as in PlannedIteration.
        share, share_count: of so many workers that divide the features between them, the how manieth this is, from 0.
        is_measured: whether features are sampled, or only judged.
        wants_outputs: whether results hold the outputs themselves.
    """

    suites: tuple[str, ...]
    discover: tuple[DiscoverRule, ...]
    mode: Mode
    options: RunOptions
    project_root: str
    iteration: int
    parent_pid: int
    done: tuple[FeatureKey, ...] = ()
    broken: tuple[tuple[str, str, str], ...] = ()
    moved: MovedTree | None = None
    only: tuple[FeatureKey, ...] | None = None
    conditions: Conditions = PLAIN
    order: tuple[FeatureKey, ...] | None = None
    share: int = 0
    share_count: int = 1
    is_measured: bool = True
    wants_outputs: bool = False

    @property
    def may_miss(self) -> bool:
        """Whether what is not found is no mistake of the plan.

        When an earlier worker of the run found it, it is unstable; and another version need not have it.
        """
        return self.iteration > 1 or bool(self.done) or self.only is not None or self.moved is not None

    def to_json(self) -> str:
        """One line for the worker's standard input."""
        return json.dumps({**asdict(self), "options": self.options.to_dict(), "conditions": self.conditions.to_dict()})

    @classmethod
    def from_json(cls, text: str) -> Assignment:
        """The reverse of to_json."""
        values: dict[str, Any] = json.loads(text)
        return cls(
            suites=tuple(values["suites"]),
            discover=tuple(
                DiscoverRule(**{**rule, "category": Category(rule["category"])}) for rule in values["discover"]
            ),
            mode=Mode(values["mode"]),
            options=RunOptions.from_dict(values["options"]),
            project_root=values["project_root"],
            iteration=values["iteration"],
            parent_pid=values["parent_pid"],
            done=tuple((suite, name) for suite, name in values["done"]),
            broken=tuple((suite, module, text) for suite, module, text in values["broken"]),
            moved=_moved_tree(values["moved"]),
            only=_keys(values["only"]),
            conditions=Conditions.from_dict(values["conditions"]),
            order=_keys(values["order"]),
            share=values["share"],
            share_count=values["share_count"],
            is_measured=values["is_measured"],
            wants_outputs=values["wants_outputs"],
        )


@dataclass(frozen=True, slots=True)
class Importing:
    """The worker begins to import a module of a suite.

    Attributes:
        suite, module: which one.
        output_bytes: how much the worker's process had written to its standard error by then.
    """

    suite: str
    module: str
    output_bytes: int


@dataclass(frozen=True, slots=True)
class Found:
    """Discovery is over.

    Attributes:
        features: those that are selected, in the order they will be called.
        suites_inside: of another version, the suites that its code has a part in.
        missing: of another version, what was asked for and is not there, a sentence each.
    """

    features: tuple[Feature, ...]
    suites_inside: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """The plan makes no sense here: no such suite or feature. The parent raises the error of that name."""

    error: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Began:
    """The worker begins with a feature.

    Attributes:
        position: which one of those Found.
        timeout_seconds: of each of its calls.
        thread_count: threads that earlier features left running.
        output_bytes: as in Importing; what comes after it is this feature's.
    """

    position: int
    timeout_seconds: float
    thread_count: int
    output_bytes: int


@dataclass(frozen=True, slots=True)
class Tick:
    """The worker is alive and begins another call; the time-out starts anew."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The worker has the result of the feature it was busy with."""

    position: int
    result: IterationResult


@dataclass(frozen=True, slots=True)
class Finished:
    """The worker has nothing left to do."""


Message = Importing | Found | Refused | Began | Tick | Ended | Finished


def encode(message: Message) -> bytes:
    """One line."""
    match message:
        case Ended(position, result):
            values: list[object] = ["ended", position, _result_to_wire(result)]
        case Tick():
            return b'["tick"]\n'
        case Began(position, timeout_seconds, thread_count, output_bytes):
            values = ["began", position, timeout_seconds, thread_count, output_bytes]
        case Importing(suite, module, output_bytes):
            values = ["importing", suite, module, output_bytes]
        case Found(features, suites_inside, missing):
            told = [[f.suite, f.qualified_name, f.name, f.category, f.critical] for f in features]
            values = ["found", told, suites_inside, missing]
        case Refused(error, text, hint):
            values = ["refused", error, text, hint]
        case Finished():
            values = ["finished"]
    return json.dumps(values).encode("ascii") + b"\n"


def decode(line: bytes, found: tuple[Feature, ...], iteration: int) -> Message:
    """The reverse of encode.

    Args:
        line: what the worker wrote.
        found: the features of its earlier Found message, which positions refer to.
        iteration: the one it was asked for.

    Raises: ValueError when the line is none of ours: what the interpreter's own start-up code prints gets here too.
    """
    match json.loads(line):
        case ["tick"]:
            return Tick()
        case ["ended", int(position), dict(values)]:
            return Ended(position, _result_from_wire(values, found[position], iteration))
        case ["began", int(position), float(timeout_seconds), int(thread_count), int(output_bytes)]:
            return Began(position, timeout_seconds, thread_count, output_bytes)
        case ["importing", str(suite), str(module), int(output_bytes)]:
            return Importing(suite, module, output_bytes)
        case ["found", list(features), list(suites_inside), list(missing)]:
            told = tuple(_feature_from_wire(*values) for values in features)
            return Found(told, tuple(suites_inside), tuple(missing))
        case ["refused", str(error), str(text), str(hint)]:
            return Refused(error, text, hint)
        case ["finished"]:
            return Finished()
        case _:
            raise ValueError(f"no message of a worker: {line[:200]!r}")


def _keys(values: list[list[str]] | None) -> tuple[FeatureKey, ...] | None:
    return None if values is None else tuple((suite, name) for suite, name in values)


def _moved_tree(values: dict[str, Any] | None) -> MovedTree | None:
    return None if values is None else MovedTree(**{**values, "added": tuple(values["added"])})


def _feature_from_wire(suite: str, qualified_name: str, name: str, category: str, critical: bool) -> Feature:
    return Feature(
        suite=suite, qualified_name=qualified_name, name=name, category=Category(category), critical=critical
    )


def _result_to_wire(result: IterationResult) -> dict[str, object]:
    return {
        "status": result.status,
        "errors": _bounded(result.errors),
        "warnings": _bounded(result.warnings),
        "skip_reason": None if result.skip_reason is None else clean_text(result.skip_reason),
        "scenario_count": result.scenario_count,
        "samples_seconds": result.samples_seconds,
        "loop_count": result.loop_count,
        "first_call_seconds": result.first_call_seconds,
        "cpu_seconds": result.cpu_seconds,
        "peak_rss_bytes": result.peak_rss_bytes,
        "output_digest": result.output_digest,
        "output_form": result.output_form,
        "scrubbed": result.scrubbed,
        "judged_calls": result.judged_calls,
    }


def _result_from_wire(values: dict[str, Any], feature: Feature, iteration: int) -> IterationResult:
    values |= {name: tuple(values.pop(name)) for name in ("errors", "warnings", "samples_seconds", "scrubbed")}
    return IterationResult(feature=feature, iteration=iteration, status=Status(values.pop("status")), **values)


def _bounded(texts: tuple[str, ...]) -> list[str]:
    """Texts that a database and a reader can bear; a feature may complain a million times."""
    kept = [clean_text(text) for text in texts[:MAX_TEXT_COUNT]]
    if len(texts) > MAX_TEXT_COUNT:
        kept[-1] = f"and {len(texts) - MAX_TEXT_COUNT + 1} more like these"
    return kept


def clean_text(text: str) -> str:
    """The text without what a database refuses (lone surrogates, NUL), its middle left out when it is endless."""
    if len(text) > MAX_TEXT_LENGTH:
        half = MAX_TEXT_LENGTH // 2
        text = f"{text[:half]}\n… {len(text) - 2 * half} characters left out …\n{text[-half:]}"
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")
