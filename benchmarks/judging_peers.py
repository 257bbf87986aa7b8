"""Other tools' judges, measured beside ours in the same run.

Where a tool's own library can be called, it is (``apache-otava``, ``asv``, ``ruptures``: optional packages, left out
when missing); a rule that a tool publishes and that is a line or two is written down here, with its source. All use
their defaults unless the title says otherwise, and see what they would see in life: most compare with the last run.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from judging_data import Array, GateFeature
from judging_scores import Detect, Gate, GateAnswer

from aicmo_perf.stats.distributions import student_t_isf, student_t_sf


@dataclass(frozen=True, slots=True)
class PeerDetector:
    """A change-point detector.

    Attributes:
        title: for the table.
        detect: see `judging_scores.Detect`.
        package: the module it needs; None for none.
    """

    title: str
    detect: Detect
    package: str | None = None


@dataclass(frozen=True, slots=True)
class PeerGate:
    """A gate.

    Attributes:
        title: for the table.
        gate: see `judging_scores.Gate`.
        package: the module it needs; None for none.
        needs_samples: whether a run of one value is too little for it.
    """

    title: str
    gate: Gate
    package: str | None = None
    needs_samples: bool = False


def is_installed(peer: PeerDetector | PeerGate) -> bool:
    """Whether the module that a peer needs is there."""
    return peer.package is None or importlib.util.find_spec(peer.package) is not None


# change points


def _otava(max_pvalue: float) -> Detect:
    """Apache Otava's windows of E-divisive means with a t-test."""

    def detect(values: Array) -> list[int]:
        otava = importlib.import_module("otava.analysis")
        found, _ = otava.compute_change_points(values.tolist(), max_pvalue=max_pvalue)
        return [point.index for point in found]

    return detect


def _asv_steps(values: Array) -> list[int]:
    """What ``asv publish`` draws as steps."""
    asv = importlib.import_module("asv.step_detect")
    return [step[0] for step in asv.detect_steps(values.tolist())[1:]]


def _asv_regressions(values: Array) -> list[int]:
    """What ``asv publish`` lists as regressions, at its default threshold of 5 %."""
    asv = importlib.import_module("asv.step_detect")
    _, _, places = asv.detect_regressions(asv.detect_steps(values.tolist()), threshold=0.05)
    return [place[1] for place in places or ()]


def _kernel(values: Array) -> list[int]:
    """Exact segmentation with a Gaussian kernel on standardised values, penalty 3 ln n."""
    ruptures = importlib.import_module("ruptures")
    if len(values) < 4:
        return []
    scaled = (values - values.mean()) / (values.std() or 1.0)
    fitted = ruptures.KernelCPD(kernel="rbf", min_size=2).fit(scaled.reshape(-1, 1))
    return list(fitted.predict(pen=3 * math.log(len(values)))[:-1])


_PERFHERDER_LEAST_BEHIND = 12
_PERFHERDER_MOST_BEHIND = 24
_PERFHERDER_AHEAD = 12
_PERFHERDER_T = 7.0


def _perfherder(values: Array) -> list[int]:
    """Mozilla's alerts: a t-test between the 12 to 24 points before and the 12 from here on, near ones weighing most.

    Source: treeherder, perfalert's ``detect_changes`` (t above 7, a local maximum).
    """
    count = len(values)
    scores = np.zeros(count)
    behind = 0
    can_alert = np.zeros(count, dtype=bool)
    for place in range(1, count):
        length = min(place, _PERFHERDER_MOST_BEHIND, max(behind, _PERFHERDER_LEAST_BEHIND))
        before, after = values[place - length : place][::-1], values[place : place + _PERFHERDER_AHEAD]
        scores[place] = _weighted_t(before, after)
        can_alert[place] = len(before) >= _PERFHERDER_LEAST_BEHIND and len(after) >= _PERFHERDER_AHEAD
        behind = 0 if scores[place] > _PERFHERDER_T else behind + 1
    padded = np.append(scores, -np.inf)
    return [
        place
        for place in range(1, count)
        if can_alert[place] and scores[place] > _PERFHERDER_T and padded[place] >= max(padded[[place - 1, place + 1]])
    ]


def _weighted_t(before: Array, after: Array) -> float:
    """Welch's t of two windows, nearest point first, with linearly falling weights in the means."""
    means, errors = [], []
    for window in (before, after):
        weights = np.arange(len(window), 0, -1) / len(window)
        mean = float((weights * window).sum() / weights.sum())
        variance = float(((window - mean) ** 2).sum()) / (len(window) - 1) if len(window) > 1 else 0.0
        means.append(mean)
        errors.append(variance / len(window))
    gap = abs(means[1] - means[0])
    if sum(errors) > 0:
        return gap / math.sqrt(sum(errors))
    return math.inf if gap else 0.0


PEER_DETECTORS: tuple[PeerDetector, ...] = (
    PeerDetector("Apache Otava, default (p .001)", _otava(0.001), "otava"),
    PeerDetector("Apache Otava, p 1e-5", _otava(1e-5), "otava"),
    PeerDetector("asv, steps", _asv_steps, "asv"),
    PeerDetector("asv, regressions", _asv_regressions, "asv"),
    PeerDetector("ruptures KernelCPD, rbf, 3 ln n", _kernel, "ruptures"),
    PeerDetector("Perfherder's rule, t > 7", _perfherder),
)


# gates


def _each(regressed: Callable[[GateFeature], bool]) -> Gate:
    """A gate that looks at each feature by itself."""

    def gate(features: Sequence[GateFeature]) -> GateAnswer:
        return GateAnswer(regressed=[bool(regressed(feature)) for feature in features])

    return gate


def _mean_ratio(feature: GateFeature) -> float:
    """Mean now over the mean of the last past run."""
    return float(feature.current.mean() / feature.past[-1].mean())


def _means(feature: GateFeature) -> tuple[Array, float]:
    """Means of the past runs, and now."""
    return np.array([run.mean() for run in feature.past]), float(feature.current.mean())


def _asv_compare(feature: GateFeature) -> bool:
    """``asv compare``: medians a factor of 1.1 apart, and different by its test where both runs have samples."""
    asv, runner = importlib.import_module("asv._stats"), importlib.import_module("asv_runner.statistics")
    before, now = feature.past[-1].tolist(), feature.current.tolist()
    if len(before) > 1 and len(now) > 1:
        stats = [runner.compute_stats(samples, 1)[1] for samples in (before, now)]
        if not asv.is_different(before, now, *stats):
            return False
    return bool(np.median(now) > 1.1 * np.median(before))


def _bencher(feature: GateFeature) -> bool:
    """Bencher's ``t_test`` with an upper boundary of .99, as it recommends, over the last 64 runs.

    Source: bencher.dev, Thresholds & Alerts: mean + t(.99; n - 1) · s · √(1 + 1/n).
    """
    past, now = _means(feature)
    past = past[-64:]
    count = len(past)
    return now > float(past.mean()) + student_t_isf(0.01, count - 1) * float(past.std()) * math.sqrt(1 + 1 / count)


def _conbench(feature: GateFeature) -> bool:
    """conbench's lookback z-score above 5, over the last 100 runs. Source: conbench.ursa.dev, its default threshold."""
    past, now = _means(feature)
    past = past[-100:]
    spread = float(past.std(ddof=1))
    return spread > 0 and (now - float(past.mean())) / spread > 5


def _rustc_perf(feature: GateFeature) -> bool:
    """rustc-perf: the change from the last run beyond the fence Q3 + 3 IQR of past changes, .2 % at least.

    Source: rust-lang/rustc-perf, docs on the comparison analysis.
    """
    past, _ = _means(feature)
    changes = np.abs(np.diff(past) / past[:-1])
    lower, upper = np.quantile(changes, (0.25, 0.75)).tolist()
    fence = float(upper + 3 * (upper - lower))
    return _mean_ratio(feature) - 1 > max(fence, 0.002)


def _welch(feature: GateFeature) -> bool:
    """hyperfine's script for comparing two runs: Welch's t-test of their samples, p < .05, slower.

    Source: sharkdp/hyperfine, scripts/welch_ttest.py.
    """
    before, now = feature.past[-1], feature.current
    errors = before.var(ddof=1) / len(before), now.var(ddof=1) / len(now)
    if not sum(errors) > 0:
        return False
    t = float((now.mean() - before.mean()) / math.sqrt(sum(errors)))
    degrees = sum(errors) ** 2 / (errors[0] ** 2 / (len(before) - 1) + errors[1] ** 2 / (len(now) - 1))
    return t > 0 and 2 * student_t_sf(t, float(degrees)) < 0.05


_RESAMPLE_COUNT = 1000
_RESAMPLE_SEED = 5


def _criterion(features: Sequence[GateFeature]) -> GateAnswer:
    """criterion.rs: p < .05 by a bootstrapped t-test of pooled samples, and the mean's change above 1 % with 95 %.

    Source: bheisler/criterion.rs, analysis of comparisons (with 1,000 resamples here, 100,000 there).
    """
    generator = np.random.default_rng(_RESAMPLE_SEED)
    return GateAnswer(regressed=[_criterion_regressed(feature, generator) for feature in features])


def _criterion_regressed(feature: GateFeature, generator: np.random.Generator) -> bool:
    before, now = feature.past[-1], feature.current
    observed = _t(now[None, :], before[None, :])[0]
    pool = np.concatenate([before, now])
    mixed = pool[generator.integers(0, len(pool), (_RESAMPLE_COUNT, len(pool)))]
    by_chance = _t(mixed[:, : len(now)], mixed[:, len(now) :])
    if 2 * min((by_chance > observed).mean(), (by_chance < observed).mean()) >= 0.05:
        return False
    nows = now[generator.integers(0, len(now), (_RESAMPLE_COUNT, len(now)))].mean(axis=1)
    befores = before[generator.integers(0, len(before), (_RESAMPLE_COUNT, len(before)))].mean(axis=1)
    return bool(np.quantile(nows / befores - 1, 0.025) > 0.01)


def _t(now: Array, before: Array) -> Array:
    """Welch's t, row by row."""
    error = now.var(axis=1, ddof=1) / now.shape[1] + before.var(axis=1, ddof=1) / before.shape[1]
    return np.asarray((now.mean(axis=1) - before.mean(axis=1)) / np.sqrt(np.maximum(error, 1e-300)))


PEER_GATES: tuple[PeerGate, ...] = (
    PeerGate("pytest-benchmark `mean:5%`", _each(lambda feature: _mean_ratio(feature) > 1.05)),
    PeerGate("github-action-benchmark 200 %", _each(lambda feature: _mean_ratio(feature) > 2.0)),
    PeerGate("asv compare (factor 1.1)", _each(_asv_compare), "asv"),
    PeerGate("Bencher t-test .99", _each(_bencher)),
    PeerGate("conbench z = 5", _each(_conbench)),
    PeerGate("rustc-perf IQR fence", _each(_rustc_perf)),
    PeerGate("hyperfine's Welch test", _each(_welch), needs_samples=True),
    PeerGate("criterion.rs bootstrap", _criterion, needs_samples=True),
)
