"""What a worker prints reaches the terminal whole, wherever the looks at its file fall."""

from __future__ import annotations

import io
import os

from aicmo_perf.self_test.worker_process import OutputRelay


def test_a_character_written_in_two_parts_stays_one(tmp_path):
    shown = io.StringIO()
    with (tmp_path / "output").open("w+b", buffering=0) as output:
        relay = OutputRelay(output.fileno(), shown)
        whole = "Grüße €".encode()
        for number in range(len(whole)):
            output.write(whole[number : number + 1])
            relay.pass_on()
        relay.pass_on(final=True)
    assert shown.getvalue() == "Grüße €"


def test_half_a_character_at_the_very_end_is_shown_as_such(tmp_path):
    shown = io.StringIO()
    with (tmp_path / "output").open("w+b", buffering=0) as output:
        relay = OutputRelay(output.fileno(), shown)
        output.write("ü".encode()[:1])
        relay.pass_on()
        assert shown.getvalue() == ""
        relay.pass_on(final=True)
    assert shown.getvalue() == "\N{REPLACEMENT CHARACTER}"


def test_what_is_written_during_a_look_is_shown_by_the_next(tmp_path, monkeypatch):
    shown = io.StringIO()
    read = os.pread
    with (tmp_path / "output").open("w+b", buffering=0) as output:
        relay = OutputRelay(output.fileno(), shown)
        output.write(b"one ")

        def read_while_it_grows(*arguments):
            data = read(*arguments)
            output.write(b"two ")
            return data

        monkeypatch.setattr(os, "pread", read_while_it_grows)
        relay.pass_on()
        monkeypatch.undo()
        assert shown.getvalue() == "one "
        relay.pass_on()
    assert shown.getvalue() == "one two "
