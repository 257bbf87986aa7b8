"""How well we judge, beside other tools: ``python benchmarks/judging.py FOLDER [--peers] [--write docs/judging.md]``.

FOLDER holds the data (`judging_data` says what); it is not part of the project, since some of its sources carry no
licence. Two tables come out, of change-point detectors and of gates, with what they rest on: how well summaries of a
run repeat, and what our gates leave undecided. The same seed gives the same numbers, but for the seconds.

With ``--peers`` other tools are measured in the same run, on the same series and the same drawn runs (``pip install
apache-otava asv ruptures``; those that are missing are left out, and named).
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import judging_ours as ours
import numpy as np
from judging_data import Array, SeriesData, Source, read_processes, read_series, read_sources
from judging_peers import PEER_DETECTORS, PEER_GATES, PeerDetector, PeerGate, is_installed
from judging_scores import (
    FEATURE_COUNT,
    SLOWED_COUNT,
    DetectorScore,
    Gate,
    GateScore,
    power_run_count,
    score_detector,
    score_gate,
    summary_spreads,
)
from judging_tables import Scores, detector_table, doubt_table, gate_table, provenance, summary_table
from measured import replace_measured

from aicmo_perf.model.summary import low_quantile

OUR_GATES: Mapping[str, Gate] = {
    "**interleaved re-runs**": ours.with_reruns(of_base=True),
    "**re-runs of the head only**": ours.with_reruns(of_base=False),
    "**one run alone**": ours.one_run,
}

SUMMARIES: Mapping[str, Callable[[Array], float]] = {
    "**low quantile**": lambda run: low_quantile(run.tolist()),
    "minimum": lambda run: float(run.min()),
    "10 % quantile": lambda run: float(np.quantile(run, 0.10)),
    "25 % quantile": lambda run: float(np.quantile(run, 0.25)),
    "median": lambda run: float(np.median(run)),
    "mean": lambda run: float(run.mean()),
}


def score_detectors(data: SeriesData, peers: Sequence[PeerDetector]) -> Mapping[str, DetectorScore]:
    """Ours and the peers', by title."""
    _say("change points: ours")
    scores = {"**aicmo-perf**": score_detector(ours.detect, data, detect_general=ours.detect_general)}
    for peer in peers:
        _say(f"change points: {peer.title}")
        scores[peer.title] = score_detector(peer.detect, data)
    return scores


def score_gates(
    sources: Sequence[Source], peers: Sequence[PeerGate], run_count: int, seed: int
) -> tuple[Mapping[str, Scores], Mapping[str, Scores]]:
    """Ours and the peers', by title."""

    def score(title: str, gate: Gate, *, needs_samples: bool = False) -> Scores:
        scores: dict[str, GateScore | None] = {}
        for source in sources:
            _say(f"gate: {title}, {source.title}")
            is_too_little = needs_samples and not source.processes()
            scores[source.title] = None if is_too_little else score_gate(gate, source, run_count=run_count, seed=seed)
        return scores

    return (
        {title: score(title, gate) for title, gate in OUR_GATES.items()},
        {peer.title: score(peer.title, peer.gate, needs_samples=peer.needs_samples) for peer in peers},
    )


def report(folder: Path, *, run_count: int, seed: int, with_peers: bool) -> str:
    """Everything measured, as Markdown."""
    data = read_series(folder)
    sources = read_sources(folder, data.unchanged)
    sampled = [source for source in sources if source.processes()]
    sampled.append(read_processes(folder, "machine_contended", "the same, overloaded"))
    asked: list[PeerDetector | PeerGate] = [*PEER_DETECTORS, *PEER_GATES] if with_peers else []
    missing = sorted({peer.package for peer in asked if peer.package and not is_installed(peer)})
    detector_peers = [peer for peer in PEER_DETECTORS if with_peers and is_installed(peer)]
    gate_peers = [peer for peer in PEER_GATES if with_peers and is_installed(peer)]

    spreads = {source.title: summary_spreads(source, SUMMARIES) for source in sampled}
    detectors = score_detectors(data, detector_peers)
    our_gates, peer_gates = score_gates(sources, gate_peers, run_count, seed)
    lines = [
        "Spread between runs of the same code (robust standard deviation, median over benchmarks):",
        summary_table(spreads),
        f"Change points, on {len(data.unchanged)} histories without a lasting change, {len(data.one_step)} with one "
        f"step spliced in, {len(data.several_steps)} with none to five, "
        f"{sum(len(item.changes) for item in data.natural)} natural steps and {len(data.annotated)} series that people "
        "annotated; seconds are for 500,000 points:",
        detector_table(detectors),
        f"Gates, on {run_count} runs of {FEATURE_COUNT} unchanged features from each source, and "
        f"{power_run_count(run_count)} runs with {SLOWED_COUNT} slower ones among them for each effect; "
        "red; power at +2/5/10/20 %; extra runs of a feature an unchanged run:",
        gate_table({**our_gates, **peer_gates}),
        "What ours call inconclusive among unchanged features, and the smallest slowdown they say they could see "
        "(median):",
        doubt_table(our_gates),
        "Sources: " + "; ".join(f"{source.title}: {source.description}" for source in sources) + ".",
        f"{provenance()} Seed {seed}.",
    ]
    if missing:
        lines.append(f"Left out, since not installed: {', '.join(missing)}.")
    return "\n\n".join(lines)


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def main() -> None:
    """Measure, print, and write into the docs when asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=200, help="unchanged runs a source (200)")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--peers", action="store_true", help="measure other tools too")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="replace the part 'scores' of this page")
    options = parser.parse_args()
    # Libraries of others warn of constant values and small samples; what they answer is what counts.
    warnings.simplefilter("ignore")
    text = report(options.folder, run_count=options.runs, seed=options.seed, with_peers=options.peers)
    print(text)
    if options.write:
        replace_measured(options.write, "scores", text)


if __name__ == "__main__":
    main()
