"""What companions say of the run that they help to judge: its other side, and re-runs of its suspects.

A fresh process is an iteration of a companion; the i-th of either side were measured beside each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from aicmo_perf.comparison import Reruns
from aicmo_perf.model import FeatureKey, Run, RunRole, low_quantile
from aicmo_perf.store import Store

_Process = tuple[int, int]
"""Which fresh process: the companion's place among those of its role, and its iteration."""


@dataclass(frozen=True, slots=True)
class Companions:
    """The companions of a run.

    Attributes:
        paired_base: its other side; None for a run that was not paired.
        reruns: each feature in fresh processes: the pairs of a paired run, else re-runs of suspects.
    """

    paired_base: Run | None = None
    reruns: Mapping[FeatureKey, Reruns] = field(default_factory=dict)

    @property
    def pair_count(self) -> int:
        """Fresh processes of either side, of the feature that has most."""
        return max((len(reruns.base_seconds) for reruns in self.reruns.values()), default=0)


def read_companions(store: Store, run: Run, *, as_pairs: bool = True) -> Companions:
    """What was measured to help to judge a run.

    Args:
        store: where it is.
        run: the run under judgement.
        as_pairs: whether a paired run is judged by its pairs. They do not confirm what its history says, since one
            side of each is part of the run itself.
    """
    by_role: dict[RunRole, list[Run]] = {}
    for companion in store.companions(run):
        by_role.setdefault(companion.role, []).append(companion)
    if as_pairs and run.role is RunRole.PAIRED_HEAD and RunRole.PAIRED_BASE in by_role:
        base = by_role[RunRole.PAIRED_BASE][-1]
        return Companions(base, _reruns(_processes(store, [run]), _processes(store, [base]), needs_both=True))
    heads = _processes(store, by_role.get(RunRole.RERUN_HEAD, ()))
    bases = _processes(store, by_role.get(RunRole.RERUN_BASE, ()))
    return Companions(reruns=_reruns(heads, bases))


def _processes(store: Store, runs: Sequence[Run]) -> dict[FeatureKey, dict[_Process, float]]:
    """Each feature's low quantile in each fresh process that measured it."""
    lows: dict[FeatureKey, dict[_Process, float]] = {}
    for place, run in enumerate(runs):
        for key, by_iteration in store.iteration_samples(run).items():
            for iteration, samples in by_iteration.items():
                lows.setdefault(key, {})[place, iteration] = low_quantile(samples)
    return lows


def _reruns(
    heads: Mapping[FeatureKey, Mapping[_Process, float]],
    bases: Mapping[FeatureKey, Mapping[_Process, float]],
    *,
    needs_both: bool = False,
) -> dict[FeatureKey, Reruns]:
    """The processes of each feature side by side; those of the head alone where the other side never measured it."""
    reruns = {}
    for key, head in heads.items():
        base = bases.get(key, {})
        processes: Iterable[_Process] = sorted(head.keys() & base.keys()) if base or needs_both else sorted(head)
        reruns[key] = Reruns(
            head_seconds=tuple(head[process] for process in processes),
            base_seconds=tuple(base[process] for process in processes) if base else (),
        )
    return reruns
