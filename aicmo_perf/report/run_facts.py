"""What is known of a run itself, as bullets: how, when, where, of which commit."""

from __future__ import annotations

from collections.abc import Iterator

from aicmo_perf.model import Mode, Run
from aicmo_perf.report.document import Bullets, Prose, bold, prose
from aicmo_perf.report.result_sections import selection_prose
from aicmo_perf.report.wording import NOTHING, commit_text, duration_text, environment_text, moment_text, role_text
from aicmo_perf.units import format_seconds

MODE_TEXTS = {
    Mode.DETERMINISTIC: "Deterministic ✅ (stub outputs, fixed seeds)",
    Mode.LIVE: "Live",
}


def header_bullets(run: Run) -> Bullets:
    """The facts that head a report."""
    return Bullets(tuple(_header(run)))


def _fact(name: str, value: str) -> Prose:
    return prose(bold(f"{name}:"), f" {value}")


def _header(run: Run) -> Iterator[Prose]:
    yield _fact("Mode", MODE_TEXTS[run.mode])
    yield _fact("Run", run.uuid if run.id is None else f"{run.id} ({run.uuid})")
    if run.label:
        yield _fact("Label", run.label)
    if role := role_text(run):
        yield _fact("Role", role)
    yield _fact("Date", moment_text(run.started_at))
    yield _fact("Commit", commit_text(run))
    yield _fact("Branch", run.branch or NOTHING)
    yield _fact("Environment", environment_text(run.environment))
    yield _fact("Suites", ", ".join(run.suites) or NOTHING)
    quick = run.options.quick
    yield _fact("Scenarios", "quick (the first two of each feature)" if quick else "full (all of each feature)")
    if run.options.selection:
        yield (bold("Selection:"), *prose(" "), *selection_prose(run.options.selection))
    yield _fact("Iterations", str(run.options.iterations))
    yield _fact("Duration", duration_text(run))


def detail_bullets(run: Run) -> Bullets:
    """All facts of a run but its options and its machine's."""
    return Bullets((*_header(run), *_life(run)))


def _life(run: Run) -> Iterator[Prose]:
    yield _fact("State", run.state.value)
    yield _fact("Finished", moment_text(run.finished_at))
    yield _fact("Working tree", {True: "with changes", False: "clean", None: NOTHING}[run.dirty])
    yield _fact("CI", " ".join(filter(None, (run.ci_provider, run.ci_url))) or NOTHING)
    yield _fact("Tool version", run.tool_version or NOTHING)
    owner = run.owner
    yield _fact("Written by", f"process {owner.pid} on {owner.hostname}" if owner else NOTHING)


def option_bullets(run: Run) -> Bullets:
    """How the run was asked to measure."""
    options = run.options
    return Bullets(
        (
            _fact("Seed", str(options.seed) if run.mode is Mode.DETERMINISTIC else "not fixed"),
            _fact("Warm-up calls", str(options.warmup_count)),
            _fact("Samples", f"at least {options.min_sample_count}"),
            _fact(
                "Sampling time",
                f"{format_seconds(options.min_sampling_seconds)} to {format_seconds(options.max_sampling_seconds)}"
                " a feature",
            ),
            _fact("Time-out", f"{format_seconds(options.timeout_seconds)} a call"),
        )
    )


def environment_bullets(run: Run) -> Bullets:
    """Every fact of the machine and interpreter, by name."""
    facts = run.environment.facts
    return Bullets(tuple(_fact(name, str(facts[name])) for name in sorted(facts)))
