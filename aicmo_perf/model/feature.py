"""A feature, and what iterations and runs say of it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from aicmo_perf.model.summary import high_quantile, low_quantile, median


class Status(StrEnum):
    """What became of a feature.

    ``partial``: some scenarios fail, or calls that repeat them; ``fail``: all scenarios do; ``error``: it crashed,
    overran or could not be called.
    """

    PASS = "pass"
    PARTIAL = "partial"
    FAIL = "fail"
    ERROR = "error"
    SKIP = "skip"

    @property
    def severity(self) -> int:
        """Its rank from harmless to worst; a skip is worse than a pass, because something was not exercised."""
        return _SEVERITY[self]

    @property
    def is_failing(self) -> bool:
        """Whether a person has to look: partial, fail or error."""
        return self in (Status.PARTIAL, Status.FAIL, Status.ERROR)


_SEVERITY = {Status.PASS: 0, Status.SKIP: 1, Status.PARTIAL: 2, Status.FAIL: 3, Status.ERROR: 4}


class Category(StrEnum):
    """What kind of thing a feature is."""

    GENERATOR = "generator"
    PACKAGER = "packager"
    GATEWAY = "gateway"
    VALIDATOR = "validator"
    WORKFLOW = "workflow"
    TEST = "test"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One thing under test. Its identity is ``(suite, qualified_name)``; the name is what people call it.

    Attributes:
        suite: the name of the suite it belongs to.
        qualified_name: unique within the suite: the module and the name, ``shop.generators.swot``.
        name: the short name, not necessarily unique.
        category: what kind of thing it is.
        critical: whether its failure fails the run.
    """

    suite: str
    qualified_name: str
    name: str
    category: Category = Category.OTHER
    critical: bool = False

    @property
    def key(self) -> FeatureKey:
        """Its identity."""
        return (self.suite, self.qualified_name)

    def is_meant_by(self, glob: str) -> bool:
        """Whether a glob, case and all, fits its name, qualified name or ``suite:qualified_name``.

        A name that holds brackets, as a parametrised test's does, also means itself.
        """
        names = (self.name, self.qualified_name, f"{self.suite}:{self.qualified_name}")
        return glob in names or any(fnmatchcase(name, glob) for name in names)


FeatureKey = tuple[str, str]
"""``(suite, qualified_name)``."""


REPEATED_CALL = "in a repeated call: "
"""How an error begins that is not of a scenario's first call; the scenario's label may come before it."""

_OF_REPEATED_CALL = re.compile(rf"(scenario \d+( \(.{{0,40}}\))?: )?{REPEATED_CALL}")


def is_of_repeated_call(error: str) -> bool:
    """Whether an error is of a call that repeats one which passed, whatever its own message says."""
    return _OF_REPEATED_CALL.match(error) is not None


def telling_line(error: str) -> str:
    """One line of an error: its own words, and of a traceback the exception, which is its last line; empty if it is."""
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    if not lines:
        return ""
    if lines[0].startswith("Traceback (most recent call last)"):
        return lines[-1]
    return f"{lines[0]} {lines[-1]}" if lines[0].endswith(":") and len(lines) > 1 else lines[0]


@dataclass(frozen=True, slots=True)
class Signature:
    """What must not change between iterations on unchanged code."""

    status: Status
    error_count: int
    warning_count: int

    def __str__(self) -> str:
        errors = "1 error" if self.error_count == 1 else f"{self.error_count} errors"
        warnings = "1 warning" if self.warning_count == 1 else f"{self.warning_count} warnings"
        return f"{self.status}, {errors}, {warnings}"


@dataclass(frozen=True, slots=True, kw_only=True)
class IterationResult:
    """What one fresh process said of one feature.

    Attributes:
        feature: which one.
        iteration: which pass over the suite, from 1.
        status: the outcome over all scenarios.
        errors: complaints, one text each; exceptions with their traceback.
        warnings: Python warnings and the feature's own, one text each.
        skip_reason: why it was not exercised; None unless the status is ``skip``.
        scenario_count: inputs it was exercised with; 0 when it takes none.
        samples_seconds: warm samples, seconds per call; empty when the feature failed or was not measured.
        loop_count: calls averaged within each sample; above 1 only for very fast features.
        first_call_seconds: the process's first call with its imports and cold caches; None if it never returned.
        cpu_seconds: CPU seconds per warm call, median over the samples; None without samples.
        peak_rss_bytes: the process's peak resident memory up to the end of the first call; None where unknown.
        output_digest: tagged digest of the canonical outputs of the first call; None without an output.
        output_form: the canonical outputs as text, shortened; None unless it was asked for.
        scrubbed: the scrubbers that hid something of the output.
        judged_calls: which call of the process it tells of, from 1, where several are judged.
    """

    feature: Feature
    iteration: int = 1
    status: Status
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    skip_reason: str | None = None
    scenario_count: int = 0
    samples_seconds: tuple[float, ...] = ()
    loop_count: int = 1
    first_call_seconds: float | None = None
    cpu_seconds: float | None = None
    peak_rss_bytes: int | None = None
    output_digest: str | None = None
    output_form: str | None = None
    scrubbed: tuple[str, ...] = ()
    judged_calls: int = 1

    def __post_init__(self) -> None:
        if any(not math.isfinite(sample) or sample < 0 for sample in self.samples_seconds):
            raise ValueError(f"samples of {self.feature.qualified_name} must be finite and not negative")

    @property
    def signature(self) -> Signature:
        """What is compared between iterations."""
        return Signature(self.status, len(self.errors), len(self.warnings))


@dataclass(frozen=True, slots=True)
class FeatureStatus:
    """What a run says of one feature, over all its iterations.

    Attributes:
        name: the short name.
        category: what kind of thing it is.
        status: the worst status of any iteration.
        critical: whether its failure fails the run.
        errors, warnings: those of the first iteration that had the worst status.
        runtime_seconds: median of the warm samples of all iterations; None when nothing was measured.
        suite, qualified_name: the identity; the qualified name defaults to the name.
        skip_reason: why it was skipped.
        scenario_count: inputs it was exercised with.
        first_call_seconds: median over the iterations of the first call in a fresh process.
        sample_count: warm samples behind the runtime.
        min_seconds, mean_seconds, stddev_seconds: of the warm samples; stddev is None under two.
        low_seconds: what the runtime is judged by: the median over the iterations of each one's low quantile
            (`aicmo_perf.model.summary`).
        high_seconds: the same of the high quantiles, which tells of calls that are slow now and then.
        cpu_seconds: CPU seconds per warm call, median over the iterations.
        peak_rss_bytes: the largest of any iteration.
        signatures, output_digests, iterations: one an iteration, in order: what it said, and its number.
        scrubbed: the scrubbers that hid something of an output.
    """

    name: str
    category: Category
    status: Status
    critical: bool = False
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    runtime_seconds: float | None = None
    suite: str = ""
    qualified_name: str = ""
    skip_reason: str | None = None
    scenario_count: int = 0
    first_call_seconds: float | None = None
    sample_count: int = 0
    min_seconds: float | None = None
    mean_seconds: float | None = None
    stddev_seconds: float | None = None
    low_seconds: float | None = None
    high_seconds: float | None = None
    cpu_seconds: float | None = None
    peak_rss_bytes: int | None = None
    signatures: tuple[Signature, ...] = ()
    output_digests: tuple[str | None, ...] = ()
    iterations: tuple[int, ...] = ()
    scrubbed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "category", Category(self.category))
        object.__setattr__(self, "status", Status(self.status))
        object.__setattr__(self, "qualified_name", self.qualified_name or self.name)

    @classmethod
    def from_iterations(cls, iterations: Sequence[IterationResult]) -> FeatureStatus:
        """Merge one feature's iterations: the worst status counts, not the last.

        Raises: ValueError on an empty sequence.
        """
        import statistics  # takes as long to import as all of the model, and workers never need it

        if not iterations:
            raise ValueError("a feature's status needs at least one iteration")
        worst = max(iterations, key=lambda result: result.status.severity)
        feature = worst.feature
        measured = [result.samples_seconds for result in iterations if result.samples_seconds]
        samples = [sample for of_one in measured for sample in of_one]
        firsts = [result.first_call_seconds for result in iterations if result.first_call_seconds is not None]
        cpus = [result.cpu_seconds for result in iterations if result.cpu_seconds is not None]
        peaks = [result.peak_rss_bytes for result in iterations if result.peak_rss_bytes is not None]
        return cls(
            name=feature.name,
            category=feature.category,
            status=worst.status,
            critical=feature.critical,
            errors=worst.errors,
            warnings=worst.warnings,
            runtime_seconds=median(samples) if samples else None,
            suite=feature.suite,
            qualified_name=feature.qualified_name,
            skip_reason=worst.skip_reason,
            scenario_count=worst.scenario_count,
            first_call_seconds=median(firsts) if firsts else None,
            sample_count=len(samples),
            min_seconds=min(samples, default=None),
            mean_seconds=statistics.fmean(samples) if samples else None,
            stddev_seconds=statistics.stdev(samples) if len(samples) > 1 else None,
            low_seconds=median([low_quantile(each) for each in measured]) if measured else None,
            high_seconds=median([high_quantile(each) for each in measured]) if measured else None,
            cpu_seconds=median(cpus) if cpus else None,
            peak_rss_bytes=max(peaks, default=None),
            signatures=tuple(result.signature for result in iterations),
            output_digests=tuple(result.output_digest for result in iterations),
            iterations=tuple(result.iteration for result in iterations),
            scrubbed=tuple(dict.fromkeys(name for result in iterations for name in result.scrubbed)),
        )

    @property
    def feature(self) -> Feature:
        """The feature this speaks of."""
        return Feature(
            suite=self.suite,
            qualified_name=self.qualified_name,
            name=self.name,
            category=self.category,
            critical=self.critical,
        )

    @property
    def key(self) -> FeatureKey:
        """The identity of its feature."""
        return (self.suite, self.qualified_name)

    @property
    def is_flaky(self) -> bool:
        """Whether iterations on unchanged code had different signatures."""
        return len(set(self.signatures)) > 1

    @property
    def output_varies(self) -> bool:
        """Whether the signatures agree and the outputs alone differ."""
        return not self.is_flaky and len(set(self.output_digests)) > 1


def feature_labels(features: Iterable[Feature]) -> dict[FeatureKey, str]:
    """What to call each feature in output: its short name if unambiguous, else the qualified one, else with suite."""
    forms = {
        feature.key: (feature.name, feature.qualified_name, f"{feature.suite}:{feature.qualified_name}")
        for feature in features
    }
    # one feature's name may be another's qualified name, so all forms count
    uses = Counter(form for own in forms.values() for form in set(own))
    return {key: next((form for form in own if uses[form] == 1), own[-1]) for key, own in forms.items()}
