"""What a run says of flakiness: who is inconsistent and why, what that proves of the others, what was tried.

What was not checked is said to be unchecked, never to be consistent; and of what agreed, what could still hide.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from aicmo_perf.flakiness.rates import estimate_rate
from aicmo_perf.flakiness.wording import (
    advice_text,
    cause_text,
    changes_text,
    hidden_text,
    iteration_text,
    order_text,
    percent,
    rate_text,
    replay_command,
)
from aicmo_perf.model import (
    Factor,
    FeatureKey,
    FeatureStatus,
    FlakinessFinding,
    Iteration,
    IterationKind,
    Run,
    SelfTestResult,
    Signature,
    Status,
)
from aicmo_perf.report.document import (
    Alignment,
    Block,
    Bullets,
    Cell,
    CodeBlock,
    Column,
    Paragraph,
    Prose,
    Table,
    Tone,
    bold,
    code,
    prose,
)
from aicmo_perf.report.wording import NOTHING, Labels
from aicmo_perf.units import count_of, format_seconds

_RIGHT = Alignment.RIGHT
_MOST_ROWS = 20


def flakiness_blocks(result: SelfTestResult, labels: Labels) -> Iterator[Block]:
    """Whether iterations agreed, why those that did not, and what the iterations changed."""
    findings: Mapping[FeatureKey, list[FlakinessFinding]] = defaultdict(list)
    for finding in result.findings:
        findings[finding.feature.key].append(finding)
    flaky = [status for status in result.features if status.is_flaky]
    varying = [status for status in result.features if status.output_varies]
    unchecked, retries = _why_unchecked(result), _retry_numbers(result)
    if flaky:
        yield Paragraph(prose(bold("Flakiness Detected:", Tone.WARN), " ⚠️"))
        yield _entries(
            [(status, f"{labels[status.key]}: {_signatures_text(status, retries)}") for status in flaky],
            result, findings, labels,
        )  # fmt: skip
    elif unchecked:
        yield Paragraph(prose(bold("Flakiness Check:"), " Not checked (", *unchecked, ")"))
    else:
        yield Paragraph(prose(bold("Flakiness Check:"), " No inconsistencies detected ✅"))
    if varying:
        yield from _varying_blocks(varying, result, findings, labels)
    if any(status.key not in findings for status in (*flaky, *varying)):
        yield Paragraph(
            prose("What they depend on, ", code("aicmo-perf run --flakiness-check=10"), " tries to find out.")
        )
    yield from _scrubbed_blocks(result, labels)
    if not unchecked:
        yield from _agreement_blocks(result, labels)
        yield from _partly_seen_blocks(result, labels)
    yield from _iteration_blocks(result)


def was_checked(result: SelfTestResult) -> bool:
    """Whether any two iterations were compared."""
    return not _why_unchecked(result)


def _why_unchecked(result: SelfTestResult) -> Prose:
    """Why no two iterations were compared; empty when some were. A retry of what failed checks nothing else."""
    retries = _retry_numbers(result)
    if not result.flakiness_checked or (retries and len(result.iterations) - len(retries) < 2):
        return prose("one iteration; use --flakiness-check")
    if not result.features:
        return prose("no features")
    if all(len(status.signatures) < 2 for status in result.features):
        return prose("no feature was seen in two iterations")
    return ()


def _retry_numbers(result: SelfTestResult) -> frozenset[int]:
    return frozenset(it.number for it in result.iterations if it.planned.kind is IterationKind.RETRY)


def _numbered(status: FeatureStatus) -> Iterator[tuple[int, Signature]]:
    """The signatures with the numbers of their iterations, which are those from 1 on where nothing else is known."""
    yield from zip(status.iterations or range(1, len(status.signatures) + 1), status.signatures, strict=False)


def _signatures_text(status: FeatureStatus, retries: Collection[int]) -> str:
    """Which iterations had which signature: ``iterations 1, 3: pass, …; iteration 2 (retry): fail, …``."""
    numbers: dict[Signature, list[str]] = defaultdict(list)
    for number, signature in _numbered(status):
        numbers[signature].append(f"{number} (retry)" if number in retries else str(number))
    return "; ".join(f"{_iterations_word(of_it)} {', '.join(of_it)}: {it}" for it, of_it in numbers.items())


def _iterations_word(numbers: Sequence[object]) -> str:
    return "iteration" if len(numbers) == 1 else "iterations"


def _entries(
    heads: Sequence[tuple[FeatureStatus, str]],
    result: SelfTestResult,
    findings: Mapping[FeatureKey, Sequence[FlakinessFinding]],
    labels: Labels,
) -> Bullets:
    """A bullet a feature, and below it what is known of it."""
    items: list[Prose | Bullets] = []
    for status, head in heads:
        items.append(prose(head))
        below = [
            line
            for finding in findings.get(status.key, ())
            for line in _finding_lines(finding, result.run, result.iterations, labels)
        ]
        if below:
            items.append(Bullets(tuple(below)))
    return Bullets(tuple(items))


def finding_lines(finding: FlakinessFinding, run: Run, labels: Labels) -> tuple[Prose, ...]:
    """What a finding says, a line each: cause and evidence, how often, what to do, how to see it again."""
    return tuple(_finding_lines(finding, run, (), labels))


def _finding_lines(
    finding: FlakinessFinding, run: Run, iterations: Sequence[Iteration], labels: Labels
) -> Iterator[Prose]:
    yield prose(bold("Cause:"), f" {cause_text(finding, labels)}")
    yield prose(bold("How often:"), f" {rate_text(finding.rate)}")
    changes = [f"iteration {it.number}: {iteration_text(it)}" for it in iterations if it.number in finding.iterations]
    if changes:
        # the table below has the others
        rest = f"; and {count_of(len(changes) - 1, 'more iteration')}, below" if len(changes) > 1 else ""
        yield prose(bold("Changed there:"), f" {changes[0]}{rest}")
    if advice := advice_text(finding):
        yield prose(bold("Next:"), f" {advice}")
    if finding.replay_iteration is not None:
        yield prose(bold("Replay:"), " ", code(replay_command(run, finding.replay_iteration)))


def _varying_blocks(
    varying: Sequence[FeatureStatus],
    result: SelfTestResult,
    findings: Mapping[FeatureKey, Sequence[FlakinessFinding]],
    labels: Labels,
) -> Iterator[Block]:
    yield Paragraph(prose(bold("Output Varies:", Tone.WARN)))
    text = "The iterations agree in status, errors and warnings, but not in the output itself."
    if not all(any(finding.explanations for finding in findings.get(status.key, ())) for status in varying):
        text += " Usual causes: a uuid, the time of day, the order of a set, an unseeded generator."
    yield Paragraph(prose(text))
    yield _entries(
        [(status, f"{labels[status.key]}: {_outputs_text(status)}") for status in varying], result, findings, labels
    )
    for status in varying:
        for finding in findings.get(status.key, ()):
            yield from diff_blocks(finding, labels)


def diff_blocks(finding: FlakinessFinding, labels: Labels) -> Iterator[Block]:
    """Where two outputs of a feature differ; nothing when no two were at hand."""
    if finding.output_diff:
        yield Paragraph(prose(f"Where two outputs of {labels.get(finding.feature.key, finding.feature.name)} differ:"))
        yield CodeBlock("\n".join(finding.output_diff), language="diff")


def _outputs_text(status: FeatureStatus) -> str:
    different = len(set(status.output_digests))
    return f"{different} different outputs in {count_of(len(status.output_digests), 'iteration')}"


def _scrubbed_blocks(result: SelfTestResult, labels: Labels) -> Iterator[Block]:
    """What scrubbers took out before outputs were compared: whoever hides something must be seen to."""
    hidden: dict[str, list[str]] = defaultdict(list)
    for status in result.features:
        for name in status.scrubbed:
            hidden[name].append(labels[status.key])
    if hidden:
        yield Paragraph(prose(bold("Scrubbed:"), " taken out of outputs before they were compared."))
        yield Bullets(tuple(prose(code(name), f": {', '.join(names)}") for name, names in hidden.items()))


def agreeing(result: SelfTestResult) -> dict[FeatureKey, int]:
    """In how many iterations each consistent feature was seen, of those that ran and were seen more than once."""
    return {
        status.key: len(status.signatures)
        for status in result.features
        if len(status.signatures) > 1
        and not status.is_flaky
        and not status.output_varies
        and status.status is not Status.SKIP
    }


def not_excluded(result: SelfTestResult) -> float | None:
    """The highest rate that any consistent feature may still have (95 %); None without such features."""
    counts = agreeing(result)
    return estimate_rate(0, min(counts.values())).not_excluded if counts else None


def _agreement_blocks(result: SelfTestResult, labels: Labels) -> Iterator[Block]:
    """What the consistent features were not shown to be free of, once for all of them."""
    counts, rate = agreeing(result), not_excluded(result)
    if rate is None:
        return
    least, most = min(counts.values()), max(counts.values())
    times = count_of(least, "iteration") if least == most else f"{least} to {most} iterations"
    text = f"{count_of(len(counts), 'feature')} agreed in {times}: {hidden_text(rate)}."
    until = result.run.options.until_rate
    if until is not None:
        open_ones = [key for key, count in counts.items() if (estimate_rate(0, count).not_excluded or 0.0) > until]
        names = ", ".join(labels[key] for key in open_ones)
        text += f" A rate of {percent(until)} is excluded for {len(counts) - len(open_ones)} of them"
        text += f"; not yet for {names}." if open_ones else "."
    yield Paragraph(prose(text))


def _partly_seen_blocks(result: SelfTestResult, labels: Labels) -> Iterator[Block]:
    iterations, retries = result.run.options.iterations, _retry_numbers(result)
    seen = {s.key: sum(number not in retries for number, _ in _numbered(s)) for s in result.features}
    partly = [key for key, count in seen.items() if 0 < count < iterations]
    if partly and len(partly) < len(result.features):
        names = ", ".join(f"{labels[key]} ({seen[key]} of {iterations})" for key in partly)
        yield Paragraph(prose(f"Seen in fewer iterations than asked for: {names}."))


def _iteration_blocks(result: SelfTestResult) -> Iterator[Block]:
    """A row an iteration, and what they cost; nothing where nothing was to be changed."""
    iterations = result.iterations
    if all(it.planned.kind in (IterationKind.PLAIN, IterationKind.RETRY) for it in iterations):
        return
    yield Paragraph(prose(bold("What the iterations changed:")))
    yield Table(
        (
            Column("Iteration", _RIGHT),
            Column("Kind"),
            Column("Order"),
            Column("Also changed", wraps=True),
            Column("Load", _RIGHT, optional=True),
            Column("Time", _RIGHT),
        ),
        tuple(_iteration_row(it) for it in iterations[:_MOST_ROWS]),
    )
    more = len(iterations) - _MOST_ROWS
    left_out = f" {count_of(more, 'more iteration')} in the JSON report." if more > 0 else ""
    yield Paragraph(prose(f"Load: processes per CPU over the minute before.{left_out}{_cost_text(result)}"))


def _iteration_row(iteration: Iteration) -> tuple[Cell, ...]:
    conditions = iteration.planned.conditions
    also = changes_text(conditions, but=(Factor.ORDER,))
    return (
        Cell(str(iteration.number)),
        Cell(iteration.planned.kind.value),
        Cell(order_text(conditions.order)),
        Cell(NOTHING if also == "nothing" else also),
        Cell(NOTHING if iteration.load_average is None else f"{iteration.load_average:.2f}"),
        Cell(format_seconds(iteration.duration_seconds)),
    )


def _cost_text(result: SelfTestResult) -> str:
    """What the check cost, bisection apart."""
    durations = [it.duration_seconds for it in result.iterations]
    known = [seconds for seconds in durations if seconds is not None]
    if not known or len(known) < len(durations) or not known[0]:
        return ""
    text = f" All took {format_seconds(sum(known))}, {sum(known) / known[0]:.1f} times the first."
    trials = sum(finding.trial_count for finding in result.findings)
    return f"{text} Finding the causes ran a feature {count_of(trials, 'more time')}." if trials else text
