"""What a project configured, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from aicmo_perf.errors import UsageError
from aicmo_perf.model import DiscoverRule, FeatureThresholds, Quarantine, RunOptions

DEFAULT_DB = ".aicmo-perf/history.db"
DEFAULT_OUTPUT = "self_test_artifacts"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSettings:
    """What the gate looks for, and how much it takes.

    Attributes:
        critical_failing, newly_failing, vanished_critical, flaky, slower: each rule's switch.
        fail_on_improvement: the switch of the rule that an improvement fails, too.
        min_effect_ratio: a slowdown below this share is not worth a red build.
        min_effect_seconds: nor is one below this time.
        min_run_count: baseline runs under which the answer is ``inconclusive``.
        min_runtime_seconds: features that take less are too short to judge.
        max_visible_ratio: features whose smallest visible ratio to the baseline is above this are too noisy to judge.
        window: baseline runs looked at.
        significance: share of false alarms allowed among the features called changed.
        thresholds: other least effects for some features, in the order of the file.
        baseline: which runs to compare with, as ``--baseline`` takes it.
        any_environment: whether runs of other machines count, relative to each run's common factor.
        confirm_budget: how long ``run --gate`` may re-run suspects: a duration, or a share of the run's own time.
        retries: how often ``run --gate`` gives a feature that failed another chance.
        strict: not being able to judge is an error (exit code 3).
    """

    critical_failing: bool = True
    newly_failing: bool = True
    vanished_critical: bool = True
    flaky: bool = True
    slower: bool = True
    fail_on_improvement: bool = False
    min_effect_ratio: float | None = None
    min_effect_seconds: float | None = None
    min_run_count: int | None = None
    min_runtime_seconds: float | None = None
    max_visible_ratio: float | None = None
    window: int | None = None
    significance: float | None = None
    thresholds: tuple[FeatureThresholds, ...] = ()
    baseline: str = "auto"
    any_environment: bool = False
    confirm_budget: str = "50%"
    retries: int = 2
    strict: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FlakinessSettings:
    """How flakiness is looked for and remembered.

    Attributes:
        half_life_days: a run so old counts half as much in a flake rate as one of today.
        budget_seconds: how long ``--until-rate`` may go on, and as much for finding causes; None for a multiple of
            what the run's first iteration takes, and for causes some seconds more for each inconsistent feature.
    """

    half_life_days: float = 30.0
    budget_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a project configured, defaults filled in.

    Attributes:
        project_root: the folder of ``pyproject.toml``, ``aicmo-perf.toml`` or ``.git``, else the current one.
        source: the file the values came from; None when there is none.
        db: a path (relative to the project's root) or an SQLAlchemy URL.
        suites: what ``run`` runs when nothing is named.
        discover: rules that find features in undecorated code.
        output: the folder of the report files, relative to the current folder.
        deterministic: whether runs are deterministic unless ``--live`` is given.
        default_branch: the branch whose runs are a new branch's baseline; None to ask git.
        options: how runs measure.
        gate: what the gate looks for.
        flakiness: how flakiness is looked for and remembered.
        quarantine: features whose failures do not gate, in the order of the file; of several that mean a feature, the
            last one counts.
    """

    project_root: Path
    source: Path | None = None
    db: str = DEFAULT_DB
    suites: tuple[str, ...] = ()
    discover: tuple[DiscoverRule, ...] = ()
    output: str = DEFAULT_OUTPUT
    deterministic: bool = False
    default_branch: str | None = None
    options: RunOptions = field(default_factory=RunOptions)
    gate: GateSettings = field(default_factory=GateSettings)
    flakiness: FlakinessSettings = field(default_factory=FlakinessSettings)
    quarantine: tuple[Quarantine, ...] = ()

    @property
    def db_url(self) -> str:
        """The database as ``open_store`` takes it: a URL, or an absolute path."""
        return self.db if "://" in self.db else str(self.project_root / Path(self.db).expanduser())

    def override(self, **given: object) -> Settings:
        """These settings with the values that were given; those that are None leave it as it is.

        A name belongs to the settings, or to their options, their gate or their flakiness.
        """
        parts = {"options": RunOptions, "gate": GateSettings, "flakiness": FlakinessSettings}
        part_of = {item.name: part for part, kind in parts.items() for item in fields(kind)}
        own: dict[str, Any] = {}
        of_parts: dict[str, dict[str, Any]] = {part: {} for part in parts}
        for name, value in given.items():
            if value is not None:
                (of_parts[part_of[name]] if name in part_of else own)[name] = value
        try:
            changed = {part: replace(getattr(self, part), **values) for part, values in of_parts.items()}
            return replace(self, **own, **changed)
        except ValueError as error:
            raise UsageError(f"These options do not fit: {error}.") from error
