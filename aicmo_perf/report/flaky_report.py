"""What the history says of flakiness: every feature that needs a look in a line, or one feature in full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from shlex import quote

from aicmo_perf.flakiness.clusters import Cluster
from aicmo_perf.flakiness.history import FeatureRecord
from aicmo_perf.flakiness.overview import FlakinessOverview, PastFinding
from aicmo_perf.flakiness.wording import cause_name, cause_text, hidden_text, percent, rate_text, unstable_text
from aicmo_perf.model import FlakyState, Inconsistency, Quarantine, RateEstimate, Run, feature_labels
from aicmo_perf.report.document import (
    Alignment,
    Block,
    Bullets,
    Cell,
    Column,
    Document,
    Heading,
    Paragraph,
    Prose,
    Table,
    Tone,
    bold,
    code,
    prose,
)
from aicmo_perf.report.flakiness_section import diff_blocks, finding_lines
from aicmo_perf.report.wording import NOTHING, Labels, commit_text, moment_text, run_text, runs_text
from aicmo_perf.units import count_of, format_seconds

_RIGHT = Alignment.RIGHT
_MOST_GROUPS = 10
_STATE_TONES = {
    FlakyState.FLAKY: Tone.WARN,
    FlakyState.BROKEN: Tone.BAD,
    FlakyState.UNKNOWN: Tone.MUTED,
    FlakyState.STABLE: Tone.GOOD,
}
_STATE_MEANINGS = {
    FlakyState.FLAKY: "it differed from itself on the same code",
    FlakyState.BROKEN: "it fails, and always does on this code",
    FlakyState.UNKNOWN: "it failed and nothing tells whether it would again, or there is too little",
    FlakyState.STABLE: "it passes",
}


def build_flaky_overview(overview: FlakinessOverview, *, shows_all: bool = False) -> Document:
    """Every feature that needs a look in a line.

    Args:
        overview: what is known.
        shows_all: also those of which there is nothing to say but that they pass.
    """
    title = Heading(1, "Flakiness")
    record = overview.record
    if not record.run_count:
        return Document((title, Paragraph(prose("No runs."))))
    labels = feature_labels(one.feature for one in record.features)
    shown = [one for one in record.features if shows_all or overview.needs_a_look(one)]
    return Document(
        (
            title,
            Paragraph(prose(_counts_text(overview))),
            *_infrastructure_blocks(record.infrastructure_runs),
            *((_table(shown, overview, labels),) if shown else ()),
            *_cluster_blocks(record.clusters, labels),
            *_unstable_blocks(shown, labels),
            *_varying_blocks(overview, labels),
            *_quarantine_blocks(overview, labels),
            *_rest_blocks(overview, len(record.features) - len(shown)),
            *((_legend(overview),) if shown else ()),
        )
    )


def _counts_text(overview: FlakinessOverview) -> str:
    counts = Counter(one.state for one in overview.record.features)
    states = ", ".join(f"{counts[state]} {state}" for state in _STATE_TONES if counts[state])
    features = count_of(len(overview.record.features), "feature")
    return f"{count_of(overview.record.run_count, 'run')}, {features}: {states or 'nothing is known of them'}."


def _infrastructure_blocks(runs: Sequence[Run]) -> Iterator[Block]:
    if runs:
        yield Paragraph(
            prose(
                bold("Set aside:"),
                f" {runs_text(runs)}, in which most features failed: that was the machine or the network, and says "
                "nothing of single features.",
            )
        )


def _table(records: Sequence[FeatureRecord], overview: FlakinessOverview, labels: Labels) -> Table:
    has_quarantine = any(record.key in overview.quarantined for record in records)
    has_retries = any(record.retry_seconds for record in records)
    columns = (
        Column("Feature", wraps=True),
        Column("State"),
        Column("Rate (95%)", _RIGHT),
        Column("Flips", _RIGHT),
        Column("Runs", _RIGHT),
        Column("Since"),
        Column("Last seen"),
        Column("Cause", wraps=True),
        *((Column("Quarantine", optional=True),) if has_quarantine else ()),
        *((Column("Retries", _RIGHT, optional=True),) if has_retries else ()),
    )
    rows = []
    for record in records:
        cells = _cells(record, overview, labels)
        if has_quarantine:
            entry = overview.quarantined.get(record.key)
            cells.append(Cell(_short_quarantine(entry, overview, record) if entry is not None else ""))
        if has_retries:
            cells.append(Cell(format_seconds(record.retry_seconds) if record.retry_seconds else NOTHING))
        rows.append(tuple(cells))
    return Table(columns, tuple(rows))


def _cells(record: FeatureRecord, overview: FlakinessOverview, labels: Labels) -> list[Cell]:
    return [
        Cell(labels[record.key]),
        Cell(record.state.value, _STATE_TONES[record.state]),
        Cell(NOTHING if record.state is FlakyState.BROKEN else _short_rate(record.rate)),
        Cell(_flips_text(record), Tone.WARN if record.flip_count or record.provoked_flip_count else Tone.MUTED),
        Cell(str(record.run_count)),
        _run_cell(_since(record)),
        _run_cell(_last_seen(record)),
        Cell(_short_cause(overview.newest_finding(record.key))),
    ]


def _short_rate(rate: RateEstimate) -> str:
    if rate.rate is None:
        return NOTHING
    if rate.not_excluded is not None:
        return f"under {percent(rate.not_excluded)}"
    return f"{percent(rate.rate)} ({percent(rate.low)} – {percent(rate.high)})"


def _flips_text(record: FeatureRecord) -> str:
    """``3``; with those that only other conditions brought about, ``3 + 2``."""
    return (
        f"{record.flip_count} + {record.provoked_flip_count}" if record.provoked_flip_count else str(record.flip_count)
    )


def _since(record: FeatureRecord) -> Run | None:
    return record.broken_since if record.state is FlakyState.BROKEN else record.first_flip


def _last_seen(record: FeatureRecord) -> Run | None:
    return record.last_flip if record.state is FlakyState.FLAKY else record.last_failure


def _run_cell(run: Run | None) -> Cell:
    return (
        Cell(NOTHING, Tone.MUTED) if run is None else Cell(f"run {run_text(run)}, {moment_text(run.started_at)[:10]}")
    )


def _short_cause(past: PastFinding | None) -> str:
    if past is None:
        return NOTHING
    causes = "; ".join(map(cause_name, past.finding.explanations)) or "not looked for"
    return causes if past.finding.inconsistency is Inconsistency.STATUS else f"{causes} (of its output)"


def _short_quarantine(entry: Quarantine, overview: FlakinessOverview, record: FeatureRecord) -> str:
    if entry.is_expired(overview.today):
        return f"expired {entry.until}"
    return f"until {entry.until}" + (", healed" if overview.is_healed(record) else "")


def _cluster_blocks(clusters: Sequence[Cluster], labels: Labels) -> Iterator[Block]:
    if clusters:
        yield Paragraph(prose(bold("Fail together:"), " each of these is one cause to look for."))
        yield Bullets(tuple(prose(_cluster_text(cluster, labels)) for cluster in clusters))


def _cluster_text(cluster: Cluster, labels: Labels) -> str:
    names = ", ".join(labels.get(key, key[1]) for key in cluster.features)
    return f"{names} (in {count_of(cluster.together_count, 'iteration')})"


def _unstable_blocks(records: Sequence[FeatureRecord], labels: Labels) -> Iterator[Block]:
    unstable = [(labels[one.key], one.unstable_time) for one in records if one.unstable_time is not None]
    if unstable:
        yield Paragraph(prose(bold("Unstable in time:"), " two runtimes on unchanged code, which is no flakiness."))
        yield Bullets(tuple(prose(f"{label}: {unstable_text(time)}") for label, time in unstable))


def _varying_blocks(overview: FlakinessOverview, labels: Labels) -> Iterator[Block]:
    """Features whose output a check saw vary; whether it still does only another check can tell."""
    lines = [
        prose(f"{labels[record.key]}: {cause_text(past.finding, labels)} (seen in {past.run.title})")
        for record in overview.record.features
        if (past := overview.newest_finding(record.key)) is not None
        and past.finding.inconsistency is Inconsistency.OUTPUT
    ]
    if lines:
        yield Paragraph(prose(bold("Output varies:", Tone.WARN), " same status, another output, when last checked."))
        yield Bullets(tuple(lines))


def _quarantine_blocks(overview: FlakinessOverview, labels: Labels) -> Iterator[Block]:
    """What has to be done about the quarantine; nothing while it holds and is needed."""
    lines = [
        prose(f"{labels[record.key]}: ", *told)
        for record in overview.record.features
        if (entry := overview.quarantined.get(record.key)) is not None
        and (told := _quarantine_news(entry, record, overview))
    ]
    if lines:
        yield Paragraph(prose(bold("Quarantine:", Tone.WARN)))
        yield Bullets(tuple(lines))


def _quarantine_news(entry: Quarantine, record: FeatureRecord, overview: FlakinessOverview) -> Prose:
    if entry.is_expired(overview.today):
        return prose(bold("expired", Tone.BAD), f" on {entry.until} ({entry.reason}): its failures gate again.")
    if record.state is FlakyState.BROKEN:
        return prose(bold("broken", Tone.BAD), f", not flaky, and set aside until {entry.until} ({entry.reason}).")
    if overview.is_healed(record):
        hint = "take it out of the configuration file" if entry.in_file else "release it with "
        command = () if entry.in_file else (code(f"aicmo-perf flaky quarantine remove {quote(entry.feature)}"),)
        return prose(bold("healed", Tone.GOOD), f", {rate_text(record.rate)}; {hint}", *command, ".")
    return ()


def _rest_blocks(overview: FlakinessOverview, hidden_count: int) -> Iterator[Block]:
    if not hidden_count:
        return
    rates = [
        one.rate.not_excluded
        for one in overview.record.features
        if not overview.needs_a_look(one) and one.rate.run_count and one.rate.not_excluded is not None
    ]
    doubt = f"; in any of them {hidden_text(max(rates))}" if rates else ""
    yield Paragraph(
        prose(
            f"Of {count_of(hidden_count, 'feature')} there is nothing to say (", code("--all"), f" lists them){doubt}."
        )
    )


def _legend(overview: FlakinessOverview) -> Paragraph:
    return Paragraph(
        prose(
            "Flips: outcomes that differ on the same code with nothing changed, + those that only other conditions "
            "brought about. Rate: how often it fails on code that it passes on; "
            f"{overview.policy.half_life_days:g} days halve a run's weight. What differs between commits alone is "
            "never called flaky."
        )
    )


def build_flaky_feature(overview: FlakinessOverview) -> Document:
    """One feature in full: the first of the overview's."""
    record = overview.record.features[0]
    feature = record.feature
    past = overview.findings.get(record.key, ())
    labels: Labels = feature_labels([feature])
    critical = ", critical" if feature.critical else ""
    return Document(
        (
            Heading(1, f"Flakiness of {feature.name}"),
            Paragraph(prose(f"{feature.qualified_name} of suite {feature.suite} ({feature.category}{critical})")),
            Bullets(tuple(_facts(record, overview, labels))),
            *_infrastructure_blocks(overview.record.infrastructure_runs),
            *_newest_blocks(past, labels),
            *_group_blocks(record),
            *_past_blocks(past, labels),
        )
    )


def _fact(name: str, value: str) -> Prose:
    return prose(bold(f"{name}:"), f" {value}")


def _facts(record: FeatureRecord, overview: FlakinessOverview, labels: Labels) -> Iterator[Prose]:
    tone = _STATE_TONES[record.state]
    yield prose(bold("State:"), " ", bold(record.state.value, tone), f" ({_STATE_MEANINGS[record.state]})")
    if record.rate.rate is not None and record.state is not FlakyState.BROKEN:
        yield _fact("Rate", rate_text(record.rate))
    yield _fact("Runs", f"{record.run_count}, failing in {record.failing_run_count}")
    yield _fact(
        "Flips on the same code",
        f"{record.flip_count} with nothing changed, {record.provoked_flip_count} provoked by other conditions",
    )
    if record.first_flip is not None and record.last_flip is not None:
        yield _fact("First and last flip", f"{_when(record.first_flip)}; {_when(record.last_flip)}")
    if record.broken_since is not None:
        yield _fact("Broken since", _when(record.broken_since))
    if record.last_failure is not None:
        yield _fact("Last failure", _when(record.last_failure))
    if record.retry_seconds:
        yield _fact("Lost to retries", format_seconds(record.retry_seconds))
    if record.unstable_time is not None:
        yield _fact("Unstable in time", unstable_text(record.unstable_time))
    for cluster in overview.record.clusters:
        if record.key in cluster.features:
            yield _fact("Fails together with", _others_text(cluster, record, labels))
    entry = overview.quarantined.get(record.key)
    if entry is not None:
        news = _quarantine_news(entry, record, overview)
        yield prose(bold("Quarantine:"), " ", *(news or (f"until {entry.until}: {entry.reason}",)))


def _others_text(cluster: Cluster, record: FeatureRecord, labels: Labels) -> str:
    others = ", ".join(labels.get(key, key[1]) for key in cluster.features if key != record.key)
    return f"{others} (in {count_of(cluster.together_count, 'iteration')})"


def _when(run: Run) -> str:
    commit = commit_text(run)
    of_commit = f", commit {commit}" if commit != NOTHING else ""
    return f"{run.title} ({moment_text(run.started_at)}{of_commit})"


def _newest_blocks(past: Sequence[PastFinding], labels: Labels) -> Iterator[Block]:
    if not past:
        return
    newest = past[-1]
    yield Heading(2, f"Newest finding, of {newest.run.title}")
    yield Bullets(finding_lines(newest.finding, newest.run, labels))
    yield from diff_blocks(newest.finding, labels)


def _group_blocks(record: FeatureRecord) -> Iterator[Block]:
    groups = record.failure_groups
    if not groups:
        return
    yield Heading(2, "Failures")
    rows = tuple(
        (
            Cell(str(group.count)),
            Cell(run_text(group.first)),
            Cell(run_text(group.last)),
            Cell(group.message or "(no text)"),
        )
        for group in groups[:_MOST_GROUPS]
    )
    yield Table(
        (Column("Times", _RIGHT), Column("First run", _RIGHT), Column("Last run", _RIGHT), Column("Alike", wraps=True)),
        rows,
    )
    if len(groups) > _MOST_GROUPS:
        yield Paragraph(prose(f"And {count_of(len(groups) - _MOST_GROUPS, 'more kind')} of failure in the JSON form."))


def _past_blocks(past: Sequence[PastFinding], labels: Mapping[tuple[str, str], str]) -> Iterator[Block]:
    """What earlier checks found out; nothing when there was only one."""
    if len(past) < 2:
        return
    yield Heading(2, "Findings over time")
    rows = tuple(
        (
            Cell(run_text(one.run)),
            Cell(moment_text(one.run.started_at)),
            Cell(commit_text(one.run)),
            Cell(one.finding.inconsistency.value),
            Cell(cause_text(one.finding, labels)),
            Cell(_short_rate(one.finding.rate)),
        )
        for one in past
    )
    yield Table(
        (
            Column("Run", _RIGHT),
            Column("When", optional=True),
            Column("Commit", optional=True),
            Column("Differs"),
            Column("Cause", wraps=True),
            Column("Rate (95%)", _RIGHT),
        ),
        rows,
    )
