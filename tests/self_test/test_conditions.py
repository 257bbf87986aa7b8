"""What an iteration changes reaches the features, nothing else does, and nothing is left behind: real workers."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aicmo_perf.errors import EnvironmentFailure
from aicmo_perf.model import (
    Conditions,
    IterationKind,
    IterationResult,
    Mode,
    OrderKind,
    PlannedIteration,
    Status,
)
from aicmo_perf.self_test import conditions as conditions_module
from aicmo_perf.self_test.engine import (
    Collected,
    EngineEvent,
    IterationEnded,
    IterationStarted,
    Started,
    run_engine,
    run_iteration,
)
from aicmo_perf.self_test.plan import EnginePlan
from aicmo_perf.self_test.working_directory import WorkingDirectory

SUITE = Path(__file__).parent / "suites" / "conditional.py"
DAY_SECONDS = 86_400.0


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project, and a folder of temporary files of its own to see what is left there."""
    root = tmp_path / "project"
    (root / "data").mkdir(parents=True)
    shutil.copy(SUITE, root)
    (root / "kept").write_text("kept")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    return root


@dataclass(frozen=True)
class Observed:
    events: list[EngineEvent]

    @property
    def results(self) -> dict[str, IterationResult]:
        found = [event for event in self.events if isinstance(event, IterationResult)]
        by_name = {result.feature.name: result for result in found}
        assert len(by_name) == len(found), "a feature has one result"
        return by_name

    @property
    def statuses(self) -> dict[str, str]:
        return {name: str(result.status) for name, result in self.results.items()}

    def output(self, name: str) -> Any:
        result = self.results[name]
        assert result.output_form is not None, result.errors
        return json.loads(result.output_form)


@pytest.fixture
def observe(make_plan: Callable[..., EnginePlan], project: Path) -> Callable[..., Observed]:
    def run(*names: str, kind: IterationKind = IterationKind.PERTURBED, **settings: Any) -> Observed:
        asked = {name: settings.pop(name) for name in ("mode", "scrub", "flakiness_check") if name in settings}
        plan = make_plan("conditional.py", project_root=project, mode=asked.pop("mode", Mode.DETERMINISTIC))
        plan = replace(plan, options=replace(plan.options, **asked))
        keys = tuple(("conditional", f"conditional.{name}") for name in names)
        order = keys if settings.pop("ordered", True) else None
        planned = PlannedIteration(number=2, kind=kind, conditions=Conditions(**settings), order=order)
        return Observed(list(run_iteration(plan, planned, only=keys, wants_outputs=True)))

    return run


class TestSurroundings:
    def test_plain_conditions_are_those_of_the_mode(self, observe, tmp_path):
        told = observe("surroundings").output("surroundings")
        today = datetime.now(UTC).date()
        assert today - timedelta(days=1) <= datetime.fromisoformat(told.pop("called_on")).date() <= today
        assert told | {"hash": 0, "drawn": 0, "cpus": 0, "monotonic": 0, "loaded_on": 0} == {
            "hash_seed": "0",
            "hash": 0,
            "drawn": 0,
            "time_zone": "+0000",
            "locale": "C",
            "utf8_mode": "1",
            "cpus": 0,
            "loaded_on": 0,
            "folder": "project",
            "temporary": str(tmp_path / "tmp"),
            "monotonic": 0,
        }

    def test_each_condition_reaches_the_feature(self, observe):
        plain = observe("surroundings").output("surroundings")
        changed = observe(
            "surroundings",
            hash_seed=17,
            random_seed=17,
            time_zone="<+0545>-5:45",
            locale="POSIX",
            cpu_count=1,
            clock_shift_seconds=400 * DAY_SECONDS,
        ).output("surroundings")
        assert (changed["hash_seed"], changed["time_zone"], changed["locale"]) == ("17", "+0545", "POSIX")
        assert changed["utf8_mode"] is None, "the encoding belongs to the locale"
        assert changed["hash"] != plain["hash"]
        assert changed["drawn"] != plain["drawn"]
        assert changed["cpus"] == [1, 1 if hasattr(os, "sched_getaffinity") else None]
        for moment in ("loaded_on", "called_on"):
            days = datetime.fromisoformat(changed[moment]) - datetime.fromisoformat(plain[moment])
            assert timedelta(399) <= days <= timedelta(402), "already as the suite was imported"
        assert abs(int(changed["monotonic"]) - time.monotonic()) < DAY_SECONDS, "time-outs keep their clock"

    def test_a_clock_that_cannot_be_shifted_is_refused(self, observe, monkeypatch):
        monkeypatch.setattr(conditions_module, "can_shift_clock", lambda: False)
        with pytest.raises(EnvironmentFailure, match="time-machine is not installed") as caught:
            observe("surroundings", clock_shift_seconds=1.0)
        assert caught.value.hint == "pip install 'aicmo-perf[clock]'"

    def test_live_mode_draws_the_same_only_when_its_flakiness_is_checked(self, observe):
        def drawn(**settings):
            told = observe("surroundings", mode=Mode.LIVE, **settings).output("surroundings")
            return told["drawn"], told["hash"]

        checked = drawn(flakiness_check=True)
        assert drawn(flakiness_check=True) == checked
        assert drawn(flakiness_check=True, random_seed=7)[0] != checked[0]
        live = drawn()
        assert live[0] != checked[0]
        assert drawn() != live


class TestPlace:
    def test_a_fresh_directory_shows_the_project_and_keeps_what_is_new_apart(self, observe, project, tmp_path):
        observed = observe("surroundings", "reads_and_writes", fresh_directory=True)
        told = observed.output("surroundings")
        assert observed.output("reads_and_writes") == "kept"
        assert Path(told["temporary"]).parent.parent == tmp_path / "tmp"
        assert not (project / "new").exists()
        assert list((tmp_path / "tmp").iterdir()) == []

    def test_without_one_files_are_where_they_always_were(self, observe, project, tmp_path):
        observe("reads_and_writes")
        assert (project / "new").exists()
        assert (tmp_path / "tmp" / "left-behind").exists()

    def test_what_earlier_processes_left_is_found(self, observe):
        assert observe("fails_where_it_was_before", fresh_directory=True).statuses == {
            "fails_where_it_was_before": "pass"
        }
        later = observe("fails_where_it_was_before", fresh_directory=True, earlier_process_count=2)
        assert later.statuses == {"fails_where_it_was_before": "fail"}
        assert sum(isinstance(event, Collected) for event in later.events) == 1, "the last process is told"

    def test_it_is_removed_whatever_was_done_to_it(self, project, tmp_path):
        def use() -> None:
            with WorkingDirectory(project) as directory:
                (directory.temporary / "locked" / "inside").mkdir(parents=True)
                (directory.temporary / "locked").chmod(0)
                (directory.path / "more").symlink_to(project / "data")
                raise RuntimeError

        with pytest.raises(RuntimeError):
            use()
        assert list((tmp_path / "tmp").iterdir()) == []
        assert sorted(path.name for path in project.iterdir()) == ["conditional.py", "data", "kept"]
        assert os.access(project / "data", os.W_OK)

    def test_entries_that_came_later_are_hidden(self, project, tmp_path):
        with WorkingDirectory(project, entries={"kept", "gone"}, folder=tmp_path / "place") as directory:
            assert [path.name for path in directory.path.iterdir()] == ["kept"]
            assert directory.path.parent == tmp_path / "place"

    def test_a_place_that_is_taken_is_an_error_of_the_environment_and_stays(self, project, tmp_path):
        (tmp_path / "place" / "mine").mkdir(parents=True)
        with pytest.raises(EnvironmentFailure, match="No working directory"):
            WorkingDirectory(project, folder=tmp_path / "place").__enter__()
        assert (tmp_path / "place" / "mine").exists()


class TestRepetition:
    NAMES = (
        "cannot_be_called_twice",
        "says_something_else_each_time",
        "leaves_the_working_directory",
        "skips_the_second_call",
        "surroundings",
    )

    def test_once_each_is_fine(self, observe):
        observed = observe(*self.NAMES)
        assert set(observed.statuses.values()) == {"pass"}
        assert {result.judged_calls for result in observed.results.values()} == {1}
        assert all(result.samples_seconds == () for result in observed.results.values()), "nothing is measured"

    def test_a_failure_is_told_though_a_later_call_passes(self, observe):
        result = observe("fails_the_first_call", judged_calls=3).results["fails_the_first_call"]
        assert (str(result.status), result.judged_calls) == ("partial", 2)
        assert result.errors[0].startswith("AssertionError: not yet")

    def test_the_first_call_that_differs_is_told(self, observe, project):
        observed = observe(*self.NAMES, judged_calls=3)
        told = {name: (str(result.status), result.judged_calls) for name, result in observed.results.items()}
        assert told == {
            "cannot_be_called_twice": ("partial", 2),
            "says_something_else_each_time": ("pass", 2),
            "leaves_the_working_directory": ("pass", 3),
            "skips_the_second_call": ("skip", 2),
            "surroundings": ("pass", 3),
        }
        (error,) = observed.results["cannot_be_called_twice"].errors
        assert error.startswith("scenario 2: in a repeated call: AssertionError: once was enough")
        assert observed.output("says_something_else_each_time") == 2
        assert observed.output("surroundings")["folder"] == "project", "torn down in between"


class TestOrder:
    NAMES = ("surroundings", "reads_and_writes", "says_something_else_each_time")

    def test_is_the_parents_and_the_others_come_last(self, make_plan, project):
        plan = make_plan("conditional.py", project_root=project)
        keys = [("conditional", f"conditional.{name}") for name in ("no_more", *self.NAMES[::-1])]
        planned = PlannedIteration(number=2, kind=IterationKind.PERTURBED, order=tuple(keys))
        observed = Observed(list(run_iteration(plan, planned)))
        assert list(observed.statuses) == [
            *self.NAMES[::-1],
            "fails_where_it_was_before",
            "cannot_be_called_twice",
            "leaves_the_working_directory",
            "skips_the_second_call",
            "fails_the_first_call",
            "dies",
            "tells_its_folders",
        ]

    def test_a_worker_that_dies_is_replaced_in_the_same_order_and_conditions(self, observe):
        observed = observe("reads_and_writes", "dies", "surroundings", hash_seed=5, order=OrderKind.SHUFFLE)
        assert list(observed.statuses.items()) == [
            ("reads_and_writes", "pass"),
            ("dies", "error"),
            ("surroundings", "pass"),
        ]
        assert observed.output("surroundings")["hash_seed"] == "5"

    def test_the_time_under_changed_conditions_is_not_kept(self, observe):
        perturbed = observe("surroundings").results["surroundings"]
        retried = observe("surroundings", kind=IterationKind.RETRY).results["surroundings"]
        assert (perturbed.first_call_seconds, perturbed.peak_rss_bytes) == (None, None)
        assert retried.first_call_seconds is not None
        assert retried.samples_seconds == ()


class TestWorkers:
    def test_share_the_features_side_by_side(self, write, make_plan, project):
        write(
            "project/meeting.py",
            """
            import os, time
            from pathlib import Path
            from aicmo_perf import feature
            def meet(own, other):
                Path(own).touch()
                while not Path(other).exists():
                    time.sleep(0.005)
                return os.getpid()
            @feature
            def one(): return meet("one", "two")
            @feature
            def two(): return meet("two", "one")
            @feature
            def three(): return meet("three", "four")
            @feature
            def dies():
                Path("four").touch()
                os._exit(1)
            @feature
            def five(): return os.getpid()
            @feature
            def six(): return os.getpid()
            """,
        )
        plan = make_plan("meeting.py", project_root=project)
        planned = PlannedIteration(number=2, kind=IterationKind.PERTURBED, conditions=Conditions(worker_count=2))
        observed = Observed(list(run_iteration(plan, planned, wants_outputs=True)))
        fine = ("one", "two", "three", "five", "six")
        assert observed.statuses == dict.fromkeys(fine, "pass") | {"dies": "error"}
        pids = {name: observed.output(name) for name in fine}
        assert pids["one"] == pids["three"] == pids["five"]
        assert len({pids["one"], pids["two"], pids["six"]}) == 3, "a new worker took the dead one's place"
        assert sum(isinstance(event, Collected) for event in observed.events) == 1

    def test_a_module_that_kills_all_of_them_is_broken_once(self, write, make_plan, project):
        write("project/deadly.py", "import os; os._exit(4)")
        plan = make_plan("deadly.py", "conditional.py", project_root=project)
        planned = PlannedIteration(number=2, kind=IterationKind.PERTURBED, conditions=Conditions(worker_count=2))
        observed = Observed(list(run_iteration(plan, planned)))
        assert observed.statuses["deadly"] == "error"
        assert observed.statuses["surroundings"] == "pass"
        assert len(observed.statuses) == 11

    def test_all_end_early_with_what_is_finished(self, write, make_plan, project):
        write(
            "project/endless.py",
            """
            import os, time
            from aicmo_perf import feature
            @feature
            def quick(): pass
            @feature
            def hangs(): time.sleep(600)
            @feature
            def hangs_too(): time.sleep(600)
            """,
        )
        plan = make_plan("endless.py", project_root=project)
        planned = PlannedIteration(number=2, kind=IterationKind.PERTURBED, conditions=Conditions(worker_count=2))
        reading, writing = os.pipe()
        seen: list[EngineEvent] = []

        def follow() -> None:
            with closing(run_iteration(plan, planned, interrupt=reading)) as events:
                for event in events:
                    seen.append(event)
                    if sum(isinstance(one, Started) for one in seen) == 3:
                        os.write(writing, b"x")

        try:
            with pytest.raises(KeyboardInterrupt):
                follow()
        finally:
            os.close(reading)
            os.close(writing)
        assert [event.feature.name for event in seen if isinstance(event, IterationResult)] == ["quick"]
        assert not any(isinstance(event, IterationEnded) for event in seen)
        assert children() == set()

    @pytest.mark.skipif(sys.platform != "linux", reason="the children are looked up in /proc")
    def test_busy_processes_are_there_inside_and_gone_afterwards(self, write, make_plan, project):
        write("project/endless.py", """
            import time
            from aicmo_perf import feature
            @feature
            def hangs(): time.sleep(600)
        """)  # fmt: skip
        plan = make_plan("endless.py", project_root=project)
        planned = PlannedIteration(number=2, kind=IterationKind.PERTURBED, conditions=Conditions(busy_process_count=2))
        with closing(run_iteration(plan, planned)) as events:
            while not isinstance(next(events), Collected):
                pass
            assert len(children()) == 3, "a worker and two that spin"
        assert children() == set()


class TestIterations:
    def test_begin_and_end_with_what_they_are(self, make_plan, project):
        plan = make_plan("conditional.py", project_root=project)
        first, *_, last = run_iteration(replace(plan, options=replace(plan.options, selection=("surr*",))), 7)
        assert isinstance(first, IterationStarted)
        assert isinstance(last, IterationEnded)
        assert first.iteration.planned == last.iteration.planned == PlannedIteration(number=7)
        assert first.iteration.duration_seconds is None
        assert last.iteration.duration_seconds > 0
        assert (first.iteration.load_average is not None) == hasattr(os, "getloadavg")
        assert first.iteration.load_average == last.iteration.load_average

    def test_of_a_check_are_designed(self, make_plan, project):
        plan = make_plan("conditional.py", project_root=project, mode=Mode.DETERMINISTIC)
        options = replace(plan.options, iterations=4, flakiness_check=True, selection=("says*", "reads*", "cannot*"))
        events = list(run_engine(replace(plan, options=options)))
        planned = [event.iteration.planned for event in events if isinstance(event, IterationEnded)]
        assert [(one.number, str(one.kind)) for one in planned] == [
            (1, "plain"), (2, "perturbed"), (3, "twin"), (4, "perturbed"),
        ]  # fmt: skip
        orders: dict[int, list[str]] = {}
        for event in events:
            if isinstance(event, IterationResult):
                orders.setdefault(event.iteration, []).append(event.feature.name)
                assert bool(event.samples_seconds) == (event.iteration in (1, 3) and event.status is Status.PASS)
        assert orders[3] == orders[1] == list(reversed(orders[2]))
        assert planned[1].order is not None
        assert planned[1].conditions.changed, "and more than the order"

    def test_changed_ones_start_no_more_processes_and_make_no_more_calls_than_their_bound(
        self, write, make_plan, project, tmp_path
    ):
        log = tmp_path / "log"
        write("project/counted.py", f"""
            import os
            from aicmo_perf import feature
            def note(what):
                with open({str(log)!r}, "a") as log:
                    log.write(f"{{os.getpid()}} {{what}}\\n")
            note("starts")
            @feature
            def one(): note("calls")
            @feature(scenarios=[1, 2])
            def two(scenario): note("calls")
        """)  # fmt: skip
        plan = make_plan("counted.py", project_root=project, mode=Mode.DETERMINISTIC)
        options = replace(plan.options, iterations=10, flakiness_check=True)
        calls: list[int] = []
        for event in run_engine(replace(plan, options=options)):
            if isinstance(event, IterationEnded):
                noted = [line.split() for line in log.read_text().splitlines()]
                log.write_text("")
                calls.append(sum(what == "calls" for _, what in noted))
                assert len({pid for pid, _ in noted}) == event.iteration.planned.conditions.worker_count
        assert len(calls) == 10
        measured = [calls.pop(2), calls.pop(0)]
        assert max(calls) <= min(measured)

    def test_without_a_check_are_all_plain(self, make_plan, project):
        plan = make_plan("conditional.py", project_root=project)
        options = replace(plan.options, iterations=2, selection=("surr*",))
        events = run_engine(replace(plan, options=options))
        planned = [event.iteration.planned for event in events if isinstance(event, IterationStarted)]
        assert [(one.kind, one.conditions, one.order) for one in planned] == [
            (IterationKind.PLAIN, Conditions(), None)
        ] * 2


def test_what_is_scrubbed_is_told_and_does_not_count(observe):
    plain = observe("surroundings")
    scrubbed = [
        observe("surroundings", scrub=("timestamp", "path"), clock_shift_seconds=shift).results["surroundings"]
        for shift in (0.0, 3 * DAY_SECONDS)
    ]
    assert plain.results["surroundings"].scrubbed == ()
    assert {result.scrubbed for result in scrubbed} == {("path", "timestamp")}
    told = json.loads(scrubbed[1].output_form)
    assert (told["called_on"], told["temporary"]) == ("<timestamp>", "<path>")
    assert all(result.output_digest.startswith("c1-scrubbed-sha256:") for result in scrubbed)


def children() -> set[int]:
    """The processes that this one started and that are still running."""
    own = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        state, parent = text.rpartition(")")[2].split()[:2]
        if int(parent) == os.getpid() and state != "Z":
            own.add(int(stat.parent.name))
    return own
