"""A run: when, where, how, by whom; and the result that joins it with its features."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum

from aicmo_perf.model.conditions import Iteration
from aicmo_perf.model.feature import FeatureStatus, feature_labels
from aicmo_perf.model.flakiness import FlakinessFinding

FLAKINESS_ITERATIONS = 3
"""How many iterations a flakiness check compares, unless it is told."""


class Mode(StrEnum):
    """How a run was executed: fixed seeds and stub outputs without an LLM, or as in production."""

    DETERMINISTIC = "deterministic"
    LIVE = "live"


class RunRole(StrEnum):
    """What a run is for: most stand for themselves; the others were measured beside one another.

    The base sides and the re-runs are *companions* of the run under judgement: they help to judge it, and nothing
    else is ever compared with them.
    """

    SINGLE = "single"
    PAIRED_HEAD = "paired_head"
    PAIRED_BASE = "paired_base"
    RERUN_HEAD = "rerun_head"
    RERUN_BASE = "rerun_base"


class RunState(StrEnum):
    """Where a run is in its life. Only complete runs are baselines."""

    RUNNING = "running"
    COMPLETE = "complete"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How a run was asked to measure.

    Runs are compared although they differ in these, with one exception: quick and full runs time different inputs.
    The others decide which features are measured and how precisely; whoever changes ``warmup_count`` or ``seed`` may
    see runtimes shift.

    Attributes:
        quick: the first two scenarios of each feature only.
        iterations: passes over the suite, each in a fresh process.
        seed: of the random generators, in deterministic mode.
        selection: globs that chose features; empty means all.
        warmup_count: calls after the first one that are not timed.
        min_sample_count: samples each feature gets at least, within max_sampling_seconds.
        min_sampling_seconds: time that the samples of a feature add up to at least.
        max_sampling_seconds: no further sample is begun after this time.
        timeout_seconds: of one call, unless the feature sets its own.
        confirmed: whether what looked slower was re-run before it was judged, as ``run --gate`` does; a feature that
            did not look so is then unchanged within a narrower margin than one run alone can give.
        flakiness_check: whether the iterations after the first change what must not matter, and what differs is
            explained.
        until_rate: the flakiness check goes on until this rate is found or excluded; None for the iterations alone.
        scrub: what is taken out of outputs before they are compared.
    """

    quick: bool = True
    iterations: int = 1
    seed: int = 42
    selection: tuple[str, ...] = ()
    warmup_count: int = 1
    min_sample_count: int = 10
    min_sampling_seconds: float = 0.0005
    max_sampling_seconds: float = 5.0
    timeout_seconds: float = 60.0
    confirmed: bool = False
    flakiness_check: bool = False
    until_rate: float | None = None
    scrub: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.iterations < 1 or self.min_sample_count < 1 or self.warmup_count < 0:
            raise ValueError("a run has at least one iteration and one sample")
        if not self.timeout_seconds > 0 or self.min_sampling_seconds < 0 or self.max_sampling_seconds < 0:
            raise ValueError("times must not be negative, and a time-out must be positive")
        if self.until_rate is not None and not 0 < self.until_rate < 1:
            raise ValueError("a rate lies between 0 and 1")

    def for_flakiness_check(self) -> RunOptions:
        """These options with as many iterations as a flakiness check takes: three, unless more are asked for."""
        return replace(self, iterations=max(self.iterations, FLAKINESS_ITERATIONS), flakiness_check=True)

    def to_dict(self) -> dict[str, object]:
        """JSON-ready, for the store and for machine output."""
        return {**asdict(self), "selection": list(self.selection), "scrub": list(self.scrub)}

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> RunOptions:
        """The reverse of to_dict; keys of another version are passed over."""
        known = {item.name: values[item.name] for item in fields(cls) if item.name in values}
        for name in ("selection", "scrub"):
            if isinstance(texts := known.get(name), list):
                known[name] = tuple(texts)
        return cls(**known)  # type: ignore[arg-type]


IDENTITY_FACTS = (
    "cpu_model",
    "cpu_count",
    "architecture",
    "system",
    "python_implementation",
    "python_version",
)
"""The facts that make two environments one: nothing that wobbles between two looks at the same machine (clock
frequency, free memory, host name of a throw-away CI machine)."""


@dataclass(frozen=True, slots=True)
class Environment:
    """The machine and interpreter of a run.

    Attributes:
        facts: what was found out, by name; those in IDENTITY_FACTS make the fingerprint.
    """

    facts: Mapping[str, str | int | float | None] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """A short, versioned identity: ``e1-`` and twelve hex digits. ``python_version`` counts as major.minor."""
        identity = {name: self.facts.get(name) for name in IDENTITY_FACTS}
        identity["python_version"] = ".".join(str(identity["python_version"] or "").split(".")[:2])
        canonical = json.dumps(identity, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return "e1-" + hashlib.sha256(canonical.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The process that writes a run, so that a run whose process died can be told from one still going on.

    Attributes:
        hostname, pid: where to look for it.
        process_started: a value that differs between two processes that had the same pid.
    """

    hostname: str
    pid: int
    process_started: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One ``aicmo-perf run``, without its results.

    Attributes:
        uuid: time-ordered (UUID version 7), unique across stores.
        started_at, finished_at: aware UTC.
        mode, state, options, environment: see there.
        suites: names of the suites it exercised.
        commit_sha, branch, dirty: of the project's git repository; None where there is none.
        ci_provider, ci_url: None outside CI.
        pull_request: the number or name of the pull request that CI measured; None otherwise. Such runs are no baseline
            unless they are asked for.
        role: whether it stands for itself, or was measured beside another.
        companion_of: the store's number of the run that it helps to judge; None for a run that stands for itself.
        label: a name given by people.
        tool_version: of aicmo-perf.
        owner: the writing process.
        id: the store's short number; None before it is stored.
    """

    uuid: str
    started_at: datetime
    mode: Mode = Mode.LIVE
    state: RunState = RunState.COMPLETE
    finished_at: datetime | None = None
    suites: tuple[str, ...] = ()
    options: RunOptions = field(default_factory=RunOptions)
    environment: Environment = field(default_factory=Environment)
    commit_sha: str | None = None
    branch: str | None = None
    dirty: bool | None = None
    ci_provider: str | None = None
    ci_url: str | None = None
    pull_request: str | None = None
    role: RunRole = RunRole.SINGLE
    companion_of: int | None = None
    label: str | None = None
    tool_version: str = ""
    owner: Owner | None = None
    id: int | None = None

    def __post_init__(self) -> None:
        for moment in (self.started_at, self.finished_at):
            if moment is not None and moment.utcoffset() is None:
                raise ValueError("a run's times must be timezone-aware")

    @property
    def moment(self) -> tuple[datetime, int]:
        """Where it comes in the order of runs: by time, since an import may bring older ones; then by number."""
        return (self.started_at, self.id or 0)

    def has_code_of(self, other: Run) -> bool:
        """Whether both ran the same commit, either both or neither with changes; False where no commit is known.

        Uncommitted changes are taken for the same ones: nothing tells them apart.
        """
        return self.commit_sha is not None and (self.commit_sha, self.dirty) == (other.commit_sha, other.dirty)

    def commits_since(self, earlier: Run | None) -> str:
        """The commits after an earlier run's up to this one's, as git takes them: ``1a2b3c4d5e..6f7a8b9c0d``.

        Empty when there are none, or they are not known.
        """
        first, last = earlier.commit_sha if earlier is not None else None, self.commit_sha
        return f"{first[:10]}..{last[:10]}" if first and last and first != last else ""

    @property
    def title(self) -> str:
        """How people call it: ``run 12``, or the uuid's start when it is not stored."""
        return f"run {self.id}" if self.id is not None else f"run {self.uuid[:13]}"

    @property
    def title_at_start(self) -> str:
        """The title as a sentence or a heading begins with it: ``Run 12``."""
        return self.title[:1].upper() + self.title[1:]


@dataclass(frozen=True, slots=True)
class SelfTestResult:
    """A run and what it says of each feature.

    Attributes:
        run: when, where and how.
        features: one FeatureStatus a feature, in the order of the suites.
        iterations: what each was run under, by number; empty for runs of which it is not known.
        findings: what a flakiness check found out of its inconsistent features.
    """

    run: Run
    features: tuple[FeatureStatus, ...] = ()
    iterations: tuple[Iteration, ...] = ()
    findings: tuple[FlakinessFinding, ...] = ()

    @property
    def deterministic_mode(self) -> bool:
        """Whether seeds were fixed and the LLM was off."""
        return self.run.mode is Mode.DETERMINISTIC

    @property
    def flakiness_checked(self) -> bool:
        """Whether there was more than one iteration to compare; a paired run has more than it was asked for."""
        return self.run.options.iterations > 1 or any(len(status.signatures) > 1 for status in self.features)

    @property
    def flakiness_check_results(self) -> dict[str, list[str]]:
        """The signatures of each inconsistent feature, by its label, one text an iteration; empty when none is."""
        labels = feature_labels(status.feature for status in self.features)
        return {
            labels[status.key]: [str(signature) for signature in status.signatures]
            for status in self.features
            if status.is_flaky
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """Which runs to look at; an empty field does not restrict.

    Attributes:
        suite: runs that exercised this suite.
        mode, branch, state, commit_sha, label: equality (a commit may be shortened to seven digits or more).
        environment: a fingerprint or its start.
        quick: whether only the first scenarios were run.
        since, until: bounds of started_at; aware, since inclusive, until exclusive.
        before: only runs that come earlier than this moment and number (`Run.moment`).
        pull_requests: whether runs of pull requests count.
        companions: whether runs count that only help to judge another.
        last: the newest so many.
    """

    suite: str | None = None
    mode: Mode | None = None
    branch: str | None = None
    state: RunState | None = None
    commit_sha: str | None = None
    label: str | None = None
    environment: str | None = None
    quick: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: tuple[datetime, int] | None = None
    pull_requests: bool = True
    companions: bool = False
    last: int | None = None


def time_ordered_uuid(unix_milliseconds: int, random_bytes: bytes) -> str:
    """A UUID version 7 (RFC 9562 §5.7): 48 bits of time, 74 random bits.

    Args:
        unix_milliseconds: the time.
        random_bytes: ten random bytes.
    """
    value = (unix_milliseconds & (2**48 - 1)) << 80 | int.from_bytes(random_bytes[:10], "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    digits = f"{value:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
