"""What a feature does, and the result it gets for it; in this process, with a clock that features turn themselves."""

from __future__ import annotations

import asyncio
import functools
import os
import sys
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest

from aicmo_perf.model import Category, Feature, IterationResult, RunOptions, Status
from aicmo_perf.self_test.determinism import NoSeeding
from aicmo_perf.self_test.discovery import FoundFeature
from aicmo_perf.self_test.execution import FeatureExecutor
from aicmo_perf.self_test.feature import FeatureDefinition, add_error, add_warning, skip
from aicmo_perf.self_test.measure import Clock

NANOSECONDS = 1_000_000_000


@dataclass
class FakeTime:
    """A clock that moves only when a feature says that it took time."""

    seconds: float = 0.0
    spent: list[float] = field(default_factory=list)

    def spend(self, seconds: float) -> None:
        self.seconds += seconds

    def clock(self) -> Clock:
        return Clock(self._nanoseconds, self._nanoseconds)

    def _nanoseconds(self) -> int:
        return round(self.seconds * NANOSECONDS)


@dataclass(frozen=True, slots=True)
class Package:
    """What a packager may return: text that is no path, and a path that is one."""

    path: Path
    title: str


class NamedPackage(NamedTuple):
    path: Path
    page_count: int


@pytest.fixture
def time():
    return FakeTime()


@pytest.fixture
def execute(time):
    def run(function, *, quick=True, options=None, **settings) -> IterationResult:
        definition = FeatureDefinition(function=function, name="it", qualified_name="suite.it", **settings)
        found = FoundFeature(Feature(suite="suite", qualified_name="suite.it", name="it"), definition)
        options = options or RunOptions(quick=quick, min_sample_count=2, min_sampling_seconds=0.001)
        return FeatureExecutor(options, NoSeeding(), time.clock()).execute(found, iteration=1)

    def calling(function, **settings) -> IterationResult:
        """Every call takes a tenth of a second of the fake time."""

        @functools.wraps(function)
        def timed(*arguments):
            time.spend(0.1)
            return function(*arguments)

        return run(timed, **settings)

    calling.as_it_is = run
    return calling


class TestStatus:
    def test_all_scenarios_fine_is_a_pass(self, execute):
        result = execute(lambda brief: brief, scenarios=["a", "b"])
        assert (result.status, result.errors, result.scenario_count) == (Status.PASS, (), 2)

    def test_some_failing_is_partial_and_the_others_still_run(self, execute):
        def fussy(brief):
            if brief == "a":
                raise ValueError("not a")
            return brief

        result = execute(fussy, scenarios=["a", "b"])
        assert result.status is Status.PARTIAL
        (error,) = result.errors
        assert error.startswith("scenario 1 (a): ValueError: not a\nTraceback")
        assert result.output_digest is not None
        assert (result.samples_seconds, result.first_call_seconds) == ((), None)

    def test_all_failing_is_a_failure(self, execute):
        def fails(brief):
            raise KeyError(brief)

        result = execute(fails, scenarios=["a", "b"])
        assert result.status is Status.FAIL
        assert len(result.errors) == 2

    @pytest.mark.parametrize(
        ("leave", "text"),
        [
            (lambda: sys.exit(0), "called sys.exit(0)"),
            (lambda: sys.exit(), "called sys.exit()"),
            (lambda: sys.exit("no way"), "called sys.exit('no way')"),
        ],
    )
    def test_leaving_is_a_failure(self, execute, leave, text):
        result = execute(leave)
        assert result.status is Status.FAIL
        assert result.errors[0].splitlines()[0] == text

    def test_a_keyboard_interrupt_of_its_own_is_a_failure(self, execute):
        def interrupts():
            raise KeyboardInterrupt

        assert execute(interrupts).status is Status.FAIL

    def test_errors_hold_the_users_frames_alone(self, execute):
        def fails():
            try:
                raise KeyError("first")
            except KeyError as error:
                raise ValueError("second") from error

        (error,) = execute.as_it_is(fails).errors
        assert error.startswith("ValueError: second\n")
        assert "KeyError: 'first'" in error
        assert "self_test/execution.py" not in error
        assert "self_test/calling.py" not in error
        assert "in fails" in error

    def test_reported_errors_count_without_an_exception(self, execute):
        def complains():
            add_error("too short")
            add_error("too dull")
            return "text"

        result = execute(complains)
        assert (result.status, result.errors) == (Status.FAIL, ("too short", "too dull"))
        assert result.first_call_seconds == pytest.approx(0.1)

    def test_a_skip_has_its_reason(self, execute):
        result = execute(lambda: skip("no LaTeX here"))
        assert (result.status, result.skip_reason, result.errors) == (Status.SKIP, "no LaTeX here", ())
        assert result.samples_seconds == ()

    def test_a_skip_does_not_undo_an_error(self, execute):
        def breaks_and_leaves():
            add_error("broken")
            skip("later")

        result = execute(breaks_and_leaves)
        assert (result.status, result.errors, result.skip_reason) == (Status.FAIL, ("broken",), None)
        assert result.warnings == ("was skipped after it had failed: later",)

    def test_a_validator_that_skips_does_not_undo_an_error(self, execute):
        def breaks():
            add_error("broken")
            return "text"

        result = execute(breaks, validate=lambda output: skip("no spelling checker"))
        assert (result.status, result.errors, result.skip_reason) == (Status.FAIL, ("broken",), None)
        assert result.warnings == ("was skipped after it had failed: no spelling checker",)

    def test_a_skipped_scenario_is_a_warning_and_the_rest_decides(self, execute):
        def choosy(brief):
            if brief == "a":
                skip("not a")
            return brief

        result = execute(choosy, scenarios=["a", "b"])
        assert (result.status, result.warnings) == (Status.PASS, ("scenario 1 (a) was skipped: not a",))
        assert result.scenario_count == 1
        assert result.samples_seconds


class TestWarnings:
    def test_python_warnings_and_its_own_are_collected_once(self, execute):
        def warns():
            for _ in range(2):
                warnings.warn("old style", DeprecationWarning, stacklevel=1)
            add_warning("thin ice")

        result = execute(warns)
        assert result.status is Status.PASS
        python, again, own = result.warnings
        assert python == again
        assert python.startswith("DeprecationWarning: old style (test_execution.py:")
        assert own == "thin ice"
        assert result.samples_seconds, "a warning does not prevent measuring"


class TestCalling:
    def test_async_functions_are_awaited(self, execute, time):
        async def asynchronous(brief):
            await asyncio.sleep(0)
            time.spend(0.2)
            return brief

        result = execute.as_it_is(asynchronous, scenarios=["a"], returns=str)
        assert (result.status, result.errors) == (Status.PASS, ())
        assert result.samples_seconds == pytest.approx((0.2, 0.2))

    def test_what_returns_an_awaitable_is_awaited_too(self, execute, time):
        async def asynchronous():
            time.spend(0.2)
            return "text"

        result = execute.as_it_is(lambda: asynchronous(), returns=str)
        assert (result.status, result.errors) == (Status.PASS, ())
        assert result.samples_seconds == pytest.approx((0.2, 0.2))

    def test_all_calls_of_a_feature_share_one_event_loop(self, execute, time):
        loops = set()

        async def asynchronous():
            time.spend(0.2)
            loops.add(asyncio.get_running_loop())

        execute.as_it_is(asynchronous)
        assert len(loops) == 1
        assert loops.pop().is_closed()

    def test_a_generator_is_drained(self, execute, time):
        def posts():
            time.spend(0.1)
            yield "monday"
            yield "tuesday"

        result = execute.as_it_is(posts, validate=lambda output: output == ["monday", "tuesday"])
        assert (result.status, result.errors) == (Status.PASS, ())

    def test_an_asynchronous_generator_is_drained(self, execute, time):
        async def posts():
            time.spend(0.1)
            yield "monday"
            yield "tuesday"

        result = execute.as_it_is(posts, validate=lambda output: output == ["monday", "tuesday"])
        assert (result.status, result.errors) == (Status.PASS, ())
        assert result.first_call_seconds >= 0.1

    @pytest.mark.parametrize(
        ("function", "scenarios", "text"),
        [
            (lambda brief: brief, None, "cannot be called with no arguments (it has no scenarios)"),
            (lambda: None, ["a"], "cannot be called with one scenario"),
            (lambda brief, *, tone: brief, ["a"], "missing a required argument: 'tone'"),
        ],
    )
    def test_a_signature_that_does_not_fit_is_an_error(self, execute, function, scenarios, text):
        result = execute.as_it_is(function, scenarios=scenarios)
        assert result.status is Status.ERROR
        assert text in result.errors[0]

    def test_every_call_has_a_copy_of_its_own(self, execute):
        briefs = [{"tags": ["b2b"]}]

        def mutates(brief):
            brief["tags"].append("changed")
            return len(brief["tags"])

        result = execute(mutates, scenarios=briefs, validate=lambda count: count == 2)
        assert result.status is Status.PASS
        assert briefs == [{"tags": ["b2b"]}]

    def test_a_warm_call_that_fails_fails_the_scenario(self, execute):
        calls = []

        def fails_later(brief):
            calls.append(brief)
            if len(calls) > 3 and brief == "b":
                add_error("no more")
            return brief

        result = execute(fails_later, scenarios=["a", "b"])
        assert (result.status, result.samples_seconds) == (Status.PARTIAL, ())
        assert result.errors == ("scenario 2 (b): in a repeated call: no more",)

    def test_an_exception_in_a_warm_call_is_told(self, execute):
        calls = []

        def fails_later():
            calls.append(None)
            if len(calls) == 2:
                raise OSError("used up")

        (error,) = execute(fails_later).errors
        assert error.startswith("in a repeated call: OSError: used up\nTraceback")

    def test_a_skip_in_a_warm_call_is_told(self, execute):
        calls = []

        def once():
            calls.append(None)
            if len(calls) == 2:
                skip("it was done already")

        result = execute(once)
        assert (result.status, result.errors) == (
            Status.PARTIAL,
            ("in a repeated call: was skipped: it was done already",),
        )


class TestScenarios:
    def test_quick_takes_the_first_two(self, execute):
        seen = []
        execute(seen.append, scenarios=["a", "b", "c"])
        assert set(seen) == {"a", "b"}

    def test_full_takes_all(self, execute):
        result = execute(lambda brief: None, quick=False, scenarios=lambda: iter(["a", "b", "c"]))
        assert result.scenario_count == 3

    def test_a_string_names_them(self, execute):
        result = execute(lambda name: name, scenarios="aicmo_perf.model.run:IDENTITY_FACTS")
        assert (result.status, result.scenario_count) == (Status.PASS, 2)

    @pytest.mark.parametrize(
        ("source", "text"),
        [
            ([], "are empty"),
            (lambda: 1 / 0, "its scenarios cannot be loaded: ZeroDivisionError"),
            (lambda: sys.exit(1), "its scenarios cannot be loaded: called sys.exit(1)"),
            (3, "are no sequence but int"),
            ("briefs", "'briefs' are not of the form 'module:attribute'"),
            ("no_such_module:briefs", "'no_such_module:briefs' cannot be loaded: ModuleNotFoundError"),
            ("aicmo_perf.model:briefs", "AttributeError"),
            ([object(), (one for one in ())], "scenario 2 cannot be copied"),
        ],
    )
    def test_a_source_that_fails_is_an_error(self, execute, source, text):
        result = execute(lambda brief: None, scenarios=source)
        assert result.status is Status.ERROR
        assert text in result.errors[0]

    @pytest.mark.parametrize(
        ("scenario", "label"),
        [
            ({"name": "Bella  Cucina"}, "scenario 1 (Bella Cucina)"),
            (Feature(suite="s", qualified_name="q", name="feature"), "scenario 1 (feature)"),
            ("x" * 50, f"scenario 1 ({'x' * 39}…)"),
            ([1], "scenario 1"),
        ],
    )
    def test_labels(self, execute, scenario, label):
        def fails(brief):
            add_error("no")

        assert execute(fails, scenarios=[scenario, "other"]).errors[0] == f"{label}: no"


class TestPromises:
    @pytest.mark.parametrize(
        ("validate", "errors"),
        [
            (lambda output: None, ()),
            (lambda output: True, ()),
            (lambda output: [], ()),
            (lambda output: "too short", ("too short",)),
            (lambda output: (one for one in ("too short", "too dull")), ("too short", "too dull")),
            (lambda output: False, ("the validator does not accept the output: it returned False",)),
        ],
    )
    def test_a_validator_returns_its_complaints(self, execute, validate, errors):
        result = execute(lambda: "text", validate=validate)
        assert result.errors == errors
        assert result.status is (Status.FAIL if errors else Status.PASS)

    def test_a_validator_raises_its_complaint(self, execute):
        def validate(output):
            raise AssertionError("too short")

        (error,) = execute(lambda: "text", validate=validate).errors
        assert error.startswith("the validator complains: AssertionError: too short")

    def test_a_validator_may_be_asynchronous(self, execute):
        async def validate(output):
            return f"{output} is too short"

        assert execute(lambda: "text", validate=validate).errors == ("text is too short",)

    def test_none_is_no_output_for_a_validator(self, execute):
        result = execute(lambda: None, validate=lambda output: None)
        assert (result.status, result.errors) == (Status.FAIL, ("returned None where an output is promised",))

    @pytest.mark.parametrize(
        ("output", "returns", "errors"),
        [
            ("text", str, ()),
            (None, str | None, ()),
            (None, str, ("returned None where str is promised",)),
            (3, (str, bytes), ("returned int where str or bytes is promised",)),
            (3, str | bytes, ("returned int where str | bytes is promised",)),
        ],
    )
    def test_a_type_is_a_promise(self, execute, output, returns, errors):
        assert execute(lambda: output, returns=returns).errors == errors

    @pytest.mark.parametrize(
        ("output", "complaint"),
        [
            ("deck.pptx", ""),
            ({"pdf": "deck.pptx", "zip": ["deck.pptx"]}, ""),
            (b"%PDF", ""),
            (None, "returned None where a file is promised"),
            (b"", "returned no bytes"),
            ("missing.pptx", "returned missing.pptx, which does not exist"),
            ("empty.pptx", "returned empty.pptx, which is an empty file"),
            (".", "returned ., which is no file"),
            ([], "returned no files"),
            (["deck.pptx", "missing.pptx"], "returned missing.pptx, which does not exist"),
            (7, "returned int where the path of a file, or bytes, are promised"),
        ],
    )
    def test_a_packager_returns_files(self, execute, tmp_path, monkeypatch, output, complaint):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "deck.pptx").write_bytes(b"slides")
        (tmp_path / "empty.pptx").touch()
        result = execute(lambda: output, category=Category.PACKAGER)
        assert result.errors == ((complaint,) if complaint else ())

    @pytest.mark.parametrize(
        ("output", "returns", "complaint"),
        [
            ("deck.pptx", str, ""),
            ("missing.pptx", str, "returned missing.pptx, which does not exist"),
            (None, str | None, "returned None where a file is promised"),
            ({}, dict, "returned no files"),
            ({"pdf": Path("empty.pptx")}, dict, "returned empty.pptx, which is an empty file"),
            (b"%PDF", bytes, ""),
            (b"", bytes, "returned no bytes"),
            (7, int, ""),
            (7, str, "returned int where str is promised"),
            (Package(Path("deck.pptx"), "Deck"), Package, ""),
            (Package(Path("missing.pptx"), "Deck"), Package, "returned missing.pptx, which does not exist"),
            (Package(Path(), "Deck"), Package, ""),
            (NamedPackage(Path("deck.pptx"), 3), NamedPackage, ""),
            (NamedPackage(Path("empty.pptx"), 3), NamedPackage, "returned empty.pptx, which is an empty file"),
            ([Package(Path("missing.pptx"), "Deck")], list, "returned missing.pptx, which does not exist"),
        ],
    )
    def test_a_packager_that_promises_a_type_returns_files_as_well(
        self, execute, tmp_path, monkeypatch, output, returns, complaint
    ):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "deck.pptx").write_bytes(b"slides")
        (tmp_path / "empty.pptx").touch()
        result = execute(lambda: output, category=Category.PACKAGER, returns=returns)
        assert result.errors == ((complaint,) if complaint else ())


class TestRecords:
    def test_the_first_call_is_kept_apart_from_the_samples(self, execute, time):
        durations = iter([3.0, 0.5, 0.2, 0.2])

        result = execute.as_it_is(lambda: time.spend(next(durations)))
        assert result.first_call_seconds == pytest.approx(3.0)
        assert result.samples_seconds == pytest.approx((0.2, 0.2)), "0.5 s was the warm-up"
        assert result.cpu_seconds == pytest.approx(0.2)
        assert (result.loop_count, result.status) == (1, Status.PASS)

    def test_a_sample_is_a_pass_over_all_scenarios(self, execute, time):
        result = execute.as_it_is(time.spend, scenarios=[0.1, 0.4])
        assert result.first_call_seconds == pytest.approx(0.5)
        assert result.samples_seconds == pytest.approx((0.5, 0.5))

    def test_memory_is_known(self, execute):
        result = execute(lambda: len(bytearray(50_000_000)))
        assert result.peak_rss_bytes is not None
        assert result.peak_rss_bytes > 50_000_000

    def test_a_file_is_digested_by_its_content(self, execute, tmp_path):
        def write(folder):
            path = tmp_path / folder / "deck.txt"
            path.parent.mkdir(exist_ok=True)
            path.write_text("slides")
            return path

        one, two = (execute(functools.partial(write, folder)) for folder in ("one", "two"))
        assert one.output_digest == two.output_digest
        assert one.output_digest is not None

    def test_no_output_has_no_digest(self, execute):
        assert execute(lambda brief: None, scenarios=["a", "b"]).output_digest is None

    def test_the_working_directory_is_nobodys_output(self, execute, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path.parent))
        before = execute(os.getcwd).output_digest
        (tmp_path / "log.txt").write_text("something new")
        assert execute(os.getcwd).output_digest == before
        # any other folder of temporary files is what it holds
        made = tmp_path / "made"
        made.mkdir()
        empty = execute(lambda: str(made)).output_digest
        (made / "log.txt").write_text("something new")
        assert execute(lambda: str(made)).output_digest != empty
