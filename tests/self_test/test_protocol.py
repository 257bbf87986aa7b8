"""What is said on one side of the pipe is heard on the other."""

from __future__ import annotations

import pytest

from aicmo_perf.model import (
    Category,
    Conditions,
    DiscoverRule,
    Feature,
    IterationResult,
    Mode,
    OrderKind,
    RunOptions,
    Status,
)
from aicmo_perf.self_test.moved_tree import MovedTree
from aicmo_perf.self_test.protocol import (
    MAX_TEXT_COUNT,
    MAX_TEXT_LENGTH,
    Assignment,
    Began,
    Ended,
    Finished,
    Found,
    Importing,
    Refused,
    Tick,
    decode,
    encode,
)

FEATURE = Feature(suite="s", qualified_name="m.f", name="f", category=Category.PACKAGER, critical=True)
RESULT = IterationResult(
    feature=FEATURE,
    iteration=2,
    status=Status.PARTIAL,
    errors=("äöü\n…",),
    warnings=("w",),
    scenario_count=2,
    samples_seconds=(1e-9, 0.1 + 0.2),
    loop_count=7,
    first_call_seconds=1.5,
    cpu_seconds=0.25,
    peak_rss_bytes=1 << 40,
    output_digest="c1-sha256:00",
    output_form='{\n "é": 1\n}',
    scrubbed=("uuid",),
    judged_calls=3,
)


@pytest.mark.parametrize(
    "message",
    [
        Importing("s", "m", 3),
        Found((FEATURE,)),
        Found((FEATURE,), ("s",), ("There is no file later.py.",)),
        Refused("SuiteError", "There is none.", "Look elsewhere."),
        Began(0, 2.5, 1, 17),
        Tick(),
        Ended(0, RESULT),
        Ended(0, IterationResult(feature=FEATURE, iteration=2, status=Status.SKIP, skip_reason="no")),
        Finished(),
    ],
)
def test_messages_arrive_as_they_were_sent(message):
    line = encode(message)
    assert line.count(b"\n") == 1
    assert decode(line, (FEATURE,), 2) == message


def test_an_assignment_arrives_as_it_was_sent():
    assignment = Assignment(
        suites=("a.py", "b"),
        discover=(DiscoverRule(modules="m.*", category=Category.GENERATOR, scenarios="m:s"),),
        mode=Mode.DETERMINISTIC,
        options=RunOptions(selection=("x*",), iterations=3),
        project_root="/p",
        iteration=2,
        parent_pid=7,
        done=(("s", "m.f"),),
        broken=(("s", "m", "it kills"),),
        moved=MovedTree(original_root="/o", root="/p", added=("later.py",)),
        only=(("s", "m.g"),),
        conditions=Conditions(order=OrderKind.REVERSE, hash_seed=3, clock_shift_seconds=1.5, worker_count=2),
        order=(("s", "m.g"), ("s", "m.f")),
        share=1,
        share_count=2,
        is_measured=False,
        wants_outputs=True,
    )
    assert Assignment.from_json(assignment.to_json()) == assignment


@pytest.mark.parametrize("line", [b"[]", b'["began"]', b'["unknown", 1]', b"garbage", b"{}"])
def test_other_lines_are_no_messages(line):
    with pytest.raises(ValueError):
        decode(line, (), 1)


def test_texts_are_made_fit_for_a_database():
    noisy = IterationResult(
        feature=FEATURE,
        status=Status.FAIL,
        errors=("a\0b\ud800", "x" * (2 * MAX_TEXT_LENGTH)),
        warnings=("w",) * (MAX_TEXT_COUNT + 5),
    )
    message = decode(encode(Ended(0, noisy)), (FEATURE,), 1)
    assert isinstance(message, Ended)
    short, long = message.result.errors
    assert short == "a\\x00b\\ud800"
    assert len(long) < MAX_TEXT_LENGTH + 100
    assert len(message.result.warnings) == MAX_TEXT_COUNT
    assert message.result.warnings[-1] == "and 6 more like these"
