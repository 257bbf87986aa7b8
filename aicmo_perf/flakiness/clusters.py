"""Features that fail together are flaky together: one cluster, one cause to look for, one line to read.

Two features belong together when they failed at least twice in the same iteration, when of all the iterations in which
either failed both did in half (Jaccard's similarity ≥ ½), and when that is no chance: two features that fail most of
the time coincide a lot, so that their failures must be correlated too (φ ≥ ½). What belongs to one of a cluster belongs
to the cluster. Three quarters of all flaky tests have such company.

References:
    Parry et al.: Systemic Flakiness: An Empirical Analysis of Co-Occurring Flaky Test Failures. arXiv:2504.16777
    (2025).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from aicmo_perf.model import FeatureKey

_LEAST_TOGETHER = 2
_LEAST_SIMILARITY = 0.5
_LEAST_CORRELATION = 0.5

Moment = tuple[str, int]
"""An iteration: its run's uuid, and its place in the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Flaky features whose failures happen together.

    Attributes:
        features: two at least, in order of their keys.
        together_count: iterations in which at least two of them failed.
    """

    features: tuple[FeatureKey, ...]
    together_count: int


@dataclass(frozen=True, slots=True)
class Failures:
    """When a flaky feature failed.

    Attributes:
        moments: the iterations.
        iteration_count: all that it was run in.
    """

    moments: frozenset[Moment]
    iteration_count: int


def find_clusters(failures: Mapping[FeatureKey, Failures]) -> tuple[Cluster, ...]:
    """Put features together that fail together.

    Args:
        failures: those of each flaky feature.

    Returns: clusters of two features or more, the largest first.
    """
    cluster_of = {key: {key} for key in failures}
    for one, other in combinations(sorted(failures), 2):
        if cluster_of[one] is not cluster_of[other] and _belong_together(failures[one], failures[other]):
            cluster_of[one] |= cluster_of[other]
            for key in cluster_of[other]:
                cluster_of[key] = cluster_of[one]
    found = {min(keys): keys for keys in cluster_of.values() if len(keys) > 1}
    clusters = []
    for keys in found.values():
        failed_count = Counter(moment for key in keys for moment in failures[key].moments)
        together_count = sum(count > 1 for count in failed_count.values())
        clusters.append(Cluster(features=tuple(sorted(keys)), together_count=together_count))
    return tuple(sorted(clusters, key=lambda cluster: (-len(cluster.features), cluster.features)))


def _belong_together(one: Failures, other: Failures) -> bool:
    together = len(one.moments & other.moments)
    either = len(one.moments) + len(other.moments) - together
    if together < _LEAST_TOGETHER or together < _LEAST_SIMILARITY * either:
        return False
    count = max(one.iteration_count, other.iteration_count, either)
    mine, its = len(one.moments), len(other.moments)
    spread = math.sqrt(mine * (count - mine) * its * (count - its))
    return spread > 0 and count * together - mine * its >= _LEAST_CORRELATION * spread
