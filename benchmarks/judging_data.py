"""The data that judging is measured on: histories with known answers, and runs of unchanged code to draw from.

A folder holds them, gzipped: ``null``, ``inj1``, ``injm``, ``nat`` and ``tcpd`` (JSON) are series for change-point
detectors, ``jmh_forks`` (JSON) and ``machine_prio``, ``machine_contended`` (CSV) are samples of fresh processes that
ran the same code. Everything is real: what is called slower here is a real value times a factor, and a further run of
a feature is another real run of it, never a resampled one.

What a gate judges is a run of some hundred features. A `Source` draws such a run: for each feature its past runs, the
run under judgement, and the further runs of head and base that a gate may ask for.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_HISTORY_PAST_COUNT = 30
_HISTORY_RERUN_COUNT = 6
_HISTORY_SPARE_COUNT = 8
"""A history has this many points more than one window takes, so that windows differ."""

_HOSTED_MARK = "gha"
_ACTION_MARK = "gab_"
"""How the names of series tell where they were measured: on hosted runners, everything else on machines of its own."""


@dataclass(frozen=True, slots=True)
class KnownSeries:
    """A history whose changes are known.

    Attributes:
        name: which benchmark, where.
        values: runtimes, oldest first.
        changes: indices of the first point of each new level.
        size_percent: of the one step that was spliced in; None for others.
        has_burst: whether a few points in a row lie off without a change of the level.
    """

    name: str
    values: Array
    changes: tuple[int, ...] = ()
    size_percent: int | None = None
    has_burst: bool = False

    @property
    def is_hosted(self) -> bool:
        """Whether a hosted CI runner measured it."""
        return self.name.startswith(_ACTION_MARK) or _HOSTED_MARK in self.name.split("|")[0]


@dataclass(frozen=True, slots=True)
class AnnotatedSeries:
    """A series of the Turing change point dataset: each annotator's changes (indices of first points)."""

    name: str
    values: Array
    annotations: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class SeriesData:
    """All series, by what is known of them.

    Attributes:
        unchanged: without a lasting change.
        one_step: with one step spliced in, each history at several sizes.
        several_steps: with none to five.
        natural: with abrupt steps of their own.
        annotated: with what people marked.
    """

    unchanged: tuple[KnownSeries, ...]
    one_step: tuple[KnownSeries, ...]
    several_steps: tuple[KnownSeries, ...]
    natural: tuple[KnownSeries, ...]
    annotated: tuple[AnnotatedSeries, ...]


def read_series(folder: Path) -> SeriesData:
    """Read what change-point detectors are measured on."""

    def known(name: str) -> tuple[KnownSeries, ...]:
        return tuple(
            KnownSeries(
                name=item["id"],
                values=np.asarray(item["y"], dtype=float),
                changes=tuple(item.get("cp", ())),
                size_percent=item.get("size"),
                has_burst=item.get("burst", False),
            )
            for item in _read_json(folder, name)
        )

    annotated = tuple(
        AnnotatedSeries(name, np.asarray(item["y"], dtype=float), tuple(map(tuple, item["annotations"].values())))
        for name, item in _read_json(folder, "tcpd").items()
    )
    return SeriesData(known("null"), known("inj1"), known("injm"), known("nat"), annotated)


def _read_json(folder: Path, name: str) -> Any:
    with gzip.open(folder / f"{name}.json.gz", "rt", encoding="utf-8") as file:
        return json.load(file)


@dataclass(frozen=True, slots=True)
class GateFeature:
    """One feature of a run to judge; each run is an array of its samples.

    Attributes:
        past: runs of the base, oldest first.
        current: the run under judgement.
        head_reruns, base_reruns: further runs of either, in the order they would be made; as many of each.
    """

    past: tuple[Array, ...]
    current: Array
    head_reruns: tuple[Array, ...]
    base_reruns: tuple[Array, ...]


class Source(Protocol):
    """Where runs of unchanged code come from."""

    @property
    def title(self) -> str:
        """For the head of a table."""

    @property
    def description(self) -> str:
        """What it has: benchmarks, past runs, samples."""

    def draw(self, generator: np.random.Generator, effects: Sequence[float]) -> list[GateFeature]:
        """A run with one feature an effect, in which a feature's head is slower by that share (0: unchanged)."""

    def processes(self) -> Iterable[Sequence[Array]]:
        """Each feature's runs, where a run has several samples; otherwise nothing."""


@dataclass(frozen=True, slots=True)
class HistorySource:
    """Windows of real histories, one value a run: the points after the window are what further runs would have given.

    Head and base take turns in them, so that whatever drifts hits both.
    """

    title: str
    series: tuple[Array, ...]
    past_count: int = _HISTORY_PAST_COUNT
    rerun_count: int = _HISTORY_RERUN_COUNT

    @property
    def description(self) -> str:
        """See `Source.description`."""
        return f"{len(self.series)} benchmarks, {self.past_count} past runs of one value each"

    @classmethod
    def of(cls, title: str, unchanged: Sequence[KnownSeries], *, hosted: bool) -> HistorySource:
        """Those that are long enough and without bursts, of hosted runners or of dedicated machines."""
        least = _HISTORY_PAST_COUNT + 2 * _HISTORY_RERUN_COUNT + _HISTORY_SPARE_COUNT
        return cls(
            title,
            tuple(
                item.values
                for item in unchanged
                if item.is_hosted is hosted and not item.has_burst and len(item.values) >= least
            ),
        )

    def draw(self, generator: np.random.Generator, effects: Sequence[float]) -> list[GateFeature]:
        """See `Source.draw`."""
        return [
            self._feature(generator, self.series[index], effect)
            for index, effect in zip(_pick(generator, len(self.series), len(effects)), effects, strict=True)
        ]

    def _feature(self, generator: np.random.Generator, values: Array, effect: float) -> GateFeature:
        now = int(generator.integers(self.past_count, len(values) - 2 * self.rerun_count - 1))
        further = values[now + 1 : now + 1 + 2 * self.rerun_count]
        return GateFeature(
            past=_ones(values[now - self.past_count : now]),
            current=values[now : now + 1] * (1 + effect),
            head_reruns=_ones(further[0::2] * (1 + effect)),
            base_reruns=_ones(further[1::2]),
        )

    def processes(self) -> Iterable[Sequence[Array]]:
        """None: a run has one value."""
        return ()


@dataclass(frozen=True, slots=True)
class ForkSource:
    """JMH benchmarks, each with a few forks (fresh virtual machines) of many samples, in random order."""

    title: str
    benchmarks: tuple[tuple[Array, ...], ...]
    past_count: int = 4
    rerun_count: int = 2

    @property
    def description(self) -> str:
        """See `Source.description`."""
        return (
            f"{len(self.benchmarks)} benchmarks, {self.past_count} past runs of {self.benchmarks[0][0].size} samples "
            f"each, {self.rerun_count} further runs at most"
        )

    def draw(self, generator: np.random.Generator, effects: Sequence[float]) -> list[GateFeature]:
        """See `Source.draw`."""
        drawn = []
        for index, effect in zip(_pick(generator, len(self.benchmarks), len(effects)), effects, strict=True):
            forks = self.benchmarks[index]
            shuffled = [forks[place] for place in generator.permutation(len(forks))]
            past, (current, *further) = shuffled[: self.past_count], shuffled[self.past_count :]
            drawn.append(
                GateFeature(
                    past=tuple(past),
                    current=current * (1 + effect),
                    head_reruns=tuple(run * (1 + effect) for run in further[: self.rerun_count]),
                    base_reruns=tuple(further[self.rerun_count : 2 * self.rerun_count]),
                )
            )
        return drawn

    def processes(self) -> Iterable[Sequence[Array]]:
        """Each benchmark's forks."""
        return self.benchmarks


@dataclass(frozen=True, slots=True)
class ProcessSource:
    """Fresh Python processes, one after the other, each of which timed all workloads.

    The run under judgement and its further runs are neighbours in time, as they are in life; the past runs are any
    others. All workloads of one block were disturbed together.
    """

    title: str
    timed: tuple[dict[str, Array], ...]
    past_count: int = 20
    rerun_count: int = 6

    @property
    def description(self) -> str:
        """See `Source.description`."""
        samples = next(iter(self.timed[0].values())).size
        return f"{len(self.timed[0])} workloads, {self.past_count} past runs of {samples} samples each"

    def draw(self, generator: np.random.Generator, effects: Sequence[float]) -> list[GateFeature]:
        """See `Source.draw`; as many blocks of processes as it takes, each with every workload."""
        workloads = sorted(self.timed[0])
        drawn: list[GateFeature] = []
        for first in range(0, len(effects), len(workloads)):
            block_length = 1 + 2 * self.rerun_count
            start = int(generator.integers(0, len(self.timed) - block_length + 1))
            block = self.timed[start : start + block_length]
            others = [*self.timed[:start], *self.timed[start + block_length :]]
            past = [others[place] for place in generator.permutation(len(others))[: self.past_count]]
            for workload, effect in zip(workloads, effects[first : first + len(workloads)], strict=False):
                current, *further = (process[workload] for process in block)
                drawn.append(
                    GateFeature(
                        past=tuple(process[workload] for process in past),
                        current=current * (1 + effect),
                        head_reruns=tuple(run * (1 + effect) for run in further[0::2]),
                        base_reruns=tuple(further[1::2]),
                    )
                )
        return drawn

    def processes(self) -> Iterable[Sequence[Array]]:
        """Each workload's processes."""
        return [[process[workload] for process in self.timed] for workload in sorted(self.timed[0])]


def read_sources(folder: Path, unchanged: Sequence[KnownSeries]) -> tuple[Source, ...]:
    """Read what gates are measured on."""
    forks = _read_json(folder, "jmh_forks")
    benchmarks = [tuple(np.asarray(fork, dtype=float) for fork in forks[name]["raw30"]) for name in sorted(forks)]
    return (
        HistorySource.of("dedicated machines", unchanged, hosted=False),
        HistorySource.of("hosted CI runners", unchanged, hosted=True),
        ForkSource("JMH forks", tuple(runs for runs in benchmarks if all((run > 0).all() for run in runs))),
        read_processes(folder, "machine_prio", "our own timings"),
    )


def read_processes(folder: Path, name: str, title: str) -> ProcessSource:
    """Read the timings of fresh Python processes, in the order they ran."""
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with gzip.open(folder / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["proc"]][row["workload"]].append(float(row["wall_ns"]) / 1e9)
    timed = tuple({workload: np.asarray(values) for workload, values in process.items()} for process in found.values())
    return ProcessSource(title, timed)


def _pick(generator: np.random.Generator, available: int, wanted: int) -> npt.NDArray[np.int64]:
    """Which ones, each once while they last."""
    rounds = [generator.permutation(available) for _ in range(-(-wanted // available))]
    return np.concatenate(rounds)[:wanted]


def _ones(values: Array) -> tuple[Array, ...]:
    """Each value as a run of one sample."""
    return tuple(values[place : place + 1] for place in range(len(values)))
