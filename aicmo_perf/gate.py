"""The gate: a policy and a pure judgement of a run; printing and exit codes lie elsewhere.

A rule that holds makes a finding; whatever else people must know to trust the answer becomes a note: that there is no
baseline, what could not be judged, what got faster. A green without notes has looked at everything.

One fact is told once: a critical feature that fails is ``critical_failing``, and its sentence says that it passed
before; ``newly_failing`` is left to the others. Severity decides what to do next, and it survives the day after, when
nothing is new any more. A critical feature that is skipped although it passed before is as good as gone: it counts as
``vanished_critical``.

"Before" is before the change, not the run before: the newest baseline run of another commit, or without commits the
last three runs (`aicmo_perf.baseline.runs_before_change`). So what is red stays red when the run is repeated.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from aicmo_perf.baseline import Baseline
from aicmo_perf.comparison import FeatureComparison, RunComparison
from aicmo_perf.model import (
    Change,
    Feature,
    FeatureKey,
    FeatureStatus,
    Run,
    RunState,
    SelfTestResult,
    Status,
    feature_labels,
)
from aicmo_perf.stats.comparison import SlownessPolicy
from aicmo_perf.units import count_of, format_change, format_seconds


class Rule(StrEnum):
    """What the gate looks for, one switch each."""

    CRITICAL_FAILING = "critical_failing"
    NEWLY_FAILING = "newly_failing"
    VANISHED_CRITICAL = "vanished_critical"
    FLAKY = "flaky"
    SLOWER = "slower"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One reason why the gate fails.

    Attributes:
        rule: which rule.
        feature: about which feature.
        message: one sentence with the numbers; it begins with the feature's name.
        advice: the next step for this very situation.
    """

    rule: Rule
    feature: Feature
    message: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much of the run was judged for speed, so that a green on nothing is seen for what it is.

    Attributes:
        judged_count: features called regressed, improved or unchanged.
        inconclusive_count: features that have a baseline but cannot be judged.
        new_count, vanished_count: features without a past, and past features that are gone.
    """

    judged_count: int = 0
    inconclusive_count: int = 0
    new_count: int = 0
    vanished_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the gate decides.

    Attributes:
        findings: what fails it; empty means passed.
        notes: sentences that do not fail it but must be said (no baseline yet, improvements, what was not judged).
        rules: the rules that were on.
        coverage: how much was judged.
        could_judge: whether there was a baseline to judge speed by; ``--strict`` makes its absence an error.
    """

    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    coverage: Coverage = field(default_factory=Coverage)
    could_judge: bool = True

    @property
    def passed(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePolicy:
    """What the gate looks for.

    Attributes:
        rules: those that are on; all by default.
        slowness: what counts as slower.
    """

    rules: frozenset[Rule] = frozenset(Rule)
    slowness: SlownessPolicy = field(default_factory=SlownessPolicy)


def judge(result: SelfTestResult, comparison: RunComparison | None, policy: GatePolicy | None = None) -> Verdict:
    """Decide whether a run passes.

    Args:
        result: the run, with at least one feature (what to say of a run without any is the caller's to decide;
            here it passes and could not be judged).
        comparison: the run beside its baselines, made with the policy's slowness; None when there is nothing to
            compare with.
        policy: what to look for; all rules with their default thresholds when None.
    """
    policy = policy or GatePolicy()
    case = _Case(result, comparison or RunComparison(), policy)
    inspections = {
        Rule.CRITICAL_FAILING: case.critical_failing,
        Rule.NEWLY_FAILING: case.newly_failing,
        Rule.VANISHED_CRITICAL: case.vanished_critical,
        Rule.FLAKY: case.flaky,
        Rule.SLOWER: case.slower,
    }
    rules = tuple(rule for rule in Rule if rule in policy.rules)
    return Verdict(
        findings=tuple(finding for rule in rules for finding in inspections[rule]()),
        notes=tuple(case.notes()),
        rules=rules,
        coverage=case.coverage(),
        could_judge=case.could_judge(),
    )


_FAILING_VERBS = {
    Status.PARTIAL: "fails in some scenarios",
    Status.FAIL: "fails",
    Status.ERROR: "ended in an error",
}
_MOST_NAMES = 5
_LONGEST_QUOTE = 160
_LEAST_COMMON = 3
"""So many features have to be slower together before the machine is suspected."""


class _Case:
    """A run under judgement: what each rule finds in it, and what must be said besides."""

    def __init__(self, result: SelfTestResult, comparison: RunComparison, policy: GatePolicy) -> None:
        self._result = result
        self._comparison = comparison
        self._policy = policy
        self._compared: Mapping[FeatureKey, FeatureComparison] = comparison.by_key()
        self._baselines: Mapping[str, Baseline] = {baseline.suite: baseline for baseline in comparison.baselines}
        self._labels = feature_labels([*(status.feature for status in result.features), *comparison.vanished])

    # what each rule finds

    def critical_failing(self) -> Iterator[Finding]:
        """Critical features that are partial, fail or ended in an error."""
        for status in self._result.features:
            if status.critical and status.status.is_failing:
                yield self._failing(Rule.CRITICAL_FAILING, status)

    def newly_failing(self) -> Iterator[Finding]:
        """Features that passed before the change, unless the rule above has told it."""
        told = Rule.CRITICAL_FAILING in self._policy.rules
        for status in self._result.features:
            if status.status.is_failing and self._passed_before(status) and not (status.critical and told):
                yield self._failing(Rule.NEWLY_FAILING, status)

    def vanished_critical(self) -> Iterator[Finding]:
        """Critical features that were there before the change, and that this run lacks or skips."""
        for feature in self._comparison.vanished:
            if feature.critical:
                seen = _title(self._comparison.last_seen.get(feature.key))
                yield Finding(
                    rule=Rule.VANISHED_CRITICAL,
                    feature=feature,
                    message=f"{self._label(feature)} (critical) has vanished: {seen} had it, this run does not.",
                    advice=(
                        f"Bring {feature.qualified_name} back into suite {feature.suite}; if it was renamed or removed "
                        f"on purpose, {self._way_past()}."
                    ),
                )
        for status in self._result.features:
            if self._is_skipped_anew(status):
                seen = _title(self._compared[status.key].previous_run)
                yield Finding(
                    rule=Rule.VANISHED_CRITICAL,
                    feature=status.feature,
                    message=(
                        f"{self._label(status.feature)} (critical) is skipped now, and passed in {seen}"
                        f"{_skip_reason(status)}."
                    ),
                    advice=(
                        "Install or bring back what it is skipped for, or make it uncritical; if it is skipped on "
                        f"purpose, {self._way_past()}."
                    ),
                )

    def flaky(self) -> Iterator[Finding]:
        """Features whose signatures differ between the iterations; an output that varies is not meant here."""
        for status in self._result.features:
            if status.is_flaky:
                name = self._label(status.feature)
                signatures = "; ".join(str(signature) for signature in status.signatures)
                yield Finding(
                    rule=Rule.FLAKY,
                    feature=status.feature,
                    message=(
                        f"{name} is flaky: {count_of(len(status.signatures), 'iteration')} of the same code "
                        f"said {signatures}."
                    ),
                    advice=(
                        "Look for what a fresh process may change: an order, a time, a random number, a file left "
                        f"behind; see its past with: aicmo-perf history {_quoted(name)}"
                    ),
                )

    def slower(self) -> Iterator[Finding]:
        """Features whose runtime has regressed."""
        for item in self._changed(Change.REGRESSED):
            chance = f", {_p_text(item.p_value)}" if item.p_value is not None else ""
            runs = count_of(item.baseline_run_count, "run")
            yield Finding(
                rule=Rule.SLOWER,
                feature=item.feature,
                message=(
                    f"{self._label(item.feature)} is slower: {format_seconds(item.runtime_seconds)} "
                    f"against a median of {format_seconds(item.baseline_seconds)} over {runs} "
                    f"({format_change(item.ratio)}{chance})."
                ),
                advice=self._slower_advice(item),
            )

    # how much was judged

    def coverage(self) -> Coverage:
        """How much of the run was judged for speed."""
        compared = [item for item in self._comparison.features if item.has_baseline and not item.is_new]
        inconclusive = sum(item.change is Change.INCONCLUSIVE for item in compared)
        return Coverage(
            judged_count=len(compared) - inconclusive,
            inconclusive_count=inconclusive,
            new_count=sum(item.is_new for item in self._comparison.features),
            vanished_count=len(self._comparison.vanished),
        )

    def could_judge(self) -> bool:
        """Whether some suite has a usable baseline and, where speed is asked for, some feature was judged by it."""
        if not any(baseline.is_usable for baseline in self._comparison.baselines):
            return False
        return Rule.SLOWER not in self._policy.rules or self.coverage().judged_count > 0

    # what must be said besides

    def notes(self) -> Iterator[str]:
        """Sentences that fail nothing and still matter."""
        run = self._result.run
        if not self._result.features:
            yield "No features were found, so nothing was judged."
        if run.state is not RunState.COMPLETE:
            yield f"{run.title_at_start} is {run.state}: only what it finished was judged."
        yield from self._baseline_notes()
        yield from self._skipped_critical()
        if Rule.FLAKY in self._policy.rules and self._result.features and not self._result.flakiness_checked:
            yield "Flakiness was not checked: one iteration has nothing to differ from."
        faster = [
            f"{self._label(item.feature)} ({format_seconds(item.runtime_seconds)} against "
            f"{format_seconds(item.baseline_seconds)}, {format_change(item.ratio)})"
            for item in self._changed(Change.IMPROVED)
        ]
        if faster:
            yield f"{count_of(len(faster), 'feature is', 'features are')} faster: {_listing(faster)}."
        gone = [
            self._label(feature)
            for feature in self._comparison.vanished
            if not (feature.critical and Rule.VANISHED_CRITICAL in self._policy.rules)
        ]
        if gone:
            yield f"{count_of(len(gone), 'feature has', 'features have')} vanished: {_listing(gone)}."
        yield from self._doubts()

    def _baseline_notes(self) -> Iterator[str]:
        for suite in dict.fromkeys((*self._result.run.suites, *self._baselines)):
            baseline = self._baselines.get(suite, Baseline(suite=suite))
            if not baseline.runs:
                why = f": {baseline.why}" if baseline.why else ""
                yield (
                    f"There is no baseline yet for suite {suite}{why}; "
                    f"speed is judged from {self._policy.slowness.min_run_count} baseline runs on."
                )
            elif baseline.obstacle:
                yield f"Runtimes of suite {suite} were not compared: {baseline.obstacle}."

    def _skipped_critical(self) -> Iterator[str]:
        told = Rule.VANISHED_CRITICAL in self._policy.rules
        for status in self._result.features:
            if status.critical and status.status is Status.SKIP and not (told and self._is_skipped_anew(status)):
                yield f"{self._label(status.feature)} (critical) was skipped{_skip_reason(status)}."

    def _doubts(self) -> Iterator[str]:
        """What has a baseline and was still not judged for speed, by reason, the commonest first."""
        by_reason: dict[str, list[str]] = defaultdict(list)
        for item in self._comparison.features:
            baseline = self._baselines.get(item.feature.suite)
            has_said_so = baseline is not None and baseline.obstacle == item.reason
            if item.has_baseline and not item.is_new and item.change is Change.INCONCLUSIVE and not has_said_so:
                by_reason[item.reason].append(self._label(item.feature))
        count = sum(map(len, by_reason.values()))
        if count:
            groups = sorted(by_reason.items(), key=lambda group: -len(group[1]))
            told = [f"{_listing(names)} ({reason})" for reason, names in groups]
            yield f"{count_of(count, 'feature')} could not be judged for speed: {_listing(told, '; ')}."

    # words

    def _failing(self, rule: Rule, status: FeatureStatus) -> Finding:
        name = self._label(status.feature) + (" (critical)" if status.critical else "")
        parts = [f"{name} {_FAILING_VERBS[status.status]} with {count_of(len(status.errors), 'error')}"]
        if status.errors:
            parts[0] += f" ({_quote(status.errors[0])})"
        advice = f"Its errors in full: aicmo-perf show {_reference(self._result.run)}"
        if self._passed_before(status):
            item = self._compared[status.key]
            parts.append(f"it passed in {_title(item.previous_run)}")
            if commits := self._commits_since(item):
                advice += f"; what changed: git log {commits}"
        return Finding(rule=rule, feature=status.feature, message="; ".join(parts) + ".", advice=advice)

    def _slower_advice(self, item: FeatureComparison) -> str:
        slower = len(self._changed(Change.REGRESSED))
        judged = self.coverage().judged_count
        if slower >= _LEAST_COMMON and 2 * slower > judged:
            return (
                f"{slower} of {judged} features are slower at once, which looks like a busy or different machine: "
                "run it again before you look for the cause in the code."
            )
        history = f"aicmo-perf history {_quoted(self._label(item.feature))}"
        commits = self._commits_since(item)
        if commits:
            return f"Look through git log {commits}; see since when with: {history}"
        return f"Run it again to rule out a busy machine; see since when with: {history}"

    def _commits_since(self, item: FeatureComparison | None) -> str:
        """The commits since the run before the change; empty when there are none, or they are not known."""
        before = item.previous_run.commit_sha if item is not None and item.previous_run is not None else None
        now = self._result.run.commit_sha
        return f"{before[:10]}..{now[:10]}" if before and now and before != now else ""

    def _way_past(self) -> str:
        """How to get past the gate with something that is missing on purpose, and for how long."""
        last = (
            "until later commits are compared with this one"
            if self._result.run.commit_sha
            else "until three runs have been without it"
        )
        return f"pass it with --no-vanished-critical {last}"

    def _is_skipped_anew(self, status: FeatureStatus) -> bool:
        """Whether it is a critical feature that is skipped now and passed before the change."""
        return status.critical and status.status is Status.SKIP and self._passed_before(status)

    def _passed_before(self, status: FeatureStatus) -> bool:
        item = self._compared.get(status.key)
        return item is not None and item.previous_status is Status.PASS

    def _changed(self, change: Change) -> list[FeatureComparison]:
        return [item for item in self._comparison.features if item.change is change]

    def _label(self, feature: Feature) -> str:
        return self._labels[feature.key]


def _title(run: Run | None) -> str:
    return run.title if run is not None else "the baseline"


def _reference(run: Run) -> str:
    """How the command line takes a run."""
    return str(run.id) if run.id is not None else run.uuid[:13]


def _quoted(name: str) -> str:
    """A name as a shell takes it; globs and spaces need quotes."""
    return name if name.replace("_", "").replace(".", "").isalnum() else f"'{name}'"


def _p_text(p_value: float) -> str:
    return f"p = {p_value:.4f}" if p_value >= 0.0001 else "p < 0.0001"


def _skip_reason(status: FeatureStatus) -> str:
    """Why it is skipped, as the end of a sentence: the first line of its reason; empty when there is none."""
    line = next((line.strip() for line in (status.skip_reason or "").splitlines() if line.strip()), "")
    return f": {line.rstrip('.')}" if line else ""


def _quote(error: str) -> str:
    """The telling line of an error: of a traceback the last one, else the first; shortened."""
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    if not lines:
        return "without a message"
    line = (lines[-1] if any(text.startswith("Traceback") for text in lines) else lines[0]).rstrip(".")
    return line if len(line) <= _LONGEST_QUOTE else line[: _LONGEST_QUOTE - 1] + "…"


def _listing(texts: Sequence[str], separator: str = ", ") -> str:
    """Some of the texts, and how many more there are."""
    rest = len(texts) - _MOST_NAMES
    listed = separator.join(texts[:_MOST_NAMES])
    return f"{listed}{separator}and {rest} more" if rest > 0 else listed
