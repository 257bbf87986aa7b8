"""No feature stops the engine or harms another: real workers, real crashes."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

import aicmo_perf
from aicmo_perf.model import IterationResult, Mode, Status
from aicmo_perf.self_test.engine import Collected, IterationEnded, IterationStarted, Started, run_engine

SUITE = Path(__file__).parent / "suites" / "misbehaving.py"


@pytest.fixture
def listening(tmp_path):
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        (tmp_path / "port").write_text(str(server.getsockname()[1]))
        yield


@pytest.mark.usefixtures("listening")
class TestMisbehavingFeatures:
    EXPECTED = {
        "fails_always": (Status.FAIL, "ValueError: no audience"),
        "fails_every_second_process": (Status.PASS, ""),
        "returns_text_with_a_uuid": (Status.PASS, ""),
        "depends_on_set_order": (Status.PASS, ""),
        "sleeps_past_its_timeout": (Status.ERROR, "overran its time-out of 1.5 s at misbehaving.py:43 in sleeps_past"),
        "leaves_the_process": (Status.ERROR, "the worker process ended with exit code 3 (os._exit?)"),
        "segfaults": (Status.ERROR, "was killed by signal 11 (SIGSEGV) at misbehaving.py:53 in segfaults"),
        "calls_sys_exit": (Status.FAIL, "called sys.exit(0)"),
        "is_asynchronous": (Status.PASS, ""),
        "mutates_its_scenario": (Status.PASS, ""),
        "connects_to_a_socket": (Status.PASS, ""),
        "comes_last": (Status.PASS, ""),
    }

    @pytest.mark.parametrize("mode", Mode)
    def test_each_has_exactly_its_status(self, mode, tmp_path, make_plan):
        shutil.copy(SUITE, tmp_path)
        events = list(run_engine(make_plan("misbehaving.py", mode=mode)))
        expected = dict(self.EXPECTED)
        if mode is Mode.DETERMINISTIC:
            port = (tmp_path / "port").read_text()
            expected["connects_to_a_socket"] = (
                Status.FAIL,
                f"looking up 127.0.0.1:{port} is refused in deterministic mode",
            )
        results = [event for event in events if isinstance(event, IterationResult)]
        assert [result.feature.name for result in results] == list(expected)
        for result in results:
            status, text = expected[result.feature.name]
            assert result.status is status, result.errors
            assert len(result.errors) == (0 if status is Status.PASS else 1)
            assert all(text in error for error in result.errors), result.errors
            assert bool(result.samples_seconds) == (status is Status.PASS)

    def test_flakiness_over_three_processes(self, tmp_path, make_plan):
        shutil.copy(SUITE, tmp_path)
        options = replace(
            make_plan().options,
            iterations=3,
            selection=("fails_every*", "*uuid", "depends_on_set_order", "is_asynchronous", "leaves*"),
        )
        events = list(run_engine(make_plan("misbehaving.py", mode=Mode.DETERMINISTIC, options=options)))
        by_name: dict[str, list[IterationResult]] = {}
        for event in events:
            if isinstance(event, IterationResult):
                by_name.setdefault(event.feature.name, []).append(event)
        assert {name: [str(r.status) for r in results] for name, results in by_name.items()} == {
            "fails_every_second_process": ["pass", "fail", "pass"],
            "returns_text_with_a_uuid": ["pass"] * 3,
            "depends_on_set_order": ["pass"] * 3,
            "leaves_the_process": ["error"] * 3,
            "is_asynchronous": ["pass"] * 3,
        }
        digests = {name: [result.output_digest for result in results] for name, results in by_name.items()}
        assert len(set(digests["returns_text_with_a_uuid"])) == 3
        assert len(set(digests["depends_on_set_order"])) == 1
        assert None not in digests["depends_on_set_order"]
        assert [event.iteration for event in events if isinstance(event, Collected)] == [1, 2, 3]


class TestEvents:
    def test_come_in_order(self, run_suite, make_plan):
        run_suite("@feature\ndef one(): pass\n@feature\ndef two(): pass")
        kinds = [type(event) for event in run_engine(make_plan("suite.py"))]
        assert kinds == [
            IterationStarted, Collected, Started, IterationResult, Started, IterationResult, IterationEnded,
        ]  # fmt: skip

    def test_a_feature_is_called_once_an_iteration_even_after_a_crash(self, run_suite, tmp_path):
        results = run_suite(
            """
            import os
            def note(name):
                with open("calls", "a") as calls:
                    calls.write(f"{name} {os.getpid()}\\n")
            @feature(timeout_seconds=20)
            def first(): note("first")
            @feature
            def second(): note("second"); os._exit(1)
            @feature
            def third(): note("third"); os.kill(os.getpid(), 9)
            @feature
            def fourth(): note("fourth")
            """
        )
        assert [str(result.status) for result in results.values()] == ["pass", "error", "error", "pass"]
        assert "killed by signal 9 (SIGKILL)" in results["third"].errors[0]
        processes = dict.fromkeys(tuple(line.split()) for line in (tmp_path / "calls").read_text().splitlines())
        assert [name for name, _ in processes] == ["first", "second", "third", "fourth"]
        assert len({pid for _, pid in processes}) == 3

    def test_closing_the_generator_ends_the_worker_and_its_children(self, write, make_plan, tmp_path):
        write(
            "suite.py",
            """
            import os, subprocess, sys, time
            from aicmo_perf import feature
            @feature
            def hangs():
                child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
                with open("pids.part", "w") as pids:
                    pids.write(f"{os.getpid()} {child.pid}")
                os.rename("pids.part", "pids")
                time.sleep(600)
            """,
        )
        with closing(run_engine(make_plan("suite.py"))) as events:
            while not isinstance(next(events), Started):
                pass
            pids = await_text(tmp_path / "pids").split()
            assert all(is_running(int(pid)) for pid in pids)
        assert all(ends(int(pid)) for pid in pids)

    def test_a_worker_dies_with_its_parent(self, write, tmp_path):
        write(
            "suite.py",
            """
            import os, time
            from aicmo_perf import feature
            @feature
            def hangs():
                with open("pid.part", "w") as pid:
                    pid.write(str(os.getpid()))
                os.rename("pid.part", "pid")
                time.sleep(600)
            """,
        )
        code = "from aicmo_perf import SelfTestOrchestrator; SelfTestOrchestrator(['suite.py']).run_self_test()"
        package_parent = str(Path(aicmo_perf.__file__).parents[1])
        environment = {**os.environ, "PYTHONPATH": package_parent}
        with subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, env=environment) as parent:
            worker = int(await_text(tmp_path / "pid"))
            parent.kill()
        assert ends(worker)


class TestCrashes:
    def test_what_was_last_written_is_in_the_error(self, run_suite):
        results = run_suite(
            """
            import os, sys
            @feature
            def before(): print("of another feature", file=sys.stderr)
            @feature
            def dies():
                print("half-way there", file=sys.stderr)
                os._exit(0)
            """
        )
        (error,) = results["dies"].errors
        assert error.startswith("the worker process ended with exit code 0 (os._exit?)")
        assert "half-way there" in error
        assert "another" not in error

    def test_a_timeout_is_for_one_call_not_for_all(self, run_suite):
        results = run_suite(
            """
            import time
            # forty times, judged and measured: two seconds together, while each has time to spare on a busy machine
            @feature(timeout_seconds=1.5, scenarios=range(20))
            def slow(scenario): time.sleep(0.05)
            """
        )
        assert results["slow"].status is Status.PASS

    def test_an_asynchronous_feature_overruns_as_well(self, run_suite):
        results = run_suite(
            """
            import asyncio
            @feature(timeout_seconds=1.5)
            async def waits(): await asyncio.sleep(60)
            @feature
            async def last(): pass
            """
        )
        assert results["waits"].errors == ("overran its time-out of 1.5 s while it awaited something",)
        assert results["last"].status is Status.PASS

    def test_what_the_interpreter_prints_at_its_start_is_no_message(self, run_suite, write, monkeypatch, tmp_path):
        write("start/sitecustomize.py", """print("welcome"); print("half a line", end="", flush=True)""")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path / "start"))
        assert run_suite("@feature\ndef fine(): pass")["fine"].status is Status.PASS

    def test_what_is_too_odd_to_be_told_is_an_error_of_its_feature(self, run_suite):
        results = run_suite(
            """
            class Odd:
                def __str__(self): raise RuntimeError("odd")
            @feature
            def leaves(): raise SystemExit(Odd())
            @feature
            def last(): pass
            """
        )
        assert "cannot be exercised: RuntimeError: odd" in results["leaves"].errors[0]
        assert results["last"].status is Status.PASS

    def test_a_thread_left_running_is_named_as_a_suspect(self, run_suite):
        results = run_suite(
            """
            import os, threading, time
            may_die = threading.Event()
            def die():
                may_die.wait()
                os._exit(7)
            @feature
            def leaves_a_thread():
                if not threading.active_count() > 1:
                    threading.Thread(target=die, daemon=True).start()
            @feature
            def innocent():
                may_die.set()
                time.sleep(600)
            @feature
            def last(): pass
            """
        )
        assert "exit code 7 (os._exit?); a thread that an earlier feature left" in results["innocent"].errors[0]
        assert results["last"].status is Status.PASS

    def test_a_grandchild_that_keeps_the_pipe_does_not_hide_the_end(self, run_suite, tmp_path):
        results = run_suite(
            """
            import os, time
            @feature
            def forks_and_dies():
                if os.fork() == 0:
                    time.sleep(600)
                    open("waited for", "w").close()
                    os._exit(0)
                os._exit(4)
            @feature
            def last(): pass
            """
        )
        assert "exit code 4" in results["forks_and_dies"].errors[0]
        assert results["last"].status is Status.PASS
        assert not (tmp_path / "waited for").exists()

    def test_a_child_that_returns_into_the_engine_is_stopped(self, run_suite, tmp_path):
        results = run_suite(
            """
            import os
            @feature
            def forks():
                os.fork()
            @feature
            def last():
                with open("calls", "a") as calls:
                    calls.write(f"{os.getpid()}\\n")
            """
        )
        assert [str(result.status) for result in results.values()] == ["pass", "pass"]
        assert len(set((tmp_path / "calls").read_text().split())) == 1

    def test_noise_on_standard_output_is_no_message(self, run_suite):
        results = run_suite(
            """
            import os, sys
            @feature
            def noisy():
                print('["finished"]')
                os.write(1, b'["finished"]\\n')
            @feature
            def closes():
                if not sys.stdout.closed: sys.stdout.close()
            @feature
            def reads(): return sys.stdin.read()
            @feature
            def prints(): print("hello")
            """
        )
        assert [str(result.status) for result in results.values()] == ["pass", "pass", "pass", "pass"]

    def test_closing_the_descriptors_of_others_costs_one_feature(self, run_suite):
        results = run_suite(
            """
            import os
            @feature
            def closes(): os.closerange(3, 60)
            @feature
            def closes_ours():
                os.closerange(0, 300)
                return [open("victim%d" % n, "w") for n in range(200)] and None
            @feature
            def last(): pass
            """
        )
        assert results["closes"].status is Status.PASS
        assert results["closes_ours"].status is Status.ERROR
        assert "file descriptor was closed that was not the feature's" in results["closes_ours"].errors[0]
        assert results["last"].status is Status.PASS

    def test_a_feature_that_moves_away_takes_no_other_with_it(self, run_suite):
        results = run_suite(
            """
            import os
            @feature
            def moves(): os.chdir("/")
            @feature
            def stays(): assert os.path.exists("suite.py")
            """
        )
        assert results["stays"].status is Status.PASS

    def test_output_is_relayed_when_asked_for(self, run_suite, capfd):
        run_suite("@feature\ndef talks(): print('to be relayed')", relay_output=True)
        captured = capfd.readouterr()
        assert "to be relayed" in captured.err
        assert captured.out == ""
        run_suite("@feature\ndef talks(): print('to be relayed')")
        assert capfd.readouterr() == ("", "")

    def test_a_group_is_killed_once_and_before_its_leader_is_reaped(self, run_suite, monkeypatch):
        killed = []
        kill_group = os.killpg

        def watched(group, number):
            # raises ChildProcessError once the leader is reaped
            os.waitid(os.P_PID, group, os.WEXITED | os.WNOWAIT | os.WNOHANG)
            killed.append(group)
            kill_group(group, number)

        monkeypatch.setattr(os, "killpg", watched)
        results = run_suite(
            """
            import os, time
            @feature
            def dies(): os._exit(1)
            @feature(timeout_seconds=1)
            def hangs(): time.sleep(60)
            @feature
            def last(): pass
            """
        )
        assert [str(result.status) for result in results.values()] == ["error", "error", "pass"]
        assert len(killed) == len(set(killed)) == 3


def await_text(path: Path) -> str:
    """What another process writes; it is there soon, and a test that waits for ever helps nobody."""
    deadline = time.monotonic() + 120
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return path.read_text()


def is_running(pid: int) -> bool:
    """Whether the process lives; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def ends(pid: int) -> bool:
    """Whether the process ends soon; a signal takes a moment to be delivered."""
    deadline = time.monotonic() + 120
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.005)
    return not is_running(pid)
