"""Where a diagnosis tries features: each trial in fresh processes, in a directory of its own, and nothing measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing

from aicmo_perf.model import FeatureKey, IterationKind, IterationResult, PlannedIteration, Trial
from aicmo_perf.self_test.engine import run_iteration
from aicmo_perf.self_test.plan import EnginePlan
from aicmo_perf.self_test.working_directory import WorkingDirectory, new_folder, top_level_entries


class EngineBench:
    """A Bench (`aicmo_perf.flakiness.bench`) on the engine.

    Trials show the project as it was when the bench was made: make it before the first iteration, and what iterations
    leave in the project's root is hidden from them. All trials have their directory at the same path, so that outputs
    that hold it agree; those that ask for a fresh one have it at another.

    Args:
        plan: as the run's, whatever number of iterations it has.
        interrupt: as in run_engine.
        on_trial: called before each trial.
    """

    def __init__(
        self,
        plan: EnginePlan,
        *,
        interrupt: int | None = None,
        on_trial: Callable[[Trial], None] = lambda trial: None,
    ) -> None:
        self._plan = plan
        self._interrupt = interrupt
        self._on_trial = on_trial
        self._entries = top_level_entries(plan.project_root)
        self._usual_folder, self._other_folder = new_folder(), new_folder()

    def run(self, trial: Trial) -> Mapping[FeatureKey, IterationResult]:
        """What became of each feature of a trial; those that were not found are left out.

        Raises:
            EnvironmentFailure: no worker process can be started, or the conditions ask for what cannot be done here.
            KeyboardInterrupt: the descriptor became readable.
        """
        self._on_trial(trial)
        planned = PlannedIteration(
            number=1, kind=IterationKind.PERTURBED, conditions=trial.conditions, order=trial.features
        )
        folder = self._other_folder if trial.conditions.fresh_directory else self._usual_folder
        results: dict[FeatureKey, IterationResult] = {}
        with (
            WorkingDirectory(self._plan.project_root, entries=self._entries, folder=folder) as directory,
            closing(
                run_iteration(
                    self._plan,
                    planned,
                    only=trial.features,
                    interrupt=self._interrupt,
                    wants_outputs=trial.wants_outputs,
                    directory=directory,
                )
            ) as events,
        ):
            for event in events:
                if isinstance(event, IterationResult):
                    results[event.feature.key] = event
        return results
