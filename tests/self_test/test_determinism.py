"""What deterministic mode fixes in the worker, and that the caller's process is never touched."""

from __future__ import annotations

import os
import random
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aicmo_perf.model import Mode, RunOptions, Status
from aicmo_perf.self_test.determinism import FIXED_VARIABLES, FixedSeeding, NoSeeding, worker_environment
from aicmo_perf.self_test.orchestrator import SelfTestOrchestrator

DRAWS = """
    import os, random
    drawn, drawn_by_numpy = set(), set()
    @feature
    def python(): return random.random()
    @feature
    def numpy_first_imported_here():
        import numpy
        return float(numpy.random.rand())
    @feature
    def every_call_draws_the_same():
        drawn.add(random.random())
        assert len(drawn) == 1
    @feature
    def every_call_of_numpy_draws_the_same():
        import numpy
        drawn_by_numpy.add(float(numpy.random.standard_normal()))
        assert len(drawn_by_numpy) == 1
    @feature
    def environment():
        return {name: os.environ.get(name) for name in (
            "PYTHONHASHSEED", "AICMO_USE_LLM", "TZ", "LC_ALL", "PYTHONUTF8", "AICMO_PERF_MODE")}
    @feature
    def hash_of_text(): return hash("text")
"""


class TestWorker:
    @pytest.fixture
    def digests(self, run_suite, monkeypatch):
        monkeypatch.setenv("AICMO_USE_LLM", "1")
        monkeypatch.setenv("PYTHONHASHSEED", "random")
        monkeypatch.setenv("TZ", "Europe/Vienna")

        def run(mode: Mode, seed: int = 42) -> dict[str, str]:
            options = RunOptions(min_sample_count=3, min_sampling_seconds=0.0, seed=seed)
            results = run_suite(DRAWS, mode=mode, options=options)
            failing = {name for name, result in results.items() if result.status is not Status.PASS}
            repeating = {"every_call_draws_the_same", "every_call_of_numpy_draws_the_same"}
            assert failing == (set() if mode is Mode.DETERMINISTIC else repeating)
            return {name: result.output_digest for name, result in results.items()}

        return run

    def test_draws_and_hashes_are_the_same_in_every_process(self, digests):
        assert digests(Mode.DETERMINISTIC) == digests(Mode.DETERMINISTIC)

    def test_another_seed_draws_others(self, digests):
        one, other = digests(Mode.DETERMINISTIC), digests(Mode.DETERMINISTIC, seed=43)
        differing = {name for name in one if one[name] != other[name]}
        assert differing == {"python", "numpy_first_imported_here"}

    def test_live_mode_fixes_nothing(self, digests):
        one, other = digests(Mode.LIVE), digests(Mode.LIVE)
        differing = {name for name in one if one[name] != other[name]}
        assert differing == {"python", "numpy_first_imported_here", "hash_of_text"}


class TestNetwork:
    def test_is_refused_with_the_name_of_the_host(self, run_suite):
        results = run_suite(
            """
            import asyncio, socket, threading, urllib.request
            @feature
            def resolves(): socket.getaddrinfo("shop.example", 443)
            @feature
            def resolves_the_old_way(): socket.gethostbyname("shop.example")
            @feature
            def connects():
                with socket.socket() as client: client.connect(("192.0.2.1", 80))
            @feature
            def connects_v6():
                with socket.socket(socket.AF_INET6) as client: client.connect(("2001:db8::1", 80))
            @feature
            def sends():
                with socket.socket(type=socket.SOCK_DGRAM) as client: client.sendto(b"x", ("192.0.2.1", 53))
            @feature
            def fetches(): urllib.request.urlopen("http://shop.example/")
            @feature
            async def connects_asynchronously(): await asyncio.open_connection("192.0.2.1", 80)
            """,
            mode=Mode.DETERMINISTIC,
        )
        hosts = {
            "resolves": "shop.example:443",
            "resolves_the_old_way": "shop.example",
            "connects": "192.0.2.1:80",
            "connects_v6": "2001:db8::1:80",
            "sends": "192.0.2.1:53",
            "fetches": "shop.example:80",
            "connects_asynchronously": "192.0.2.1:80",
        }
        assert set(results) == set(hosts)
        for name, result in results.items():
            assert result.status is Status.FAIL
            assert f"{hosts[name]} is refused in deterministic mode" in result.errors[0].splitlines()[0]
            assert "determinism.py" not in result.errors[0]

    def test_what_stays_on_the_machine_is_allowed(self, run_suite):
        results = run_suite(
            """
            import asyncio, socket, subprocess, sys
            @feature
            def pairs():
                one, other = socket.socketpair()
                with one, other:
                    one.sendall(b"x"); return other.recv(1)
            @feature
            def listens():
                with socket.create_server(("127.0.0.1", 0)): pass
            @feature
            async def waits_for_a_thread(): return await asyncio.to_thread(lambda: 1)
            @feature
            def starts_a_program(): subprocess.run([sys.executable, "-c", "pass"], check=True)
            """,
            mode=Mode.DETERMINISTIC,
        )
        assert [result.errors for result in results.values()] == [()] * 4


class TestEnvironment:
    def test_live_passes_all_on_and_names_the_mode(self):
        assert worker_environment(Mode.LIVE, {"TZ": "Asia/Tokyo"}) == {"TZ": "Asia/Tokyo", "AICMO_PERF_MODE": "live"}

    @pytest.mark.parametrize(("mode", "hash_seed"), [(Mode.LIVE, "0"), (Mode.DETERMINISTIC, "0")])
    def test_a_check_fixes_the_hash_seed_in_live_mode_too(self, mode, hash_seed):
        fixed = worker_environment(mode, {"PYTHONHASHSEED": "random", "TZ": "Asia/Tokyo"}, flakiness_check=True)
        assert fixed["PYTHONHASHSEED"] == hash_seed
        assert fixed["TZ"] == ("Asia/Tokyo" if mode is Mode.LIVE else "UTC")

    def test_deterministic_wins_over_the_callers(self):
        caller = dict.fromkeys(FIXED_VARIABLES, "other") | {"HOME": "/home/x"}
        fixed = worker_environment(Mode.DETERMINISTIC, caller)
        assert fixed == {**FIXED_VARIABLES, "HOME": "/home/x", "AICMO_PERF_MODE": "deterministic"}
        assert set(caller.values()) == {"other", "/home/x"}


class TestSeeding:
    @pytest.fixture(autouse=True)
    def _restore(self):
        python, numpy_state, meta_path = random.getstate(), np.random.get_state(), sys.meta_path[:]
        yield
        random.setstate(python)
        np.random.set_state(numpy_state)
        sys.meta_path[:] = meta_path

    @pytest.mark.parametrize(
        ("draw", "used"),
        [
            (lambda: None, False),
            (random.random, True),
            (lambda: random.gauss(0, 1), True),
            (lambda: random.seed(7), True),
            (lambda: random.Random(1).random(), False),
            (np.random.rand, True),
            (np.random.standard_normal, True),
            (lambda: np.random.seed(7), True),
            (lambda: np.random.default_rng(1).random(), False),
        ],
    )
    def test_tells_whether_a_generator_was_used(self, draw, used):
        seeding = FixedSeeding(42)
        seeding.seed()
        draw()
        assert seeding.consume_evidence() is used
        seeding.seed()
        assert seeding.consume_evidence() is False

    def test_gives_the_numbers_of_the_seed(self):
        FixedSeeding(42).seed()
        assert (random.random(), np.random.rand()) == (random.Random(42).random(), np.random.RandomState(42).rand())

    def test_none_leaves_the_generators_alone(self):
        python = random.getstate()
        seeding = NoSeeding()
        seeding.seed()
        assert seeding.consume_evidence() is False
        assert random.getstate() == python


class TestCaller:
    @pytest.mark.parametrize("settings", [{"deterministic": True}, {"flakiness_check": True}, {}])
    def test_stays_as_it_was(self, write, tmp_path, settings):
        write("suite.py", """
            import os, random
            from aicmo_perf import feature
            @feature
            def leaks():
                random.seed(1)
                os.environ["LEAKED"] = "1"
                os.chdir("/")
        """)  # fmt: skip
        before = _state()
        result = SelfTestOrchestrator(
            ["suite.py"], project_root=tmp_path, options=RunOptions(min_sample_count=1, min_sampling_seconds=0)
        ).run_self_test(**settings)
        assert [status.status for status in result.features] == [Status.PASS]
        assert _state() == before


def _state() -> object:
    kind, keys, *rest = np.random.get_state()
    return random.getstate(), (kind, keys.tobytes(), *rest), dict(os.environ), Path.cwd(), list(sys.path)


def test_the_seed_is_an_option_of_the_run():
    assert replace(RunOptions(), seed=7).to_dict()["seed"] == 7
